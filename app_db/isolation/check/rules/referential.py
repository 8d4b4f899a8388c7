"""408: what a foreign key does to rows by itself, which no policy holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..facts import Constraint, Grants, Table
from ..rule import Found, Rule, Severity, broken, name, rule
from ..subject import Subject
from .remedies import table_name

_ACTS = {"cascade", "set null", "set default"}
_ACTION = r" ON {} (?:CASCADE|SET NULL|SET DEFAULT)(?: \([^)]*\))?"


@rule(
    "ISO408", "action-past-policies", Severity.ERROR, "A delete of what is everybody's acts on every tenant's rows",
    means="A tenant's or a person's table refers to a table without a tenant by ON DELETE (or ON UPDATE) CASCADE, SET "
    "NULL or SET DEFAULT, and the application may delete from that table (or update what is referred to), itself or "
    "by the cascade of another one.",
    bites="What a foreign key does by itself runs as the owner of the table and past its policies, forced ones as "
    "well. Measured: tenant 1 deleted a tariff, and tenant 2's machine was gone.",
    remedy="Say ON DELETE RESTRICT and leave ON UPDATE out, or take the right to delete or update away from the "
    "application. Best do both.",
    false_alarm="A row that the policies of the table show to its own tenant or person alone, such as the tenant's own "
    "row, is not told. Where only a trigger forbids the delete: say RESTRICT all the same.",
    example=broken(
        "create table example.kinds (id uuid primary key)",
        "grant select, delete on example.kinds to app_rw",
        "alter table example.items add column kind_id uuid",
        "alter table example.items add constraint fk_items_kind foreign key (kind_id) references example.kinds "
        "on delete cascade",
        thing="example.items.fk_items_kind",
    ),
)  # fmt: skip
def action_past_policies(subject: Subject) -> Iterator[Found]:
    """Foreign keys by which a delete or update of what has no tenant acts on every tenant's rows."""
    tables = {table.oid: table for table in (*subject.tenant_tables, *subject.guarded)}
    for key, verbs in crossing(subject).items():
        table, target = tables.get(key.table), subject.facts.table_by_oid[key.refers_to or 0]
        if table is not None and _whose(subject, table):
            acts = " and ".join(f"ON {verb.upper()} {_action(key, verb).upper()}" for verb in verbs)
            message = (
                f"the application may {' and '.join(verbs)} rows of {target.full_name}, and {acts} then acts on every "
                "tenant's rows here"
            )
            yield Found(f"{table.full_name}.{key.name}", message, _without_action(subject, table, target, key, verbs))


def crossing(subject: Subject) -> dict[Constraint, list[str]]:
    """Return the foreign keys to tables without a tenant that act when an application deletes or updates there.

    With each the verbs that do so. A table from which a cascade removes rows counts as one that the application
    deletes from.
    """
    keys = [key for key in subject.facts.constraints if _is_to_everybodys(subject, key)]
    cascaded: set[int | None] = set()
    while True:
        found = {key: verbs for key in keys if (verbs := [*_verbs(subject, key, cascaded)])}
        reached = {key.table for key, verbs in found.items() if "delete" in verbs and key.on_delete == "cascade"}
        if reached <= cascaded:
            return found
        cascaded |= reached


def _is_to_everybodys(subject: Subject, key: Constraint) -> bool:
    target = subject.facts.table_by_oid.get(key.refers_to or 0)
    is_known = target is not None and key.table in subject.facts.table_by_oid
    return is_known and target is not None and subject.tenant_column(target) is None


def _verbs(subject: Subject, key: Constraint, cascaded: Iterable[int | None]) -> Iterator[str]:
    table, target = subject.facts.table_by_oid[key.table], subject.facts.table_by_oid[key.refers_to or 0]
    for verb in ("delete", "update"):
        if _action(key, verb) not in _ACTS:
            continue
        by_cascade = verb == "delete" and key.refers_to in cascaded
        if by_cascade or (_may(subject, target, key, verb) and not _is_kept(subject, table, target, key, verb)):
            yield verb


def _action(key: Constraint, verb: str) -> str:
    return key.on_delete if verb == "delete" else key.on_update


def _may(subject: Subject, target: Table, key: Constraint, verb: str) -> bool:
    """Tell whether an application has the right, and whether row-level security lets it reach a row."""
    roles = subject.may(_grants(target, key, verb), (verb,), target.owner)
    if not target.enabled:
        return bool(roles)
    held = {one for role in roles for one in subject.reached(role)}
    letting = [policy for policy in subject.policies(target) if policy.permissive and policy.command in {"all", verb}]
    return any(subject.is_exempt(role) or any(subject.applies(p, role) for p in letting) for role in held)


def _grants(target: Table, key: Constraint, verb: str) -> Grants:
    columns = (column for column in target.columns if verb == "update" and column.name in key.referred)
    return (*target.grants, *(grant for column in columns for grant in column.grants))


def _is_kept(subject: Subject, table: Table, target: Table, key: Constraint, verb: str) -> bool:
    """Tell whether what refers to a row is the same person's, or of whom policies let reach it."""
    own = {subject.tenant_column(table), subject.user_column(table)} - {None}
    referred = [there for here, there in zip(key.columns, key.referred, strict=False) if here in own]
    if subject.user_column(target) in referred:
        return True
    letting = [
        policy
        for policy in subject.policies(target)
        if policy.permissive and policy.command in {"all", verb} and not subject.is_for_all_rows(policy)
    ]
    return target.enabled and any(
        all(subject.holds_in(policy.using, target, column) for policy in letting) for column in referred
    )


def _whose(subject: Subject, table: Table) -> str | None:
    return subject.tenant_column(table) or subject.user_column(table)


def _without_action(subject: Subject, table: Table, target: Table, key: Constraint, verbs: list[str]) -> str:
    """Return the SQL that makes the key anew without what it does, and in words the other way."""
    definition = key.definition
    for verb in verbs:
        definition = re.sub(_ACTION.format(verb.upper()), " ON DELETE RESTRICT" if verb == "delete" else "", definition)
    altered = f"alter table {table_name(table)}"
    remade = f"{altered} drop constraint {name(key.name)}; {altered} add constraint {name(key.name)} {definition}"
    grants = {who for verb in verbs for who, right in _grants(target, key, verb) if right == verb}
    holders = sorted(name(who) if who else "public" for who in grants if subject.may(((who, "any"),), ("any",), ""))
    if not holders:
        return remade
    return f"{remade} -- or revoke {', '.join(verbs)} on {table_name(target)} from {', '.join(holders)}"


RULES: tuple[Rule, ...] = (action_past_policies,)
