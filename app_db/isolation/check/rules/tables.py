"""201 to 210: tables whose rows nothing keeps apart, or keeps even from their owner."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import Grants, Table
from ..rule import Found, Rule, Severity, broken, name, rule
from ..subject import Subject
from .remedies import table_name, tenants_policy

_NO_TENANT = "A table that has the column and whose rows are everybody's: declare its model as `Shared`, rename the \
column, or suppress it with that reason."


@rule(
    "ISO201", "no-row-security", Severity.ERROR, "A tenant's table has no row-level security",
    means="A table has a tenant's column, or holds rows that a model declares to be persons' or the system's own, and "
    "row-level security is not enabled.",
    bites="Whoever may read it reads all tenants' rows. A table that was forgotten, or was copied by LIKE or CREATE "
    "TABLE AS, which copy no policies, is readable by default privileges (measured: both tenants' rows).",
    remedy="Enable and force it, and make a policy.",
    false_alarm=_NO_TENANT,
    example=broken("create table example.copies (like example.items including all)", thing="example.copies"),
)  # fmt: skip
def no_row_security(subject: Subject) -> Iterator[Found]:
    """Tenants' tables without row-level security."""
    for table in subject.guarded:
        if not table.enabled and not _inherits(subject, table):
            steps = [f"alter table {table_name(table)} enable row level security"]
            steps.append(f"alter table {table_name(table)} force row level security")
            if not subject.policies(table):
                steps += [*tenants_policy(subject, table), *_owner_policy(subject, table)]
            message = f"it holds {_whose(subject, table)}, and has no row-level security"
            yield Found(table.full_name, message, "; ".join(steps))


@rule(
    "ISO202", "not-forced", Severity.WARNING, "Row-level security is not forced",
    means="A tenant's table has row-level security, but not FORCE, so it does not hold the table's owner.",
    bites="Whatever runs as the owner sees every row: an application that logs in as the owner, a view, a SECURITY "
    "DEFINER function. Measured: two rows with ENABLE alone, none with FORCE.",
    remedy="Force it, with a policy for the owner, so that migrations see their rows (ISO204).",
    false_alarm="None is known: with a policy for the owner, FORCE takes nothing away.",
    example=broken("alter table example.items no force row level security", thing="example.items"),
)  # fmt: skip
def not_forced(subject: Subject) -> Iterator[Found]:
    """Tenants' tables that are not forced."""
    for table in subject.guarded:
        if table.enabled and not table.forced and not _inherits(subject, table):
            message = f"the policies of {table.full_name} do not hold its owner, {table.owner}"
            yield Found(table.full_name, message, f"alter table {table_name(table)} force row level security")


@rule(
    "ISO203", "no-policy", Severity.WARNING, "Row-level security without a policy",
    means="A tenant's table has row-level security enabled and no policy at all.",
    bites="Nobody whom policies hold sees a row, and no statement fails: a read returns nothing, an UPDATE and a "
    "DELETE report 0 rows. Only INSERT is refused.",
    remedy="Make a policy for tenants, and one for the owner.",
    false_alarm="A table that only exempt roles use: revoke what others have been granted, and suppress it.",
    example=broken(
        "drop policy tenant_rows on example.items", "drop policy all_rows on example.items", thing="example.items"
    ),
)  # fmt: skip
def no_policy(subject: Subject) -> Iterator[Found]:
    """Tenants' tables that nobody sees a row of."""
    for table in subject.guarded:
        if table.enabled and not subject.policies(table):
            steps = [*tenants_policy(subject, table), *_owner_policy(subject, table)]
            yield Found(table.full_name, f"{table.full_name} has no policy, so nobody sees a row", "; ".join(steps))


