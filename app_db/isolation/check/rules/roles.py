"""1xx: who logs in for the application, and what else that login is."""

from __future__ import annotations

from collections.abc import Iterator

from ..rule import Found, Rule, Severity, broken, name, rule
from ..subject import Subject

_OWN_LOGIN = "It is right for migrations, backups and administration, which have logins of their own: name the \
application's with --application-role, so that only they are judged."
_READS_ALL = {
    "pg_read_all_data",
    "pg_write_all_data",
    "pg_read_server_files",
    "pg_write_server_files",
    "pg_execute_server_program",
}


@rule(
    "ISO101", "superuser-login", Severity.ERROR, "The application logs in as a superuser",
    means="A role that serves an application is a superuser. Row-level security does not hold a superuser, FORCE or "
    "not; PostgreSQL has no setting that changes this.",
    bites="Every query without its own filter returns all tenants' rows, and no test notices: measured, such a login "
    "saw both tenants' rows under forced policies. The official container image makes POSTGRES_USER a superuser; seven "
    "projects published that mistake within three months, one of which passed 15 of 15 tests with all policies "
    "dropped.",
    remedy="Take the attribute away, or let the application log in as the login that `app-db bootstrap` made for it.",
    false_alarm=_OWN_LOGIN,
    example=broken("alter role app_login superuser", thing="app_login"),
)  # fmt: skip
def superuser_login(subject: Subject) -> Iterator[Found]:
    """Application roles that are superusers."""
    for role in subject.applications:
        if role in subject.facts.role_by_name and subject.facts.role_by_name[role].superuser:
            remedy = f"alter role {name(role)} nosuperuser"
            if subject.is_guessed:  # it may be an administrator who looks
                remedy = f"name the application's login with --application-role; if it is {role}: {remedy}"
            elif not subject.bounds.is_named(role):  # it may be the only superuser that there is
                remedy = (
                    f"let the application log in as a role of its own, which `app-db bootstrap` makes, not as {role}"
                )
            yield Found(role, f"{role} is a superuser, whom no policy holds", remedy)


@rule(
    "ISO102", "bypassrls-login", Severity.ERROR, "The application logs in with BYPASSRLS",
    means="A role that serves an application has the attribute BYPASSRLS.",
    bites="It sees every tenant's rows, FORCE or not, as a superuser does (measured).",
    remedy="Take the attribute away; work across tenants belongs to a login of its own.",
    false_alarm=_OWN_LOGIN,
    example=broken("alter role app_login bypassrls", thing="app_login"),
)  # fmt: skip
def bypassing_login(subject: Subject) -> Iterator[Found]:
    """Application roles that have BYPASSRLS."""
    for role in subject.applications:
        found = subject.facts.role_by_name.get(role)
        if found is not None and found.bypassrls and not found.superuser:
            yield Found(role, f"{role} has BYPASSRLS, so no policy holds it", f"alter role {name(role)} nobypassrls")


@rule(
    "ISO103", "reaches-an-exempt-role", Severity.ERROR, "The application may become a role that no policy holds",
    means="A role that serves an application is a member, however far, of a superuser or of a role with BYPASSRLS. "
    "The attributes are not inherited, but SET ROLE takes them.",
    bites="One statement, SET ROLE, opens every tenant. Measured: one row before it, two after. Whoever can slip SQL "
    "into a session can send it.",
    remedy="Revoke the membership.",
    false_alarm=_OWN_LOGIN,
    example=broken("create role passer bypassrls", "grant passer to app_login", thing="app_login"),
)  # fmt: skip
def reaches_exempt(subject: Subject) -> Iterator[Found]:
    """Application roles that may SET ROLE to one that is exempt."""
    for role in subject.applications:
        for other in sorted(filter(subject.is_exempt, subject.reached(role) - {role})):
            yield Found(role, f"{role} may SET ROLE to {other}, whom no policy holds", _revoked(subject, role, other))


