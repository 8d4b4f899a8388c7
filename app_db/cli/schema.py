"""`app-db schema`: what the revisions build, as SQL, as a snapshot, as a picture; and where a database differs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..drift import Inspection
    from ..settings import Settings

_FILE = click.Path(dir_okay=False, path_type=Path)
_OUTPUT = click.option("--output", type=_FILE, metavar="FILE", help="Write it here instead of printing it.")
_TREE = click.option(
    "--tree", type=_FILE, metavar="INI", help="The alembic.ini of an application: its own tree, on top of ours."
)
_SCHEMAS = click.option("--schema", "schemas", multiple=True, metavar="NAME", help="A schema of that tree; repeatable.")
_Command = Callable[..., None]


@click.group()
def schema() -> None:
    """Show what the revisions build, and find where a database differs from it."""


@schema.command()
@click.option("--database", metavar="NAME", help="One of APP_DB_DATABASES__…; the main one without it.")
@click.option(
    "--expect", "snapshots", type=_FILE, multiple=True, metavar="FILE",
    help="A snapshot of an application's own schemas, to be compared as well; repeatable.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def diff(context: click.Context, database: str | None, snapshots: tuple[Path, ...], as_json: bool) -> None:
    """Say where the database differs from what this release's revisions build.

    Tables, columns, constraints, indexes, policies, functions, triggers, grants, comments, owners, roles: everything
    that the catalogue knows. It only reads, and nobody waits for it. Exit code 1 where something differs.
    """
    from ..drift import inspect_database, load_snapshot
    from ..reflection import made_extensions
    from ..schema import RoleNames, placed_services
    from ..settings import load_settings

    settings = load_settings()
    with _looking(settings, database) as connection:
        chosen = settings.database(database).services or settings.services
        placed = placed_services(chosen, made_extensions(connection))
        expected = [load_snapshot(path) for path in snapshots]
        inspection = inspect_database(connection, placed, RoleNames(settings.role_prefix), expected)
    click.echo(json.dumps(inspection.as_dict(), ensure_ascii=False) if as_json else _told(inspection))
    context.exit(1 if inspection.drifts else 0)


@schema.command()
@_OUTPUT
@_TREE
@_SCHEMAS
def dump(output: Path | None, tree: Path | None, schemas: tuple[str, ...]) -> None:
    """Print what the revisions build, as SQL: the whole schema on one page, for git and for reading.

    Built on a server of its own, which goes again. `--tree` and `--schema` add those of an application.
    """
    from ..drift.building import dump_of, ours

    _write(_built(tree, lambda settings: dump_of(settings, (*ours(), *schemas))), output)


@schema.command()
@_OUTPUT
@_TREE
@click.option("--schema", "schemas", multiple=True, required=True, metavar="NAME", help="A schema of it; repeatable.")
def snapshot(output: Path | None, tree: Path | None, schemas: tuple[str, ...]) -> None:
    """Print the catalogue that an application's revisions build, for `app-db schema diff --expect`.

    Built on a server of its own, which goes again. Keep it in git, and have a test compare.
    """
    from ..drift.building import snapshot_of

    _write(_built(tree, lambda settings: snapshot_of(settings, schemas).as_json()), output)


@schema.command()
@_OUTPUT
@click.option(
    "--expect", "snapshots", type=_FILE, multiple=True, metavar="FILE",
    help="A snapshot of an application's own schemas, to be drawn as well; repeatable.",
)  # fmt: skip
def diagram(output: Path | None, snapshots: tuple[Path, ...]) -> None:
    """Draw the tables and how they refer to each other, as SVG."""
    from ..documentation import draw
    from ..drift import expected_catalogue, load_snapshot
    from ..drift.building import NEWEST
    from ..schema import placed_services

    things = expected_catalogue(placed_services(None), NEWEST)
    for path in snapshots:
        things |= load_snapshot(path).for_version(NEWEST)
    _write(draw(things), output)


@contextmanager
def _looking(settings: Settings, database: str | None) -> Iterator[Connection]:
    """Yield a connection that can't change anything, as whichever login there is: all may read the catalogue."""
    from ..engine import admin_engine
    from ..migrations.connection import migration_url

    place = settings.database(database)
    url = place.url if place.migration_url is None and place.url is not None else migration_url(settings, place)
    engine = admin_engine(url, application_name="app_db schema diff")
    with engine.connect().execution_options(postgresql_readonly=True) as connection:
        yield connection


def _built(tree: Path | None, made: Callable[[Settings], str]) -> str:
    """Return what `made` says of a database that was just built by the revisions, ours and those of the tree."""
    from ..migrations import upgrade, upgrade_project
    from ..server.scratch import scratch_settings

    with scratch_settings("schema") as settings:
        upgrade(settings)
        if tree is not None:
            upgrade_project(settings, tree.resolve())
        return made(settings)


def _write(content: str, output: Path | None) -> None:
    if output is None:
        click.echo(content, nl=False)
    else:
        output.write_text(content, encoding="utf-8")
        click.echo(f"written: {output}")


def _told(inspection: Inspection) -> str:
    where = ", ".join(inspection.schemas)
    if not inspection.drifts:
        return f"no difference: {inspection.things} things in {where}, and the roles, are as the revisions build them"
    lines = [f"{_mark(drift.what)} {drift}" for drift in inspection.drifts]
    count = f"{len(lines)} difference{'s' if len(lines) > 1 else ''}"
    remedy = (
        f"\n{count} in {where} and the roles: what is right here belongs into a new revision; what is wrong here, "
        "put right as app_owner (roles: `app-db bootstrap`), and find out who did it"
    )
    return "\n".join([*lines, remedy])


def _mark(what: Any) -> str:
    return {"missing": click.style("-", fg="red"), "unexpected": click.style("+", fg="red")}.get(
        what, click.style("~", fg="yellow")
    )