@rule(
    "ISO204", "owner-sees-nothing", Severity.WARNING, "The owner sees no row of a forced table",
    means="Row-level security is forced, the owner is not exempt, and no policy shows the owner all rows.",
    bites="A data migration's UPDATE changes 0 rows and succeeds. ADD FOREIGN KEY and VALIDATE CONSTRAINT check an "
    "empty view, and mark a key as valid that rows violate (both measured). Four projects published incidents of the "
    "first kind in 2026; one of them gave up row-level security.",
    remedy="Give members of `app_all`, of whom the owner is one, a policy of their own; elsewhere the owner himself.",
    false_alarm="Migrations that run as another, exempt role: suppress it and name that role.",
    example=broken("drop policy all_rows on example.items", thing="example.items"),
)  # fmt: skip
def owner_sees_nothing(subject: Subject) -> Iterator[Found]:
    """Forced tables whose owner no policy lets through."""
    for table in subject.guarded:
        policies = subject.policies(table)
        is_held = table.enabled and table.forced and policies and not subject.is_exempt(table.owner)
        sees = {p.command for p in policies if p.permissive and p.using == "true" and subject.applies(p, table.owner)}
        # an owner that serves an application has a finding of its own
        if is_held and table.owner not in subject.applications and not ("all" in sees or sees >= _NEEDED):
            message = f"{table.owner}, the owner of {table.full_name}, sees no row of it, so migrations change none"
            yield Found(table.full_name, message, "; ".join(_owner_policy(subject, table)))


@rule(
    "ISO205", "only-restrictive", Severity.WARNING, "Only restrictive policies",
    means="A tenant's table has policies for the application, and all of them are RESTRICTIVE. Those narrow down what "
    "a permissive one shows, and show nothing by themselves.",
    bites="The application sees no row, and nothing fails (measured).",
    remedy="Add the permissive policy that the restrictive ones were to narrow down.",
    false_alarm="None is known: such a table is empty for everybody.",
    example=broken(
        "drop policy tenant_rows on example.items",
        "create policy floor on example.items as restrictive to app_tenant, app_tenant_admin "
        "using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid)",
        thing="example.items",
    ),
)  # fmt: skip
def only_restrictive(subject: Subject) -> Iterator[Found]:
    """Tenants' tables with restrictive policies alone."""
    for table in subject.guarded:
        policies = [policy for policy in subject.policies(table) if not subject.is_for_all_rows(policy)]
        if policies and not any(policy.permissive for policy in policies):
            message = f"{table.full_name} has restrictive policies alone, so the application sees no row"
            yield Found(table.full_name, message, "; ".join(tenants_policy(subject, table)))


@rule(
    "ISO206", "undeclared-table", Severity.WARNING, "Nobody has said whose rows a table holds",
    means="In a schema in which models declare tables, the application may read one that no model declares, that has "
    "no tenant's column and no row-level security.",
    bites="CREATE TABLE AS and LIKE copy rows and columns but no policies. A report that was 'put aside for a moment' "
    "shows every tenant's names.",
    remedy="Take the grant back, or declare a model that says whose rows it holds: `Shared` where they are "
    "everybody's.",
    false_alarm="A table of your own tooling: move it into a schema of its own, or suppress it.",
    example=broken(
        "create table catalog.aside as select name from catalog.materials",
        "grant select on catalog.aside to app_rw",
        thing="catalog.aside",
    ),
)  # fmt: skip
def undeclared_table(subject: Subject) -> Iterator[Found]:
    """Readable tables that no model declares, where models declare the others."""
    for table in subject.facts.tables:
        is_one = table.kind == "table" and not table.is_partition and not table.enabled
        if not is_one or table.schema not in subject.declared_schemas or table.full_name in subject.scopes:
            continue
        readers = subject.readers(table)
        if subject.tenant_column(table) is None and readers:
            message = f"{table.full_name} is readable by {', '.join(readers)}, and no model says whose rows it holds"
            yield Found(table.full_name, message, _closed(subject, table))


