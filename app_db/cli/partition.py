"""`app-db partition`: partitions of the tables that grow with time."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import datetime as dt

_AT = click.option(
    "--at", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="As if it were that day, in UTC; today without it."
)
_DATABASE = click.option("--database", metavar="NAME", help="One of APP_DB_DATABASES__…; the main one without it.")
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def partition() -> None:
    """Make partitions ahead of time, and drop what is past it. Works as the login of APP_DB_MIGRATION_URL."""


@partition.command("list")
@_DATABASE
@_AS_JSON
def list_(database: str | None, as_json: bool) -> None:
    """List the partitions of every registered table, with their bounds and sizes."""
    from ..partitions import list_partitions
    from ..settings import load_settings

    found = list_partitions(load_settings(), database=database)
    if as_json:
        click.echo(json.dumps([one.as_dict() for one in found]))
    else:
        rows = [(one.name, *_days(one.bounds), f"{one.bytes // 1024:,} kB") for one in found]
        click.echo("\n".join(_aligned([("partition", "from", "until before", "size"), *rows])))


def _days(bounds: str) -> tuple[str, str]:
    days = re.findall(r"'(\d{4}-\d\d-\d\d)", bounds)
    return (days[0], days[1]) if len(days) == 2 else ("all others", "")  # noqa: PLR2004


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([*map(str.ljust, row[:-1], widths), row[-1].rjust(widths[-1])]) for row in rows]


@partition.command()
@_AT
@_DATABASE
@_AS_JSON
def ensure(at: dt.datetime | None, database: str | None, as_json: bool) -> None:
    """Make the missing partitions of now and of the time ahead. For a timer, once a day."""
    from ..partitions import ensure_partitions
    from ..settings import load_settings

    made = ensure_partitions(load_settings(), _in_utc(at), database=database)
    click.echo(json.dumps({"made": made}) if as_json else f"partitions made: {made}")


@partition.command()
@_AT
@_DATABASE
@_AS_JSON
def drop(at: dt.datetime | None, database: str | None, as_json: bool) -> None:
    """Drop the partitions whose rows are past the retention of their table. For a timer, once a day.

    It waits for each lock for 100 ms at most, and others behind it; behind a long reader it tries again for a minute.
    """
    from ..partitions import drop_partitions
    from ..settings import load_settings

    def tell(name: str) -> None:
        click.echo(f"dropped {name}", err=True)

    dropped = drop_partitions(load_settings(), _in_utc(at), database=database, progress=None if as_json else tell)
    click.echo(json.dumps({"dropped": dropped}) if as_json else f"partitions dropped: {len(dropped)}")


def _in_utc(at: dt.datetime | None) -> Any:
    import datetime as dt

    return None if at is None else at.replace(tzinfo=dt.UTC)
