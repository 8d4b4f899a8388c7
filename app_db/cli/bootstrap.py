"""`app-db bootstrap`: makes the roles, the logins and the database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..bootstrap import BootstrapReport, Finding


@click.command()
@click.option(
    "--admin-url", required=True, envvar="APP_DB_BOOTSTRAP_URL", show_envvar=True, metavar="URL",
    help="An administrator with CREATEROLE and CREATEDB: postgresql://login:password@host/postgres. "
    "Better in the environment, because others on the machine can read a command line.",
)  # fmt: skip
@click.option("--database", required=True, metavar="NAME", help="The database to make.")
@click.option("--role-prefix", default="", metavar="P", help="Before each role's name: two installations, one server.")
@click.option(
    "--env-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write the URLs with their passwords here (mode 0600) and don't show them.",
)  # fmt: skip
@click.option("--rotate-passwords", is_flag=True, help="Set new passwords for logins that exist, too.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def bootstrap(  # click passes them by name
    context: click.Context,
    admin_url: str,
    database: str,
    role_prefix: str,
    env_file: Path | None,
    rotate_passwords: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make the roles, the logins and the database; run again, make what is missing.

    Needs CREATEROLE and CREATEDB, never a superuser. Passwords are shown once. Exit code 1 where something was found
    that must be mended first; what to type is said.
    """
    from ..bootstrap import bootstrap as make
    from ..bootstrap import write_env_file
    from ..bootstrap.env_file import check_env_file
    from ..settings import parse_url

    if env_file and not dry_run:
        check_env_file(env_file, replace=rotate_passwords)
    url = parse_url(admin_url, "--admin-url")
    report = make(url, database, role_prefix=role_prefix, rotate_passwords=rotate_passwords, dry_run=dry_run)
    if env_file and not dry_run:
        write_env_file(env_file, report, replace=rotate_passwords)
    if as_json:
        click.echo(_as_json(report, database, env_file, dry_run=dry_run))
    else:
        _print(report, env_file, dry_run=dry_run)
    context.exit(1 if report.failed else 0)


def _as_json(report: BootstrapReport, database: str, env_file: Path | None, *, dry_run: bool) -> str:
    written = None if dry_run or env_file is None else str(env_file)
    content = {"database": database, "dry_run": dry_run, "env_file": written}
    return json.dumps({**content, **report.as_dict(show_passwords=written is None)}, ensure_ascii=False)


def _print(report: BootstrapReport, env_file: Path | None, *, dry_run: bool) -> None:
    words = {"created": report.created, "changed": report.changed, "unchanged": report.unchanged}
    for word, labels in words.items():
        for label in labels:
            click.echo(f"{'would be ' if dry_run and word != 'unchanged' else ''}{word:<10} {label}")
    for finding in report.findings:
        _print_finding(finding)
    if dry_run:
        click.echo("\nNothing was changed.")
    elif env_file:
        click.echo(f"\nThe URLs with their passwords are in {env_file} (mode 0600).")
    else:
        _print_urls(report)


def _print_finding(finding: Finding) -> None:
    colour = {"error": "red", "warning": "yellow", "note": "cyan"}[finding.severity]
    click.echo(f"\n{click.style(finding.severity, fg=colour)}: {finding.what}")
    click.echo(f"  who can:   {finding.who}")
    if finding.type_this:
        click.echo(f"  type this: {finding.type_this}")


def _print_urls(report: BootstrapReport) -> None:
    from ..bootstrap.report import plain_url

    click.echo("\nURLs, shown once:")
    for login, url in report.urls.items():
        click.echo(f"{login.value}={plain_url(url, show_password=True)}")
