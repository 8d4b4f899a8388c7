"""Other ways to break a rule, and what looks like one and is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from isolation.check.conftest import Place
from sqlalchemy.exc import IntegrityError

from app_db.isolation import check_isolation

# what they are about does not differ between versions; each rule's own example is tried on both
pytestmark = pytest.mark.parametrize("server", ["18"], indirect=True, scope="session")

ITEMS = "example.items"
OWN = "tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid"
ROWS = "example.items.tenant_rows"
GETTER = "create function example.current_tenant() returns uuid"
READS = "select nullif(current_setting('app.current_tenant_id', true), '')::uuid"
CALL = "using (tenant_id = example.current_tenant()) with check (tenant_id = example.current_tenant())"
CALLS = f"alter policy tenant_rows on example.items {CALL}"
EVENTS = (
    (
        "create table example.events (tenant_id uuid not null, at date not null, primary key (tenant_id, at)) "
        "partition by range (at)"
    ),
    "alter table example.events owner to app_owner",
    "alter table example.events enable row level security",
    "alter table example.events force row level security",
    "create policy all_rows on example.events to app_all using (true)",
    "create table example.old_events partition of example.events for values from ('2020-01-01') to ('2021-01-01')",
    "alter table example.old_events owner to app_owner",
)
PROTECTED = (
    "alter table example.old_events enable row level security",
    "alter table example.old_events force row level security",
)

BROKEN = [
    ("through another role", ["create role passer bypassrls", "create role step", "grant passer to step",
                              "grant step to app_login"], {("ISO103", "app_login")}),
    ("a superuser's member", ["create role boss superuser", "grant boss to app_login"], {("ISO103", "app_login")}),
    ("all rows through another role", ["create role step", "grant app_all to step", "grant step to app_login"],
     {("ISO105", "app_login")}),
    ("a login that inherits nothing", ["alter role app_login noinherit", "grant app_all to app_login"],
     {("ISO105", "app_login")}),
    ("owner of the schema", ["alter schema example owner to app_login"], {("ISO104", "app_login")}),
    ("replication", ["alter role app_login replication"], {("ISO108", "app_login")}),
    ("createrole by membership", ["create role maker createrole", "grant maker to app_login"],
     {("ISO108", "app_login")}),
    ("signals", ["grant pg_signal_backend to app_login"], {("ISO107", "app_login")}),
    ("files", ["grant pg_read_server_files to app_login"], {("ISO106", "app_login")}),
    ("all columns made by hand", ["create table example.again as table example.items"],
     {("ISO201", "example.again"), ("ISO407", "example.again")}),
    ("references", ["grant references on example.items to app_login"], {("ISO211", ITEMS)}),
    ("trigger", ["grant trigger on example.items to app_tenant"], {("ISO211", ITEMS)}),
    ("all", ["grant all on example.items to app_rw"], {("ISO211", ITEMS)}),
    ("a partition with a policy but no force", [*EVENTS, PROTECTED[0]], {("ISO207", "example.old_events")}),
    ("a partition open to all", [*EVENTS, *PROTECTED, "grant select on example.old_events to public"],
     {("ISO208", "example.old_events")}),
    ("a view of a view", ["create view example.inner as select * from example.items",
                          "create view example.outer with (security_barrier) as select * from example.inner",
                          "grant select on example.outer to app_rw"], {("ISO213", "example.outer")}),
    ("a column of a view", ["create view example.shown as select * from example.items",
                            "grant select (name) on example.shown to app_ro"], {("ISO213", "example.shown")}),
    ("a view for everybody", ["create view example.shown as select * from example.items",
                              "grant select on example.shown to public"], {("ISO213", "example.shown")}),
    ("a view that says false", ["create view example.shown with (security_invoker = false) as table example.items",
                                "grant select on example.shown to app_rw"], {("ISO213", "example.shown")}),
    ("create for everybody", ["grant create on schema example to public"], {("ISO215", "example")}),
    ("defaults for everybody", ["alter default privileges for role app_owner grant select on tables to public"],
     {("ISO216", "app_owner")}),
    ("a publication of a schema", ["create publication outbound for tables in schema example"],
     {("ISO217", "outbound")}),
    ("a publication of all", ["create publication outbound for all tables"], {("ISO217", "outbound")}),
    ("a condition on nothing", [f"alter policy tenant_rows on example.items using (true) with check ({OWN})"],
     {("ISO301", ROWS)}),
    ("a floor for another command",
     [f"create policy floor on example.items as restrictive for insert to app_tenant with check ({OWN})",
      f"alter policy tenant_rows on example.items using (name is not null) with check ({OWN})"], {("ISO301", ROWS)}),
    ("a floor for another role",
     [f"create policy floor on example.items as restrictive to app_tenant using ({OWN})",
      f"alter policy tenant_rows on example.items using (name is not null) with check ({OWN})"], {("ISO301", ROWS)}),
    ("an owner who may read alone", ["drop policy all_rows on example.items",
                                     "create policy all_rows on example.items for select to app_all using (true)"],
     {("ISO204", ITEMS)}),
    ("a column of a partition", [*EVENTS, *PROTECTED, "grant select (at) on example.old_events to app_rw"],
     {("ISO208", "example.old_events")}),
    ("a constant tenant",
     ["alter policy tenant_rows on example.items using (tenant_id = '00000000-0000-0000-0000-000000000001')"],
     {("ISO301", ROWS)}),
    ("a sub-select that does not look at the row",
     [("alter policy tenant_rows on example.items using (exists (select from tenancy.tenants t where t.id = "
      "nullif(current_setting('app.current_tenant_id', true), '')::uuid))")], {("ISO301", ROWS), ("ISO305", ROWS)}),
    ("a list with a constant",
     [("alter policy tenant_rows on example.items using (tenant_id in ("
      "nullif(current_setting('app.current_tenant_id', true), '')::uuid, '00000000-0000-0000-0000-000000000001'))")],
     {("ISO301", ROWS)}),
    ("both open", ["alter policy tenant_rows on example.items using (true) with check (true)"], {("ISO301", ROWS)}),
    ("open to a service", ["create policy service on example.items for select to app_ro using (true)"],
     {("ISO301", "example.items.service"), ("ISO312", "example.items.service")}),
    ("an insert without the tenant",
     ["drop policy tenant_rows on example.items",
      "create policy added on example.items for insert to app_tenant with check (name is not null)",
      f"create policy seen on example.items for select to app_tenant using ({OWN})"],
     {("ISO302", "example.items.added")}),
    ("or null", [f"alter policy tenant_rows on example.items using ({OWN} or tenant_id is null)"], {("ISO303", ROWS)}),
    ("or in the check", [f"alter policy tenant_rows on example.items with check ({OWN} or name is null)"],
     {("ISO303", ROWS)}),
    ("exists", [("alter policy tenant_rows on example.items using (exists (select from tenancy.memberships m "
                "where m.tenant_id = items.tenant_id))")], {("ISO305", ROWS)}),
    ("a flag in a function",
     [("create function example.is_open() returns boolean language sql stable "
      "return current_setting('example.open', true) = 'on'"),
      f"alter policy tenant_rows on example.items using ({OWN} and example.is_open())"], {("ISO309", ROWS)}),
    ("a role in a function",
     [("create function example.current_tenant() returns uuid language sql stable "
      "as $$select replace(current_user, 'tenant_', '')::uuid$$"), CALLS], {("ISO310", ROWS)}),
    ("for everybody, beside another", [f"create policy all_of_it on example.items using ({OWN})"],
     {("ISO311", "example.items.all_of_it"), ("ISO312", "example.items.all_of_it")}),
    ("a getter in plpgsql", [f"{GETTER} language plpgsql stable as $$begin return ({READS}); end$$", CALLS],
     {("ISO315", ROWS)}),
    ("a strict getter", [f"{GETTER} language sql stable strict as $${READS}$$", CALLS], {("ISO315", ROWS)}),
    ("a getter that says nothing", [f"{GETTER} language sql as $${READS}$$", CALLS], {("ISO313", ROWS)}),
    ("a getter that fails on a used connection",
     [f"{GETTER} language sql stable as $$select current_setting('app.current_tenant_id', true)::uuid$$", CALLS],
     {("ISO316", ROWS)}),
    ("a getter that fails on a new connection",
     [f"{GETTER} language sql stable as $$select nullif(current_setting('app.current_tenant_id'), '')::uuid$$", CALLS],
     {("ISO317", ROWS)}),
    ("a unique index", ["create unique index by_name on example.items (lower(name))"], {("ISO401", "example.by_name")}),
    ("a unique key with the tenant last", ["alter table example.items add constraint uq unique (name, tenant_id)"],
     {("ISO403", "example.uq")}),
    ("an index with the tenant last", ["create index by_name on example.items (name, tenant_id)"],
     {("ISO403", "example.by_name")}),
    ("an index on an expression", ["create index by_name on example.items (lower(name))"],
     {("ISO403", "example.by_name")}),
    ("set default", [("alter table example.parts add constraint fk foreign key (tenant_id, item_id) "
                     "references example.items (tenant_id, id) on delete set default")],
     {("ISO406", "example.parts.fk")}),
    ("a path without pg_temp at its end",
     [("create function example.total() returns bigint language sql security definer "
      "set search_path = pg_temp, example as 'select count(*) from example.items'"),
      "revoke execute on function example.total() from public"], {("ISO501", "example.total()")}),
    ("a definer's procedure for all",
     ["create procedure example.work() language sql security definer set search_path = pg_catalog, pg_temp as ''"],
     {("ISO502", "example.work()"), ("ISO503", "example.work()")}),
    ("set without local",
     [("create function example.bind() returns void language plpgsql as "
      "$$begin set app.current_tenant_id = '1'; end$$")], {("ISO505", "example.bind()")}),
    ("set session", [("create function example.bind() returns void language plpgsql as "
                     "$$begin execute 'set session app.current_user_id to 1'; end$$")], {("ISO505", "example.bind()")}),
    ("for the database", ['alter database "{database}" set app.current_user_id = \'1\''], {("ISO603", "{database}")}),
    ("for every role", ["alter role all set row_security = off"], {("ISO604", "{database}")}),
]  # fmt: skip

SILENT = [
    ("a policy of one tenant and person", [(f"alter policy tenant_rows on example.items using ({OWN} and "
     "id = nullif(current_setting('app.current_user_id', true), '')::uuid)")]),
    ("a restrictive floor", [("create policy floor on example.items as restrictive to app_tenant "
                             "using (name is null or name <> 'hidden')")]),
    ("what a restrictive floor holds", [f"create policy floor on example.items as restrictive using ({OWN})",
                                        "alter policy tenant_rows on example.items using (name is not null)"]),
    ("a getter in SQL's own form", [(f"{GETTER} language sql stable return nullif(current_setting("
                                    "'app.current_tenant_id', true), '')::uuid"), CALLS]),
    ("one policy for each command", ["drop policy tenant_rows on example.items",
     f"create policy seen on example.items for select to app_tenant using ({OWN})",
     f"create policy made on example.items for insert to app_tenant with check ({OWN})",
     f"create policy changed on example.items for update to app_tenant using ({OWN})"]),
    ("words in strings", [f"alter policy tenant_rows on example.items using ({OWN} and name <> ' or case select ')"]),
    ("a view that looks as its caller", ["create view example.shown with (security_invoker) as table example.items",
                                         "grant select on example.shown to app_rw"]),
    ("a view that nobody may read", ["create view example.shown as table example.items"]),
    ("a view of no tenant's table", ["create view example.one as select 1 as one",
                                     "grant select on example.one to app_rw"]),
    ("a protected partition", [*EVENTS, *PROTECTED]),
    ("a partition for who sees all", [*EVENTS, *PROTECTED, "grant select on example.old_events to app_backup"]),
    ("truncate for who sees all", ["grant truncate on example.items to app_maint"]),
    ("a publication with a filter", ["create publication outbound for table example.items where (tenant_id is null)"]),
    ("a foreign key of the tenant", [("alter table example.parts add constraint fk foreign key (tenant_id, item_id) "
                                     "references example.items (tenant_id, id) on delete set null (item_id)")]),
    ("a foreign key to the tenants", [("alter table example.items add constraint fk foreign key (tenant_id) "
                                      "references tenancy.tenants (id)")]),
    ("a foreign key to what is everybody's", [("alter table example.items add constraint fk foreign key (name) "
                                              "references tenancy.permissions (name)")]),
    ("a unique key of the tenant", ["alter table example.items add constraint uq unique (tenant_id, name)"]),
    ("an index of ranges of blocks", ["create index by_name on example.items using brin (name)"]),
    ("a local setting", [("create function example.bind(tenant text) returns void language plpgsql as $$begin "
     "perform set_config('app.current_tenant_id', tenant, true); set local app.current_user_id = '1'; end$$")]),
    ("another setting for the session", [("create function example.note() returns void language plpgsql as $$begin "
                                         "perform set_config('example.note', 'x', false); end$$")]),
    ("a definer as it should be", [("create function example.total() returns bigint language sql security definer "
     "set search_path = pg_catalog, pg_temp as 'select count(*) from example.items'"),
     "alter function example.total() owner to app_definer",
     "revoke execute on function example.total() from public"]),
    ("the administrator's login", ["alter role app_admin_login bypassrls", "grant pg_monitor to app_admin_login"]),
    ("a default of another setting", ['alter role app_login in database "{database}" set work_mem = \'8MB\'']),
    ("row_security off for the backup", ["alter role app_backup_login set row_security = off"]),
]  # fmt: skip

SINCE_16 = [
    ("a membership that is not used", ["grant app_all to app_login with inherit false, set false"], set()),
    ("set role alone", ["grant app_all to app_login with inherit false, set true"], {("ISO105", "app_login")}),
    ("maintain", ["grant maintain on example.items to app_rw"], {("ISO211", ITEMS)}),
]


def told(place: Place) -> set[tuple[str, str]]:
    return {(finding.rule, finding.thing) for finding in check_isolation(place.connection, place.bounds).findings}


def named(place: Place, expected: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(rule, place.named(thing)) for rule, thing in expected}


@pytest.mark.parametrize(("statements", "expected"), [pytest.param(*rest, id=title) for title, *rest in BROKEN])
def test_what_breaks_a_rule_in_another_way_is_told(
    statements: list[str], expected: set[tuple[str, str]], place: Place
) -> None:
    place.run(*statements)
    assert told(place) == named(place, expected)


@pytest.mark.parametrize("statements", [pytest.param(statements, id=title) for title, statements in SILENT])
def test_what_is_as_it_should_be_is_not_told(statements: list[str], place: Place) -> None:
    place.run(*statements)
    assert told(place) == set()


@pytest.mark.parametrize(("statements", "expected"), [pytest.param(*rest, id=title) for title, *rest in SINCE_16])
def test_what_newer_servers_have_is_told_too(
    statements: list[str], expected: set[tuple[str, str]], place: Place
) -> None:
    place.run(*statements)
    assert told(place) == named(place, expected)


def test_names_that_need_quotes_are_quoted_in_the_remedy(place: Place) -> None:
    place.run(
        'create function example."Bind me"("The tenant" text) returns void language plpgsql security definer as '
        "$$begin perform 1; end$$",
        'create index "By name" on example.items (name)',
        'create policy "Zero" on example.items to app_tenant using (true)',
    )
    before = check_isolation(place.connection, place.bounds).findings
    assert {finding.rule for finding in before} == {"ISO501", "ISO502", "ISO503", "ISO403", "ISO301", "ISO312"}
    for finding in before:
        if finding.rule != "ISO312":
            place.execute(finding.remedy)
    assert {finding.rule for finding in check_isolation(place.connection, place.bounds).findings} == {"ISO312"}


@pytest.mark.parametrize(("flag", "severity"), [("disable", "error"), ("enable", "warning")])
def test_a_child_that_the_application_uses_itself_is_worse_without_row_security(
    flag: str, severity: str, place: Place
) -> None:
    place.run(
        "create table example.more () inherits (example.items)",
        f"alter table example.more {flag} row level security",
        "grant select (name) on example.more to app_login",
        "grant all on example.more to app_rw",
    )
    findings = check_isolation(place.connection, place.bounds).findings
    (child,) = (finding for finding in findings if finding.rule == "ISO209")
    assert child.severity == severity
    assert "drop" not in child.remedy
    place.execute(child.remedy)
    assert "ISO209" not in {rule for rule, _ in told(place)}


def test_a_trigger_that_writes_is_not_told_to_run_as_its_caller(place: Place) -> None:
    place.run(
        "create function example.kept() returns trigger language plpgsql security definer set search_path = "
        "pg_catalog, pg_temp as $$begin insert into example.log values (new.tenant_id); return new; end$$",
        "create trigger kept before insert on example.items for each row execute function example.kept()",
    )
    findings = check_isolation(place.connection, place.bounds).findings
    (trigger,) = (finding for finding in findings if finding.rule == "ISO506")
    assert "invoker" not in trigger.remedy
    assert "ISO503" not in {finding.rule for finding in findings}


@pytest.mark.parametrize(
    ("body", "is_proposed"),
    [
        ("-- no insert\nnew.name := 'update'; return new;", True),
        ("/* it's an insert */ return new; -- isn't it", True),
        ("new.name := e'it\\'s an insert'; new.name := $q$delete 'it$q$; return new;", True),
        ("new.name := '-- '; update example.parts set item_id = new.id; return new; -- '", False),
        ("new.name := '/*'; execute 'truncate example.parts'; return new; --*/", False),
    ],
)
def test_a_trigger_writes_where_a_statement_does_and_not_a_string_or_comment(
    body: str, is_proposed: bool, place: Place
) -> None:
    place.run(
        "create function example.kept() returns trigger language plpgsql security definer set search_path = "
        f"pg_catalog, pg_temp as $b$begin {body}\nend$b$",
        "create trigger kept before insert on example.items for each row execute function example.kept()",
    )
    (trigger,) = (one for one in check_isolation(place.connection, place.bounds).findings if one.rule == "ISO506")
    assert ("security invoker" in trigger.remedy) == is_proposed


def test_no_table_is_dropped_that_nobody_has_declared(place: Place) -> None:
    place.run("create table catalog.aside as select 1 as one", "grant select on catalog.aside to app_rw, public")
    place.bounds = replace(place.bounds, schemas=("catalog",))
    (finding,) = check_isolation(place.connection, place.bounds).findings
    assert finding.remedy.startswith(f"revoke all on catalog.aside from public, {place.prefix}app_rw -- or declare")


def test_a_table_of_another_name_and_column_is_a_tenants_where_it_is_said(place: Place) -> None:
    place.run("create table example.rooms (org uuid not null, id uuid primary key)")
    assert told(place) == set()
    place.bounds = replace(place.bounds, tenant_columns=("org",))
    assert ("ISO201", "example.rooms") in told(place)


def test_a_column_that_refers_to_tenants_makes_a_table_a_tenants(place: Place) -> None:
    place.run(
        "create table example.rooms (org uuid not null references tenancy.tenants, id uuid, primary key (org, id))"
    )
    place.bounds = replace(place.bounds, schemas=("example", "tenancy"))
    assert told(place) == {("ISO201", "example.rooms")}


def test_a_role_that_may_see_all_rows_is_named(place: Place) -> None:
    place.run("create role warehouse", "create policy copied on example.items for select to warehouse using (true)")
    assert told(place) == {("ISO301", "example.items.copied")}
    place.bounds = replace(place.bounds, all_rows_roles=("warehouse",))
    assert told(place) == set()
    place.run("grant warehouse to app_login")
    assert told(place) == named(place, {("ISO105", "app_login")})


def test_a_login_that_may_switch_keys_off_does_refer_to_rows_that_are_not_there(place: Place) -> None:
    tenant = "00000000-0000-0000-0000-000000000001"
    row = f"insert into example.parts values ('{tenant}', '{tenant}', '00000000-0000-0000-0000-00000000000f')"
    place.run(
        "alter table example.parts add constraint fk foreign key (tenant_id, item_id) "
        "references example.items (tenant_id, id)",
        "grant set on parameter session_replication_role to app_login",
        "set local role app_login",
        f"set local app.current_tenant_id = '{tenant}'",
    )
    with pytest.raises(IntegrityError), place.connection.begin_nested():
        place.run(row)
    place.run("set local session_replication_role = replica", row, "reset role")
    place.run("set local app.current_tenant_id = ''")
    assert told(place) == named(place, {("ISO110", "app_login")})
