"""What must be so before a database is initialised. It only looks, and looks at all of it at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, text

from ..drift.roles import expected_roles, reflect_roles
from ..engine import admin_engine
from ..migrations.connection import BOOTSTRAP_REMEDY, migration_url
from ..reflection import made_extensions
from ..schema import EXTENSIONS, ROLES, RoleNames, Service, placed_services, why_left_out
from ..settings import LoginUrl, Settings

Outcome = Literal["ok", "note", "failed"]
_OLDEST, _NEWEST = 15, 18

_FACTS = text("""
select current_setting('server_version_num')::int / 10000 as major, current_setting('server_version') as release,
  pg_is_in_recovery() as is_standby, pg_encoding_to_char(encoding) as encoding,
  current_setting('TimeZone') as time_zone, current_setting('data_checksums') as checksums,
  session_user::text as login, datname::text as database,
  (select rolsuper from pg_roles where rolname = session_user) as is_superuser
from pg_database where datname = current_database()
""")
_RIGHTS = text("""
select pg_has_role(session_user, oid, 'member') as may_act,
  has_database_privilege(oid, current_database(), 'create') as may_create
from pg_roles where rolname = :owner
""")
_EXTENSIONS = text("""
select name, bool_or(installed) as is_made, bool_or(trusted or not superuser) as may_be_made
from pg_available_extension_versions where name = any(:names) group by name
""")


@dataclass(frozen=True, slots=True)
class Check:
    """Something that was looked at: what was found, and the remedy where it is not as it should be.

    `outcome` is `ok`, `note` (goes without) or `failed`.
    """

    name: str
    outcome: Outcome
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.found}" + (f": {self.remedy}" if self.remedy else "")

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name, for JSON."""
        return asdict(self)


def check_prerequisites(settings: Settings, *, database: str | None = None) -> list[Check]:
    """Look at the server, the database, the roles and the extensions as the login of the migrations.

    Raises SettingsError where its URL is missing, and ConnectionLost where nobody answers there.
    """
    place = settings.database(database)
    chosen = place.services or settings.services
    everything = placed_services(chosen)
    engine = admin_engine(migration_url(settings, place), application_name="app_db init")
    with engine.connect().execution_options(postgresql_readonly=True) as connection:
        services = placed_services(chosen, made_extensions(connection))
        facts = connection.execute(_FACTS).one()
        return [
            *_server(facts),
            *_database(facts),
            *_login(connection, facts, RoleNames(settings.role_prefix)),
            *_roles(connection, RoleNames(settings.role_prefix)),
            *_extensions(connection, services, facts),
            *(Check(service.name, "note", why_left_out(service)) for service in everything if service not in services),
        ]


def _server(facts: Row[Any]) -> Iterator[Check]:
    found = f"PostgreSQL {facts.release}"
    if facts.major < _OLDEST:
        yield Check("server", "failed", found, f"{_OLDEST} is the oldest that works: upgrade it with pg_upgrade")
    elif facts.major > _NEWEST:
        yield Check("server", "note", found, f"not tried with anything newer than {_NEWEST}: rehearse it on a copy")
    else:
        yield Check("server", "ok", found)
    if facts.is_standby:
        yield Check(
            "standby", "failed", "it is one, and can't be written to", f"set {LoginUrl.MIGRATION} to its primary"
        )
    if facts.checksums == "on":
        yield Check("checksums", "ok", "on")
    else:
        remedy = "a damaged page would go unnoticed: have them enabled with pg_checksums while the server is stopped"
        yield Check("checksums", "note", facts.checksums, remedy)


def _database(facts: Row[Any]) -> Iterator[Check]:
    found = f"{facts.encoding} ({facts.database})"
    if facts.encoding == "UTF8":
        yield Check("encoding", "ok", found)
    else:
        yield Check("encoding", "failed", found, "texts are UTF-8: have `app-db bootstrap` make another database")
    if facts.time_zone in {"UTC", "Etc/UTC"}:
        yield Check("time zone", "ok", facts.time_zone)
    else:
        remedy = "sessions of app_db set UTC themselves; for others: alter database … set timezone = 'UTC'"
        yield Check("time zone", "note", facts.time_zone, remedy)


def _login(connection: Connection, facts: Row[Any], names: RoleNames) -> Iterator[Check]:
    owner = names("app_owner")
    rights = connection.execute(_RIGHTS, {"owner": owner}).one_or_none()
    if rights is None:
        return  # the check of the roles says so
    if not rights.may_act:
        remedy = f"set {LoginUrl.MIGRATION} to the migrations' login that `app-db bootstrap` made"
        yield Check("login", "failed", f"{facts.login} may not act as {owner}", remedy)
    elif facts.is_superuser:
        yield Check("login", "note", f"{facts.login} is a superuser", "the migrations' login of bootstrap would do")
    else:
        yield Check("login", "ok", f"{facts.login} may act as {owner}")
    if not rights.may_create:
        remedy = f"{BOOTSTRAP_REMEDY}, which grants it"
        yield Check("owner", "failed", f"{owner} may not create schemas in {facts.database}", remedy)


def _roles(connection: Connection, names: RoleNames) -> Iterator[Check]:
    expected, found = expected_roles(), reflect_roles(connection, names)
    house = {role.name for role in ROLES}
    missing = {thing.name for thing in expected if thing not in found}
    changed = sorted(thing.name for thing in expected if thing in found and found[thing] != expected[thing])
    if without := sorted(names(name) for name in missing & house):
        yield Check("roles", "failed", f"missing: {', '.join(without)}", BOOTSTRAP_REMEDY)
    elif changed or missing:
        what = ", ".join([*sorted(missing), *changed])
        remedy = "`app-db schema diff` says how, and `app-db bootstrap` mends it"
        yield Check("roles", "note", f"not as bootstrap makes them: {what}", remedy)
    else:
        yield Check("roles", "ok", f"all {len(expected) - 1} are there")


def _extensions(connection: Connection, services: tuple[Service, ...], facts: Row[Any]) -> Iterator[Check]:
    needed = {name: service.name for service in services for name in (*service.extensions, *service.requires)}
    found = {row.name: row for row in connection.execute(_EXTENSIONS, {"names": list(needed)})}
    for name, service in needed.items():
        row = found.get(name)
        if row is None:
            remedy = f"have it installed on the server, or take {service} out of APP_DB_SERVICES"
            yield Check(name, "failed", f"the server does not have it, and {service} needs it", remedy)
        elif row.is_made or row.may_be_made:
            yield Check(name, "ok", "made" if row.is_made else "can be made")
        else:
            command = f"create extension {name} schema {EXTENSIONS}"
            yield Check(name, "failed", f"not made, and not trusted; {service} needs it",
                        f"a superuser types in {facts.database}: {command}")  # fmt: skip
