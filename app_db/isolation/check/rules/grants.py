"""211 to 220: rights that go past policies, and views that show what their owner sees."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import Table
from ..rule import Found, Rule, Severity, broken, name, rule
from ..subject import Subject
from .remedies import table_name

# pg_maintain's privilege, from 17 on: VACUUM, ANALYZE, CLUSTER, REFRESH, REINDEX, LOCK TABLE
_PAST_POLICIES = ("truncate", "references", "trigger", "maintain")


@rule(
    "ISO211", "right-past-policies", Severity.ERROR, "The application holds a right that policies do not hold",
    means="The application may TRUNCATE a tenant's table, refer to it (REFERENCES), make triggers on it (TRIGGER) or, "
    "from 17 on, MAINTAIN it.",
    bites="Row-level security does not hold these. Measured: one tenant's TRUNCATE left no row of any tenant. "
    "REFERENCES makes a key that tells which rows exist; a trigger runs with the rights of whoever writes next.",
    remedy="Grant SELECT, INSERT, UPDATE and DELETE alone; GRANT ALL gives these as well.",
    false_alarm="A role that empties tables for tests, on a database without customers: suppress it there.",
    example=broken("grant truncate on example.items to app_rw", thing="example.items"),
)  # fmt: skip
def right_past_policies(subject: Subject) -> Iterator[Found]:
    """TRUNCATE and its like on tenants' tables."""
    for table in subject.guarded:
        held = [(grantee, right) for grantee, right in table.grants if right in _PAST_POLICIES]
        for grantee in sorted({grantee for grantee, _ in held if grantee is not None}):
            if subject.may(((grantee, "any"),), ("any",), ""):
                rights = ", ".join(sorted(right for who, right in held if who == grantee))
                message = f"{grantee} has {rights.upper()}, which no policy holds"
                yield Found(table.full_name, message, f"revoke {rights} on {table_name(table)} from {name(grantee)}")


@rule(
    "ISO212", "granted-to-public", Severity.WARNING, "A tenant's table is granted to PUBLIC",
    means="PUBLIC, that is every role of the server, also of other databases' applications and ones to come, has a "
    "right on a tenant's table.",
    bites="A role that was made for something else may use it; if a policy is TO PUBLIC as well, or the role is "
    "exempt, it reads rows.",
    remedy="Revoke it, and grant to the roles that need it.",
    false_alarm="None is known: naming the roles costs nothing.",
    example=broken("grant select on example.items to public", thing="example.items"),
)  # fmt: skip
def granted_to_public(subject: Subject) -> Iterator[Found]:
    """Tenants' tables with grants to PUBLIC."""
    for table in subject.guarded:
        rights = [right for grantee, right in table.grants if grantee is None]
        if rights:
            message = f"every role of the server may {', '.join(rights).upper()} {table.full_name}"
            yield Found(table.full_name, message, f"revoke all on {table_name(table)} from public")


@rule(
    "ISO213", "owners-view", Severity.ERROR, "A view shows what its owner sees",
    means="The application may read a view over a tenant's table that lacks `security_invoker = true`.",
    bites="Such a view reads as its owner. Measured: where a superuser or anybody who sees all rows owns it, it "
    "returned both tenants' rows to a session bound to one.",
    remedy="Set `security_invoker` (PostgreSQL 15 and later).",
    false_alarm="A view that names the tenant in its own condition: set security_invoker all the same, it costs "
    "nothing; or suppress it.",
    example=broken(
        "create view example.names as select name from example.items",
        "grant select on example.names to app_rw",
        thing="example.names",
    ),
)  # fmt: skip
def owners_view(subject: Subject) -> Iterator[Found]:
    """Views without security_invoker that the application may read."""
    for view in _views(subject, "view"):
        if not {"security_invoker=true", "security_invoker=on", "security_invoker=1"} & set(view.options):
            message = f"{view.full_name} reads tenants' tables as its owner, {view.owner}"
            yield Found(view.full_name, message, f"alter view {table_name(view)} set (security_invoker = true)")


