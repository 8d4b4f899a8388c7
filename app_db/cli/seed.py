"""`app-db seed`: the rows that an environment begins with, or generated ones in any number."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from .progress import bar

if TYPE_CHECKING:
    from ..seeds import LoadReport, SeedReport

_ROWS = click.IntRange(0, 100_000_000)


@click.command()
@click.option("--materials", type=_ROWS, default=0, metavar="N", help="So many materials, with their categories.")
@click.option("--statistics", type=_ROWS, default=0, metavar="N", help="So many rows of daily use, of N materials.")
@click.option("--vectors", type=_ROWS, default=0, metavar="N", help="So many parts of documents, in their courses.")
@click.option(
    "--tenant", "tenants", multiple=True, metavar="SLUG",
    help="Whose generated rows they are; may be repeated. A hundred tenants of all sizes are made without it.",
)  # fmt: skip
@click.option("--database", metavar="NAME", help="One of APP_DB_DATABASES__…; the main one without it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def seed(
    materials: int, statistics: int, vectors: int, tenants: tuple[str, ...], database: str | None, as_json: bool
) -> None:
    """Plant the seeds of the environment, or, where sizes are given, generated rows.

    Run again, it adds what is missing: generated rows are the same ones for the same sizes. These are for development
    and test only, and planted as the login of APP_DB_MIGRATION_URL; seeds as that of APP_DB_ADMIN_URL.
    """
    from ..seeds import Volume, load
    from ..seeds import seed as plant
    from ..settings import load_settings

    volume = Volume(materials, statistics, vectors)
    if volume == Volume():
        if tenants:
            raise click.UsageError("--tenant is for generated rows: add --materials, --statistics or --vectors")
        seeds = plant(load_settings(), database=database)
        click.echo(json.dumps(seeds.as_dict()) if as_json else f"planted {_rows(seeds)} (seeds of {seeds.environment})")
        return
    report = load(load_settings(), volume, tenants=tenants, database=database, progress=bar)
    click.echo(
        json.dumps(report.as_dict()) if as_json
        else f"planted {_rows(report)} in {report.database}, of {report.tenants} tenants"
    )  # fmt: skip


def _rows(report: LoadReport | SeedReport) -> str:
    return ", ".join(f"{count:,} {table}" for table, count in report.added.items() if count) or "nothing"
