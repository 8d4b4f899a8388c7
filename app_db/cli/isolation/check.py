"""`app-db isolation check`: the rules about isolation, asked of a database's catalogue."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .importing import look_here_first

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine, MetaData

    from ...isolation.check import Bounds, CheckReport, Finding
    from ...isolation.check.suppressions import Suppression
    from ...settings import Settings

C = TypeVar("C", bound=Callable[..., Any])

_SEVERITIES = ("error", "warning", "note")
_UNKNOWN_LOGIN = "the application's own login is not judged, as nobody has named it: set DATABASE_URL to its URL, or \
name it with --application-role"
_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


def _many(option: str, name: str, metavar: str, what: str) -> Callable[[C], C]:
    return click.option(option, name, multiple=True, metavar=metavar, help=f"{what}; repeatable.")


@click.command()
@click.option("--database", metavar="NAME", help="One of APP_DB_DATABASES__…; the main one without it.")
@_many("--schema", "schemas", "NAME", "Look at this schema only; all but the system's without it")
@_many("--models", "models", "MODULE", "A module whose `Base.metadata` says whose rows tables hold")
@_many("--tenant-column", "tenant_columns", "NAME", "A column that names the tenant, beside tenant_id")
@_many("--context-setting", "context_settings", "NAME", "A setting that binds a transaction, in place of ours")
@_many("--application-role", "application_roles", "ROLE", "A role that serves an application, in place of ours")
@_many("--all-rows-role", "all_rows_roles", "ROLE", "A role that may see every tenant's rows, beside app_all")
@click.option("--suppressions", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="What is right, with reasons; isolation.toml where it runs, if any, without it.")  # fmt: skip
@click.option("--fail-on", type=click.Choice(_SEVERITIES), default="warning", show_default=True,
              help="Exit with 1 for a finding of this severity or a worse one.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Also show what is suppressed, or right in our schema.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--list", "as_list", is_flag=True, help="Show the rules, and look at nothing.")
@click.option("--explain", metavar="RULE", help="Explain a rule, and look at nothing.")
@click.pass_context
def check(
    context: click.Context, /, database: str | None, suppressions: Path | None, fail_on: str, everything: bool,
    as_json: bool, as_list: bool, explain: str | None, **asked: tuple[str, ...],
) -> None:  # fmt: skip
    """Say where the database does not keep tenants apart, by its catalogue.

    Reads in a read-only transaction, as the application's login. Each finding has a number, a sentence, and what to
    type. Exit code 1 where something was found.
    """
    if as_list or explain is not None:
        click.echo(_listed() if explain is None else _explained(explain))
        return
    from ...isolation.check import Severity
    from ...settings import load_settings

    settings = load_settings()
    report = _report(settings, database, _bounds(settings, database, asked), _suppressions(suppressions))
    click.echo(json.dumps(report.as_dict(), ensure_ascii=False) if as_json else _told(report, everything=everything))
    context.exit(1 if report.at_least(Severity(fail_on)) else 0)


def _report(settings: Settings, database: str | None, bounds: Bounds, entries: list[Suppression]) -> CheckReport:
    from ...engine import admin_engine
    from ...isolation.check import check_isolation, probe_pooler

    url = _url(settings, database)
    engine = admin_engine(url, application_name="app_db isolation check")
    pooler = probe_pooler(partial(_looking, engine), url.host)
    with _looking(engine) as connection:
        return check_isolation(connection, bounds, suppressions=entries, pooler=pooler)


@contextmanager
def _looking(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(postgresql_readonly=True) as connection:
        yield connection


def _url(settings: Settings, database: str | None) -> URL:
    """Return the application's URL, or that of another login that is known: all may read the catalogue."""
    from ...errors import SettingsError
    from ...server.development import development_urls
    from ...settings import LoginUrl

    known = _known_url(settings, database)
    if known is not None:
        return known
    if settings.is_local:
        return development_urls(settings)[LoginUrl.APPLICATION]
    raise SettingsError(f"{LoginUrl.APPLICATION} is not set: set it to the URL of the application's login")


def _known_url(settings: Settings, database: str | None) -> URL | None:
    from ...settings import LoginUrl

    place = settings.database(database)
    return next((url for login in LoginUrl if (url := place.login_url(login)) is not None), None)