@rule(
    "ISO214", "materialized-view", Severity.ERROR, "A materialized view keeps all tenants' rows",
    means="The application may read a materialized view that was made of a tenant's table.",
    bites="REFRESH copies what its owner sees, all tenants, and a materialized view can't have policies.",
    remedy="Take the grant back; show it through a view that names the tenant, or fill a table instead.",
    false_alarm="Sums over all tenants that tell nothing of one: suppress it with that reason.",
    example=broken(
        "create materialized view example.counts as select tenant_id, count(*) from example.items group by tenant_id",
        "grant select on example.counts to app_rw",
        thing="example.counts",
    ),
)  # fmt: skip
def materialized_view(subject: Subject) -> Iterator[Found]:
    """Materialized views of tenants' rows that the application may read."""
    for view in _views(subject, "materialized view"):
        grantees = sorted({name(grantee) if grantee else "public" for grantee, _ in view.grants})
        remedy = f"revoke all on {table_name(view)} from {', '.join(grantees)}"
        yield Found(view.full_name, f"{view.full_name} holds rows of all tenants, and can't have policies", remedy)


@rule(
    "ISO215", "creates-in-a-schema", Severity.WARNING, "The application may create objects in a schema",
    means="A role that serves an application, or PUBLIC, has CREATE on a schema.",
    bites="Its tables and views have no policies, and its functions stand in the way of whoever searches that schema: "
    "a call without a schema runs the application's code with the caller's rights.",
    remedy="Revoke CREATE; up to PostgreSQL 14 PUBLIC had it on `public`, and databases that were upgraded still do.",
    false_alarm="A schema for scratch tables of one application: suppress it, and keep it out of every search path.",
    example=broken("grant create on schema example to app_rw", thing="example"),
)  # fmt: skip
def creates_in_a_schema(subject: Subject) -> Iterator[Found]:
    """Schemas in which the application may create."""
    for schema in subject.facts.schemas:
        for grantee in sorted({who or "" for who, right in schema.grants if right == "create"}):
            if subject.may(((grantee or None, "create"),), ("create",), ""):
                who = name(grantee) if grantee else "public"
                message = f"{grantee or 'PUBLIC'} may create objects in the schema {schema.name}"
                yield Found(schema.name, message, f"revoke create on schema {name(schema.name)} from {who}")


@rule(
    "ISO216", "default-privileges", Severity.WARNING, "New tables are open to the application by default",
    means="Default privileges give tables that do not exist yet to a role that serves an application, or to PUBLIC.",
    bites="A table is readable from the moment it is made, before anybody has enabled row-level security; one that is "
    "forgotten stays so. Measured: the new table showed both tenants' rows.",
    remedy="Take the default back; let each revision grant what it makes.",
    false_alarm="Where a test looks for tables without policies after each migration: suppress it with that reason.",
    example=broken(
        "alter default privileges for role app_owner in schema example grant select on tables to app_rw",
        thing="example",
    ),
)  # fmt: skip
def default_privileges(subject: Subject) -> Iterator[Found]:
    """Default privileges on tables for the application."""
    for entry in subject.facts.default_privileges:
        for grantee in sorted({who or "" for who, _ in entry.grants}):
            if grantee != entry.owner and subject.may(((grantee or None, "any"),), ("any",), ""):
                where = f" in schema {name(entry.schema)}" if entry.schema else ""
                message = f"each table that {entry.owner} makes{where} is open to {grantee or 'PUBLIC'}"
                remedy = (
                    f"alter default privileges for role {name(entry.owner)}{where} revoke all on tables "
                    f"from {name(grantee) if grantee else 'public'}"
                )
                yield Found(entry.schema or entry.owner, message, remedy)


