"""What a policy takes is found, in the catalogue and in statements, with the loss and the right remedy."""

from __future__ import annotations

import pytest
from isolation.advise.planted import CASES, VECTORS, Case, Planted

EVERY = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
# the system's PostgreSQL 15 has no pgvector
ON_18 = pytest.mark.parametrize("server", ["18"], indirect=True)


@EVERY
def test_a_naive_statement_is_found_with_its_remedy(planted: Planted, case: Case) -> None:
    (advice,) = planted.statement(case.statement).advice
    assert (advice.statement, advice.index) == (case.statement, f"planted.ix_{case.name}")
    assert advice.remedy.name == case.remedy
    assert advice.loss.ratio is not None
    assert advice.loss.ratio >= 2


@EVERY
def test_an_index_that_nobody_can_use_is_found_in_the_catalogue(planted: Planted, case: Case) -> None:
    found = {advice.index: advice for advice in planted.indexes().advice}
    assert (f"planted.ix_{case.name}" in found) is case.is_in_catalogue
    if case.is_in_catalogue:
        assert found[f"planted.ix_{case.name}"].remedy.name == case.remedy


@ON_18
@pytest.mark.parametrize(("name", "lost"), [("vectors", "rows are missing"), ("halves", "cost ")])
def test_nearest_rows_that_are_all_tenants_or_all_compared_are_found(planted: Planted, name: str, lost: str) -> None:
    case = next(case for case in VECTORS if case.name == name)
    (advice,) = planted.statement(case.statement).advice
    assert (advice.index, advice.remedy.name) == (f"planted.ix_{name}", "vector-function")
    assert advice.lost.startswith(lost)
    assert f"planted.ix_{name}" in {one.index for one in planted.indexes().advice}
