"""6xx: the server, its settings, and what stands between it and the application."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..facts import RoleSetting
from ..rule import Found, Rule, Severity, broken, name, rule
from ..subject import Subject

_MAJOR = 10000
# By CVE: the first fixed minor of each major that we support and that had the fault, and what it is about. From
# https://www.postgresql.org/support/security/ and the release notes named there.
_FIXED: dict[str, tuple[dict[int, int], str]] = {
    "CVE-2023-2455": ({15: 3}, "a policy of the wrong role is applied to an inlined function"),
    "CVE-2023-39418": ({15: 4}, "MERGE does not ask the policies of UPDATE and SELECT"),
    "CVE-2024-10976": ({15: 9, 16: 5, 17: 1}, "a plan is used again under a role whose policies are others"),
    "CVE-2025-8713": ({15: 14, 16: 10, 17: 6}, "statistics show values of rows that a policy hides"),
    # 18.5 was never released
    "CVE-2026-14666": (
        {15: 19, 16: 15, 17: 11, 18: 6},
        "a plan is kept when a role's memberships or attributes change",
    ),
    "CVE-2026-120154": ({15: 20, 16: 16, 17: 12, 18: 7}, "INSERT ON CONFLICT DO UPDATE reads rows that a policy hides"),
}
_RDS_PROXY = re.compile(r"\.proxy-[^.]+\.[^.]+\.rds\.amazonaws\.com(\.cn)?$")


@rule(
    "ISO601", "server-with-a-known-fault", Severity.WARNING, "The server has a known fault in row-level security",
    means="The server's minor version is older than the one in which a fault of row-level security was mended: "
    + "; ".join(
        f"{cve} ({', '.join(f'{major}.{minor}' for major, minor in fixed.items())}: {what})"
        for cve, (fixed, what) in _FIXED.items()
    )
    + ".",
    bites="With CVE-2026-120154 whoever may insert and update reads every row of a table, one conflict after the "
    "other; with CVE-2025-8713 a crafted operator reads values of hidden rows out of the planner's statistics; with "
    "CVE-2023-39418 MERGE changes rows that UPDATE would not.",
    remedy="Install the newest minor version: the data directory stays as it is, and the server is restarted.",
    false_alarm="A vendor that mends faults without changing the version: suppress it with the vendor's notice. Of the "
    "embedded server it is not told, as that is for development alone.",
    without_example="A server of such a version, for example 15.8.",
)  # fmt: skip
def known_fault(subject: Subject) -> Iterator[Found]:
    """Faults that the server's version still has."""
    major, minor = divmod(subject.facts.version, _MAJOR)
    if subject.bounds.is_embedded:
        return
    for cve, (fixed, what) in _FIXED.items():
        if minor < fixed.get(major, 0):
            message = f"PostgreSQL {major}.{minor} has {cve}: {what}"
            yield Found(f"{major}.{minor}", message, f"install PostgreSQL {major}.{fixed[major]} or a newer {major}")


@rule(
    "ISO602", "search-path", Severity.WARNING, "The search path has a schema in which the application may create",
    means="The default search path of a role that serves an application, or of the database, has a schema in which "
    "that role or PUBLIC has CREATE.",
    bites="Whoever takes over a session leaves a table or function there, and later statements that name no schema "
    "find it instead of yours, with the rights of whoever sends them: an administrator's as well.",
    remedy="Take the schema out of the path, or revoke CREATE (ISO215).",
    false_alarm="Where every statement names its schema: revoking CREATE is still the better remedy.",
    example=broken(
        "create schema authorization app_login",
        'alter role app_login in database "{database}" set search_path = "$user", example',
        thing="app_login",
    ),
)  # fmt: skip
def open_search_path(subject: Subject) -> Iterator[Found]:
    """Search paths with a schema in which the application may create."""
    schemas = {schema.name: schema for schema in subject.facts.schemas}
    for role in subject.applications:
        setting = _setting_of(subject, role, "search_path")
        value = setting.value if setting else subject.facts.search_path
        path = [part.strip(' "') for part in value.split(",")]
        for part in path:
            schema = schemas.get(role if part == "$user" else part)
            if schema is not None and subject.may(schema.grants, ("create",), schema.owner):
                rest = ", ".join(name(entry) for entry in path if entry != part) or "pg_catalog"
                message = f"{role} finds names in {schema.name}, where it may create some"
                yield Found(role, message, _set(subject, setting, rest))


