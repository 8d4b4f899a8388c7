"""Each guard that is taken away is noticed; what is not is shown to be harmless, in the docs too."""

from __future__ import annotations

import os
import re

import pytest
from support import ROOT

from app_db.cli.isolation import prove as command
from app_db.isolation.prove import KINDS, Mutation, Mutator, Proof
from app_db.isolation.prove.beyond import Beyond
from app_db.isolation.prove.examples import shipped_examples

PAGE = ROOT / "docs" / "howto" / "prove-isolation.md"


def mutation(proof: Proof, *tables: str, kinds: tuple[str, ...] = KINDS) -> Mutation:
    mutator = Mutator(proof, kinds)
    found = Mutation(harmless=shipped_examples().harmless)
    for table in tables:
        found.deaths += mutator.of_table(proof.tables[table])
    return found


def test_a_sample_of_each_kind_is_noticed(proof: Proof) -> None:
    found = mutation(proof, "shop.notes", "studio.bookings")
    found.deaths += Mutator(proof).run_of(None).deaths
    found.deaths += mutation(proof, "ops.audit_log", kinds=("partition",)).deaths
    made = found.by_kind()
    assert made.keys() == set(KINDS)
    assert [mutant.name for mutant in found.survivors] == []
    assert all(numbers[0] == numbers[1] for numbers in made.values()), made
    assert made["policy"][0] >= 16
    assert made["predicate"][0] == 6


def test_without_what_is_tried_beside_rows_mutants_survive(proof: Proof, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Beyond, "of_table", lambda *_args: iter(()))
    found = mutation(proof, "shop.notes", kinds=("flag",))
    assert [mutant.what for mutant in found.survivors] == ["not forced"]


def test_what_is_called_harmless_is_not_noticed(proof: Proof) -> None:
    if not proof.version.startswith("18"):
        pytest.skip("the schema is the same: once is enough")
    named = shipped_examples().harmless
    tables = {re.split(r"[ :]", name.removeprefix("foreign key "))[0].removeprefix("unique ") for name in named}
    tables = {table.split()[-1] for table in (name.partition(":")[0] for name in named)}
    found = mutation(proof, *sorted(tables), kinds=("foreign key", "unique"))
    assert {mutant.name for mutant in found.unnoticed} == set(named)
    assert found.survivors == []


def test_what_is_harmless_is_in_the_docs_with_its_reason() -> None:
    page = " ".join(PAGE.read_text("utf-8").replace("`", "").split())
    for name, reason in shipped_examples().harmless.items():
        assert name.partition(": ")[2] in page
        assert reason in page


def test_the_command_names_the_kinds_that_there_are() -> None:
    assert command.KINDS == KINDS


@pytest.mark.skipif("SOAK" not in os.environ, reason="takes two minutes: make soak")
def test_every_guard_of_our_schema_is_noticed(proof: Proof) -> None:
    report = proof.run()
    assert report.tally.findings == []
    assert report.tally.total >= 20_000
    assert Mutator(proof).run().survivors == []
