"""Each guard that is taken away is noticed; what is not is shown to be harmless, in the docs too."""

from __future__ import annotations

import os

import pytest
from support import ROOT

from app_db.cli.isolation import prove as command
from app_db.isolation.prove import KINDS, Examples, Mutation, Mutator, Proof
from app_db.isolation.prove.beyond import Beyond
from app_db.isolation.prove.examples import shipped_examples
from app_db.isolation.prove.reach import Reach

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


def test_without_statements_that_read_no_column_a_policy_of_one_command_survives(
    proof: Proof, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reach, "findings", lambda _self: iter(()))
    found = mutation(proof, "shop.notes", kinds=("policy",))
    assert [mutant.what for mutant in found.survivors] == [
        "another permissive policy for update",
        "another permissive policy for delete",
    ]


def test_what_is_called_harmless_is_not_noticed(proof: Proof) -> None:
    tables = {name.partition(":")[0].split()[-1]: name for name in shipped_examples().harmless}
    there = sorted(tables.keys() & proof.tables.keys())  # a server without pgvector has no learning
    found = mutation(proof, *there, kinds=("foreign key", "unique"))
    named = {name for name in shipped_examples().harmless if name.partition(":")[0].split()[-1] in there}
    assert {mutant.name for mutant in found.unnoticed} == named != set()
    assert found.survivors == []


def test_what_is_called_harmless_and_is_noticed_is_told(proof: Proof) -> None:
    chosen = Proof(proof.place, Examples(harmless={"flag shop.notes: nosuch": "known"}))
    chosen.tables, chosen.ground = {}, proof.ground
    assert Mutator(chosen).run().stale == ("flag shop.notes: nosuch",)


def test_what_is_harmless_is_in_the_docs_with_its_reason() -> None:
    page = " ".join(PAGE.read_text("utf-8").replace("`", "").split())
    for name, reason in shipped_examples().harmless.items():
        assert name.partition(": ")[2] in page
        assert reason in page


def test_the_command_names_the_kinds_that_there_are() -> None:
    assert command.KINDS == KINDS


def test_every_guard_is_noticed(proof: Proof) -> None:
    """Of two tables; `make soak` takes all, which are two minutes."""
    tables = [table.name for table in proof.chosen()] if os.environ.get("SOAK") else ["auth.devices"]
    assert [str(finding) for name in tables for finding in proof.of_table(proof.tables[name]).findings] == []
    found = mutation(proof, *tables)
    assert [mutant.name for mutant in found.survivors] == []
    assert len(found.deaths) >= 40 * len(tables)
