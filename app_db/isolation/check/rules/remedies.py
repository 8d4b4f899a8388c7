"""The SQL that several rules propose."""

from __future__ import annotations

from ..facts import Function, Policy, Table
from ..mending import kept_to_the_tenant, mended, nobodys
from ..rule import Found, name
from ..subject import Subject

_NOBODYS = "keep this policy to the tenant, so that no tenant writes what belongs to everybody; put that into a table \
of its own, declared `Shared`"


def table_name(table: Table) -> str:
    """Return the table's name for SQL."""
    return name(table.schema, table.name)


def function_name(function: Function) -> str:
    """Return the function's name for SQL, with its arguments, which PostgreSQL has quoted."""
    return f"{name(function.schema, function.name)}({function.arguments})"


def conditions(subject: Subject, table: Table, policy: Policy) -> str:
    """Return USING and WITH CHECK of a policy as they should be."""
    using = policy.using or policy.with_check or "true"
    parts = []
    if policy.command != "insert":
        shown = nobodys(subject, table, policy)
        beside = f" or {shown}" if shown and policy.permissive else ""
        parts.append(f"using ({mended(subject, table, policy, using)}{beside})")
    if policy.command in {"insert", "update", "all"}:
        parts.append(f"with check ({mended(subject, table, policy, policy.with_check or using)})")
    return " ".join(parts)


def mended_policy(subject: Subject, table: Table, policy: Policy) -> str:
    """Return the ALTER POLICY that mends everything that its condition says; the same whatever was found of it.

    In words where the policy lets every tenant write rows of none: no SQL keeps them shown and closes that.
    """
    if policy.command != "select" and subject.shows_nobodys(table, policy):
        return _NOBODYS
    return f"alter policy {name(policy.name)} on {table_name(table)} {conditions(subject, table, policy)}"


def remade_policy(subject: Subject, table: Table, policy: Policy) -> str:
    """Return the SQL that makes a permissive policy a restrictive one, which then shows nothing by itself."""
    roles = (
        visibility_roles(subject) if None in policy.roles else ", ".join(name(role) for role in policy.roles if role)
    )
    head = f"policy {name(policy.name)} on {table_name(table)}"
    made = f"as restrictive for {policy.command} to {roles} {conditions(subject, table, policy)}"
    return f"drop {head}; create {head} {made}"


def tenants_policy(subject: Subject, table: Table) -> list[str]:
    """Return the CREATE POLICY of a table that has none; none for the system's own rows, which no tenant sees."""
    condition = kept_to_the_tenant(subject, table, and_the_person=True)
    if not condition:
        return []
    roles = visibility_roles(subject)
    return [f"create policy tenant_rows on {table_name(table)} to {roles} using ({condition}) with check ({condition})"]


def visibility_roles(subject: Subject) -> str:
    """Return the roles that a policy of tenants' rows should name."""
    roles = subject.bounds.visibility_roles(subject.facts.role_by_name) or subject.applications
    return ", ".join(map(name, roles))


def of_policy(table: Table, policy: Policy, message: str, remedy: str, *, beside: Policy | None = None) -> Found:
    """Return what was found of a policy, with the roles that it names (and those of the one beside it)."""
    roles = {role or "public" for one in (policy, beside) if one is not None for role in one.roles}
    return Found(f"{table.full_name}.{policy.name}", message, remedy, tuple(sorted(roles)))
