"""The proof finds nothing on our schema and on the example applications, and each mistake that is planted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from isolation.prove.planted import MISTAKES, Mistake
from isolation.prove.sequences import run_sequences
from sqlalchemy import text

from app_db.engine import admin_engine
from app_db.errors import ProofError
from app_db.isolation.prove import Examples, Finding, Proof, ProofPlace, Tally, load_examples
from app_db.isolation.prove.actors import OWNER
from app_db.isolation.prove.beyond import Beyond
from app_db.isolation.prove.exemptions import Exemption
from app_db.isolation.prove.findings import Kind, grouped
from app_db.isolation.prove.functions import Functions
from app_db.isolation.prove.oracle import Oracle
from app_db.isolation.prove.place import refuse_missing
from app_db.isolation.prove.reach import Reach
from app_db.isolation.prove.sending import Sender
from app_db.isolation.prove.trying import TableTrial
from app_db.isolation.prove.views import Views, read_views
from app_db.isolation.prove.whose import OWN
from app_db.schema import ScopeKind
from app_db.server import EmbeddedServer

_SHORT = {"shop.notes", "studio.bookings", "ops.audit_log", "tenancy.tenants", "auth.sessions"}
# One of each kind that there is, and whatever has triggers, partitions, column grants or keys of its own.
_SAMPLE = _SHORT | {
    "shop.customers", "auth_private.password_hashes", "billing.refunds", "learning.chapter_progress",
    "profile.addresses", "tenancy.invitations",
}  # fmt: skip


@contextmanager
def changed(proof: Proof, statements: tuple[str, ...]) -> Iterator[Sender]:
    """A database that was changed, until the end of the block."""
    prefix = proof.place.settings.role_prefix
    with proof.acting() as sender:
        refused = sender.change(proof.place.names(OWNER), tuple(each.format(p=prefix) for each in statements))
        assert refused == ""
        yield sender


def found_in(proof: Proof, mistake: Mistake) -> list[Finding]:
    """Everything that comes out wrong on the table, or through the view, that has the mistake."""
    with changed(proof, mistake.statements) as sender, proof.place.connection() as connection:
        if mistake.table not in proof.tables:
            views = {view.name: view for view in read_views(connection, proof.place.schemas)}
            return list(Views(proof.ground, sender, proof.tables.values(), Tally()).findings(views[mistake.table]))
        table = proof.tables[mistake.table]
        trial = TableTrial(proof.ground, sender, table)
        beyond = Beyond(proof.ground, sender).of_table(table)
        return [*trial.run().findings, *Reach(proof.ground, sender, table).findings(), *beyond]


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


def planted(name: str) -> Mistake:
    return next(mistake for mistake in MISTAKES if mistake.name == name)


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


_OPEN = """
create function shop.{name}({arguments}) returns setof shop.customers language sql stable security definer
set search_path = pg_catalog, pg_temp as $$ select * from shop.customers as c where {condition} $$
"""


@pytest.mark.parametrize(
    ("name", "arguments", "condition", "is_open"),
    [
        ("by_email", "email text", "c.email = $1", True),
        ("by_id", "id uuid, more int", "c.id = $1", True),
        ("everybody", "", "true", True),
        ("of_tenant", "email text", "c.email = $1 and c.tenant_id = app.current_tenant_id()", False),
    ],
)
def test_a_function_that_forgets_the_tenant_is_found(
    proof: Proof, name: str, arguments: str, condition: str, is_open: bool
) -> None:
    made = _OPEN.format(name=name, arguments=arguments, condition=condition)
    granted = f"grant execute on function shop.{name} to {{p}}app_rw"
    with changed(proof, (made, granted)) as sender:
        tally = Tally()
        functions = Functions(proof.ground, sender, proof.tables.values(), tally)
        definer = next(one for one in functions.read(("shop",)) if one.name == f"shop.{name}")
        findings = list(functions.findings(definer))
    found = {finding.actor for finding in findings}
    assert {"app_login", "app_tenant_admin_login"} <= found if is_open else found == set()
    assert tally.untried == []


_ID = "c.id = one"
_TOUCH = "update shop.customers as c set email = c.email || '.x' where c.id = one"


def of_definer(proof: Proof, signature: str, body: str, kind: str = "function") -> tuple[Finding | None, list[str]]:
    """Return what is found for app_login of a definer of the schema shop, and what was not tried."""
    made = (
        f"create {kind} shop.odd{signature} security definer set search_path = pg_catalog, pg_temp as $$ {body} $$",
        f"grant execute on {kind} shop.odd to {{p}}app_rw",
    )
    with changed(proof, made) as sender:
        tally = Tally()
        functions = Functions(proof.ground, sender, proof.tables.values(), tally)
        (definer,) = [one for one in functions.read(("shop",)) if one.name == "shop.odd"]
        found = [one for one in functions.findings(definer) if one.actor == "app_login"]
    return next(iter(found), None), tally.untried


@pytest.mark.parametrize(
    ("signature", "body"),
    [
        ("() returns setof text language sql stable", "select email from shop.customers"),
        ("(many int default 10) returns table (email text) language sql stable", "select email from shop.customers"),
        ("() returns bigint language sql stable", "select count(*) from shop.customers"),
        ("(one text) returns boolean language sql stable",
         "select exists (select from shop.customers where email = one)"),
        ("(one text) returns bigint language sql stable",
         "select count(*) from shop.customers where email like one || '%%'"),
        ("(one uuid) returns boolean language sql stable", f"select exists (select from shop.customers c where {_ID})"),
        ("(one shop.customers) returns text language sql stable",
         "select c.email from shop.customers c where c.id = (one).id"),
        ("(one uuid[]) returns setof text language sql stable",
         "select c.email from shop.customers c where c.id = any (one)"),
        ("(one jsonb) returns text language sql stable",
         "select c.email from shop.customers c where c.id = (one ->> 'id')::uuid"),
        ("(one uuid) returns void language plpgsql stable",
         f"begin if exists (select from shop.customers c where {_ID}) then raise 'taken'; end if; end"),
    ],
)  # fmt: skip
def test_whatever_a_function_tells_of_a_foreign_row_is_found(proof: Proof, signature: str, body: str) -> None:
    found, untried = of_definer(proof, signature, body)
    assert found is not None
    assert "its answer tells of a foreign row" in found.what
    assert untried == []


@pytest.mark.parametrize(
    ("signature", "kind"),
    [
        ("(one uuid) returns void language sql", "function"),
        ("(one uuid) language sql", "procedure"),
    ],
)
def test_what_changes_a_foreign_row_is_found(proof: Proof, signature: str, kind: str) -> None:
    found, untried = of_definer(proof, signature, _TOUCH, kind)
    assert found is not None
    assert found.what == "it changes foreign rows"
    assert untried == []


def test_a_procedure_that_keeps_to_the_tenant_is_not_found(proof: Proof) -> None:
    kept = f"{_TOUCH} and c.tenant_id = app.current_tenant_id()"
    assert of_definer(proof, "(one uuid) language sql", kept, "procedure") == (None, [])


def test_without_the_look_at_effects_a_writing_function_is_missed(
    proof: Proof, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Functions, "_print_of", lambda *_args: ("select 1", ()))
    assert of_definer(proof, "(one uuid) returns void language sql", _TOUCH)[0] is None


def test_what_could_not_be_seen_is_told_truly(proof: Proof) -> None:
    found, untried = of_definer(proof, "(one int) returns int language sql stable", "select one / 0")
    assert found is None
    assert untried == ["shop.odd(integer): every call was refused (22012)"]
    found, untried = of_definer(proof, "(one int) returns int language sql stable", "select one")
    assert found is None
    assert [reason.split(": ")[1][:50] for reason in untried] == ["nothing that it answers depends on the rows that w"]


def test_no_function_of_ours_tells_of_a_foreign_row(proof: Proof) -> None:
    tally = proof.of_functions()
    assert [str(finding) for finding in tally.findings] == []
    assert {"catalog.find_materials", "catalog.search_materials"} <= tally.by_table().keys()


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


def exempting(proof: Proof, *exemptions: Exemption) -> Proof:
    """The same proof, with these exemptions alone."""
    chosen = Proof(proof.place, Examples(exemptions=exemptions))
    oracle = Oracle(proof.ground.declared, exemptions, proof.ground.world.owners)
    chosen.tables, chosen.ground = proof.tables, replace(proof.ground, oracle=oracle)
    return chosen


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


@pytest.mark.parametrize("policy", ["true", "user_id = app.current_user_id()"])
def test_no_exemption_of_a_table_hides_another_tenants_rows(proof: Proof, policy: str) -> None:
    opened = tuple(f"alter policy {name} on shop.notes using ({policy})" for name in ("user_rows", "tenant_rows"))
    found = found_in(exempting(proof, Exemption("all", table="shop.notes")), Mistake("", "shop.notes", "", opened))
    assert {"select", "copy to", "copy query", "update", "delete", "delete all", "take all", "lock for update"} <= {
        one.verb for one in found if one.is_leak
    }
    assert {"all", "another tenant's"} <= {one.target for one in found if one.is_leak}


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
    assert {one.what for one in tally.findings} == {"1 row of its own missing, once every verb is granted"}


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