@rule(
    "ISO207", "partition-differs", Severity.ERROR, "A partition is not protected as its table",
    means="A partition of a tenant's table has row-level security off, or not forced, where its table has it.",
    bites="A new partition has row-level security off. Through the table its policies hold, but a statement that names "
    "the partition reads the other tenants' rows (measured).",
    remedy="Enable and force it on the partition as well; no policy is needed, as nobody has to read it directly.",
    false_alarm="None is known: through the table, nothing changes.",
    example=broken(
        "create table example.events (tenant_id uuid not null, at date not null, primary key (tenant_id, at)) "
        "partition by range (at)",
        "alter table example.events owner to app_owner",
        "alter table example.events enable row level security",
        "alter table example.events force row level security",
        "create policy all_rows on example.events to app_all using (true)",
        "create table example.events_2026 partition of example.events for values from ('2026-01-01') to ('2027-01-01')",
        "alter table example.events_2026 owner to app_owner",
        thing="example.events_2026",
    ),
)  # fmt: skip
def partition_differs(subject: Subject) -> Iterator[Found]:
    """Partitions whose flags are not those of their table."""
    for table in subject.tenant_tables:
        for parent in _parents(subject, table) if table.is_partition else ():
            if (parent.enabled, parent.forced) != (table.enabled, table.forced) and parent.enabled:
                missing = "row-level security" if not table.enabled else "FORCE"
                steps = [f"alter table {table_name(table)} enable row level security"]
                steps += [f"alter table {table_name(table)} force row level security"] if parent.forced else []
                message = f"the partition {table.full_name} lacks {missing}, which {parent.full_name} has"
                yield Found(table.full_name, message, "; ".join(steps))


@rule(
    "ISO208", "partition-grants", Severity.ERROR, "A partition has grants of its own",
    means="The application may read or write a partition of a tenant's table directly.",
    bites="Directly, the policies of the partition hold and not those of its table; as a rule it has none of its own, "
    "or other ones. Measured: a direct SELECT read the other tenant's row.",
    remedy="Revoke it. Grants on the table are enough to work through it.",
    false_alarm="None is known: PostgreSQL asks for no right on a partition that is reached through its table.",
    example=broken(
        "create table example.events (tenant_id uuid not null, at date not null, primary key (tenant_id, at)) "
        "partition by range (at)",
        "alter table example.events owner to app_owner",
        "alter table example.events enable row level security",
        "alter table example.events force row level security",
        "create policy all_rows on example.events to app_all using (true)",
        "create table example.events_2026 partition of example.events for values from ('2026-01-01') to ('2027-01-01')",
        "alter table example.events_2026 owner to app_owner",
        "alter table example.events_2026 enable row level security",
        "alter table example.events_2026 force row level security",
        "grant select on example.events_2026 to app_rw",
        thing="example.events_2026",
    ),
)  # fmt: skip
def partition_grants(subject: Subject) -> Iterator[Found]:
    """Partitions that the application may use directly."""
    for table in subject.tenant_tables:
        if table.is_partition and table.owner not in subject.applications:
            for who in _grantees(subject, table):
                message = f"{who} may use the partition {table.full_name} directly"
                yield Found(table.full_name, message, f"revoke all on {table_name(table)} from {who}")


@rule(
    "ISO209", "inheritance-child", Severity.WARNING, "A table inherits from a tenant's table",
    means="A table inherits from a tenant's table (INHERITS, not as a partition), and the application may use it "
    "directly. An error where it has no row-level security.",
    bites="Through the parent its rows are held by the parent's policies; by its own name only by its own flags and "
    "policies, and neither is inherited, nor are unique and foreign keys.",
    remedy="Revoke it: grants on the parent are enough to work through it. Else make it a partition, or end the "
    "inheritance and protect it as a table of its own.",
    false_alarm="A child that has flags, policies and keys of its own: suppress it.",
    example=broken(
        "create table example.more () inherits (example.items)",
        "grant select on example.more to app_rw",
        thing="example.more",
    ),
)  # fmt: skip
def inheritance_child(subject: Subject) -> Iterator[Found]:
    """Tables that inherit from tenants' tables, and that the application may use by their own name."""
    for table in subject.tables:
        for parent in _parents(subject, table):
            if subject.may(tuple((who, "any") for who, _ in _grants(table)), ("any",), table.owner):
                message = f"{table.full_name} inherits from {parent.full_name}, and neither its policies nor its keys"
                severity = Severity.WARNING if table.enabled else Severity.ERROR
                yield Found(table.full_name, message, _closed(subject, table), severity=severity)


