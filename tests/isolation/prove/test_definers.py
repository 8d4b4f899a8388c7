"""What functions and views with the rights of their owner tell of foreign rows, or do to them, is found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from isolation.prove.trials import changed
from support import ON_18

from app_db.cli.isolation import prove
from app_db.isolation.prove import Examples, Finding, Proof, Tally
from app_db.isolation.prove.functions import Functions
from app_db.isolation.prove.prints import ForeignPrints
from app_db.isolation.prove.triggers import Triggers
from app_db.isolation.prove.views import View, Views
from app_db.testing import proof as plugin

_TENANT = "tenant_id = app.current_tenant_id()"
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
    assert tally.untried == {}


_ID = "c.id = one"
_TOUCH = "update shop.customers as c set email = c.email || '.x' where c.id = one"


def of_definer(
    proof: Proof, signature: str, body: str, kind: str = "function"
) -> tuple[Finding | None, dict[str, str]]:
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
    assert untried == {}


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
    assert untried == {}


def test_a_procedure_that_keeps_to_the_tenant_is_not_found(proof: Proof) -> None:
    kept = f"{_TOUCH} and c.tenant_id = app.current_tenant_id()"
    assert of_definer(proof, "(one uuid) language sql", kept, "procedure") == (None, {})


def test_without_the_look_at_effects_a_writing_function_is_missed(
    proof: Proof, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ForeignPrints, "query", lambda *_args: ("select 1", ()))
    assert of_definer(proof, "(one uuid) returns void language sql", _TOUCH)[0] is None


def of_view(proof: Proof, body: str, options: str = "") -> tuple[set[str], dict[str, str]]:
    """Return what app_login sees through a view without a tenant, and what was not tried."""
    made = (
        _OPEN.format(name="odd", arguments="", condition="true"),
        "grant execute on function shop.odd to {p}app_rw",
        f"create view shop.oddities {options} as {body}",
        "grant select on shop.oddities to {p}app_rw",
    )
    tally = Tally()
    with changed(proof, made) as sender, proof.place.connection():
        views = Views(proof.ground, sender, proof.tables.values(), tally)
        found = list(views.findings(View("shop.oddities", "shop.oddities", False, None, None)))
    assert {(one.table, one.verb) for one in found} <= {("shop.oddities", "select")}
    return {one.what for one in found if one.actor == "app_login"}, tally.untried


@ON_18
@pytest.mark.parametrize(
    ("body", "options"),
    [
        ("select f.id, f.email from shop.odd() as f", "with (security_invoker = true)"),
        ("select f.email from shop.odd() as f", ""),
        ("select count(*) as number from shop.odd()", "with (security_invoker = true)"),
    ],
)
def test_a_view_without_a_tenant_that_shows_foreign_rows_is_found(proof: Proof, body: str, options: str) -> None:
    assert of_view(proof, body, options) == ({"its answer tells of a foreign row"}, {})


@ON_18
def test_a_view_without_a_tenant_that_keeps_to_it_is_tried_and_not_found(proof: Proof) -> None:
    kept = f"select email from shop.odd() where {_TENANT}"
    assert of_view(proof, kept, "with (security_invoker = true)") == (set(), {})
    told, untried = of_view(proof, "select 1 as one")
    assert told == set()
    assert {name: why[:35] for name, why in untried.items()} == {"shop.oddities": "nothing that it answers depends on "}


def test_what_could_not_be_seen_is_told_truly(proof: Proof) -> None:
    found, untried = of_definer(proof, "(one int) returns int language sql stable", "select one / 0")
    assert found is None
    assert untried == {"shop.odd(integer)": "every call was refused (22012)"}
    found, untried = of_definer(proof, "(one int) returns int language sql stable", "select one")
    assert found is None
    assert [why[:50] for why in untried.values()] == ["nothing that it answers depends on the rows that w"]


def test_what_could_not_be_tried_leaves_a_proof_open_until_somebody_has_a_reason(proof: Proof) -> None:
    tally = Tally(untried={"shop.odd(integer)": "every call was refused (22012)"})
    report = proof.report(tally)
    assert (report.is_open, report.unexplained) == (True, tally.untried)
    chosen = Proof(proof.place, Examples(untried={"shop.odd(integer)": "it divides by nought", "shop.gone()": "gone"}))
    chosen.ground = proof.ground
    accepted = chosen.report(tally)
    assert (accepted.is_open, accepted.unexplained) == (False, {})
    assert accepted.accepted == {"shop.odd(integer)": "it divides by nought"}
    assert accepted.stale == ("shop.gone()",)
    assert chosen.report(Tally()).stale == ("shop.odd(integer)", "shop.gone()")


def test_the_command_and_the_plugin_fail_for_what_could_not_be_tried(proof: Proof) -> None:
    report = proof.report(Tally(untried={"shop.odd(integer)": "every call was refused (22012)"}))
    assert prove._exit_code(report, None) == 1
    assert any("! not tried: shop.odd(integer): every call was refused" in line for line in prove._report(report))
    with pytest.raises(pytest.fail.Exception, match=r"not tried: shop\.odd\(integer\): every call was refused"):
        plugin._fail_with(report)
    assert prove._exit_code(proof.report(Tally()), None) == 0
    plugin._fail_with(proof.report(Tally()))


def test_no_function_of_ours_tells_of_a_foreign_row(proof: Proof) -> None:
    tally = proof.of_functions()
    assert [str(finding) for finding in tally.findings] == []
    assert proof.report(tally).unexplained == {}
    assert {"catalog.find_materials", "catalog.search_materials"} <= tally.by_table().keys()


def of_trigger(proof: Proof, column: str, wanted: str, fires: str = "insert or update") -> tuple[set[str], int]:
    """Return what is found of a trigger of notes that makes a customer of the wanted tenant, and how much was tried."""
    body = f"""
    begin
      if ({wanted})::uuid is not null then
        insert into shop.customers (tenant_id, email) values (({wanted})::uuid, gen_random_uuid() || '@example.com');
      end if;
      return null;
    end
    """
    made = (
        f"alter table shop.notes add column {column}",
        f"create function shop.forward() returns trigger language plpgsql security definer as $$ {body} $$",
        f"create trigger forward after {fires} on shop.notes for each row execute function shop.forward()",
    )  # fmt: skip
    tally, notes = Tally(), proof.tables["shop.notes"]
    name, kind = column.split()
    odd = replace(notes.columns["text"], name=name, type=kind, kind=kind)
    with changed(proof, made) as sender:
        prints = ForeignPrints(proof.ground, sender, proof.tables.values())
        changed_notes = replace(notes, columns={**notes.columns, name: odd})
        found = list(Triggers(proof.ground, sender, prints, tally).findings(changed_notes))
    assert {(one.table, one.verb, one.target) for one in found} <= {("shop.notes", "trigger", "another tenant's")}
    return {one.what.partition(" that names")[0] for one in found if one.actor == "app_login"}, tally.total


@ON_18
@pytest.mark.parametrize(
    ("column", "wanted", "fires", "found"),
    [
        ("recipient uuid", "new.recipient", "insert or update",
         {"an INSERT with a recipient", "an UPDATE to a recipient"}),
        ("recipient text", "nullif(new.recipient, '')", "update", {"an UPDATE to a recipient"}),
        ("payload jsonb", "new.payload ->> 'to'", "insert", {"an INSERT with a payload"}),
        ("payload jsonb", "coalesce((new.payload ->> 'size')::int::text, new.payload ->> 'to')", "insert",
         {"an INSERT with a payload"}),
        ("recipient uuid", "case when new.recipient = new.tenant_id then new.recipient end", "insert or update", set()),
    ],
    ids=["uuid", "text", "jsonb", "jsonb with other keys", "its own tenant alone"],
)  # fmt: skip
def test_a_trigger_that_writes_to_the_tenant_that_a_row_names_is_found(
    proof: Proof, column: str, wanted: str, fires: str, found: set[str]
) -> None:
    told, number = of_trigger(proof, column, wanted, fires)
    assert told == found
    assert number > 0


@ON_18
def test_a_table_without_a_trigger_of_a_definer_costs_nothing(proof: Proof) -> None:
    with proof.acting() as sender:
        tally = Tally()
        triggers = Triggers(proof.ground, sender, ForeignPrints(proof.ground, sender, proof.tables.values()), tally)
        assert list(triggers.findings(proof.tables["shop.notes"])) == []
    assert tally.total == 0


@ON_18
def test_a_foreign_row_that_is_written_anew_as_it_was_is_changed(proof: Proof) -> None:
    same = "update shop.customers as c set email = c.email where c.id = one"
    found, _ = of_definer(proof, "(one uuid) returns void language sql", same)
    assert found is not None
    assert found.what == "it changes foreign rows"
