"""65 and 68 to 70: what is kept from one tenant's work and served in another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from footguns.places import MATERIALS, OWN_ROWS, SETTING, House, Shop, Two, bind, stock_engine
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, with_loader_criteria

from app_db.context import TenantContext
from app_db.engine import PoolFigures, bound_to, pooled_engine, predicate
from app_db.engine.connection import AppDbConnection
from app_db.models import Material
from app_db.session import TenantSession, database
from app_db.settings import LoginUrl

Sessions = Callable[[UUID], AbstractContextManager[Session]]


class Base(DeclarativeBase):
    """The shop's models."""


class Item(Base):
    __tablename__ = "items"
    __table_args__ = {"schema": "shop"}  # noqa: RUF012  # read by SQLAlchemy

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID]
    name: Mapped[str]


def returned_to_them(connection: Connection, two: Two, table: str) -> list[str]:
    """Return whose rows they get by a plan that was made for me."""
    bind(connection, two.mine)
    connection.exec_driver_sql(f"prepare kept as select tenant_id::text from {table}")
    assert connection.scalars(text("execute kept")).all() == [str(two.mine)]
    bind(connection, two.theirs)
    return list(connection.scalars(text("execute kept")))


def frozen_getter(schema: str) -> str:
    body = f"return nullif(current_setting('{SETTING}', true), '')::uuid"
    return f"create function {schema}.frozen_tenant() returns uuid language sql immutable {body}"


def test_65_naive_immutable_getter_is_folded_into_the_plan(shop: Shop, customers: Two) -> None:
    shop.run(frozen_getter("shop"), "create policy own on shop.items to {app} using (tenant_id = shop.frozen_tenant())")
    with shop.app.connect() as connection:
        assert returned_to_them(connection, customers, shop.table) == [str(customers.mine)]


def test_65_a_kept_plan_asks_for_the_tenant_at_each_execution(house: House, two: Two) -> None:
    with stock_engine(house.url()).connect() as connection:
        assert returned_to_them(connection, two, MATERIALS) == [str(two.theirs)]


def test_65_unguarded_with_an_immutable_getter_in_the_policy_a_plan_is_one_tenants(house: House, two: Two) -> None:
    with (
        house.without([frozen_getter("demo")], ["drop function demo.frozen_tenant()"]),
        house.policy("using (tenant_id = demo.frozen_tenant())"),
        stock_engine(house.url()).connect() as connection,
    ):
        assert returned_to_them(connection, two, MATERIALS) == [str(two.mine)]


def served_from_the_map(sessions: Sessions, two: Two, model: Any, key: Any) -> bool:
    """Tell whether an object that was loaded in my session is returned in theirs."""
    with sessions(two.mine) as session:
        loaded = session.get_one(model, key)
        with sessions(two.theirs) as next_one:
            return next_one.get(model, key) is loaded


def switched(session: Session) -> Sessions:
    """Return what binds the one session to whoever is next."""

    @contextmanager
    def switch(tenant: UUID) -> Iterator[Session]:
        bind(session, tenant)
        yield session

    return switch


def test_68_naive_session_that_is_switched_returns_my_object_to_them(shop: Shop, customers: Two) -> None:
    shop.run(OWN_ROWS)
    with Session(shop.app) as session:
        assert served_from_the_map(switched(session), customers, Item, customers.my_row)


def test_68_another_tenant_is_another_session(house: House, two: Two) -> None:
    assert not served_from_the_map(house.db.tenant, two, Material, (two.mine, two.my_row))


