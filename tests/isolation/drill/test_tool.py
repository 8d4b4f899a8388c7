"""A drill works with anybody's unit of work, ends nobody else's connections, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from isolation.drill import units
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from support import environment_of

from app_db.engine import admin_engine
from app_db.errors import DrillRefused
from app_db.isolation import Bounds, DrillPlan, Ledger, check_isolation, run_drill
from app_db.isolation.drill import run, steps
from app_db.isolation.drill.backends import Backends
from app_db.isolation.drill.ground import make_ground
from app_db.isolation.drill.steps import STEPS
from app_db.settings import Environment, Settings

SHORT = DrillPlan(threads=2, units=30, tenants=5, without=frozenset({"kill"}))
ENDS_OTHERS = replace(SHORT, units=60, without=frozenset({*STEPS, "kill", "dispose"} - {"read", "end-another"}))
LEFT = text("""
select (select count(*) from tenancy.tenants), (select count(*) from ops.system_event),
  to_regnamespace('isolation_drill') is null
""")


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the units of work find."""
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    found = [units.db, units.stock, units.ambient]
    for one in found:
        one.cache_clear()
    yield
    for engine in found:
        if engine.cache_info().currsize:
            engine().dispose()


@pytest.fixture
def left_behind(superuser: Engine) -> Callable[[], Any]:
    def look() -> Any:
        with superuser.connect() as connection:
            return connection.execute(LEFT).one()

    return look