@rule(
    "ISO210", "foreign-table", Severity.ERROR, "A foreign table has tenants' rows",
    means="The application may read a foreign table that has a tenant's column.",
    bites="A foreign table can't have row-level security, and the server behind it sees one user for all tenants.",
    remedy="Take the grant back, and read it through a function or view that names the tenant.",
    false_alarm="A foreign table whose server has policies and is told the tenant: suppress it.",
    example=broken(
        "create foreign data wrapper nothing",
        "create server elsewhere foreign data wrapper nothing",
        "create foreign table example.remote (tenant_id uuid not null) server elsewhere",
        "grant select on example.remote to app_rw",
        thing="example.remote",
    ),
)  # fmt: skip
def foreign_table(subject: Subject) -> Iterator[Found]:
    """Foreign tables with a tenant's column that the application may read."""
    for table in subject.tenant_tables:
        if table.kind == "foreign table" and subject.readers(table):
            grantees = sorted({name(grantee) if grantee else "public" for grantee, _ in table.grants})
            message = f"{table.full_name} is a foreign table, which can't have policies, and the application reads it"
            yield Found(table.full_name, message, f"revoke all on {table_name(table)} from {', '.join(grantees)}")


_NEEDED = {"select", "update", "delete"}


def _whose(subject: Subject, table: Table) -> str:
    if column := subject.tenant_column(table):
        return f"tenants' rows, by {column}"
    column = subject.user_column(table)
    return f"persons' rows, by {column}" if column else "the system's own rows"


def _parents(subject: Subject, table: Table) -> list[Table]:
    tables = subject.facts.table_by_oid
    return [tables[oid] for oid in table.parents if oid in tables]


def _grants(table: Table) -> Grants:
    return (*table.grants, *(grant for column in table.columns for grant in column.grants))


def _grantees(subject: Subject, table: Table) -> list[str]:
    """Return, as SQL names them, to whom a table is granted by whose rights the application may use it."""
    grantees = {who for who, _ in _grants(table) if subject.may(((who, "any"),), ("any",), "")}
    return sorted("public" if who is None else name(who) for who in grantees)


def _closed(subject: Subject, table: Table) -> str:
    """Return the REVOKE from the application, and in words what makes the grant right: rows are never dropped."""
    grantees = ", ".join(_grantees(subject, table))
    declared = "or declare a model that says whose rows it holds, and have its revision made"
    if not grantees:
        return f"the application owns {table.full_name}: give it to another role, {declared}"
    return f"revoke all on {table_name(table)} from {grantees} -- {declared}"


def _inherits(subject: Subject, table: Table) -> bool:
    return bool(_parents(subject, table))


def _owner_policy(subject: Subject, table: Table) -> list[str]:
    """Return the policy by which migrations see their rows; none where the owner is exempt."""
    if subject.is_exempt(table.owner):
        return []
    roles = sorted(subject.all_rows_roles & subject.inherited(table.owner)) or [table.owner]
    return [
        f"create policy all_rows on {table_name(table)} to {', '.join(map(name, roles))} using (true) with check (true)"
    ]


RULES: tuple[Rule, ...] = (
    no_row_security,
    not_forced,
    no_policy,
    owner_sees_nothing,
    only_restrictive,
    undeclared_table,
    partition_differs,
    partition_grants,
    inheritance_child,
    foreign_table,
)
