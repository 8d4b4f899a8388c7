"""Rows are made of what the catalogue says, or refused with what to give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from app_db.errors import ProofError
from app_db.isolation.prove import Examples, ProofPlace, load_examples
from app_db.isolation.prove.actors import OWNER
from app_db.isolation.prove.pattern import matching_text
from app_db.isolation.prove.reading import read_tables
from app_db.isolation.prove.rows import Owner, RowMaker
from app_db.isolation.prove.scopes import scope_by_model
from app_db.isolation.prove.world import World, make_world, new_owners


@pytest.fixture
def owner(bare_place: ProofPlace) -> Iterator[Connection]:
    with bare_place.connection() as connection:
        connection.exec_driver_sql("select set_config('role', %s, true)", (bare_place.names(OWNER),))
        yield connection


def make(connection: Connection, columns: str, examples: Examples = Examples()) -> dict[str, str | None]:  # noqa: B008
    """Return a row of a table of the catalogue that has these columns and checks."""
    connection.exec_driver_sql(
        f"create table catalog.odd (tenant_id uuid not null default app.current_tenant_id(), {columns})",
        execution_options={"no_parameters": True},
    )
    tables = read_tables(connection, ["catalog", "tenancy"], scope_by_model)
    owners = new_owners()
    maker = RowMaker(connection, tables, examples)
    return maker.insert(tables["catalog.odd"], Owner(owners["own"].tenant, owners["own"].person))


@pytest.mark.parametrize(
    "columns",
    [
        "a text not null check (a in ('x', 'y'))",
        "a text not null check (a ~ '^[A-Z]{2}-[0-9]{4}$')",
        "a text not null check (length(a) between 40 and 50)",
        "a bytea not null check (octet_length(a) = 16)",
        "a int not null check (a > 100 and a <= 1000)",
        "a numeric not null check (a between 0.5 and 0.75 or a = 3)",
        "a timestamptz not null, b timestamptz not null, check (a < b)",
        "a text not null check (a in ('open', 'closed')), b timestamptz, check ((a = 'closed') = (b is not null))",
        "a text, b text, check (num_nonnulls(a, b) = 1)",
        "a jsonb not null check (jsonb_typeof(a) = 'array')",
        "a text[] not null check (cardinality(a) between 1 and 3)",
        "a tstzrange not null check (not isempty(a)), exclude using gist (a with &&)",
        "a text not null check (a = lower(a) and position('@' in a) > 1)",
        "a int not null, b int generated always as (a * 2) stored, unique (b)",
        "a bigint generated always as identity, b boolean not null check (b)",
        "a inet not null, b interval not null check (b > interval '1 hour'), c date not null check (c > current_date)",
        "a varchar(3) not null, b char(2) not null, c numeric(4, 2) not null",
        "a numeric(4, 1) not null check (a >= 0 and a <= 24), b numeric(5, 2) not null check (b >= 0 and b <= 100)",
        "a numeric(2, 2) not null, b numeric(3) not null unique, c numeric(4, 2)[] not null check (cardinality(c) > 0)",
        "a text not null check (a::int > 3)",
        "id uuid primary key, a uuid not null references catalog.odd (id)",
        "id uuid primary key default gen_random_uuid(), a uuid not null references catalog.odd (id) initially deferred",
    ],
)
def test_a_row_is_made_for_each_form_of_check(owner: Connection, columns: str) -> None:
    row = make(owner, columns)
    assert row["tenant_id"] is not None
    assert len(row) > 1


def test_what_a_row_refers_to_is_made_for_the_same_tenant(owner: Connection) -> None:
    key = "foreign key (tenant_id, category_id) references catalog.categories (tenant_id, id)"
    row = make(owner, f"category_id uuid not null, {key}")
    found = owner.exec_driver_sql(
        "select tenant_id::text from catalog.categories where id = cast(%s as uuid)", (row["category_id"],)
    )
    assert found.scalar() == row["tenant_id"]


def test_a_check_that_nothing_fulfils_is_told_with_what_to_give(owner: Connection) -> None:
    with pytest.raises(ProofError, match=r"fulfils odd_a_check: give an example .* under \[catalog.odd\], of a$"):
        make(owner, "a text not null check (md5(a) like 'ffff%')")


def test_a_check_that_raises_is_not_fulfilled(owner: Connection) -> None:
    with pytest.raises(ProofError, match=r"row of catalog\.odd .* fulfils odd_a_check: give an example .*, of a$"):
        make(owner, "a text not null check (xmlparse(content a || '<') is document)")


_CIRCLE = """
create table catalog.one (tenant_id uuid not null, id uuid not null, two_id uuid not null,
  primary key (tenant_id, id));