@rule(
    "ISO603", "default-tenant", Severity.ERROR, "A role or database has a tenant by default",
    means="ALTER ROLE … SET or ALTER DATABASE … SET gives a setting of the context a value.",
    bites="Each new connection is bound before anybody has bound it: work that forgot its tenant reads and writes that "
    "one's rows, and nothing fails.",
    remedy="Reset it.",
    false_alarm="A tool for one tenant with a login of its own: suppress it with the login.",
    example=broken(
        "alter role app_login in database \"{database}\" set app.current_tenant_id = "
        "'00000000-0000-0000-0000-000000000001'",
        thing="app_login",
    ),
)  # fmt: skip
def default_tenant(subject: Subject) -> Iterator[Found]:
    """Defaults of context settings."""
    for setting in subject.facts.settings:
        if setting.name in subject.bounds.context_settings and setting.value:
            who = setting.role or "every role"
            message = f"{who} begins with {setting.name} = {setting.value}"
            yield Found(setting.role or subject.facts.database, message, _reset(subject, setting))


@rule(
    "ISO604", "row-security-off", Severity.WARNING, "row_security is off by default",
    means="ALTER ROLE … SET or ALTER DATABASE … SET switches `row_security` off.",
    bites="Every statement on a table with policies then fails for who is held by them, and `pg_dump` copies all rows "
    "for who is not. Whoever set it took it for a switch of the policies.",
    remedy="Reset it.",
    false_alarm="A login for backups, which shall fail rather than miss rows: suppress it with the login.",
    example=broken('alter role app_login in database "{database}" set row_security = off', thing="app_login"),
)  # fmt: skip
def row_security_off(subject: Subject) -> Iterator[Found]:
    """Defaults that switch row_security off, for applications or for everybody."""
    for setting in subject.facts.settings:
        is_judged = setting.role is None or setting.role in subject.applications
        if is_judged and setting.name == "row_security" and setting.value in {"off", "false", "0", "no"}:
            message = f"{setting.role or 'every role'} begins with row_security = off"
            yield Found(setting.role or subject.facts.database, message, _reset(subject, setting))


@rule(
    "ISO605", "bound-already", Severity.ERROR, "A connection is bound before anybody has bound it",
    means="A fresh transaction that nobody has bound finds a setting of the context with a value.",
    bites="Somebody has set it for the session on a connection that a pool or pooler has handed on. What forgets its "
    "tenant reads the rows of whoever had the connection before: measured with rls 0.3.2, from one process to another "
    "through PgBouncer.",
    remedy="Find what sets it without LOCAL (ISO505 finds functions), or which default does (ISO603).",
    false_alarm="The check was given a connection that was bound on purpose: give it another.",
    without_example="`select set_config('app.current_tenant_id', '…', false)` on the connection, before the check.",
)  # fmt: skip
def bound_already(subject: Subject) -> Iterator[Found]:
    """Context settings that a fresh transaction finds set."""
    defaults = {setting.name for setting in subject.facts.settings}
    for setting, value in sorted(subject.facts.bound.items()):
        if value and setting not in defaults:
            message = f"a fresh transaction of {subject.facts.login} is bound to {setting} = {value}"
            yield Found(setting, message, f"reset {setting}")


@rule(
    "ISO606", "pooler-by-session", Severity.WARNING, "A pooler hands out connections by session",
    means="Between the application and the server is a pooler that keeps a server's connection for a client as long as "
    "the client is connected.",
    bites="What one client sets for its session is there for the next one on that connection, unless the pooler resets "
    "it; and each of the application's connections takes one of the server, so the pooler saves none.",
    remedy="Set it to transaction mode (`pool_mode = transaction`), and `APP_DB_TRANSACTION_POOLER=true`.",
    false_alarm="A pooler in front of tools that need sessions (LISTEN, advisory locks), with DISCARD ALL on return.",
    without_example="PgBouncer with `pool_mode = session`.",
)  # fmt: skip
def pooler_by_session(subject: Subject) -> Iterator[Found]:
    """A pooler in session mode."""
    if subject.facts.pooler.mode == "session":
        message = "a pooler is between, and keeps a connection of the server for each client"
        yield Found(_place(subject), message, "set pool_mode = transaction and APP_DB_TRANSACTION_POOLER=true")


