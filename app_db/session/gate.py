"""The start-up gate: one query, on the first connection of each login, before anything is served.

A superuser, a role with BYPASSRLS, an owner and a member of app_all see every tenant's rows, so an application that
logs in as one of them has no isolation at all, silently. A schema that is behind the code fails later and worse.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from ..errors import StartupRefused
from ..schema import RoleNames, Service, newest_by_chain, number_of, placed_services
from ..settings import LoginUrl

logger = logging.getLogger("app_db")

# `member` counts a membership that can be used by SET ROLE as well as one that is inherited
_QUERY = """
select
  login.rolsuper,
  exists (
    select from pg_roles as reachable
    where (reachable.rolbypassrls or reachable.rolsuper) and pg_has_role(session_user, reachable.oid, 'member')
  ),
  pg_has_role(session_user, db.datdba, 'member') or coalesce(
    (select pg_has_role(session_user, oid, 'member') from pg_roles where rolname = %(owner)s), false
  ),
  coalesce((select pg_has_role(session_user, oid, 'member') from pg_roles where rolname = %(all)s), false),
  session_user,
  (select array_agg(version_num::text) from app.alembic_version)
from pg_roles as login, pg_database as db
where login.rolname = session_user and db.datname = current_database()
"""

_UNDEFINED_TABLE, _UNDEFINED_SCHEMA, _NO_PRIVILEGE = "42P01", "3F000", "42501"
_SEES_ALL_ROWS = {LoginUrl.ADMIN, LoginUrl.BACKUP, LoginUrl.MIGRATION}


class Gate:
    """Checks a login's first connection: refuses with StartupRefused, or only warns where `strict` is false.

    `services` are the names in the settings, None for all that the database can carry.
    """

    def __init__(self, login: LoginUrl, services: Iterable[str] | None, names: RoleNames, *, strict: bool) -> None:
        self._login = login
        self._services = placed_services(services, ())
        # nobody has asked for it by name, so it is no fault that a database without its extension goes without it
        self._if_applied = [service for service in placed_services(services) if service not in self._services]
        self._names = names
        self._strict = strict

    def __call__(self, connection: Any) -> None:
        """Check the driver's connection."""
        findings = self._findings(connection)
        if findings and self._strict:
            raise StartupRefused(findings)
        for finding in findings:
            logger.warning("%s", finding)

    def _findings(self, connection: Any) -> list[str]:
        parameters = {"owner": self._names("app_owner"), "all": self._names("app_all")}
        try:
            with connection.cursor() as cursor:
                cursor.execute(_QUERY, parameters)
                row = cursor.fetchone()
        except connection.Error as error:
            if error.pgcode not in {_UNDEFINED_TABLE, _UNDEFINED_SCHEMA, _NO_PRIVILEGE}:
                raise
            return ["the database holds no schema of app_db: run `alembic upgrade head` or `app-db upgrade`"]
        finally:
            connection.rollback()
        *rights, user, revisions = row
        findings = [] if self._login in _SEES_ALL_ROWS else self._rights(user, *rights)
        return findings + behind(self._services, revisions or [], self._if_applied)

    def _rights(self, user: str, superuser: bool, bypasses: bool, owner: bool, sees_all: bool) -> list[str]:
        remedy = f"set {self._login} to the login that `app-db bootstrap` made for it"
        if superuser:
            return [f"{user} is a superuser and sees every tenant's rows, whatever the policies say: {remedy}"]
        found = []
        if bypasses:
            found.append(f"{user} has BYPASSRLS, or may SET ROLE to a role that has: {remedy}")
        if owner:
            found.append(f"{user} owns the database or may act as {self._names('app_owner')}: {remedy}")
        if sees_all:
            found.append(f"{user} is a member of {self._names('app_all')}, which sees every tenant's rows: {remedy}")
        return found


def behind(services: Iterable[Service], revisions: Iterable[str], if_applied: Iterable[Service] = ()) -> list[str]:
    """Say which services' schemas are older than this release of the code needs.

    A newer schema is fine: during a deployment the database is migrated first. What a service's revisions stand on
    in core, the version table need not name. Of `if_applied` those count that are there.
    """
    applied = {chain: number_of(revision) for chain, revision in newest_by_chain(revisions).items()}
    return [
        f"the schema of {service.name} is older than this code needs (at {applied.get(service.name, 'nothing')}, "
        f"needs {number_of(service.revision)}): run `alembic upgrade head` or `app-db upgrade`"
        for service in (*services, *(other for other in if_applied if other.name in applied))
        if applied.get(service.name, 0) < number_of(service.revision)
    ]
