"""`app-db demo`: shows a newcomer a database at work."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..demo import DemoReport

_MOST_PROBLEMS = 20


@click.command()
@click.option("--csv", type=click.Path(path_type=Path), help="A catalogue of yours; the packaged one without it.")
@click.option(
    "--database-url",
    envvar="APP_DB_DEMO_DATABASE_URL",
    show_envvar=True,
    help="A login with CREATEROLE and CREATEDB on a server of yours; an embedded server without it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def demo(csv: Path | None, database_url: str | None, as_json: bool) -> None:
    """Build a database, load two tenants, and try to cross the border between them.

    Works in a database and with roles of its own and leaves nothing behind. Exits with 1 when a row of the catalogue
    could not be loaded or a crossing was not stopped.
    """
    from ..demo import run_demo

    report = run_demo(csv, database_url, _progress)
    if as_json:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False, indent=2, default=str))
    else:
        click.echo("\n".join(_lines(report, embedded=database_url is None)))
    if not report.succeeded:
        raise SystemExit(1)


@contextmanager
def _progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield bar.update


def _lines(report: DemoReport, *, embedded: bool) -> Iterator[str]:
    times = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in report.seconds.items())
    yield from _heading(f"{report.server} ({times})")
    yield from _loading(report)
    yield from _views(report)
    yield from _border(report)
    yield from _search(report)
    yield from _health(report)
    yield ""
    yield "The server is stopped and removed." if embedded else "The demonstration's database and roles are dropped."
    yield from (f"  {line}" for line in _NEXT)


_NEXT = (
    "next:  app-db upgrade       a development database of your own, which starts by itself",
    "       app-db server url    its URL, for psql and for DATABASE_URL",
)


def _heading(text: str) -> Iterator[str]:
    yield ""
    yield click.style(text, bold=True)


def _loading(report: DemoReport) -> Iterator[str]:
    yield from _heading(f"Loaded from {report.source}")
    for tenant, count in report.loaded.items():
        yield f"  {tenant:<24} {count:>9,} materials"
    for tenant in report.skipped:
        yield f"  {tenant:<24} {'not':>9} loaded: it has a bad row"
    for problem in report.problems[:_MOST_PROBLEMS]:
        yield f"  line {problem.line}: {problem.message}"
    if len(report.problems) > _MOST_PROBLEMS:
        yield f"  … and {len(report.problems) - _MOST_PROBLEMS} more bad lines"


def _views(report: DemoReport) -> Iterator[str]:
    login = report.info.login if report.info else ""
    yield from _heading(f"What each tenant sees: the same query, as the login {login}, who owns nothing")
    for view in report.views:
        yield f"  {view.tenant:<24} {view.materials:>9,} materials, the newest: {'; '.join(view.newest) or '-'}"
    yield f"  {'no tenant':<24} {report.unbound}"


def _border(report: DemoReport) -> Iterator[str]:
    yield from _heading(f"Crossing the border: as {report.crossing_as}, at material {report.crossing_at}")
    for crossing in report.crossings:
        mark = click.style("stopped", fg="green") if crossing.stopped else click.style("NOT STOPPED", fg="red")
        yield f"  {crossing.attempt:<36} {mark}: {crossing.outcome}"


def _search(report: DemoReport) -> Iterator[str]:
    yield from _heading(f"Searching for «{report.search_words}» as {report.search_tenant}")
    for hit in report.hits:
        yield f"  {hit.code:<12} {hit.name}, {hit.price} / {hit.unit}"
    if not report.hits:
        yield "  nothing found"


def _health(report: DemoReport) -> Iterator[str]:
    info = report.info
    if info is None:
        return
    yield from _heading("Health")
    yield f"  schema        {', '.join(info.revisions)}"
    kind = "replica" if info.is_replica else "primary"
    yield f"  database      {info.database}, {info.size / 1024 / 1024:.0f} MiB, {kind}"
    yield f"  login         {info.login}: passed the start-up gate; TLS {'on' if info.tls else 'off (this machine)'}"
    yield f"  pool          {info.pool_checked_out} of {info.pool_size} connections in use, {info.pool_overflow} beyond"
