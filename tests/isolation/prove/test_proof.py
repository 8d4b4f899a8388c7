"""The proof finds nothing on our schema and on the example applications, and each mistake that is planted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from isolation.prove.planted import MISTAKES, Mistake
from isolation.prove.sequences import run_sequences
from isolation.prove.trials import changed, found_in, planted
from sqlalchemy import text

from app_db.engine import admin_engine
from app_db.errors import ProofError
from app_db.isolation.prove import Finding, Proof, ProofPlace, load_examples
from app_db.isolation.prove.actors import OWNER
from app_db.isolation.prove.declared import declared_by_models
from app_db.isolation.prove.findings import Kind, grouped, remedies
from app_db.isolation.prove.oracle import Oracle
from app_db.isolation.prove.place import refuse_missing
from app_db.isolation.prove.sending import Sender
from app_db.isolation.prove.trying import TableTrial
from app_db.isolation.prove.whose import OWN
from app_db.models import Base
from app_db.schema import Grant, ScopeKind, attach
from app_db.server import EmbeddedServer

_SHORT = {"shop.notes", "studio.bookings", "ops.audit_log", "tenancy.tenants", "auth.sessions"}
# One of each kind that there is, and whatever has triggers, partitions, column grants or keys of its own.
_SAMPLE = _SHORT | {
    "shop.customers", "auth_private.password_hashes", "billing.refunds", "learning.chapter_progress",
    "profile.addresses", "tenancy.invitations",
}  # fmt: skip


def test_nothing_is_found_on_our_schema_and_on_the_applications(proof: Proof) -> None:
    is_newest = proof.version.startswith("18")
    wanted = _SAMPLE if is_newest else _SHORT
    tallies = [proof.of_table(proof.tables[name]) for name in sorted(wanted)]
    assert [str(finding) for tally in tallies for finding in tally.findings] == []
    assert all(tally.total > 50 for tally in tallies)
    if is_newest:
        assert sum(tally.total for tally in tallies) >= 20_000  # the command tries five times as many


def test_views_logins_and_statements_of_sessions_leak_nothing(proof: Proof) -> None:
    views, predicate = proof.of_views(), proof.of_predicate()
    assert [str(finding) for tally in (views, predicate) for finding in tally.findings] == []
    assert views.by_table() == {"studio.busy_rooms": 2}
    assert predicate.total >= 7 * 20


def test_a_login_itself_comes_to_the_same_as_who_acts_as_it(proof: Proof) -> None:
    chosen = Proof(proof.place, proof.examples, proof.snapshots, only=["shop.invoices", "shop.notes"])
    chosen.tables, chosen.ground = proof.tables, proof.ground
    tally = chosen.of_real_logins()
    assert [str(finding) for finding in tally.findings] == []
    assert tally.by_table().keys() == {"shop.invoices", "shop.notes"}
    assert tally.total > 200


def test_whose_rows_a_table_holds_is_told_by_its_columns(proof: Proof) -> None:
    kinds = {name: table.scope.kind for name, table in proof.tables.items()}
    assert kinds["shop.customers"] is ScopeKind.TENANT
    assert kinds["shop.notes"] is ScopeKind.USER
    assert kinds["studio.equipment"] is ScopeKind.SHARED


def test_every_table_that_holds_anybodys_rows_is_proved(proof: Proof) -> None:
    proved = {table.name for table in proof.chosen()}
    assert {"shop.customers", "shop.invoices", "shop.notes", "studio.rooms", "studio.diaries"} <= proved
    assert {"ops.audit_log", "ops.system_event", "auth.users", "auth_private.password_hashes"} <= proved
    shared = {name for name in set(proof.tables) - proved if not name.endswith(".alembic_version")}
    assert shared == {"studio.equipment", "tenancy.permissions", "tenancy.builtin_role_permissions"}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_is_found_and_named(proof: Proof, mistake: Mistake) -> None:
    findings = found_in(proof, mistake)
    named = {(finding.table, finding.verb) for finding in findings if mistake.target in ("", finding.target)}
    assert (mistake.table, mistake.verb) in named


def test_a_login_that_became_a_member_of_who_sees_all_is_found(proof: Proof) -> None:
    names = proof.place.names
    with proof.acting() as sender:
        sender.execute(f"grant {names('app_all')} to {names('app_login')}")
        findings = TableTrial(proof.ground, sender, proof.tables["shop.notes"]).run().findings
    assert {("select", "app_login")} <= {(finding.verb, finding.actor) for finding in findings if finding.is_leak}


def test_a_tenant_that_a_login_has_by_default_is_found(proof: Proof, place: ProofPlace, server: EmbeddedServer) -> None:
    chosen = Proof(place, proof.examples, proof.snapshots, only=["shop.invoices"])
    chosen.tables, chosen.ground = proof.tables, proof.ground
    login = place.names("app_login")
    with admin_engine(server.superuser_url(), autocommit=True).connect() as connection:
        tenant = proof.ground.world.owners[OWN].tenant
        connection.execute(text(f"alter role {login} set app.current_tenant_id = '{tenant}'"))
        try:
            findings = chosen.of_real_logins().findings
        finally:
            connection.execute(text(f"alter role {login} reset app.current_tenant_id"))
    assert {(finding.actor, finding.context) for finding in findings} == {("app_login", "none")}


def is_found(proof: Proof, name: str) -> bool:
    findings = found_in(proof, planted(name))
    return (planted(name).table, planted(name).verb) in {(one.table, one.verb) for one in findings}


def test_without_the_safety_half_of_its_oracle_it_is_blind(proof: Proof, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_found(proof, "a policy that is true")
    monkeypatch.setattr(Oracle, "sees", lambda *_args: True)
    reached = [one for one in found_in(proof, planted("a policy that is true")) if one.is_leak]
    assert reached == []


def test_without_the_declared_grants_it_is_blind(proof: Proof, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_found(proof, "a grant to the readers")
    monkeypatch.setattr(Oracle, "may", lambda *_args: True)
    told = {one.what for one in found_in(proof, planted("a grant to the readers")) if one.verb == "delete"}
    assert "not granted, and 1 row" not in told


def test_without_what_comes_of_it_for_the_owner_it_is_blind(proof: Proof, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_found(proof, "a grant that is missing")
    monkeypatch.setattr(Oracle, "_complaint_of_row", lambda *_args, **_kwargs: None)
    assert not is_found(proof, "a grant that is missing")


def test_nothing_stays_of_what_is_tried(proof: Proof) -> None:
    def everything() -> list[object]:
        with proof.place.connection() as connection:
            counts = [
                connection.scalar(text(f"select count(*) from {name}")) for name in ("shop.notes", "ops.audit_log")
            ]
            roles = connection.scalars(text("select rolname from pg_roles where rolname ~ 'prove_' order by 1")).all()
            return [*counts, *roles]

    before = everything()
    proof.of_table(proof.tables["shop.notes"])
    found_in(proof, MISTAKES[0])
    assert everything() == before
    assert not any(str(role).endswith(("prove_owner", "prove_app_maint")) for role in before)


def test_a_table_that_is_not_there_is_refused(place: ProofPlace) -> None:
    with pytest.raises(ProofError, match=r"there is no table shop\.orders in .*: name one with its schema"):
        Proof(place, only=["shop.orders"]).prepare()


def test_a_schema_that_the_revisions_do_not_make_is_refused(place: ProofPlace) -> None:
    refuse_missing(place, ("shop", "studio"))
    with pytest.raises(ProofError, match="make no schema nosuch: name by --schema one that they make"):
        refuse_missing(place, ("shop", "nosuch"))


@pytest.mark.parametrize(
    ("content", "said"),
    [("[shop.nosuch]\na = 1", "name shop.nosuch, which is no table"),
     ("[shop.notes]\nnosuch = 1", "name shop.notes.nosuch, which is no column"),
     ('[[exemption]]\ntable = "shop.nosuch"\nreason = "known"', "names shop.nosuch, which is no table and no view"),
     ('[[exemption]]\ntable = "shop.notes"', "holds no examples"),
     ('[[exemption]]\ntable = "shop.notes"\nreason = "x"\nverbs = "selct"', "names 'selct': a table's has select")],
)  # fmt: skip
def test_examples_of_what_is_not_there_are_refused(place: ProofPlace, tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "examples.toml").write_text(content, "utf-8")
    with pytest.raises(ProofError, match=said):
        Proof(place, load_examples(tmp_path / "examples.toml")).prepare()


def test_a_row_that_no_policy_lets_move_is_not_called_moved(proof: Proof) -> None:
    reads = (
        "drop policy tenant_rows on shop.invoices",
        (
            "create policy reads on shop.invoices for select to {p}app_tenant, {p}app_tenant_admin "
            "using (tenant_id = app.current_tenant_id())"
        ),
    )
    found = found_in(proof, Mistake("only read", "shop.invoices", "", reads))
    assert found
    assert [str(one) for one in found if one.is_leak] == []


def test_own_rows_that_a_grant_would_not_show_are_missing_and_no_leak(proof: Proof) -> None:
    with changed(proof, ("drop policy own_rows on auth.user_activity",)) as sender:
        tally = TableTrial(proof.ground, sender, proof.tables["auth.user_activity"]).run_granted()
    assert tally.by_kind() == {Kind.MISSING: len(tally.findings)}
    assert {"select", "copy to", "copy query"} == {one.verb for one in tally.findings}
    assert {one.what for one in tally.findings} == {"1 row of its own, once every verb is granted"}


def test_findings_are_told_by_table_and_kind_with_all_who_had_them() -> None:
    found = [Finding("shop.notes", "select", "all", actor, context, "1 foreign row")
             for actor in ("a", "b") for context in ("own", "empty")]  # fmt: skip
    assert grouped(
        [*found, Finding("shop.lines", "delete", "own", "a", "own", "granted, and 0 rows", Kind.FAILED)]
    ) == [
        "shop.notes: 4 findings",
        "  select (all rows): 1 foreign row; as a, b; context own, empty",
        "shop.lines: 1 finding",
        "  delete (own row): failed: granted, and 0 rows; as a; context own",
    ]


def test_a_grant_that_nobody_declared_is_told_with_how_to_declare_it() -> None:
    granted = Finding("shop.notes", "select", "all", "app_definer", "own", "not granted, and 3 rows")
    (mend,) = remedies([replace(granted, what="3 foreign rows")])
    assert mend.startswith("mend the first one of each table in a new revision")
    told = 'attach(Base.metadata, Grant(on="shop.notes", role="app_definer", privileges=("select",)))'
    assert remedies([granted]) == [
        mend, f"a grant that is right, as one for a function of app_definer, is declared in the models: {told}",
    ]  # fmt: skip
    assert remedies([]) == []


def test_a_grant_that_is_attached_is_declared() -> None:
    entry = Grant(on="catalog.materials", role="app_definer", privileges=("select",))
    before = declared_by_models(["catalog.materials"])
    assert not before.may(("app_definer",), "select", "catalog.materials")
    attach(Base.metadata, entry)
    try:
        found = declared_by_models(["catalog.materials"])
    finally:
        del Base.metadata.info["app_db_objects"][entry.kind, *entry.identity]
    assert found.may(("app_definer",), "select", "catalog.materials")
    assert found.may(("app_rw",), "select", "catalog.materials")


def test_each_sees_what_the_model_says(proof: Proof) -> None:
    run_sequences(proof)


@pytest.fixture
def weakened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every transaction of the proof begins with a policy that lets a person see everybody's notes."""
    acting = Proof.acting

    @contextmanager
    def open_to_all(proof: Proof) -> Iterator[Sender]:
        with acting(proof) as sender:
            change = "alter policy user_rows on shop.notes using (true)"
            assert sender.change(proof.place.names(OWNER), (change,)) == ""
            yield sender

    monkeypatch.setattr(Proof, "acting", open_to_all)


@pytest.mark.usefixtures("weakened")
def test_with_a_weaker_policy_the_sequences_fail(proof: Proof) -> None:
    with pytest.raises(AssertionError):
        run_sequences(proof)
