"""What is kept in git beside the revisions is what they build: snapshots, SQL, pages, picture."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from support import ON_18, ROOT

from app_db.documentation import draw, privileges_page, tables_page
from app_db.drift import Snapshot, expected_catalogue, load_snapshot
from app_db.drift.building import NEWEST, dump_of, ours
from app_db.errors import SettingsError
from app_db.reflection import Catalogue, Thing
from app_db.schema import SERVICES, placed_services
from app_db.server import EmbeddedServer
from app_db.settings import Settings

DOCS = ROOT / "docs"
REMEDY = "run `make schema`, and read the difference"


@pytest.fixture(scope="module")
def things() -> Catalogue:
    return expected_catalogue(placed_services(None), NEWEST)


@pytest.mark.parametrize("name", SERVICES)
def test_the_snapshot_of_a_service_is_of_its_newest_revision(name: str) -> None:
    snapshot = load_snapshot(ROOT / "app_db" / "drift" / "snapshots" / f"{name}.json")
    assert (snapshot.revision, snapshot.schemas) == (SERVICES[name].revision, SERVICES[name].schemas), REMEDY


@ON_18
def test_the_sql_is_what_the_revisions_build(settings: Settings, server: EmbeddedServer) -> None:
    built = dump_of(settings, ours()).replace(settings.role_prefix, "")
    assert built == (DOCS / "schema.sql").read_text("utf-8"), REMEDY


@pytest.mark.parametrize(
    ("page", "make"), [("tables.md", tables_page), ("privileges.md", privileges_page)], ids=["tables", "privileges"]
)
def test_the_pages_are_of_the_snapshots(page: str, make: object, things: Catalogue) -> None:
    assert callable(make)
    assert make(things) == (DOCS / "reference" / page).read_text("utf-8"), REMEDY


def test_the_picture_is_of_the_snapshots_and_shows_every_table(things: Catalogue) -> None:
    kept = (DOCS / "schema.svg").read_text("utf-8")
    assert draw(things) == kept, REMEDY
    drawn = {element.get("id") for element in ET.fromstring(kept).iter() if element.get("id")}
    assert drawn - {"head"} == {
        thing.name for thing, found in things.items() if thing.kind == "relation" and found["kind"] != "sequence"
    }


@pytest.mark.parametrize("kind", ["schema", "relation", "column", "index", "function", "trigger"])
def test_everything_has_a_comment(kind: str, things: Catalogue) -> None:
    silent = [thing.label for thing, found in things.items() if thing.kind == kind and not found.get("comment")]
    assert silent == []


def test_no_index_says_nothing_about_the_query_that_it_serves(things: Catalogue) -> None:
    """Each differs from the others: a comment that fits every index names no query."""
    said = [found["comment"] for thing, found in things.items() if thing.kind == "index"]
    assert sorted(said) == sorted(set(said))


def test_a_snapshot_reads_back_as_it_was_written(things: Catalogue, tmp_path: Path) -> None:
    older = {17: {thing: {**found, "comment": "other"} for thing, found in list(things.items())[:2]}}
    snapshot = Snapshot("x_0001", ("x",), things, older)
    path = tmp_path / "x.json"
    path.write_text(snapshot.as_json(), "utf-8")
    assert load_snapshot(path) == snapshot
    assert load_snapshot(path).for_version(18) == things
    assert load_snapshot(path).for_version(17) == {**things, **older[17]}


@pytest.mark.parametrize(
    "content", ["", "[]", '{"revision": 1}', '{"revision": "x", "schemas": [], "things": {"x": 1}}']
)
def test_a_file_that_is_no_snapshot_is_refused_with_the_command_that_writes_one(content: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(content, "utf-8")
    with pytest.raises(SettingsError, match=re.escape(f"app-db schema snapshot --output {path}")):
        load_snapshot(path)


def test_a_label_is_read_as_it_was_written() -> None:
    for thing in (Thing("policy", "a.b.c"), Thing("row security", "a.b"), Thing("function", "a.f(x integer)")):
        assert Thing.parse(thing.label) == thing
    with pytest.raises(ValueError, match="begins with no kind"):
        Thing.parse("nonsense a.b")