@rule(
    "ISO104", "owner-login", Severity.ERROR, "The application logs in as the owner of its tables",
    means="A role that serves an application owns tenants' tables or their schema, or may become the role that does.",
    bites="An owner may switch row-level security off, drop policies and disable triggers, so a single injected "
    "statement ends the isolation; without FORCE no policy holds it to begin with (measured: two rows instead of "
    "none).",
    remedy="Give the tables to a role that no application logs in as, and grant the application only what it needs.",
    false_alarm=_OWN_LOGIN,
    example=broken("alter table example.items owner to app_login", thing="app_login"),
)  # fmt: skip
def owner_login(subject: Subject) -> Iterator[Found]:
    """Application roles that own what they should only use."""
    for role in subject.applications:
        reached = {other for other in subject.reached(role) if not subject.is_exempt(other)}
        for table in subject.tenant_tables:
            if table.owner == role:
                remedy = f"alter table {name(table.schema, table.name)} owner to {_other_owner(subject, role)}"
                yield Found(role, f"{role} owns {table.full_name}", remedy)
        filled = {table.schema for table in subject.tenant_tables}
        for schema in subject.facts.schemas:
            if schema.owner == role and schema.name in filled:
                remedy = f"alter schema {name(schema.name)} owner to {_other_owner(subject, role)}"
                yield Found(role, f"{role} owns the schema {schema.name}, and may drop what is in it", remedy)
        owners = {table.owner for table in subject.tenant_tables} & reached - {role}
        for owner in sorted(owners):
            message = f"{role} may act as {owner}, who owns tenants' tables"
            yield Found(role, message, _revoked(subject, role, owner))


@rule(
    "ISO105", "member-of-all-rows", Severity.ERROR, "The application is a member of a role that sees all rows",
    means="A role that serves an application is a member, however far and also by SET ROLE alone, of a role that is "
    "meant to see every tenant's rows: `app_all`, and those named with --all-rows-role. A policy TO a role holds for "
    "its members as well.",
    bites="`GRANT owner TO app` makes the owner's `USING (true)` hold for the application; measured, it saw both "
    "tenants' rows. One project found its own grant to be 'a total bypass'.",
    remedy="Revoke the membership.",
    false_alarm=_OWN_LOGIN,
    example=broken("grant app_all to app_login", thing="app_login"),
)  # fmt: skip
def member_of_all(subject: Subject) -> Iterator[Found]:
    """Application roles that reach a role which sees all rows."""
    for role in subject.applications:
        for other in sorted((subject.reached(role) & subject.all_rows_roles) - {role}):
            message = f"{role} is a member of {other}, whose policies show every tenant's rows"
            yield Found(role, message, _revoked(subject, role, other))


@rule(
    "ISO106", "reads-past-grants", Severity.ERROR, "The application may read or write past grants and out of files",
    means="A role that serves an application is a member of a predefined role that reaches all tables or the "
    "server's files: pg_read_all_data, pg_write_all_data, pg_read_server_files, pg_write_server_files or "
    "pg_execute_server_program.",
    bites="pg_read_all_data reads tables that no grant opens, such as password hashes; with files and programs of the "
    "server everything in the data directory is readable, whatever the policies say.",
    remedy="Revoke the membership; grant single tables instead.",
    false_alarm=_OWN_LOGIN,
    example=broken("grant pg_read_all_data to app_login", thing="app_login"),
)  # fmt: skip
def reads_past_grants(subject: Subject) -> Iterator[Found]:
    """Application roles in predefined roles that reach all data."""
    for role in subject.applications:
        for other in sorted(subject.reached(role) & _READS_ALL):
            message = f"{role} is a member of {other}, which reaches data that no grant of yours opens"
            yield Found(role, message, _revoked(subject, role, other))


@rule(
    "ISO107", "predefined-role", Severity.WARNING, "The application is a member of a predefined role",
    means="A role that serves an application is a member of another of PostgreSQL's predefined roles, such as "
    "pg_monitor, pg_read_all_stats, pg_signal_backend or pg_maintain.",
    bites="pg_read_all_stats shows the text of everybody's running statements, with the values in them; "
    "pg_signal_backend ends other tenants' work; pg_maintain refreshes materialized views and locks tables.",
    remedy="Revoke the membership; monitoring has a login of its own.",
    false_alarm="pg_use_reserved_connections and pg_checkpoint show nobody's rows: suppress it with that reason.",
    example=broken("grant pg_monitor to app_login", thing="app_login"),
)  # fmt: skip
def predefined_role(subject: Subject) -> Iterator[Found]:
    """Application roles in other predefined roles."""
    for role in subject.applications:
        reached = {other for other in subject.reached(role) if other.startswith("pg_")} - _READS_ALL
        through = {edge.role for edge in subject.facts.memberships if edge.member in reached}
        for other in sorted(reached - through):
            message = f"{role} is a member of {other}, which shows or stops what others do"
            yield Found(role, message, _revoked(subject, role, other))


