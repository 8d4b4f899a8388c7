"""Nobody reaches another tenant's row, and each guard is what stops him: without it the same attempt gets through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, text
from support import make_tenant

from app_db.context import TenantContext
from app_db.demo.border import try_to_cross
from app_db.engine import NO_TENANT, PoolFigures, admin_engine, bound_to, pooled_engine
from app_db.errors import PermissionDenied, RowSecurityViolation, TenantMismatch, UniqueViolation
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1 as ddl
from app_db.models import Material
from app_db.session import Database
from app_db.settings import LoginUrl, Settings

TENANT_LOGINS = [LoginUrl.APPLICATION, LoginUrl.TENANT_ADMIN, LoginUrl.READONLY]


def add_material(app_db: Database, tenant: UUID, code: str = "A-1") -> UUID:
    with app_db.tenant(tenant) as session:
        material = Material(code=code, name="Кирпич", unit="pcs", price_minor=100)
        session.add(material)
        session.flush()
        return material.id


@contextmanager
def engine_of(app_db_settings: Settings, login: LoginUrl) -> Iterator[Engine]:
    """Yield an engine of any login without our session and start-up gate in the way."""
    url = app_db_settings.login_url(login)
    assert url is not None
    engine = pooled_engine(url, PoolFigures(pool_size=1), application_name="border", needs_tenant=True)
    yield engine
    engine.dispose()


def test_every_way_across_is_stopped(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    row = add_material(app_db, other_tenant)
    attempts = try_to_cross(app_db, tenant, other_tenant, row)
    assert len(attempts) == 6
    assert [attempt for attempt in attempts if not attempt.stopped] == []
    with app_db.tenant(other_tenant) as session:
        assert session.get_one(Material, row).price_minor == 100


def _weak_policy() -> None:
    ddl.execute("alter policy tenant_rows on catalog.materials using (true) with check (true)")


def _no_row_security() -> None:
    ddl.execute("alter table catalog.materials disable row level security")


def _no_check() -> None:
    ddl.execute("alter policy tenant_rows on catalog.materials with check (true)")


def _second_permissive_policy() -> None:
    ddl.execute(f"create policy helper on catalog.materials to {ddl.role('app_rw')} using (true)")


def _simple_key() -> None:
    ddl.execute("create unique index simple on catalog.materials (id)")
    ddl.execute("alter table demo.order_lines drop constraint fk_order_lines_tenant_id_material_id")
    ddl.execute("alter table demo.order_lines add foreign key (material_id) references catalog.materials (id)")


@pytest.mark.usefixtures("own_probes")
@pytest.mark.parametrize(
    ("remove", "opened"),
    [
        (_weak_policy, {"read", "insert", "update", "delete"}),
        (_no_row_security, {"read", "insert", "update", "delete"}),
        (_no_check, {"insert"}),
        (_second_permissive_policy, {"read", "update", "delete"}),
        (_simple_key, {"refer"}),
    ],
)
def test_without_a_guard_the_same_attempts_get_through(
    own_db: Database, own_settings: Settings, remove: Callable[[], None], opened: set[str]
) -> None:
    mine, theirs = make_tenant(own_db), make_tenant(own_db)
    row = add_material(own_db, theirs)
    change_schema(own_settings, remove)
    through = {attempt.attempt.split()[0] for attempt in try_to_cross(own_db, mine, theirs, row) if not attempt.stopped}
    assert opened <= through


@pytest.mark.parametrize("login", TENANT_LOGINS)
@pytest.mark.parametrize("table", ["tenancy.tenants", "tenancy.memberships", "ops.audit_log", "catalog.materials"])
@pytest.mark.app_db("commit")
def test_a_transaction_without_a_tenant_sees_no_row(
    app_db_settings: Settings, app_db: Database, tenant: UUID, login: LoginUrl, table: str
) -> None:
    _fill(app_db, tenant)
    with engine_of(app_db_settings, login) as engine:
        with bound_to(engine, TenantContext(tenant)).connect() as connection:
            assert connection.scalar(text(f"select count(*) from {table}")) == 1
        with bound_to(engine, NO_TENANT).connect() as connection:
            assert connection.scalar(text(f"select count(*) from {table}")) == 0
            assert connection.scalar(text("select current_setting('app.current_tenant_id', true)")) == ""


def _fill(app_db: Database, tenant: UUID) -> None:
    """One row in every tenant's table."""
    add_material(app_db, tenant, code=f"F-{uuid4()}")
    with app_db.tenant(tenant) as session:
        session.execute(text("insert into tenancy.memberships (user_id) values (:user)"), {"user": uuid4()})
        session.execute(text("insert into ops.audit_log (action) values ('test.fill')"))


