"""4xx: keys, indexes and columns, which are checked past every policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..facts import Constraint, Index, Policy, Table
from ..rule import Found, Rule, Severity, broken, name, rule
from ..subject import Subject
from .referential import crossing
from .remedies import table_name

_APART = "put what belongs to everybody into a table of its own, declared `Shared`, and say `not null` here; or \
suppress this, with who makes such rows"
_SETS = {"set null", "set default"}
# the order of rows of these means nothing, so there is nothing to lead with
_UNORDERED = {"hnsw", "ivfflat", "brin"}


@rule(
    "ISO401", "unique-without-tenant", Severity.WARNING, "A unique key is not of the tenant",
    means="A UNIQUE constraint or unique index of a tenant's table does not have the tenant's column.",
    bites="Keys are checked past policies: inserting a value that another tenant has fails with 23505, which tells "
    "that somebody has it (measured); ON CONFLICT DO NOTHING tells the same in silence. And one tenant takes names "
    "away from all others.",
    remedy="Put the tenant's column first. What has to be unique over all tenants is random, such as a UUID.",
    false_alarm="A value that is public anyway, such as a name in URLs, or random: suppress it with that reason.",
    example=broken(
        "alter table example.items add constraint uq_items_name unique (name)", thing="example.items.uq_items_name"
    ),
)  # fmt: skip
def unique_without_tenant(subject: Subject) -> Iterator[Found]:
    """Unique constraints and indexes without the tenant's column."""
    for table, column, key in _keys(subject, "unique"):
        if column not in key.columns:
            shown = _list(key.columns)
            remedy = (
                f"{_dropped(table, key)}; alter table {table_name(table)} add constraint {name(key.name)} "
                f"unique ({name(column)}, {shown})"
            )
            message = f"it is unique over all tenants, and so tells which values of {shown} exist"
            yield Found(_thing(table, key), message, remedy)
    for _, column, index in _indexes(subject):
        if index.is_unique and not index.of_constraint and column not in index.columns:
            message = "it is unique over all tenants, and so tells what exists"
            yield Found(_index_thing(index), message, _reindexed(column, index))


@rule(
    "ISO402", "exclusion-without-tenant", Severity.WARNING, "An exclusion constraint is not of the tenant",
    means="An EXCLUDE constraint of a tenant's table does not have the tenant's column with `=`.",
    bites="It is checked past policies: a booking fails because of another tenant's booking, and tells when that is.",
    remedy="Add the tenant's column WITH =; gist needs the extension btree_gist for it.",
    false_alarm="A thing that there is once for all tenants: suppress it with its name.",
    example=broken(
        "alter table example.items add column at tsrange",
        "alter table example.items add constraint ex_items_at exclude using gist (at with &&)",
        thing="example.items.ex_items_at",
    ),
)  # fmt: skip
def exclusion_without_tenant(subject: Subject) -> Iterator[Found]:
    """Exclusion constraints that don't compare the tenant."""
    for table, column, key in _keys(subject, "exclusion"):
        if not any(entry == column and equal for entry, equal in zip(key.columns, key.equals, strict=False)):
            definition = key.definition.replace("(", f"({name(column)} WITH =, ", 1)
            added = f"alter table {table_name(table)} add constraint {name(key.name)} {definition}"
            remedy = f"{_dropped(table, key)}; create extension if not exists btree_gist; {added}"
            yield Found(_thing(table, key), "it excludes rows because of other tenants' rows", remedy)


@rule(
    "ISO403", "index-not-led-by-tenant", Severity.NOTE, "An index does not begin with the tenant",
    means="An index of a tenant's table does not have the tenant's column first.",
    bites="Every statement has the condition on the tenant, so an index that begins with another column reads all "
    "tenants' entries and throws most of them away: it grows with everybody's rows and not with the tenant's.",
    remedy="Make it anew with the tenant's column first.",
    false_alarm="Methods that have one column or no order, such as hnsw or gin over a document: those of vectors and "
    "block ranges are not told, others suppress with the query that needs them.",
    example=broken("create index by_name on example.items (name)", thing="example.by_name"),
)  # fmt: skip
def index_not_led(subject: Subject) -> Iterator[Found]:
    """Indexes that begin with another column than the tenant's."""
    kinds = {(key.table, key.name): key.kind for key in subject.facts.constraints}
    for table, column, index in _indexes(subject):
        kind = kinds.get((table.oid, index.name), "") if index.of_constraint else ""
        is_told = kind == "exclusion" or ((kind or index.is_unique) and column not in index.columns)
        if not is_told and index.method not in _UNORDERED and index.columns[:1] != (column,):
            remedy = _rekeyed(table, column, index, kind) if kind else _reindexed(column, index)
            message = f"it does not begin with {column}, and reads all tenants' entries"
            yield Found(_index_thing(index), message, remedy)