@rule(
    "ISO607", "pooler-unknown-to-us", Severity.WARNING, "The application does not know of its pooler",
    means="Between the application and the server is a pooler in transaction mode, and `APP_DB_TRANSACTION_POOLER` is "
    "not set.",
    bites="Time limits are then sent when a connection is opened. PgBouncer refuses that; other poolers drop it, and a "
    "query that never ends holds its locks without a limit.",
    remedy="Set `APP_DB_TRANSACTION_POOLER=true`: the limits are then a part of each transaction.",
    false_alarm="None is known.",
    without_example="PgBouncer with `pool_mode = transaction`, and no `APP_DB_TRANSACTION_POOLER`.",
)  # fmt: skip
def pooler_unknown(subject: Subject) -> Iterator[Found]:
    """A pooler in transaction mode of which the settings know nothing."""
    if subject.facts.pooler.mode == "transaction" and subject.bounds.transaction_pooler is False:
        message = "a pooler in transaction mode is between, and the settings do not say so"
        yield Found(_place(subject), message, "set APP_DB_TRANSACTION_POOLER=true")


@rule(
    "ISO608", "rds-proxy-pins", Severity.WARNING, "RDS Proxy keeps connections for sessions that set something",
    means="The host is an RDS Proxy, and `APP_DB_TRANSACTION_POOLER` is not set.",
    bites="A SET that is not local, also one sent when the connection is opened, pins the client to a connection of "
    "the server until it leaves: the proxy shares nothing any more. SET LOCAL pins for the transaction alone.",
    remedy="Set `APP_DB_TRANSACTION_POOLER=true`: then nothing is set for a session.",
    false_alarm="Few clients that stay: suppress it with their number.",
    without_example="A host such as `shop.proxy-abc.eu-central-1.rds.amazonaws.com`, and no "
    "`APP_DB_TRANSACTION_POOLER`.",
)  # fmt: skip
def rds_proxy_pins(subject: Subject) -> Iterator[Found]:
    """RDS Proxy in front of sessions that set their limits at the start."""
    host = subject.facts.pooler.host or ""
    if _RDS_PROXY.search(host) and not subject.bounds.transaction_pooler:
        yield Found(host, "an RDS Proxy pins each session that sets something", "set APP_DB_TRANSACTION_POOLER=true")


def _place(subject: Subject) -> str:
    return subject.facts.pooler.host or subject.facts.database


def _setting_of(subject: Subject, role: str, setting: str) -> RoleSetting | None:
    """Return the default that holds for the role: its own in the database, its own, the database's, everybody's."""
    found = [entry for entry in subject.facts.settings if entry.name == setting and entry.role in {role, None}]
    found.sort(key=lambda entry: (entry.role is None, not entry.in_database))
    return found[0] if found else None


def _altered(subject: Subject, setting: RoleSetting) -> str:
    where = f" in database {name(subject.facts.database)}" if setting.in_database else ""
    if setting.role is None:
        return f"alter database {name(subject.facts.database)}" if setting.in_database else "alter role all"
    return f"alter role {name(setting.role)}{where}"


def _reset(subject: Subject, setting: RoleSetting) -> str:
    return f"{_altered(subject, setting)} reset {setting.name}"


def _set(subject: Subject, setting: RoleSetting | None, value: str) -> str:
    if setting is None:
        return f"alter database {name(subject.facts.database)} set search_path = {value}"
    return f"{_altered(subject, setting)} set {setting.name} = {value}"


RULES: tuple[Rule, ...] = (
    known_fault,
    open_search_path,
    default_tenant,
    row_security_off,
    bound_already,
    pooler_by_session,
    pooler_unknown,
    rds_proxy_pins,
)