@rule(
    "ISO217", "publication", Severity.NOTE, "A publication sends tenants' rows",
    means="A publication has a tenant's table without a row filter (or has all tables).",
    bites="Logical decoding reads the log, which knows no policies: the subscriber gets every tenant's rows. On the "
    "other side the initial copy of a role that is not exempt is refused, or filtered by policies.",
    remedy="Leave the table out, filter its rows, or say in a suppression who reads it.",
    false_alarm="A warehouse or a standby that is meant to have all tenants: suppress it with that reason.",
    example=broken("create publication outbound for table example.items", thing="outbound"),
)  # fmt: skip
def publication(subject: Subject) -> Iterator[Found]:
    """Publications that have tenants' tables."""
    for entry in subject.facts.publications:
        sent = [
            table.full_name
            for table in subject.tables
            if entry.all_tables or table.oid in entry.tables or table.schema in entry.schemas
        ]
        if sent:
            shown = ", ".join(sent[:3]) + (f" and {len(sent) - 3} more" if len(sent) > 3 else "")  # noqa: PLR2004
            yield Found(entry.name, f"it sends every tenant's rows of {shown}", f"drop publication {name(entry.name)}")


@rule(
    "ISO218", "rights-for-many-roles", Severity.WARNING, "A table is granted to a role for each tenant",
    means="A tenant's table is granted to more than 30 roles: a design with a role for each tenant.",
    bites="The list of rights is one field of one row. Measured: tenant number 2,434 could not be made, `row is too "
    "big: size 8168, maximum size 8160`. Each tenant costs a role, so pools can't be shared, and names beyond 63 bytes "
    "are cut off and meet.",
    remedy="One role for all tenants, and the tenant in a setting of the transaction.",
    false_alarm="Thirty services with a role each: suppress it with their number.",
    example=broken(
        "do $$ begin for n in 1..31 loop execute format('create role tenant_%s', n); "
        "execute format('grant select on example.items to tenant_%s', n); end loop; end $$",
        thing="example.items",
    ),
)  # fmt: skip
def rights_for_many_roles(subject: Subject) -> Iterator[Found]:
    """Tables that are granted to more than thirty roles."""
    for table in subject.tables:
        grantees = sorted({grantee for grantee, _ in table.grants if grantee is not None})
        if len(grantees) > _MANY_ROLES:
            message = f"{table.full_name} is granted to {len(grantees)} roles, and the list ends at about 2,400"
            extra = [role for role in grantees if role not in {*subject.applications, *_held(subject)}]
            remedy = f"revoke all on {table_name(table)} from {', '.join(map(name, extra or grantees))}"
            yield Found(table.full_name, message, remedy)


@rule(
    "ISO219", "policies-without-row-security", Severity.ERROR, "A table has policies that nobody asks",
    means="A table has policies, and row-level security is not enabled. A tenant's table is told by ISO201.",
    bites="Policies of such a table are not looked at: everybody who may read it reads all of it, and whoever reads "
    "the schema believes that it is held.",
    remedy="Enable and force row-level security, or drop the policies.",
    false_alarm="A table under construction, whose policies come first: finish it in the same revision.",
    example=broken(
        "create table example.rates (id uuid primary key)",
        "alter table example.rates owner to app_owner",
        "create policy shared_rows on example.rates for select to app_tenant using (true)",
        thing="example.rates",
    ),
)  # fmt: skip
def policies_unasked(subject: Subject) -> Iterator[Found]:
    """Tables with policies and without row-level security, but those that another rule tells."""
    told = {table.oid for table in subject.guarded}
    for table in subject.facts.tables:
        if table.oid not in told and not table.is_partition and not table.enabled and subject.policies(table):
            message = f"the policies of {table.full_name} are not asked, as row-level security is not enabled"
            names = table_name(table)
            remedy = f"alter table {names} enable row level security; alter table {names} force row level security"
            yield Found(table.full_name, message, remedy)