@rule(
    "ISO404", "primary-key-without-tenant", Severity.WARNING, "A primary key is not of the tenant",
    means="The primary key of a tenant's table does not have the tenant's column.",
    bites="Nothing can refer to `(tenant_id, id)`, so each foreign key to the table crosses tenants (ISO405). An id "
    "that is guessed or counted tells by 23505 whether it exists.",
    remedy="Make the key `(tenant_id, id)`, or add UNIQUE (tenant_id, id) and refer to that.",
    false_alarm="The table of tenants itself, whose id is the tenant, is not told. A key of random UUIDs that nothing "
    "refers to: suppress it.",
    example=broken(
        "alter table example.items drop constraint items_pkey",
        "alter table example.items add constraint items_pkey primary key (id)",
        thing="example.items.items_pkey",
    ),
)  # fmt: skip
def primary_key_without_tenant(subject: Subject) -> Iterator[Found]:
    """Primary keys without the tenant's column."""
    for table, column, key in _keys(subject, "primary key"):
        if column not in key.columns and not _showing_nobodys(subject, table):  # a primary key has no null
            shown = f"{name(column)}, {_list(key.columns)}"
            added = f"alter table {table_name(table)} add constraint {name(key.name)} primary key ({shown})"
            yield Found(
                _thing(table, key),
                f"it lacks {column}, so what refers to it crosses tenants",
                f"{_dropped(table, key)}; {added}",
            )


@rule(
    "ISO405", "foreign-key-without-tenant", Severity.ERROR, "A foreign key crosses tenants",
    means="A tenant's table refers to another tenant's table without the tenant's column on both sides.",
    bites="Foreign keys are checked past policies. Measured: tenant 1 inserted a row that points at tenant 2's, and "
    "learned that it exists; and tenant 1's DELETE cascaded to tenant 2's row, which was gone.",
    remedy="Refer by `(tenant_id, …)` to `(tenant_id, id)`: `tenant_fk()` in a model.",
    false_alarm="None is known: a reference to what is everybody's is to a table without a tenant.",
    example=broken(
        "alter table example.parts add column item_tenant_id uuid",
        "alter table example.parts add constraint fk_parts_item foreign key (item_tenant_id, item_id) "
        "references example.items (tenant_id, id) on delete cascade",
        thing="example.parts.fk_parts_item",
    ),
)  # fmt: skip
def foreign_key_without_tenant(subject: Subject) -> Iterator[Found]:
    """Foreign keys between tenants' tables without the tenant."""
    for table, column, key in _keys(subject, "foreign key"):
        target = subject.facts.table_by_oid.get(key.refers_to or 0)
        referred = subject.tenant_column(target) if target is not None else None
        if target is None or referred is None:
            continue
        pairs = dict(zip(key.referred, key.columns, strict=False))
        if pairs.get(referred) != column:
            pairs = {referred: column, **{to: of for to, of in pairs.items() if to != referred}}
            remedy = (
                f"{_dropped(table, key)}; alter table {table_name(table)} add constraint {name(key.name)} foreign key "
                f"({_list([*pairs.values()])}) references {table_name(target)} ({_list([*pairs])})"
                + (f" on delete {key.on_delete}" if key.on_delete in {"cascade", "restrict"} else "")
            )
            yield Found(_thing(table, key), f"it refers to rows of {target.full_name} of any tenant", remedy)


@rule(
    "ISO406", "delete-sets-tenant", Severity.WARNING, "A delete sets the tenant's column",
    means="A foreign key over the tenant's column is ON DELETE SET NULL or SET DEFAULT for all of its columns.",
    bites="The delete of what is referred to sets `tenant_id` as well: it fails where the column is NOT NULL, or "
    "makes a row that belongs to nobody, or to the tenant of the default.",
    remedy="Name the columns that are to be set (PostgreSQL 15 and later), or use CASCADE or RESTRICT.",
    false_alarm="None is known.",
    example=broken(
        "alter table example.parts add constraint fk_parts_item foreign key (tenant_id, item_id) "
        "references example.items (tenant_id, id) on delete set null",
        thing="example.parts.fk_parts_item",
    ),
)  # fmt: skip
def delete_sets_tenant(subject: Subject) -> Iterator[Found]:
    """Foreign keys whose delete sets the tenant's column."""
    told_as_crossing = crossing(subject)
    for table, column, key in _keys(subject, "foreign key"):
        if key not in told_as_crossing and key.on_delete in _SETS and column in (key.set_on_delete or key.columns):
            others = [entry for entry in key.columns if entry != column]
            definition = key.definition.replace(key.on_delete.upper(), f"{key.on_delete.upper()} ({_list(others)})")
            added = f"alter table {table_name(table)} add constraint {name(key.name)} {definition}"
            yield Found(_thing(table, key), f"a delete sets {column}", f"{_dropped(table, key)}; {added}")


