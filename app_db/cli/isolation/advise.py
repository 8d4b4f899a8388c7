"""`app-db isolation advise`: which indexes row-level security disables, what that costs, and what to write instead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from ..progress import bar

if TYPE_CHECKING:
    from ...isolation.advise import Advice, AdviceReport, Remedy

_FILE = click.Path(dir_okay=False, path_type=Path)
_WIDTH = 60


@click.command()
@click.option("--database", metavar="NAME", help="One of APP_DB_DATABASES__…; the main one without it.")
@click.option("--schema", "schemas", multiple=True, metavar="NAME", help="Only tables in this schema; repeatable.")
@click.option(
    "--statements", type=_FILE, metavar="FILE", help="Statements that end with a semicolon, with or without $1."
)
@click.option("--recorded", type=_FILE, metavar="FILE", help="What `pytest --app-db-record=FILE` has written.")
@click.option(
    "--pg-stat-statements", "counted", is_flag=True,
    help="What the application's login has sent, by that extension, the costliest 1000.",
)  # fmt: skip
@click.option("--analyze", is_flag=True, help="Measure time too: execute the readings of tables that are compared.")
@click.option("--tenant", type=click.UUID, metavar="ID", help="For whom plans are made; who has most rows without it.")
@click.option(
    "--minimum-loss", type=click.FloatRange(min=1.1), default=2.0, show_default=True, metavar="TIMES",
    help="Say nothing of what costs less than so many times as much.",
)  # fmt: skip
@click.option("--accepted", type=_FILE, metavar="FILE", help="JSON: names of indexes that stay as they are, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def advise(
    context: click.Context,
    *,
    database: str | None,
    schemas: tuple[str, ...],
    statements: Path | None,
    recorded: Path | None,
    counted: bool,
    analyze: bool,
    tenant: UUID | None,
    minimum_loss: float,
    accepted: Path | None,
    as_json: bool,
) -> None:
    """Say which indexes row-level security disables, with the loss and the remedy as code.

    Looks at the catalogue, and at statements where they are given. Statements are planned and never executed, in
    read-only transactions of the logins of DATABASE_URL and APP_DB_MIGRATION_URL. Exit code 1 where it advises.
    """
    from ...isolation.advise import advise_database
    from ...settings import load_settings

    report = advise_database(
        load_settings(), database=database, schemas=schemas or None, tenant=tenant, statements=statements,
        recorded=recorded, counted=counted, analyze=analyze, minimum_loss=minimum_loss,
        accepted=_reasons(accepted), progress=bar,
    )  # fmt: skip
    click.echo(json.dumps(report.as_dict(), ensure_ascii=False) if as_json else "\n".join(_told(report, minimum_loss)))
    context.exit(1 if report.advice else 0)


def _reasons(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
        return {str(index): str(reason) for index, reason in found.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise click.UsageError(
            f'{path} is no list of accepted indexes ({error}): write JSON such as {{"shop.ix_items_price": "why"}}'
        ) from error


def _told(report: AdviceReport, minimum_loss: float) -> list[str]:
    notes = [f"accepted: {index} ({reason})" for index, reason in report.accepted.items()]
    notes += [f"accepted, and nothing would be advised: {index}; take it out of the list" for index in report.stale]
    if report.undecided:
        notes.append(
            f"undecided: {len(report.undecided)} more lose an index, at a cost that is below the minimum or can't be "
            "told without statistics, which policies hide: --json lists them, --analyze measures statements"
        )
    if report.skipped:
        reasons = ", ".join(sorted(set(report.skipped.values())))
        notes.append(f"{len(report.skipped)} statements have no plan as the application's login: {reasons}")
    if not report.advice:
        return [
            f"nothing to advise: {_looked_at(report)}, none loses {minimum_loss:g} times or more below a policy",
            *notes,
        ]
    numbers: dict[tuple[str, ...], int] = {}
    rows: list[tuple[str, ...]] = [("what", "times", "lost", "remedy")]
    for one in report.advice:
        number = numbers.setdefault(_code(one.remedy), len(numbers) + 1)
        ratio = "" if one.loss.ratio is None else f"{one.loss.ratio:,.1f}"
        rows.append((_short(one), ratio, one.lost, f"[{number}] {one.remedy.title}"))
    remedies = {_code(one.remedy): one.remedy for one in report.advice}
    told = [line for code, remedy in remedies.items() for line in _explained(numbers[code], remedy)]
    return [*_aligned(rows), *told, *(["", *notes] if notes else [])]


def _looked_at(report: AdviceReport) -> str:
    statements = f" and {report.statements:,} statements" if report.statements else ""
    return f"{report.indexes:,} indexes{statements} looked at"


def _short(advice: Advice) -> str:
    what = advice.index if advice.statement is None else " ".join(advice.statement.split())
    return what if len(what) <= _WIDTH else f"{what[: _WIDTH - 2]} …"


def _code(remedy: Remedy) -> tuple[str, ...]:
    return (remedy.title, remedy.code.models, *remedy.code.sql, remedy.code.query)


def _explained(number: int, remedy: Remedy) -> list[str]:
    code = [line for text in (remedy.code.models, _as_sql(remedy)) if text for line in ["", *text.splitlines()]]
    return [
        "", click.style(f"[{number}] {remedy.title}", bold=True), f"    {remedy.why}", f"    see {remedy.anchor}",
        *([f"    locks: {remedy.locks}"] if remedy.locks else []),
        *(f"    {line}".rstrip() for line in code), "", f"    ask: {remedy.code.query}",
    ]  # fmt: skip


def _as_sql(remedy: Remedy) -> str:
    """Return the statements where autogenerate has no models to write them from: all but those of a function."""
    return "" if "Function(" in remedy.code.models else "\n".join(f"{statement};" for statement in remedy.code.sql)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
