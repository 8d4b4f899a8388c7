"""`app-db server`: the embedded PostgreSQL of this user, for development and tests."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..server import ServerStatus

_SUPERUSER = "superuser"
_ROLES = {
    "application": "APPLICATION",
    "tenant-admin": "TENANT_ADMIN",
    "auth": "AUTH",
    "readonly": "READONLY",
    "admin": "ADMIN",
    "migration": "MIGRATION",
    "backup": "BACKUP",
}
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def server() -> None:
    """Run the embedded PostgreSQL for development and tests; never for production."""


@server.command()
@_AS_JSON
def start(as_json: bool) -> None:
    """Start the default server, make the development database where it's missing, and say where it is."""
    from ..server import EmbeddedServer
    from ..server.development import development_urls
    from ..settings import load_settings

    settings = load_settings()
    development_urls(settings)
    status = EmbeddedServer(root=settings.server_directory, binaries=settings.server_binaries).status()
    _print([status], as_json=as_json, single=True)
    if not as_json:
        click.echo("its URL: app-db server url [--role ROLE]")


@server.command()
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Stop every server, those of living processes included.")
@_AS_JSON
def stop(name: str | None, everything: bool, as_json: bool) -> None:
    """Stop the server NAME; without it the default one, and remove servers whose owner is gone.

    Data are kept; only those of ephemeral servers go.
    """
    from ..server import stop_servers

    if name is not None and everything:
        raise click.UsageError("give either NAME or --all")
    stopped = stop_servers(name, everything=everything)
    if as_json:
        click.echo(json.dumps([found.name for found in stopped]))
    else:
        click.echo("\n".join(f"stopped {found.name}" for found in stopped) or "nothing was running")


@server.command()
@_AS_JSON
def status(as_json: bool) -> None:
    """List the servers of this user: running, stopped, orphaned (their owner is gone) or broken."""
    from ..server import list_servers

    _print(list_servers(), as_json=as_json)


@server.command()
@click.option(
    "--role",
    type=click.Choice([*_ROLES, _SUPERUSER]),
    default="application",
    show_default=True,
    help="Whose login.",
)
@_AS_JSON
def url(role: str, as_json: bool) -> None:
    """Print the URL of a login with its password, starting the default server where it doesn't run."""
    from ..server import EmbeddedServer
    from ..server.development import development_urls
    from ..settings import LoginUrl, load_settings

    settings = load_settings()
    urls = development_urls(settings)
    if role == _SUPERUSER:
        database = urls[LoginUrl.APPLICATION].database or "postgres"
        found = EmbeddedServer(root=settings.server_directory).superuser_url(database)
    else:
        found = urls[LoginUrl[_ROLES[role]]]
    # as psql and every other client write it: the driver is nobody else's business
    text = found.set(drivername="postgresql").render_as_string(hide_password=False)
    click.echo(json.dumps({"role": role, "url": text}) if as_json else text)


def _print(found: list[ServerStatus], *, as_json: bool, single: bool = False) -> None:
    if as_json:
        rows = [_row(status) for status in found]
        click.echo(json.dumps(rows[0] if single else rows, indent=2))
        return
    for status in found:
        where = f"127.0.0.1:{status.port}" if status.pid else "-"
        version = f"PostgreSQL {status.version}" if status.version else "-"
        owner = f", for process {status.owner_pid}" if status.owner_pid else ""
        click.echo(f"{status.name}: {status.state}, {where}, {version}, {status.directory}{owner}")
    if not found:
        click.echo("no servers: app-db server start")


def _row(status: ServerStatus) -> dict[str, Any]:
    return {**dataclasses.asdict(status), "directory": str(status.directory)}
