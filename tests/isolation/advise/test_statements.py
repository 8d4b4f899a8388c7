"""Statements of every kind are looked at, none of them is executed, and what keeps its index is silent."""

from __future__ import annotations

import pytest
from isolation.advise.planted import LARGE, OTHERS, Planted
from sqlalchemy import MetaData, text

from app_db.errors import AdviceRefused
from app_db.isolation.advise import advise_indexes, advise_statements, compare_logins
from app_db.isolation.advise.planner import Planner, Unplannable
from app_db.models import Base, TenantScoped
from app_db.schema import RoleNames


class Own(Base):
    __abstract__ = True
    metadata = MetaData()


class Left(TenantScoped, Own):
    __tablename__ = "left"
    __table_args__ = ({"schema": "plain"},)


LEFT = OTHERS[-1]
KEPT = {
    "equality of uuid": f"select * from plain.left where id = '{LARGE}'",
    "a sort by numeric": "select * from plain.left order by x limit 10",
    "a filter that has no index": "select * from plain.left where lower(filler) = 'x'",
    "bigint compared with numeric, which no index has": "select * from plain.left where n = 7.0",
    "the tenant alone": "select count(*) from plain.left",
    "a key and a filter that is not leakproof": f"select * from plain.left where id = '{LARGE}' and x > 3",
    "a predicate of a partial index": "select * from plain.partial where n = 7 and x > 290",
    "no table": "select 1",
}
LOST = {
    "between": "select * from plain.left where x between 7 and 7.5",
    "in": "select * from plain.left where x in (7, 8)",
    "the beginning of a page": "select * from plain.left where (x, id) > (299, $1) and x < 299.5 order by x, id",
    "with parameters": "select * from plain.left where x = $1 and n < $2",
    "update": "update plain.left set n = n where x = 7.1",
    "delete": "delete from plain.left where x = 7.1",
    "insert of a select": "insert into plain.left (n, x) select n, x from plain.left where x = 7.1",
    "in a sub-select": "select * from plain.refusing where n in (select n from plain.left where x = 7.1)",
    "in a CTE": "with found as materialized (select * from plain.left where x = 7.1) select count(*) from found",
    "in a union": "select id from plain.refusing union all select id from plain.left where x = 7.1",
    "a join": "select * from plain.refusing r join plain.left l on l.x = r.n where r.n = 7",
    "with the tenant written out": f"select * from plain.left where tenant_id = '{LARGE}' and x = 7.1",
    "beside a sub-select": "select * from plain.left where x = 7.1 and n < (select max(n) from plain.left)",
}


@pytest.mark.parametrize("statement", KEPT.values(), ids=KEPT)
def test_what_keeps_its_index_is_silent(planted: Planted, statement: str) -> None:
    report = planted.statement(statement, analyze="$" not in statement)
    assert (report.advice, report.undecided, report.skipped) == ([], [], {})


@pytest.mark.parametrize("statement", LOST.values(), ids=LOST)
def test_an_index_is_missed_wherever_the_table_stands(planted: Planted, statement: str) -> None:
    report = planted.statement(statement)
    assert report.skipped == {}
    (advice,) = report.advice
    assert (advice.index, advice.remedy.name) == ("plain.ix_left", "minor-units")
    assert advice.loss.ratio is not None
    assert advice.loss.ratio >= 2


def test_an_inequality_is_undecided_until_it_is_measured(planted: Planted) -> None:
    """Without statistics a third of the rows is expected, whatever the value; to read that many by index is dear."""
    statement = "select * from plain.left where x > 299"
    report = planted.statement(statement)
    assert (report.advice, len(report.undecided)) == ([], 1)
    (advice,) = planted.statement(statement, analyze=True).advice
    assert advice.loss.rows is not None
    assert advice.loss.rows[0] > 100 * advice.loss.rows[1]
    assert "rows read instead of" in advice.lost


def test_a_limit_that_ends_the_reading_early_is_no_loss(planted: Planted) -> None:
    (advice,) = planted.statement("select * from plain.left where x < 200 limit 1").undecided
    assert advice.loss.cost is not None
    assert advice.loss.cost[0] < 1


@pytest.mark.parametrize("statement", [
    "commit", "select 1; select 2", "drop table plain.left", "select * from nothing.at_all", "select (", "",
    "select 1; commit; drop table plain.left",
])  # fmt: skip
def test_what_has_no_plan_is_skipped_with_the_reason_and_done_never(planted: Planted, statement: str) -> None:
    report = planted.statement(statement)
    assert list(report.skipped) == [statement]
    assert report.skipped[statement] != ""
    assert len(planted.statement(LOST["with parameters"]).advice) == 1


def test_nothing_is_executed_of_a_statement_that_writes(planted: Planted) -> None:
    statement = "delete from plain.left where x = 7.1"
    with planted.owner() as owner:
        before = owner.scalar(text("select count(*) from plain.left"))
    assert len(planted.statement(statement, analyze=True).advice) == 1
    with planted.owner() as owner:
        assert owner.scalar(text("select count(*) from plain.left")) == before


