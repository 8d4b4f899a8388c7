"""What is right as it is gets an exemption with a reason; it never hides a way to another tenant's rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from isolation.prove.planted import Mistake
from isolation.prove.trials import found_in, planted
from support import ON_18

from app_db.errors import ProofError
from app_db.isolation.prove import Examples, Exemption, Proof
from app_db.isolation.prove.findings import Kind
from app_db.isolation.prove.oracle import Oracle


def exempting(proof: Proof, *exemptions: Exemption) -> Proof:
    """The same proof, with these exemptions alone."""
    chosen = Proof(proof.place, Examples(exemptions=exemptions))
    oracle = Oracle(proof.ground.declared, exemptions, proof.ground.world.owners)
    chosen.tables, chosen.ground = proof.tables, replace(proof.ground, oracle=oracle)
    return chosen


@ON_18
def test_exemptions_that_nothing_needs_are_told(proof: Proof) -> None:
    mistake = planted("a unique key without the tenant")
    chosen = exempting(proof, *(Exemption("known", constraint=name) for name in ("uq_customers_email", "uq_nosuch")))
    assert chosen.stale() == ("constraint uq_customers_email", "constraint uq_nosuch")
    assert not [one for one in found_in(chosen, mistake) if one.is_leak]
    assert chosen.stale() == ("constraint uq_nosuch",)


_TENANT = "tenant_id = app.current_tenant_id()"
_SHARES = Mistake("a note for the team", "shop.notes", "", (f"alter policy user_rows on shop.notes using ({_TENANT})",))
_HIDES = Mistake(
    "an invoice for members", "shop.invoices", "",
    (f"alter policy tenant_rows on shop.invoices using ({_TENANT} and number = 'nosuch') with check ({_TENANT})",),
)  # fmt: skip


@ON_18
def test_people_of_a_tenant_may_share_rows_by_exemption(proof: Proof) -> None:
    assert {"select", "update", "delete", "lock for share", "delete all"} <= {
        one.verb for one in found_in(proof, _SHARES) if one.is_leak
    }
    chosen = exempting(proof, Exemption("a team shares its notes", table="shop.notes", persons=("another person's",)))
    assert [str(one) for one in found_in(chosen, _SHARES)] == []
    assert chosen.stale() == ()


def test_rows_of_ones_own_may_be_missing_by_exemption(proof: Proof) -> None:
    assert {one.kind for one in found_in(proof, _HIDES)} == {Kind.MISSING, Kind.FAILED}
    chosen = exempting(proof, Exemption("only members of its room", table="shop.invoices", persons=("own",)))
    assert [str(one) for one in found_in(chosen, _HIDES)] == []
    revoked = replace(_HIDES, statements=(*_HIDES.statements, "revoke select on shop.invoices from {p}app_rw"))
    found = found_in(chosen, revoked)
    assert {one.kind for one in found} == {Kind.FAILED}
    assert {("select", "own"), ("select", "all"), ("select", "another tenant's")} <= {
        (one.verb, one.target) for one in found
    }


@ON_18
@pytest.mark.parametrize("policy", ["true", "user_id = app.current_user_id()"])
def test_no_exemption_of_a_table_hides_another_tenants_rows(proof: Proof, policy: str) -> None:
    opened = tuple(f"alter policy {name} on shop.notes using ({policy})" for name in ("user_rows", "tenant_rows"))
    found = found_in(exempting(proof, Exemption("all", table="shop.notes")), Mistake("", "shop.notes", "", opened))
    assert {"select", "copy to", "copy query", "update", "delete", "delete all", "take all", "lock for update"} <= {
        one.verb for one in found if one.is_leak
    }
    assert {"all", "another tenant's"} <= {one.target for one in found if one.is_leak}


@ON_18
def test_without_the_look_at_the_tenant_an_exemption_would_hide_a_leak(
    proof: Proof, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = exempting(proof, Exemption("all", table="shop.notes"))
    opened = Mistake("", "shop.notes", "", ("alter policy user_rows on shop.notes using (true)",))
    assert ("select", "another tenant's") in {(one.verb, one.target) for one in found_in(chosen, opened) if one.is_leak}
    monkeypatch.setattr(Oracle, "is_colleagues", lambda *_args: True)
    assert not [one for one in found_in(chosen, opened) if one.is_leak]


@ON_18
def test_an_exemption_is_of_the_verbs_that_it_names(proof: Proof) -> None:
    entry = Exemption("read by the team", table="shop.notes", verbs=("select", "insert"), persons=("another person's",))
    chosen = exempting(proof, entry)
    leaks = {one.verb for one in found_in(chosen, _SHARES) if one.is_leak}
    assert {"update", "delete", "lock for update", "delete all"} <= leaks
    assert not leaks & {"select", "copy to", "copy query"}
    assert chosen.stale() == ("table shop.notes: insert",)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reason": " ", "table": "shop.notes"}, "table shop.notes has no reason: say why"),
        ({"reason": "known"}, "names a constraint, or a schema and its roles, or a table: one of them"),
        ({"reason": "known", "table": "shop.notes", "schema": "shop"}, "or a table: one of them"),
        (
            {"reason": "known", "table": "shop.notes", "verbs": ("truncate",)},
            "'truncate': a table's has select, insert",
        ),
        ({"reason": "known", "constraint": "uq", "persons": ("own",)}, "'own': a table's has own, another person's"),
    ],
)
def test_an_exemption_that_can_not_be_meant_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ProofError, match=said):
        Exemption(**given)