def _bounds(settings: Settings, database: str | None, asked: dict[str, tuple[str, ...]]) -> Bounds:
    from ...isolation.check import Bounds
    from ...isolation.check.bounds import CONTEXT_SETTINGS, TENANT_COLUMNS

    return Bounds(
        schemas=asked["schemas"] or None,
        tenant_columns=(*asked["tenant_columns"], *TENANT_COLUMNS),
        context_settings=asked["context_settings"] or CONTEXT_SETTINGS,
        application_roles=asked["application_roles"],
        all_rows_roles=asked["all_rows_roles"],
        metadata=tuple(map(_metadata, asked["models"])),
        role_prefix=settings.role_prefix,
        transaction_pooler=settings.transaction_pooler,
        is_embedded=_known_url(settings, database) is None,
    ).serving(settings.database(database))


def _metadata(module: str) -> MetaData:
    from importlib import import_module

    look_here_first()
    try:
        found: MetaData = import_module(module).Base.metadata
    except ImportError as error:
        raise click.BadParameter(
            f"{module} can't be imported ({error}): name a module that Python finds here"
        ) from None
    except AttributeError:
        raise click.BadParameter(f"{module} has no `Base` with models: name the module that has it") from None
    return found


def _suppressions(path: Path | None) -> list[Suppression]:
    from ...isolation.check.suppressions import DEFAULT_FILE, read_suppressions, today_here

    if path is None and not DEFAULT_FILE.exists():
        return []
    return read_suppressions(path or DEFAULT_FILE, today_here())


def _told(report: CheckReport, *, everything: bool) -> str:
    first: dict[str, Finding] = {}
    for finding in report.findings:
        first.setdefault(finding.remedy, finding)
    lines = [line for severity in _SEVERITIES for line in _group(report, severity, first)]
    lines += [f"expired: {entry}: mend it, or give it another day" for entry in report.expired]
    lines += [f"not needed any more: {entry}: take it out" for entry in report.unused]
    if everything:
        lines += [
            f"suppressed until {why.expires}: {one.rule} {one.thing}: {why.reason}" for one, why in report.suppressed
        ]
        lines += [f"right in our schema: {one.rule} {one.thing}: {why}" for one, why in report.accepted]
    if not report.login_is_known:
        lines.append(_UNKNOWN_LOGIN)
    return "\n".join([*lines, _summary(report)])


def _group(report: CheckReport, severity: str, first: dict[str, Finding]) -> list[str]:
    """Return the findings of a severity; of a remedy that was printed above, for which one that was."""
    found = [finding for finding in report.findings if finding.severity == severity]
    if not found:
        return []
    lines = [click.style(f"{severity} ({len(found)})", fg=_COLOURS[severity], bold=True)]
    width = max(len(finding.thing) for finding in found)
    for finding in found:
        lines.append(f"  {finding.rule}  {finding.thing.ljust(width)}  {finding.message}")
        above = first[finding.remedy]
        remedy = finding.remedy.replace("; ", ";\n") if above is finding else f"as for {above.rule} {above.thing}"
        lines += [f"          {statement}" for statement in remedy.splitlines()]
    pages = [f"`app-db isolation check --explain {rule}`" for rule in sorted({finding.rule for finding in found})]
    return [*lines, f"  explained by {', '.join(pages)}", ""]


def _summary(report: CheckReport) -> str:
    count = len(report.findings)
    what = f"{count} finding{'s' if count > 1 else ''}" if count else "nothing found"
    suppressed = f", {len(report.suppressed)} suppressed" if report.suppressed else ""
    roles = ", ".join(report.applications)
    tables = f"{report.tenant_tables} tenants' tables of {report.tables}"
    return f"{what}{suppressed}: {tables} in {report.database}, for {roles}"


def _listed() -> str:
    from ...isolation.check.rules import RULES

    width = max(len(rule.slug) for rule in RULES)
    rows = [("rule", "severity", "name", "what is wrong"), *((r.id, r.severity, r.slug, r.title) for r in RULES)]
    return "\n".join(
        f"{number:<6}  {severity:<8}  {slug.ljust(width)}  {title}" for number, severity, slug, title in rows
    )


def _explained(number: str) -> str:
    from ...isolation.check.pages import explained
    from ...isolation.check.rules import BY_ID

    rule = BY_ID.get(number.upper())
    if rule is None:
        raise click.BadParameter(f"{number!r} is no rule: `app-db isolation check --list` shows them")
    return explained(rule)