create table catalog.two (tenant_id uuid not null, id uuid not null, one_id uuid not null,
  primary key (tenant_id, id));
alter table catalog.one add constraint fk_one foreign key (tenant_id, two_id) references catalog.two;
alter table catalog.two add constraint fk_two foreign key (tenant_id, one_id) references catalog.one {deferrable}
"""


def made_world(connection: Connection, statements: str) -> World:
    for statement in statements.split(";"):
        connection.exec_driver_sql(statement)
    tables = read_tables(connection, ["catalog", "tenancy"], scope_by_model)
    wanted = {"catalog.one", "catalog.two"}
    return make_world(connection, {name: table for name, table in tables.items() if name in wanted}, Examples())


def test_rows_that_refer_to_one_another_are_made(owner: Connection) -> None:
    world = made_world(owner, _CIRCLE.format(deferrable="deferrable"))
    row = world.rows["catalog.two"]["own"]
    query = "select count(*) from catalog.one where tenant_id = cast(%s as uuid) and id = cast(%s as uuid)"
    assert owner.exec_driver_sql(query, (row["tenant_id"], row["one_id"])).scalar() == 1
    owner.exec_driver_sql("set constraints all immediate")


def test_a_circle_that_is_not_deferrable_is_told(owner: Connection) -> None:
    with pytest.raises(ProofError, match=r"of catalog\.(one|two) could be made: .* make (fk_one|fk_two) deferrable"):
        made_world(owner, _CIRCLE.format(deferrable=""))


def test_all_that_is_refused_is_told_at_once(owner: Connection) -> None:
    odd = "create table catalog.{} (tenant_id uuid not null, id uuid primary key, a text not null check (a = md5(a)))"
    with pytest.raises(ProofError) as refused:
        made_world(owner, f"{odd.format('one')};{odd.format('two')}")
    assert [line.split(" could")[0] for line in str(refused.value).splitlines()] == [
        "no row of catalog.one", "no row of catalog.two",
    ]  # fmt: skip


def test_a_type_that_is_not_known_is_told_with_what_to_give(owner: Connection) -> None:
    with pytest.raises(ProofError, match=r"catalog\.odd\.a of type polygon: give .*: \[catalog\.odd\] a = …"):
        make(owner, "a polygon not null")


def test_an_example_is_what_the_column_gets(owner: Connection, tmp_path: Path) -> None:
    file = tmp_path / "examples.toml"
    file.write_text('[catalog.odd]\na = "((0,0),(1,{n}))"\n', "utf-8")
    row = make(owner, "a polygon not null", load_examples(file))
    assert re.fullmatch(r"\(\(0,0\),\(1,\d+\)\)", str(row["a"]))


def test_an_example_of_a_column_that_is_not_there_is_refused(owner: Connection) -> None:
    with pytest.raises(ProofError, match=r"catalog\.odd\.colour, which is no column: take the line out"):
        make(owner, "a text", Examples({"catalog.odd": {"colour": "red"}}))


@pytest.mark.parametrize(
    "content", ["nonsense", "[shop]\nodd = 1", "[[exemption]]\nwhy = 'x'", "[[harmless]]\nreason = 'x'"]
)
def test_a_file_that_holds_no_examples_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "examples.toml"
    file.write_text(content, "utf-8")
    with pytest.raises(ProofError, match=r"examples\.toml holds no examples .*: write tables as \[schema\.table\]"):
        load_examples(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProofError, match=r"can't be read .*: name a TOML file of examples"):
        load_examples(tmp_path / "missing.toml")


@pytest.mark.parametrize(
    "pattern", ["^[a-z]{3}$", "^(ab|cd)+x?$", r"^\d{2}\.\d$", "^[^@ ]+@[a-z]+$", "^a.c[x-z0]{0,2}$"]
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_text_for_a_pattern_matches_it(pattern: str, seed: int) -> None:
    assert re.search(pattern, matching_text(pattern, seed))


@pytest.mark.parametrize("pattern", ["(a", "[a", "*a", "a)"])
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        matching_text(pattern, 1)