def test_an_interrupt_once_the_ground_is_made_takes_it_away(
    settings: Settings, left_behind: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(owner: Any, *given: Any) -> None:
        make_ground(owner, *given)
        owner.commit()
        raise KeyboardInterrupt

    before = left_behind()
    monkeypatch.setattr(run, "make_ground", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_drill(settings, plan=SHORT)
    assert left_behind() == before


@pytest.mark.parametrize("unit", [units.by_session, units.by_connection])
def test_a_unit_of_ones_own_that_is_right_leaks_nothing(settings: Settings, unit: Any) -> None:
    report = run_drill(settings, unit, SHORT)
    assert report.succeeded, report.ledger
    assert {*STEPS, "dispose"} == set(report.ledger.steps)
    assert report.left_out == {"kill": "as asked for"}


def test_a_unit_that_is_one_transaction_is_not_ended_inside(settings: Settings) -> None:
    report = run_drill(settings, units.in_one_transaction, SHORT)
    assert report.succeeded, report.ledger
    assert {"commit", "roll-back", "cancel", "end-mine"} <= set(report.left_out)
    assert "session.begin()" in report.left_out["commit"]
    assert {"stranger", "interleave", "raw"} <= set(report.ledger.steps)
    assert "InvalidRequestError" not in report.ledger.endings


def test_a_unit_of_ones_own_that_is_wrong_leaks(settings: Settings) -> None:
    report = run_drill(settings, "isolation.drill.units:for_life", SHORT)
    assert report.ledger.findings["foreign row read"] > 0
    assert not report.succeeded


def test_a_stranger_has_no_context_variable_of_the_units(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = replace(SHORT, without=SHORT.without | {"interleave", "exhaust"})
    assert run_drill(settings, units.by_context_variable, plan).succeeded
    monkeypatch.setattr(steps, "_apart", lambda work: work())
    assert not run_drill(settings, units.by_context_variable, plan).succeeded


def test_a_unit_that_another_process_can_not_find_is_drilled_without_clients_to_kill(settings: Settings) -> None:
    report = run_drill(settings, lambda tenant: units.db().tenant(tenant), replace(SHORT, without=frozenset()))
    assert report.succeeded
    assert "top of a module" in report.left_out["kill"]


def test_where_no_unit_is_committed_nothing_is_shown(settings: Settings) -> None:
    report = run_drill(settings, units.never_ends_well, SHORT)
    assert report.ledger.leaks == 0
    assert report.ledger.endings["RuntimeError"] > 0
    assert not report.succeeded


@pytest.mark.parametrize(
    ("way", "why"),
    [
        ("no_such_module:unit", "no_such_module can't be imported"),
        ("isolation.drill.units:no_such", "there is no no_such in isolation.drill.units"),
        ("isolation.drill.units", "write package.module:name"),
        ("isolation.drill.units:NOTHING_TO_CALL", "is a int: give a callable that takes a tenant's id"),
        (units.no_context_manager, "returns a UUID, which `with` can't open"),
        (units.no_session, "opens a UUID: give a callable"),
        (units.raises, "LookupError: 'no configuration for"),
    ],
)
def test_what_is_no_unit_of_work_is_refused_and_nothing_is_left(
    settings: Settings, left_behind: Callable[[], Any], way: Any, why: str
) -> None:
    before = left_behind()
    with pytest.raises(DrillRefused) as refused:
        run_drill(settings, way, SHORT)
    assert why in str(refused.value).replace("LookupError: no", "LookupError: 'no")
    assert left_behind() == before


def test_a_unit_on_another_database_is_refused(settings: Settings, superuser: Engine) -> None:
    elsewhere = create_engine(superuser.url.set(database="postgres"))
    with pytest.raises(DrillRefused, match="on another database than APP_DB_MIGRATION_URL"):
        run_drill(settings, lambda tenant: elsewhere.connect(), SHORT)


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (replace(SHORT, tenants=1), "two tenants"),
        (replace(SHORT, threads=0), "one thread"),
        (replace(SHORT, without=frozenset({"sleep"})), "no step or fault 'sleep'"),
        (replace(SHORT, without=frozenset(STEPS)), "every step is left out"),
    ],
)
def test_a_plan_that_does_nothing_is_refused(settings: Settings, plan: DrillPlan, why: str) -> None:
    with pytest.raises(DrillRefused, match=why):
        run_drill(settings, plan=plan)


def test_production_is_refused_without_a_word_and_drilled_with_it(settings: Settings) -> None:
    production = settings.model_copy(update={"environment": Environment.PRODUCTION})
    with pytest.raises(DrillRefused, match="add --yes"):
        run_drill(production, plan=SHORT)
    assert run_drill(production, plan=SHORT, confirmed=True).succeeded


def test_it_leaves_nothing_behind(settings: Settings, left_behind: Callable[[], Any]) -> None:
    before = left_behind()
    assert run_drill(settings, plan=SHORT).succeeded
    assert left_behind() == before


def test_interrupted_it_leaves_nothing_behind(settings: Settings, left_behind: Callable[[], Any]) -> None:
    before = left_behind()

    @contextmanager
    def interrupt(_label: str, _length: int) -> Iterator[Callable[[int], None]]:
        def told(_more: int) -> None:
            assert left_behind() != before
            raise KeyboardInterrupt

        yield told

    with pytest.raises(KeyboardInterrupt):
        run_drill(settings, plan=replace(SHORT, units=1_000_000), progress=interrupt)
    assert left_behind() == before


def test_rows_that_the_unit_writes_elsewhere_go_with_their_tenants(
    settings: Settings, superuser: Engine, left_behind: Callable[[], Any]
) -> None:
    tenants, _, _ = left_behind()
    assert run_drill(settings, units.writes_elsewhere, replace(SHORT, units=10)).shows_something
    assert left_behind()[0] == tenants
    with superuser.connect() as connection:
        assert connection.scalar(text("select count(*) from ops.audit_log where action = 'drill.seen'")) == 0


def test_a_schema_of_somebody_elses_is_left_alone(settings: Settings, superuser: Engine) -> None:
    with superuser.begin() as connection:
        connection.execute(text("create schema isolation_drill"))
    try:
        with pytest.raises(DrillRefused, match="no drill has made"):
            run_drill(settings, plan=SHORT)
        with superuser.connect() as connection:
            assert connection.scalar(text("select to_regnamespace('isolation_drill') is not null"))
    finally:
        with superuser.begin() as connection:
            connection.execute(text("drop schema isolation_drill"))


def test_the_table_of_a_drill_is_as_the_check_of_the_catalogue_wants_it(settings: Settings) -> None:
    assert settings.migration_url is not None
    found, seen = [], []

    @contextmanager
    def check(_label: str, _length: int) -> Iterator[Callable[[int], None]]:
        with admin_engine(settings.migration_url).connect() as connection:
            seen.append(connection.scalar(text("select to_regclass('isolation_drill.entries') is not null")))
            found.extend(check_isolation(connection, Bounds(role_prefix=settings.role_prefix)).findings)
        yield lambda _more: None

    assert run_drill(settings, plan=SHORT, progress=check).succeeded
    assert seen == [True]
    assert [finding for finding in found if "isolation_drill" in str(finding)] == []


def test_a_second_drill_at_once_is_refused(settings: Settings) -> None:
    @contextmanager
    def second(_label: str, _length: int) -> Iterator[Callable[[int], None]]:
        with pytest.raises(DrillRefused, match="under way"):
            run_drill(settings, plan=SHORT)
        yield lambda _more: None

    assert run_drill(settings, plan=SHORT, progress=second).succeeded


def test_a_right_that_is_missing_is_named_and_the_drill_goes_on_without(settings: Settings, superuser: Engine) -> None:
    function = "pg_catalog.pg_terminate_backend(integer, bigint)"
    with superuser.begin() as connection:
        connection.execute(text(f"revoke execute on function {function} from public"))
    try:
        report = run_drill(settings, plan=SHORT)
    finally:
        with superuser.begin() as connection:
            connection.execute(text(f"grant execute on function {function} to public"))
    login = f"{settings.role_prefix}app_login"
    assert f"type `grant execute on function {function} to {login}`" in report.left_out["end-another"]
    assert report.succeeded
    assert "end-mine" not in report.ledger.steps


@pytest.fixture
def bystander(settings: Settings) -> Iterator[Any]:
    """A connection of the same login in the same database, which is not the drill's."""
    assert settings.url is not None
    engine = create_engine(settings.url)
    with engine.connect() as connection:
        yield connection
        connection.invalidate()
    engine.dispose()


def test_it_ends_no_connections_but_its_own(settings: Settings, bystander: Any) -> None:
    report = run_drill(settings, plan=ENDS_OTHERS)
    assert report.ledger.steps["end-another"] > 0
    assert report.ledger.endings["ConnectionLost"] > 0
    assert bystander.scalar(text("select 1")) == 1


def test_without_its_memory_it_would_end_anybodys(
    settings: Settings, bystander: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = bystander.scalar(text("select pg_backend_pid()"))
    monkeypatch.setattr(Backends, "choose", lambda *_: backend)
    run_drill(settings, plan=ENDS_OTHERS)
    with pytest.raises(OperationalError):
        bystander.scalar(text("select 1"))


def test_rows_are_checked_by_owner_and_by_author() -> None:
    mine, theirs = UUID(int=1), UUID(int=2)
    ledger = Ledger()
    ledger.check_rows(mine, [(mine, mine)], "read")
    assert ledger.leaks == 0
    ledger.check_rows(mine, [(theirs, theirs), (mine, theirs)], "read")
    ledger.check_tenant(mine, None, "read")
    ledger.check_tenant(None, mine, "stranger")
    assert ledger.findings == {"foreign row read": 2, "foreign row written": 1, "without its tenant": 1}


def test_a_few_examples_of_each_kind_are_kept_those_of_other_processes_too() -> None:
    ledger, other = Ledger(), Ledger()
    for number in range(9):
        other.found("without its tenant", f"unit {number}")
        ledger.found("foreign row read", f"row {number}")
    ledger.merge(other.as_dict())
    assert ledger.findings == {"foreign row read": 9, "without its tenant": 9}
    assert ledger.examples == [
        *(f"foreign row read: row {number}" for number in range(3)),
        *(f"without its tenant: unit {number}" for number in range(3)),
    ]
