"""What no revision does; docs/howto/write-a-revision.md says why. Each rule is tried on what it forbids."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from migrations.rules import RULES, Rule, misnamed, open_tables, slow_indexes, statements, unpinned
from support import ROOT

GOLDEN = Path(__file__).parent / "golden"
SCRIPTS = {path.stem: path.read_text() for path in sorted(GOLDEN.glob("*.sql"))}
FILES = sorted((ROOT / "alembic" / "versions").rglob("*.py"))

# What a rule forbids and a landed revision does all the same, with the reason; one that is not needed any more fails.
ALLOWED: dict[tuple[str, str], str] = {
    ("auth_0004", "privilege"): "a foreign key of another owner needs REFERENCES; taken back in the same revision",
    (
        "catalog_0003",
        "index",
    ): "materials had no release before it; its docstring says how long writers wait for 600,000",
    ("core_0006", "rename"): "the audit log becomes partitioned; the name is that of the new table at the commit",
    ("core_0006", "drop"): "the old audit log, when its rows are in the new one",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_revision_does_it(rule: Rule) -> None:
    found = {
        name: statement
        for name, script in SCRIPTS.items()
        for statement in statements(script)
        if rule.finds(statement) and not statement.startswith(("BEGIN", "COMMIT"))
    }
    allowed = {name for name, what in ALLOWED if what == rule.name}
    assert {name: said for name, said in found.items() if name not in allowed} == {}, rule.why
    assert allowed <= set(found), "an allowance that is not needed"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_finds_its_example(rule: Rule) -> None:
    assert rule.finds(*statements(f"{rule.example};"))


def test_every_revision_has_been_read() -> None:
    assert set(SCRIPTS) == {"_".join(path.stem.split("_")[:2]) for path in FILES}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_new_table_is_closed_and_explained_in_its_own_revision(name: str) -> None:
    assert open_tables(SCRIPTS[name]) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_index_comes_with_its_table_or_not_in_a_transaction(name: str) -> None:
    assert (name, "index") in ALLOWED or slow_indexes(SCRIPTS[name]) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_function_with_its_owners_rights_pins_its_search_path(name: str) -> None:
    assert unpinned(SCRIPTS[name]) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_constraints_and_indexes_are_named_after_their_table(name: str) -> None:
    assert misnamed(SCRIPTS[name]) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_revision_can_be_taken_back(path: Path) -> None:
    functions = {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert any(isinstance(node, ast.Call) for node in ast.walk(functions["downgrade"]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_way_back_drops_by_name_and_looks_at_no_row(path: Path) -> None:
    """What a revision reads from a database, its script by `--sql` would not know."""
    source = path.read_text()
    tables = r"\b(?:create|drop|alter) (?!extension|schema)\w+ if (?:not )?exists\b"
    assert re.findall(rf"\bdrop\b[^\n;]*\bcascade\b|{tables}", _without_bodies(source)) == []
    assert "get_bind" not in source


def _without_bodies(source: str) -> str:
    return re.sub(r"\$(\w*)\$.*?\$\1\$", "", ast.unparse(ast.parse(source)).replace("\\n", "\n"), flags=re.DOTALL)


OPEN = "create table shop.a (id uuid not null);"
CLOSED = (
    "comment on table shop.a is 'A; B.'; alter table shop.a enable row level security; "
    "alter table shop.a force row level security; create policy all_rows on shop.a to app_all using (true);"
)


@pytest.mark.parametrize("part", CLOSED.replace("A; B.", "A").split("; "))
def test_a_table_that_lacks_any_of_it_is_found(part: str) -> None:
    assert open_tables(OPEN + CLOSED) == []
    without = OPEN + CLOSED.replace("A; B.", "A").replace(part, "select 1")
    assert len(open_tables(without)) == 1


def test_an_index_on_a_table_that_was_there_is_found() -> None:
    index = "create index ix_a_id on shop.a (id);"
    assert slow_indexes(OPEN + index) == []
    assert slow_indexes(index) == ["create index ix_a_id on shop.a"]


def test_a_function_without_its_search_path_is_found() -> None:
    function = "create function shop.f() returns int language plpgsql security definer{} as $b$ begin; end $b$;"
    assert unpinned(function.format(" set search_path = pg_catalog, pg_temp")) == []
    for other in ("", " set search_path = shop"):
        assert len(unpinned(function.format(other))) == 1


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("create table shop.a (id uuid, constraint a_pkey primary key (id))", "a_pkey"),
        ("alter table shop.a add constraint fk_b_id foreign key (id) references shop.b (id)", "fk_b_id"),
        ("create index a_id on shop.a (id)", "a_id"),
        ("create unique index ix_b_id on shop.a (id)", "ix_b_id"),
    ],
)
def test_a_name_that_is_not_its_tables_is_found(sql: str, name: str) -> None:
    assert misnamed(f"{sql};") == [name]


def test_texts_notes_and_bodies_are_no_statements() -> None:
    script = "-- drop; it\nselect 'a;''b', $x$ drop table a; $x$;\nselect 2;\n"
    assert [*statements(script)] == ["select '', $$", "select 2"]
    assert "drop table a" in next(statements(script, bodies=True))
