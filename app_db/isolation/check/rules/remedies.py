"""The SQL that several rules propose."""

from __future__ import annotations

from ..facts import Function, Policy, Table
from ..predicate import mentions
from ..rule import Found, literal, name
from ..subject import Subject


def table_name(table: Table) -> str:
    """Return the table's name for SQL."""
    return name(table.schema, table.name)


def function_name(function: Function) -> str:
    """Return the function's name for SQL, with its arguments, which PostgreSQL has quoted."""
    return f"{name(function.schema, function.name)}({function.arguments})"


def kept_to_the_tenant(subject: Subject, table: Table, *, and_the_person: bool = False) -> str:
    """Return the condition in the form that was measured to be the fastest and safe on a used connection."""
    settings = subject.bounds.context_settings
    column, person = subject.tenant_column(table), subject.user_column(table)
    conditions = [_bound(table, column, settings[0])] if column is not None else []
    if person is not None and len(settings) > 1 and (and_the_person or column is None):
        conditions.append(_bound(table, person, settings[1]))
    return " and ".join(conditions)


def _bound(table: Table, column: str, setting: str) -> str:
    found = table.column(column)
    kind = found.type if found is not None else "uuid"
    cast = "" if kind == "text" else f"::{kind}"
    return f"{name(column)} = nullif(current_setting({literal(setting)}, true), ''){cast}"


def mended_policy(subject: Subject, table: Table, policy: Policy, condition: str | None = None) -> str:
    """Return the ALTER POLICY that gives a policy the usual condition, or the one that is given."""
    person = subject.user_column(table)
    of_a_person = person is not None and any(mentions(expression, person) for expression in policy.expressions)
    condition = condition or kept_to_the_tenant(subject, table, and_the_person=of_a_person)
    parts = []
    if policy.command != "insert":
        parts.append(f"using ({condition})")
    if policy.command in {"insert", "update", "all"}:
        parts.append(f"with check ({condition})")
    return f"alter policy {name(policy.name)} on {table_name(table)} {' '.join(parts)}"


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
