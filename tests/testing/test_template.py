"""What a template is known by; what is reaped; whose rights the sweep has; who is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL, Connection, text

from app_db.engine import PoolFigures, admin_engine, pooled_engine
from app_db.errors import SandboxRefused, StartupRefused
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1 as ddl
from app_db.server import EmbeddedServer
from app_db.settings import LoginUrl, Settings
from app_db.testing import SuiteServer
from app_db.testing.clones import KEPT, RUN, create_clone, drop_database, reap
from app_db.testing.fingerprint import fingerprint
from app_db.testing.installation import Installation
from app_db.testing.recipe import Recipe
from app_db.testing.statements import dropped_at_commit, only_reads, refuse_control
from app_db.testing.sweep import CALL
from app_db.testing.template import ensure_template
from app_db.testing.worker import Worker

HOUR = 3600
GROUND = """
create schema ground;
create table ground.seeded (id int generated always as identity primary key, name text, twice text
  generated always as (name || name) stored);
insert into ground.seeded (name) values ('one'), ('two');
create table ground.parents (id int primary key, child int);
create table ground.children (id int primary key, parent int references ground.parents (id));
create sequence ground.numbers;
"""
CIRCLE = "alter table ground.parents add foreign key (child) references ground.children (id)"
GUARDED = """
create function ground.refuse() returns trigger language plpgsql as 'begin raise exception ''never''; end';
create trigger refuse before delete on ground.parents for each row execute function ground.refuse();
"""
DIRT = """
delete from ground.seeded; insert into ground.seeded (name) values ('three');
insert into ground.parents (id) values (1); insert into ground.children values (1, 1);
select nextval('ground.numbers')
"""


def test_the_same_files_have_one_fingerprint_and_a_changed_one_another(tmp_path: Path) -> None:
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    first.write_text("1")
    second.write_text("2")
    before = fingerprint("x", files=[first, second])
    assert fingerprint("x", files=[second, first]) == before
    assert fingerprint("y", files=[first, second]) != before
    second.write_text("3")
    assert fingerprint("x", files=[first, second]) != before


@given(st.sampled_from(["commit", "begin", "rollback", "end", "abort", "start transaction"]), st.text(" \n\t"))
def test_a_statement_that_ends_a_transaction_is_known_in_any_dress(word: str, space: str) -> None:
    for statement in (space + word, space + word.upper() + " work", word.title() + ";"):
        with pytest.raises(SandboxRefused):
            refuse_control(statement)


@pytest.mark.parametrize("statement", ["rollback to savepoint x", "ROLLBACK TO x", "select 'commit'", "committed()"])
def test_one_that_does_not_is_let_through(statement: str) -> None:
    refuse_control(statement)


def test_readers_and_temporary_tables_are_told_apart() -> None:
    assert [only_reads(word) for word in ("select 1", " WITH x as (select 1) select 1", "update x", "copy x")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert dropped_at_commit('create temp table "a b" (n int) on commit drop') == '"a b"'
    assert dropped_at_commit("create temporary table t (n int)") is None


@pytest.fixture
def databases(worker: Worker) -> Iterator[dict[str, str]]:
    """Databases of runs that are over, of one that has just begun, and kept ones."""
    ages = {"old": (RUN, HOUR), "young": (RUN, 60), "kept today": (KEPT, HOUR), "kept yesterday": (KEPT, 25 * HOUR)}
    names = {what: f"{prefix}{int(time.time()) - age}_{what.split()[-1]}" for what, (prefix, age) in ages.items()}
    names["in use"] = f"{RUN}{int(time.time()) - HOUR}_used"
    for name in names.values():
        worker._admin.exec_driver_sql(f'create database "{name}"')
    yield names
    for name in names.values():
        drop_database(worker._admin, name)


def test_what_dead_runs_have_left_is_reaped_and_nothing_else(
    worker: Worker, app_db_server: SuiteServer, databases: dict[str, str]
) -> None:
    def left(connection: Connection) -> set[str]:
        there = set(connection.scalars(text("select datname from pg_database")))
        return {what for what, name in databases.items() if name in there}

    with admin_engine(app_db_server.admin_url.set(database=databases["in use"])).connect():
        reap(worker._admin)
        assert left(worker._admin) == {"young", "kept today", "in use"}
    assert worker.name in set(worker._admin.scalars(text("select datname from pg_database")))


def _ground(*more: str) -> Recipe:
    def seed(settings: Settings) -> None:
        statements = ";".join([GROUND, *more])
        change_schema(settings, lambda: ddl.execute(statements))

    marker = Path(__file__)
    return Recipe(seed=seed, seed_files=(marker,))


@pytest.mark.parametrize("more", [(), (CIRCLE,), (GUARDED,)], ids=["a tree", "a circle", "a trigger on delete"])
@pytest.mark.parametrize("by", ["superuser", "owner"])
def test_the_sweep_restores_what_the_template_had(
    server: EmbeddedServer, creator: URL, by: str, more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = creator if by == "owner" else server.superuser_url()
    monkeypatch.setattr("app_db.testing.template.PREFIX", f"app_db_tpl_{by[0]}{len(''.join(more))}_")
    installation = Installation(SuiteServer.of(url, secret=f"{by}"))
    template = ensure_template(installation, _ground(*more))
    name = f"{RUN}{int(time.time())}_{by}"
    with admin_engine(url, autocommit=True).connect() as admin:
        create_clone(admin, installation, template, name)
        owner = admin_engine(installation.admin_url(name) if by == "superuser" else _owner(installation, name))
        with owner.begin() as connection:
            connection.exec_driver_sql(DIRT)
        with admin_engine(installation.sandbox_url(name)).begin() as connection:
            connection.exec_driver_sql(CALL)
        with owner.connect() as connection:
            assert connection.exec_driver_sql("select id, twice from ground.seeded order by id").all() == [
                (1, "oneone"), (2, "twotwo"),
            ]  # fmt: skip
            assert connection.scalar(text("select count(*) from ground.parents")) == 0
            assert connection.scalar(text("select nextval('ground.numbers')")) == 1
            assert connection.scalar(text("select count(*) from app.alembic_version")) > 0
        drop_database(admin, name)
        admin.exec_driver_sql(f'alter database "{template}" with is_template false')
        drop_database(admin, template)


def _owner(installation: Installation, name: str) -> URL:
    return installation.urls(name)[LoginUrl.MIGRATION]


@pytest.mark.app_db("commit")
def test_a_superuser_is_refused_and_the_applications_login_is_not(
    app_db_server: SuiteServer, app_db_settings: Settings, worker: Worker
) -> None:
    figures = PoolFigures(pool_size=1)
    superuser = pooled_engine(
        app_db_server.admin_url.set(database=worker.name), figures, application_name="t", needs_tenant=False
    )
    with pytest.raises(StartupRefused, match="would prove nothing about isolation"), superuser.connect():
        pass
    assert app_db_settings.url is not None
    application = pooled_engine(app_db_settings.url, figures, application_name="t", needs_tenant=False)
    with application.connect() as connection:
        assert connection.scalar(text("select 1")) == 1
    application.dispose()
    superuser.dispose()