@rule(
    "ISO407", "tenant-may-be-null", Severity.ERROR, "A row may belong to nobody",
    means="The tenant's column may be NULL.",
    bites="Such a row is seen by nobody, and by everybody as soon as a policy says `OR tenant_id IS NULL`: who forgets "
    "the tenant shows the row to all. No unique key over it forbids a second one, and no foreign key over it is "
    "checked.",
    remedy="Say NOT NULL; what belongs to everybody goes into a table of its own, declared `Shared`. A warning where "
    "a policy for SELECT asks for such rows on purpose, of which nothing else is told then; where a policy lets them "
    "be written, that policy is told.",
    false_alarm="A row that gets its tenant later, such as a login before a tenant is chosen: declare its scope, or "
    "suppress it.",
    example=broken(
        "alter table example.parts drop constraint parts_pkey",
        "alter table example.parts alter column tenant_id drop not null",
        thing="example.parts",
    ),
)  # fmt: skip
def tenant_may_be_null(subject: Subject) -> Iterator[Found]:
    """Tenants' tables whose tenant may be null."""
    for table in subject.tables:
        column = table.column(subject.tenant_column(table))
        if column is None or column.not_null:
            continue
        showing = _showing_nobodys(subject, table)
        if not showing:
            remedy = f"alter table {table_name(table)} alter column {name(column.name)} set not null"
            yield Found(table.full_name, f"{column.name} may be NULL: such a row belongs to nobody", remedy)
        elif all(policy.command == "select" for policy in showing):
            told = ", ".join(policy.name for policy in showing)
            message = f"rows without {column.name} are shown to every tenant, as {told} says"
            yield Found(table.full_name, message, _APART, severity=Severity.WARNING)


def _showing_nobodys(subject: Subject, table: Table) -> list[Policy]:
    """Return the policies that ask for rows without a tenant on purpose."""
    return [policy for policy in subject.policies(table) if subject.shows_nobodys(table, policy)]


def _keys(subject: Subject, kind: str) -> Iterator[tuple[Table, str, Constraint]]:
    tables = {table.oid: table for table in subject.tables}
    for key in subject.facts.constraints:
        table = tables.get(key.table)
        if table is not None and key.kind == kind:
            yield table, str(subject.tenant_column(table)), key


def _indexes(subject: Subject) -> Iterator[tuple[Table, str, Index]]:
    tables = {table.oid: table for table in subject.tables}
    for index in subject.facts.indexes:
        table = tables.get(index.table)
        if table is not None:
            yield table, str(subject.tenant_column(table)), index


def _thing(table: Table, key: Constraint) -> str:
    return f"{table.full_name}.{key.name}"


def _index_thing(index: Index) -> str:
    return f"{index.schema}.{index.name}"


def _list(columns: Iterable[str | None]) -> str:
    return ", ".join(name(column) for column in columns if column is not None)


def _dropped(table: Table, key: Constraint) -> str:
    return f"alter table {table_name(table)} drop constraint {name(key.name)}"


def _reindexed(column: str, index: Index) -> str:
    """Return the same index anew with the tenant first; its definition has one bracket before the columns."""
    tenant = name(column)
    definition = index.definition.replace(f", {tenant}", "", 1).replace("(", f"({tenant}, ", 1)
    return f"drop index {name(index.schema, index.name)}; {definition}"


def _rekeyed(table: Table, column: str, index: Index, kind: str) -> str:
    others = _list(entry for entry in index.columns if entry != column)
    dropped = f"alter table {table_name(table)} drop constraint {name(index.name)}"
    added = f"add constraint {name(index.name)} {kind} ({name(column)}, {others})"
    return f"{dropped}; alter table {table_name(table)} {added}"


RULES: tuple[Rule, ...] = (
    unique_without_tenant,
    exclusion_without_tenant,
    index_not_led,
    primary_key_without_tenant,
    foreign_key_without_tenant,
    delete_sets_tenant,
    tenant_may_be_null,
)