@rule(
    "ISO220", "shared-written", Severity.WARNING, "Every tenant may write what is everybody's",
    means="The application may INSERT, UPDATE or DELETE rows of a table that a model declares to be everybody's "
    "(`Shared`), that has no row-level security, and no `Grant` beside the models declares it.",
    bites="One tenant changes what all of them read: a price, a text, a rate. There is no policy that could tell whose "
    "change it was, and no tenant's column that a trigger could compare.",
    remedy="Revoke it: `app_rw` reads what is `Shared`, and administrators or a revision write it. Where the "
    "application is to write it, attach a `Grant` to the models' metadata, and name the module that does so with "
    "--models.",
    false_alarm="A table that is written by design, such as one of what people propose: declare the grant, which is "
    "the place for it; suppress it where there are no models.",
    example=broken(
        "drop policy shared_rows on tenancy.permissions",
        "drop policy all_rows on tenancy.permissions",
        "alter table tenancy.permissions no force row level security",
        "alter table tenancy.permissions disable row level security",
        "grant update on tenancy.permissions to app_rw",
        thing="tenancy.permissions",
    ),
)  # fmt: skip
def shared_written(subject: Subject) -> Iterator[Found]:
    """Tables of everybody's rows that the application may write without a declared grant."""
    for table in subject.shared:
        if table.enabled or table.kind != "table" or subject.tenant_column(table) is not None:
            continue
        for who, verbs in _undeclared(subject, table).items():
            declared = [
                f"grant {verb} ({name(column)}) on {table_name(table)} to {name(who)}"
                for verb, column in sorted(subject.declared(table, who or None), key=str)
                if column is not None and verb in verbs
            ]
            revoked = f"revoke {', '.join(verbs)} on {table_name(table)} from {name(who) if who else 'public'}"
            remedy = f"{'; '.join([revoked, *declared])} -- or attach a Grant that says so to the models' metadata"
            message = f"{who or 'PUBLIC'} may {', '.join(verbs).upper()}, so one tenant changes what all read"
            yield Found(table.full_name, message, remedy)


def _undeclared(subject: Subject, table: Table) -> dict[str, list[str]]:
    """Return the verbs by which the application may write, by who has been granted them (empty: PUBLIC)."""
    held: list[tuple[str | None, str, str | None]] = [(who, right, None) for who, right in table.grants]
    held += [(who, right, column.name) for column in table.columns for who, right in column.grants]
    found: dict[str, set[str]] = {}
    for who, right, column in held:
        is_declared = {(right, None), (right, column)} & subject.declared(table, who)
        if right in _WRITES and not is_declared and subject.may(((who, right),), (right,), ""):
            found.setdefault(who or "", set()).add(right)
    return {who: sorted(found[who]) for who in sorted(found)}


_WRITES = ("insert", "update", "delete")
_MANY_ROLES = 30


def _held(subject: Subject) -> set[str]:
    return {held for role in subject.applications for held in subject.reached(role)}


def _views(subject: Subject, kind: str) -> Iterator[Table]:
    tenants = {table.oid for table in subject.tenant_tables}
    for table in subject.facts.tables:
        if table.kind == kind and _read_by(subject, table, set()) & tenants and subject.readers(table):
            yield table


def _read_by(subject: Subject, view: Table, seen: set[int]) -> set[int]:
    """Return the oids of what a view reads, through views that it reads as well."""
    for oid in view.reads:
        if oid not in seen:
            seen.add(oid)
            if oid in subject.facts.table_by_oid:
                _read_by(subject, subject.facts.table_by_oid[oid], seen)
    return seen


RULES: tuple[Rule, ...] = (
    right_past_policies,
    granted_to_public,
    owners_view,
    materialized_view,
    creates_in_a_schema,
    default_privileges,
    publication,
    rights_for_many_roles,
    policies_unasked,
    shared_written,
)
