"""`app-db reset`: a development or test database, clean and seeded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..reset import ResetReport


@click.command()
@click.option("--database", metavar="NAME", help="One of APP_DB_DATABASES__…; the main one without it.")
@click.option("--yes-really", "confirmed", metavar="NAME", help="The database's name, where it is not on this machine.")
@click.option(
    "--schema", "schemas", multiple=True, metavar="NAME",
    help="A schema of your own revisions, to be dropped as well; may be repeated.",
)  # fmt: skip
@click.option(
    "--tree", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Your own alembic.ini, whose revisions are applied after ours.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def reset(
    database: str | None, confirmed: str | None, schemas: tuple[str, ...], tree: Path | None, as_json: bool
) -> None:
    """Delete everything in the database, apply the revisions anew, and plant the seeds of the environment.

    For development and test only; refused elsewhere, and for a server on another machine without --yes-really. Roles,
    logins and passwords stay as they are.
    """
    from ..reset import reset as run
    from ..settings import load_settings

    report = run(load_settings(), database=database, confirmed=confirmed, schemas=schemas, tree=tree)
    click.echo(json.dumps(report.as_dict()) if as_json else _text(report))


def _text(report: ResetReport) -> str:
    added = ", ".join(f"{count} {table}" for table, count in report.seeds.added.items() if count)
    return "\n".join(
        (
            f"{report.database} is new:",
            f"  dropped  {', '.join(report.dropped) or 'nothing: it was empty'}",
            f"  applied  {', '.join(report.revisions)}",
            f"  planted  {added or 'nothing'} (seeds of {report.seeds.environment})",
        )
    )