def test_a_tenant_sees_its_own_row_of_tenants_alone(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        assert session.scalars(text("select id from tenancy.tenants")).all() == [tenant]


@pytest.mark.parametrize(
    "statement",
    [
        "update tenancy.tenants set subscription_plan = 'enterprise'",
        "update tenancy.tenants set subscription_status = 'active'",
        "update tenancy.tenants set status = 'approved', approved_at = now(), approved_by = id",
        "update tenancy.tenants set slug = 'other'",
        "insert into tenancy.tenants (slug, name) values ('mine', 'mine')",
        "delete from tenancy.tenants",
        "truncate catalog.materials",
        "update ops.audit_log set action = 'nothing.happened'",
        "delete from ops.audit_log",
        "select * from ops.system_event",
        "insert into ops.system_event (event) values ('forged')",
        "update app.alembic_version set version_num = 'core_0001'",
        "create table catalog.mine (id int)",
        "create table public.mine (id int)",
        "create table app.mine (id int)",
        "create trigger spy before insert on catalog.materials execute function app.uuid7()",
        "create function app.current_tenant_id() returns uuid language sql return null::uuid",
        "drop policy tenant_rows on catalog.materials",
        "alter table catalog.materials disable row level security",
    ],
)
@pytest.mark.parametrize("login", [LoginUrl.APPLICATION, LoginUrl.TENANT_ADMIN])
@pytest.mark.app_db("commit")
def test_an_application_may_not(app_db_settings: Settings, tenant: UUID, login: LoginUrl, statement: str) -> None:
    with (
        engine_of(app_db_settings, login) as engine,
        bound_to(engine, TenantContext(tenant)).connect() as connection,
        pytest.raises(PermissionDenied, match=r"permission denied|must be owner"),
    ):
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("role", ["app_all", "app_owner", "app_admin", "app_definer", "app_secrets", "app_backup"])
@pytest.mark.parametrize("login", [*TENANT_LOGINS, LoginUrl.AUTH])
@pytest.mark.app_db("commit")
def test_an_application_can_not_become_somebody_who_sees_more(
    app_db_settings: Settings, tenant: UUID, login: LoginUrl, role: str
) -> None:
    with (
        engine_of(app_db_settings, login) as engine,
        bound_to(engine, TenantContext(tenant)).connect() as connection,
        pytest.raises(PermissionDenied),
    ):
        connection.exec_driver_sql(f"set role {app_db_settings.role_prefix}{role}")


@pytest.mark.parametrize("verb", ["insert into catalog.materials (code) values ('x')", "delete from catalog.materials",
                                  "update tenancy.tenants set name = 'x'"])  # fmt: skip
@pytest.mark.app_db("commit")
def test_the_readers_login_writes_nothing(app_db_settings: Settings, tenant: UUID, verb: str) -> None:
    with (
        engine_of(app_db_settings, LoginUrl.READONLY) as engine,
        bound_to(engine, TenantContext(tenant)).connect() as connection,
        pytest.raises(PermissionDenied),
    ):
        connection.exec_driver_sql(verb)


def test_a_key_of_another_tenants_is_no_obstacle(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    add_material(app_db, other_tenant, "SAME")
    add_material(app_db, tenant, "SAME")
    with pytest.raises(UniqueViolation) as caught:
        add_material(app_db, tenant, "SAME")
    assert caught.value.constraint_name == "uq_materials_tenant_id_code"


def test_an_upsert_meets_the_own_row_only(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    add_material(app_db, other_tenant, "UP")
    upsert = text("""
        insert into catalog.materials (code, name, unit, price_minor) values ('UP', 'new', 'pcs', 7)
        on conflict (tenant_id, code) do update set price_minor = excluded.price_minor returning tenant_id
    """)
    with app_db.tenant(tenant) as session:
        assert session.scalars(upsert).all() == [tenant]
    with app_db.tenant(other_tenant) as session:
        assert session.scalars(select(Material.price_minor)).all() == [100]


def test_a_row_can_not_be_moved_to_another_tenant(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    add_material(app_db, tenant)
    with app_db.tenant(tenant) as session, pytest.raises(RowSecurityViolation) as caught:
        session.execute(text("update catalog.materials set tenant_id = :other"), {"other": other_tenant})
    assert "open a session for the row's own tenant" in str(caught.value)
    with pytest.raises(TenantMismatch, match=str(other_tenant)), app_db.tenant(tenant) as session:
        session.add(Material(tenant_id=other_tenant, code="x", name="x", unit="x", price_minor=1))


class TestRowsOfAPerson:
    """Within a tenant a person sees his own rows, the tenant's administrator all of the tenant's, nobody another's."""

    def _note(self, app_db: Database, tenant: UUID, user: UUID) -> None:
        with app_db.tenant(tenant, user_id=user) as session:
            session.execute(text("insert into demo.notes (body) values ('private')"))

    def _count(self, session_of: Callable[..., object], tenant: UUID, user: UUID | None = None) -> int:
        with session_of(tenant, user_id=user) as session:  # type: ignore[attr-defined]
            return int(session.scalar(text("select count(*) from demo.notes")))

    def test_a_person_sees_the_own_rows_only(self, app_db: Database, tenant: UUID) -> None:
        anna, boris = uuid4(), uuid4()
        self._note(app_db, tenant, anna)
        assert (self._count(app_db.tenant, tenant, anna), self._count(app_db.tenant, tenant, boris)) == (1, 0)

    def test_without_a_person_no_row_is_seen_or_written(self, app_db: Database, tenant: UUID) -> None:
        self._note(app_db, tenant, uuid4())
        assert self._count(app_db.tenant, tenant) == 0
        with pytest.raises(RowSecurityViolation), app_db.tenant(tenant) as session:
            session.execute(text("insert into demo.notes (user_id, body) values (:user, 'x')"), {"user": uuid4()})

    def test_a_person_writes_for_himself_only(self, app_db: Database, tenant: UUID) -> None:
        with pytest.raises(RowSecurityViolation), app_db.tenant(tenant, user_id=uuid4()) as session:
            session.execute(text("insert into demo.notes (user_id, body) values (:user, 'x')"), {"user": uuid4()})

    def test_the_same_person_in_another_tenant_sees_nothing(
        self, app_db: Database, tenant: UUID, other_tenant: UUID
    ) -> None:
        anna = uuid4()
        self._note(app_db, tenant, anna)
        assert self._count(app_db.tenant, other_tenant, anna) == 0

    def test_the_tenants_administrator_sees_all_of_the_tenants_and_nobody_elses(
        self, app_db: Database, tenant: UUID, other_tenant: UUID
    ) -> None:
        for user in (uuid4(), uuid4()):
            self._note(app_db, tenant, user)
        assert (self._count(app_db.tenant_admin, tenant), self._count(app_db.tenant_admin, other_tenant)) == (2, 0)


@pytest.mark.usefixtures("own_probes")
def test_without_the_persons_half_of_the_policy_a_person_sees_everybodys_rows(
    own_db: Database, own_settings: Settings
) -> None:
    tenant = make_tenant(own_db)
    with own_db.tenant(tenant, user_id=uuid4()) as session:
        session.execute(text("insert into demo.notes (body) values ('private')"))
    weak = "alter policy user_rows on demo.notes using (tenant_id = app.current_tenant_id())"
    change_schema(own_settings, lambda: ddl.execute(weak))
    with own_db.tenant(tenant, user_id=uuid4()) as session:
        assert session.scalar(text("select count(*) from demo.notes")) == 1


@pytest.mark.usefixtures("own_probes")
def test_the_owner_is_held_by_the_policies_too(own_db: Database, own_settings: Settings) -> None:
    """FORCE: without the policy for app_all the owner sees nothing; without FORCE he would not notice."""
    add_material(own_db, make_tenant(own_db))
    url = own_settings.migration_url
    assert url is not None
    count = text("select count(*) from catalog.materials")
    with admin_engine(url).connect() as owner:
        assert owner.scalar(count) == 1
        owner.exec_driver_sql("drop policy all_rows on catalog.materials")
        assert owner.scalar(count) == 0
        owner.exec_driver_sql("alter table catalog.materials no force row level security")
        assert owner.scalar(count) == 1


@pytest.mark.app_db("commit")
def test_every_table_of_ours_forces_row_security_and_has_both_policies(app_db_settings: Settings) -> None:
    assert app_db_settings.migration_url is not None
    with admin_engine(app_db_settings.migration_url).connect() as connection:
        bare = connection.scalars(
            text("""
            select c.oid::regclass::text from pg_class c
            where relnamespace::regnamespace::text in ('tenancy', 'ops', 'auth', 'auth_private', 'catalog')
              and relkind in ('r', 'p')
              and (not relrowsecurity or not relforcerowsecurity
                   or not relispartition
                   and not exists (select from pg_policy p where p.polrelid = c.oid and polname = 'all_rows'))
            """)
        ).all()
    assert bare == []


@pytest.mark.app_db("commit")
def test_nobody_has_been_granted_what_row_security_does_not_hold(app_db_settings: Settings) -> None:
    assert app_db_settings.migration_url is not None
    with admin_engine(app_db_settings.migration_url).connect() as connection:
        found = connection.execute(
            text("""
            select table_schema, table_name, grantee, privilege_type from information_schema.role_table_grants
            where table_schema in ('app', 'tenancy', 'ops', 'auth', 'catalog') and grantee <> :owner
              and privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER')
            """),
            {"owner": f"{app_db_settings.role_prefix}app_owner"},
        ).all()
    assert found == []


@pytest.mark.app_db("commit")
def test_no_function_of_ours_is_open_to_everybody(app_db_settings: Settings) -> None:
    assert app_db_settings.migration_url is not None
    with admin_engine(app_db_settings.migration_url).connect() as connection:
        public = connection.scalars(
            text("""
            select p.oid::regprocedure::text from pg_proc p
            where pronamespace::regnamespace::text in ('app', 'tenancy', 'ops', 'auth', 'auth_private', 'catalog')
              and exists (select from aclexplode(coalesce(proacl, acldefault('f', proowner))) where grantee = 0)
            """)
        ).all()
    assert public == []


def test_the_tenant_of_a_policy_is_an_index_condition(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        session.execute(text("set local enable_seqscan = off"))
        plan = "\n".join(session.scalars(text("explain (costs off) select * from catalog.materials where code = 'x'")))
    assert "Index Cond" in plan
    assert "tenant_id = (NULLIF" in plan.replace("((tenant_id", "(tenant_id")
    assert "current_tenant_id()" not in plan, "the getter is no longer inlined"
