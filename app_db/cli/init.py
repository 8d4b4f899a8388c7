"""`app-db init`: from an empty database to one that an application can start on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..init import Check, InitReport
    from ..settings import Settings

_COLOURS = {"ok": "green", "note": "yellow", "failed": "red"}


@click.command()
@click.option("--admin-email", "email", metavar="ADDRESS", help="The first administrator; required unless skipped.")
@click.option("--tenant", default="main", show_default=True, metavar="SLUG", help="The tenant that he owns.")
@click.option("--skip-initial-data", is_flag=True, help="Make neither an administrator nor the environment's seeds.")
@click.option("--check", "only_check", is_flag=True, help="Look at the prerequisites, and change nothing.")
@click.option("--database", metavar="NAME", help="One of APP_DB_DATABASES__…; the main one without it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def init(  # click passes them by name
    context: click.Context,
    email: str | None,
    tenant: str,
    skip_initial_data: bool,
    only_check: bool,
    database: str | None,
    as_json: bool,
) -> None:
    """Check the prerequisites, apply the revisions, plant the seeds, and make the first administrator.

    Run again, it does what is missing. The administrator's password is generated and shown once. Works as the login of
    APP_DB_MIGRATION_URL. Exit code 1 where a prerequisite is missing; what to type is said.
    """
    from ..init import initialise
    from ..settings import load_settings

    settings = load_settings()
    if only_check or not as_json:
        failed = _check(settings, database, as_json=as_json)
        if only_check:
            context.exit(1 if failed else 0)
    initialise(
        settings,
        announce=_print_json if as_json else _print,
        email=email,
        tenant=tenant,
        initial_data=not skip_initial_data,
        database=database,
    )


def _check(settings: Settings, database: str | None, *, as_json: bool) -> bool:
    from ..init import check_prerequisites

    checks = check_prerequisites(settings, database=database)
    if as_json:
        click.echo(json.dumps({"prerequisites": [check.as_dict() for check in checks]}, ensure_ascii=False))
    else:
        click.echo("\n".join(["prerequisites", *_table(checks)]))
    return any(check.outcome == "failed" for check in checks)


def _table(checks: Iterable[Check]) -> list[str]:
    width = max((len(check.name) for check in checks), default=0)
    lines = []
    for check in checks:
        outcome = click.style(f"{check.outcome:<6}", fg=_COLOURS[check.outcome])
        lines.append(f"  {outcome}  {check.name:<{width}}  {check.found}")
        if check.remedy:
            lines.append(f"          {'':<{width}}  {check.remedy}")
    return lines


def _print_json(report: InitReport) -> None:
    click.echo(json.dumps(report.as_dict(), ensure_ascii=False))


def _print(report: InitReport) -> None:
    added = {table: count for table, count in (report.seeds.added if report.seeds else {}).items() if count}
    upgraded = f"{', '.join(report.before) or 'nothing'} -> {', '.join(report.after)}"
    revisions = f"at {', '.join(report.after)} already" if report.before == report.after else upgraded
    planted = ", ".join(f"{count} {table}" for table, count in added.items())
    seeds = f"{planted or 'nothing new'} (seeds of {report.seeds.environment})" if report.seeds else "left out"
    logins = ["logins", *_table(report.logins)] if report.logins else ["logins         no URL is set"]
    lines = [f"revisions      {revisions}", f"seeds          {seeds}", *logins]
    click.echo("\n".join([*lines, *_administrator(report)]))


def _administrator(report: InitReport) -> list[str]:
    found = report.administrator
    if found.outcome == "left out":
        return [f"administrator  none: {found.why}"]
    lines = [f"administrator  {found.email}, owner of {found.tenant}: {found.outcome}; {found.why}"]
    return lines if found.password is None else [*lines, f"password       {found.password}"]