@rule(
    "ISO108", "makes-roles", Severity.ERROR, "The application may make roles or replicate",
    means="A role that serves an application, or one that it may become, has CREATEROLE or REPLICATION.",
    bites="Up to PostgreSQL 15 whoever has CREATEROLE grants himself any role that is no superuser, and so every "
    "row; from 16 on, roles of his own making. REPLICATION reads all changes of all tables from the log, beside every "
    "policy.",
    remedy="Take the attribute away.",
    false_alarm=_OWN_LOGIN,
    example=broken("alter role app_login createrole", thing="app_login"),
)  # fmt: skip
def makes_roles(subject: Subject) -> Iterator[Found]:
    """Application roles with CREATEROLE or REPLICATION."""
    for role in subject.applications:
        for other in sorted(subject.reached(role)):
            found = subject.facts.role_by_name.get(other)
            if found is None or found.superuser:
                continue
            held = [word for word, has in (("CREATEROLE", found.createrole), ("REPLICATION", found.replication)) if has]
            if held:
                words = " ".join(f"no{word.lower()}" for word in held)
                message = f"{role} has {' and '.join(held)}" + ("" if other == role else f" through {other}")
                yield Found(role, message, f"alter role {name(other)} {words}")


@rule(
    "ISO109", "hands-on-a-role", Severity.WARNING, "The application may hand on a role",
    means="A role that serves an application holds another one WITH ADMIN OPTION.",
    bites="It may grant that role to anybody, itself included, and from 16 on with the options that were left out.",
    remedy="Revoke the admin option.",
    false_alarm=_OWN_LOGIN,
    example=broken("grant app_rw to app_login with admin option", thing="app_login"),
)  # fmt: skip
def hands_on(subject: Subject) -> Iterator[Found]:
    """Application roles that hold a role with ADMIN OPTION."""
    for edge in subject.facts.memberships:
        if edge.admin and edge.member in subject.applications:
            message = f"{edge.member} holds {edge.role} with ADMIN OPTION, so it may grant it to anybody"
            remedy = f"revoke admin option for {name(edge.role)} from {name(edge.member)}"
            yield Found(edge.member, message, remedy)


@rule(
    "ISO110", "switches-keys-off", Severity.ERROR, "The application may switch foreign keys off",
    means="A role that serves an application, or PUBLIC, may SET the parameter `session_replication_role`.",
    bites="With `replica`, foreign keys are not checked and triggers do not fire: a row may point at another tenant's, "
    "or at none, and what triggers keep is not kept. Measured: a reference that the composite key refuses was "
    "accepted.",
    remedy="Revoke the right; loading data in bulk has a login of its own.",
    false_alarm=_OWN_LOGIN,
    example=broken("grant set on parameter session_replication_role to app_login", thing="app_login"),
)  # fmt: skip
def switches_keys_off(subject: Subject) -> Iterator[Found]:
    """Application roles that may set session_replication_role."""
    for parameter in subject.facts.parameters:
        if parameter.name != "session_replication_role":
            continue
        for grantee in sorted({who or "" for who, right in parameter.grants if right == "set"}):
            for role in subject.may(((grantee or None, "set"),), ("set",), ""):
                who = name(grantee) if grantee else "public"
                message = f"{role} may switch foreign keys and triggers off"
                yield Found(role, message, f"revoke set on parameter session_replication_role from {who}")


def _owners(subject: Subject) -> set[str]:
    return {table.owner for table in subject.tenant_tables}


def _other_owner(subject: Subject, role: str) -> str:
    owners = sorted(_owners(subject) - set(subject.applications)) or sorted(
        schema.owner for schema in subject.facts.schemas if schema.owner != role
    )
    return name(owners[0]) if owners else "app_owner"


def _revoked(subject: Subject, role: str, other: str) -> str:
    """Return the REVOKE of the last step to `other`, by which the role comes there."""
    reached = subject.reached(role)
    steps = [edge for edge in subject.facts.memberships if edge.role == other and edge.member in reached]
    member = role if any(edge.member == role for edge in steps) or not steps else steps[0].member
    return f"revoke {name(other)} from {name(member)}"


RULES: tuple[Rule, ...] = (
    superuser_login,
    bypassing_login,
    reaches_exempt,
    owner_login,
    member_of_all,
    reads_past_grants,
    predefined_role,
    makes_roles,
    hands_on,
    switches_keys_off,
)
