"""A remedy keeps what an index refuses and leaves out, takes names that are free, and says what it locks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from isolation.advise.planted import Planted

from app_db.isolation.advise import Advice, advise_indexes, compare_logins
from app_db.isolation.advise.losses import Loss
from app_db.isolation.advise.remedies import remedy_for
from app_db.schema import RoleNames

TABLE = "plain.partials"


@contextmanager
def advised(planted: Planted, *indexes: str) -> Iterator[dict[str, Advice]]:
    """Give the advice on indexes of a table of their own, which is gone afterwards."""
    planted.change(
        f"create table {TABLE} as select tenant_id, id, n, 'Person' || n as email, n % 2 = 0 as live from plain.left",
        f"alter table {TABLE} enable row level security",
        f"create policy own on {TABLE} using (tenant_id = nullif(current_setting('app.current_tenant_id'), '')::uuid)",
        f"grant select on {TABLE} to {planted.settings.role_prefix}app_rw",
        *indexes, f"analyze {TABLE}",
    )  # fmt: skip
    try:
        with planted.tenant() as tenant, planted.owner() as owner:
            comparison = compare_logins(tenant, owner, names=RoleNames(planted.settings.role_prefix), schemas=["plain"])
            comparison.catalogue.keys = [key for key in comparison.catalogue.keys if key.relation == TABLE]
            yield {one.loss.key.index: one for one in advise_indexes(comparison).advice}
    finally:
        planted.change(f"drop table {TABLE}", "drop index if exists plain.ix_partials_email_key_2_id")


def test_a_partial_index_is_measured_and_stays_partial(planted: Planted) -> None:
    with advised(planted, f"create index ix_p on {TABLE} (tenant_id, lower(email)) where live") as found:
        advice = found["ix_p"]
        assert advice.loss.ratio is not None
        assert advice.loss.ratio > 2
        _, index = advice.remedy.code.sql
        assert index == f"create index ix_partials_tenant_id_email_key on {TABLE} (tenant_id, email_key) where live"
        assert 'postgresql_where=text("live")' in advice.remedy.code.models
        assert advice.remedy.code.query.endswith("email_key = lower(:value) and live")
        assert "locks" in advice.as_dict()["remedy"]
        assert "ACCESS EXCLUSIVE" in advice.remedy.locks


def test_a_unique_index_stays_unique_and_names_that_are_taken_are_left(planted: Planted) -> None:
    indexes = (
        f"create unique index uq_p on {TABLE} (lower(email), id) where live",
        f"alter table {TABLE} add column email_key text",
        "create index ix_partials_email_key_2_id on plain.refusing (n)",
    )
    with advised(planted, *indexes) as found:
        code = found["uq_p"].remedy.code
        assert "unique=True" in code.models
        _, index = code.sql
        assert index.startswith(f"create unique index ix_partials_email_key_2_id_2 on {TABLE} (email_key_2, id)")


def test_a_column_that_stands_in_for_the_key_of_a_partial_index_is_seen(planted: Planted) -> None:
    indexes = (
        f"create index ix_p on {TABLE} (tenant_id, lower(email)) where live",
        f"alter table {TABLE} add column letters text generated always as (lower(email)) stored",
        f"create index ix_letters on {TABLE} (tenant_id, letters)",
    )
    with advised(planted, *indexes) as found:
        assert found == {}


@pytest.mark.parametrize(("rows", "said"), [(0, "not analyzed"), (10, "too few rows"), (40_000, "read otherwise")])
def test_only_few_rows_are_called_few(planted: Planted, rows: int, said: str) -> None:
    with planted.comparison() as comparison:
        key = next(key for key in comparison.catalogue.keys if key.index == "ix_left" and key.column == "x")
        table = replace(comparison.catalogue.tables["plain", "left"], rows=rows)
        remedy = remedy_for(table, key, "(x = '7'::numeric)", comparison.names)
    assert said in Advice(Loss(table, key, ""), remedy).lost