def test_what_a_condition_would_write_is_not_written(planted: Planted) -> None:
    """To analyze is to execute, and a function in a condition may do anything: the transactions are read-only."""
    role = f"{planted.settings.role_prefix}app_tenant"
    planted.change(
        "create table plain.traces (at timestamptz default now())",
        "create function plain.leave_a_trace() returns boolean language plpgsql volatile security definer as "
        "$body$ begin insert into plain.traces default values; return true; end $body$",
        f"grant execute on function plain.leave_a_trace() to {role}",
    )
    statement = "select * from plain.left where x = 7.1 and plain.leave_a_trace()"
    (advice,) = planted.statement(statement, analyze=True).advice
    assert (advice.loss.cost is not None, advice.loss.rows) == (True, None)
    with planted.owner() as owner:
        assert owner.scalar(text("select count(*) from plain.traces")) == 0
        owner.execute(text("select * from plain.left where x = 7.1 and plain.leave_a_trace()"))
        assert owner.scalar(text("select count(*) from plain.traces")) != 0, "it would have been"


def test_what_fails_when_it_is_executed_is_told_by_its_cost(planted: Planted) -> None:
    (advice,) = planted.statement("select * from plain.left where x = 7.1 and 1 / (n - n) = 1", analyze=True).advice
    assert (advice.loss.cost is not None, advice.loss.rows) == (True, None)


def test_no_prepared_statement_is_left(planted: Planted) -> None:
    with planted.comparison() as comparison:
        advise_statements(comparison, [*LOST.values(), "select ("])
        for planner in (comparison.tenant, comparison.everything):
            assert planner.connection.scalars(text("select name from pg_prepared_statements")).all() == []


def test_a_hidden_commit_is_refused_by_the_server(planted: Planted) -> None:
    """Whoever splits statements may be wrong; the server refuses what would end the read-only transaction."""
    with planted.tenant() as tenant:
        with pytest.raises(Unplannable, match="EXECUTE of transaction commands"):
            Planner(tenant).explain("select 1; commit")
        assert tenant.scalar(text("select current_setting('transaction_read_only')")) == "on"


def test_who_sees_all_rows_is_no_tenant(planted: Planted) -> None:
    with planted.owner() as owner, pytest.raises(AdviceRefused, match="sees all rows"):
        compare_logins(owner, owner, names=RoleNames(planted.settings.role_prefix))


def test_who_is_narrowed_is_nobody_to_compare_with(planted: Planted) -> None:
    with planted.tenant() as tenant, pytest.raises(AdviceRefused, match="is no member of"):
        compare_logins(tenant, tenant, names=RoleNames(planted.settings.role_prefix))


def test_a_tenant_has_to_be_bound(planted: Planted) -> None:
    with planted.db.shared() as session, planted.owner() as owner, pytest.raises(AdviceRefused, match="no tenant is"):
        compare_logins(session.connection(), owner, names=RoleNames(planted.settings.role_prefix))


def test_to_analyze_both_have_to_be_read_only(planted: Planted) -> None:
    with planted.tenant() as tenant, planted.owner() as owner, pytest.raises(AdviceRefused, match="read-only"):
        compare_logins(tenant, owner, names=RoleNames(planted.settings.role_prefix), analyze=True)


def test_with_models_their_tables_are_looked_at_and_classes_named(planted: Planted) -> None:
    with planted.tenant() as tenant, planted.owner() as owner:
        names = RoleNames(planted.settings.role_prefix)
        comparison = compare_logins(tenant, owner, names=names, models=Own)
        (advice,) = advise_indexes(comparison).advice
        assert advise_statements(comparison, ["select * from plain.refusing where x @> '{b}'"]).advice == []
    assert advice.index == "plain.ix_left"
    assert advice.remedy.code.models.startswith(f"# in class {__name__}.Left:\nx_minor: Mapped[int | None]")


def test_a_minimum_that_everything_reaches_is_refused(planted: Planted) -> None:
    with planted.comparison() as comparison, pytest.raises(AdviceRefused, match=r"give 1\.1 or more"):
        advise_statements(comparison, [], minimum_loss=1.0)


def test_an_index_is_accepted_with_a_reason_and_told_when_it_is_not_there(planted: Planted) -> None:
    accepted = {"plain.ix_left": "read by nobody", "plain.ix_gone": "was slow"}
    report = planted.indexes(LEFT, accepted=accepted)
    assert "plain.ix_left" not in {one.index for one in report.advice}
    assert (report.accepted, report.stale) == ({"plain.ix_left": "read by nobody"}, ["plain.ix_gone"])
    with pytest.raises(AdviceRefused, match=r"plain\.ix_left: accepted without a reason"):
        planted.indexes(LEFT, accepted={"plain.ix_left": " "})