def test_68_unguarded_one_session_for_all_returns_my_object_to_them(
    house: House, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[TenantSession] = []

    def one_for_all(engine: Engine, context: TenantContext) -> TenantSession:
        if not kept:
            kept.append(TenantSession(engine, context))
        kept[0].bind, kept[0]._context = engine, context
        return kept[0]

    monkeypatch.setattr(database, "TenantSession", one_for_all)
    assert served_from_the_map(house.db.tenant, two, Material, (two.mine, two.my_row))


def execute_bound(session: Session, *args: Any, **options: Any) -> Any:
    """As `Session.execute`, having bound the tenant in `session.info` first."""
    Session.execute(session, text(f"select set_config('{SETTING}', :tenant, true)"), session.info)
    return Session.execute(session, *args, **options)


class BindingSession(Session):
    """A session that binds its tenant whenever something is executed."""

    execute = execute_bound


def is_flushed_unbound(session: Session, new: Any) -> bool:
    """Tell whether a new row of mine, the first thing in a transaction, is refused as nobody's."""
    assert session.execute(text(f"select current_setting('{SETTING}', true)")).scalar_one()
    session.commit()
    session.add(new)
    try:
        session.flush()
    except DBAPIError as error:
        return "row-level security" in str(error)
    finally:
        session.rollback()
    return False


def brick() -> Material:
    return Material(code="FLUSH", name="Brick", unit="pcs", price_minor=1)


def test_69_naive_session_that_binds_in_execute_flushes_unbound(shop: Shop, customers: Two) -> None:
    shop.run(OWN_ROWS)
    with BindingSession(shop.app, info={"tenant": str(customers.mine)}) as session:
        assert is_flushed_unbound(session, Item(id=uuid4(), tenant_id=customers.mine, name="new"))


def test_69_a_flush_is_bound_by_the_transaction_that_it_begins(house: House, two: Two) -> None:
    with house.db.tenant(two.mine) as session:
        assert not is_flushed_unbound(session, brick())


def test_69_unguarded_bound_in_execute_and_not_at_begin_it_flushes_unbound(
    house: House, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AppDbConnection, "begin_message", property(lambda _self: "begin"))
    monkeypatch.setattr(TenantSession, "execute", execute_bound)
    with house.fresh() as db, db.tenant(two.mine) as session:
        session.info["tenant"] = str(two.mine)
        assert is_flushed_unbound(session, brick())


Ask = Callable[[UUID], list[UUID]]


def are_answered_alike(ask: Ask, two: Two) -> bool:
    """Tell whether they get the answer that I got before them."""
    assert ask(two.mine) == [two.mine]
    return ask(two.theirs) == [two.mine]


def by_criteria(engine: Engine) -> Ask:
    """Ask for the rows of a tenant with criteria of which SQLAlchemy keeps the value that it saw first."""

    def ask(tenant: UUID) -> list[UUID]:
        own = with_loader_criteria(Item, lambda item, tenant=tenant: item.tenant_id == tenant)
        with Session(engine) as session:
            bind(session, tenant)
            return [item.tenant_id for item in session.scalars(select(Item).options(own))]

    return ask


def test_70_naive_criteria_filter_by_the_tenant_before(shop: Shop, customers: Two) -> None:
    assert are_answered_alike(by_criteria(shop.superuser), customers)


def test_70_naive_criteria_find_nothing_where_policies_are_behind_them(shop: Shop, customers: Two) -> None:
    shop.run(OWN_ROWS)
    ask = by_criteria(shop.app)
    assert (ask(customers.mine), ask(customers.theirs)) == ([customers.mine], [])


@pytest.fixture
def by_predicate_alone(house: House) -> Iterator[Ask]:
    """Ask as a login that sees every row, so that nothing but the tenant in the statement filters."""
    figures = PoolFigures(pool_size=1)
    engine = pooled_engine(house.url(LoginUrl.ADMIN), figures, application_name="criteria", needs_tenant=True)

    def ask(tenant: UUID) -> list[UUID]:
        context = TenantContext(tenant)
        with TenantSession(bound_to(engine, context), context) as session:
            return list(session.scalars(select(Material.tenant_id)))

    yield ask
    engine.dispose()


@pytest.fixture
def kept_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    """The predicate keeps the tenant that it saw first, and does not bind one at each execution."""
    first: list[UUID | None] = []
    tenant_of = predicate._tenant_of

    def keep(connection: Connection) -> UUID | None:
        first.append(tenant_of(connection))
        return first[0]

    monkeypatch.setattr(predicate, "_tenant_of", keep)


def test_70_the_tenant_in_a_statement_is_bound_at_each_execution(by_predicate_alone: Ask, two: Two) -> None:
    assert not are_answered_alike(by_predicate_alone, two)
    assert by_predicate_alone(two.theirs) == [two.theirs]


@pytest.mark.usefixtures("kept_tenant")
def test_70_unguarded_with_the_first_tenant_kept_the_next_one_gets_his_rows(by_predicate_alone: Ask, two: Two) -> None:
    assert are_answered_alike(by_predicate_alone, two)


@pytest.mark.usefixtures("kept_tenant")
def test_70_with_policies_behind_it_even_then_the_next_one_gets_nothing_of_mine(house: House, two: Two) -> None:
    def ask(tenant: UUID) -> list[UUID]:
        with house.db.tenant(tenant) as session:
            return list(session.scalars(select(Material.tenant_id)))

    assert (ask(two.mine), ask(two.theirs)) == ([two.mine], [])
