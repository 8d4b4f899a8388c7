"""`app-db tenant`: a tenant's life, from creation to deletion."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .progress import bar

if TYPE_CHECKING:
    from ..models import Tenant
    from ..tenants import Tenants

C = TypeVar("C", bound=Callable[..., Any])

_STATUS = ("pending", "approved", "rejected", "suspended", "importing", "deleting")
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _recorded(*, reason_required: bool = False) -> Callable[[C], C]:
    """Add the options that say who works on which database, and why."""
    default: dict[str, Any] = {} if reason_required else {"default": "app-db tenant", "show_default": True}

    def decorate(command: C) -> C:
        options = (
            click.option("--reason", required=reason_required, help="Why; recorded.", **default),
            click.option("--actor", metavar="WHO", help="Who does it; recorded. The account of the system without it."),
            click.option("--database", metavar="NAME", help="One of APP_DB_DATABASES__…; the main one without it."),
            _AS_JSON,
        )
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@click.group()
def tenant() -> None:
    """Make, list, suspend, rename, export, import and delete tenants. Works as the login of APP_DB_ADMIN_URL."""


@tenant.command()
@click.argument("slug")
@click.argument("name")
@_recorded()
def create(slug: str, name: str, as_json: bool, **who: str | None) -> None:
    """Make the tenant NAME, whose URL name is SLUG. It is pending until it is approved."""
    with _tenants(**who) as tenants:
        _print([tenants.create(slug, name)], as_json=as_json, single=True)


@tenant.command("list")
@click.option("--status", type=click.Choice(_STATUS), help="Only those.")
@_recorded()
def list_(status: str | None, as_json: bool, **who: str | None) -> None:
    """List the tenants by slug."""
    with _tenants(**who) as tenants:
        _print(tenants.list(status), as_json=as_json)


@tenant.command()
@click.argument("tenant")
@_recorded(reason_required=True)
def suspend(tenant: str, as_json: bool, **who: str | None) -> None:
    """Suspend TENANT (its slug or id). What its people may do then is for the application to refuse."""
    with _tenants(**who) as tenants:
        _print([tenants.suspend(tenant)], as_json=as_json, single=True)


@tenant.command()
@click.argument("tenant")
@_recorded()
def resume(tenant: str, as_json: bool, **who: str | None) -> None:
    """Take back the suspension of TENANT, or its deletion while no row is gone."""
    with _tenants(**who) as tenants:
        _print([tenants.resume(tenant)], as_json=as_json, single=True)


@tenant.command()
@click.argument("tenant")
@click.option("--slug", help="Its new name in URLs.")
@click.option("--name", help="What people call it from now on.")
@_recorded()
def rename(tenant: str, slug: str | None, name: str | None, as_json: bool, **who: str | None) -> None:
    """Give TENANT another slug, another name, or both."""
    if not slug and not name:
        raise click.UsageError("give --slug, --name or both")
    with _tenants(**who) as tenants:
        _print([tenants.rename(tenant, slug=slug, name=name)], as_json=as_json, single=True)


@tenant.command()
@click.argument("tenant")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_recorded()
def export(tenant: str, file: Path, as_json: bool, **who: str | None) -> None:
    """Write all rows of TENANT, as of one moment, into the new FILE (mode 0600)."""
    with _tenants(**who) as tenants:
        done = tenants.export(tenant, file, progress=bar)
    if as_json:
        click.echo(json.dumps({"tenant": str(done.tenant), "file": str(done.path), "rows": done.rows,
                               "unlinked": done.unlinked}))  # fmt: skip
        return
    click.echo(f"{sum(done.rows.values()):,} rows of {len(done.rows)} tables are in {done.path}")
    _warn_of(done.unlinked, "not in the file")


@tenant.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--slug", help="Another name in URLs, where that of the file is taken.")
@click.option("--verify/--no-verify", default=True, show_default=True, help="Read the rows back and compare them.")
@_recorded()
def import_(file: Path, slug: str | None, verify: bool, as_json: bool, **who: str | None) -> None:
    """Bring a tenant back from FILE, here or in another database. Killed and run again, it goes on."""
    with _tenants(**who) as tenants:
        done = tenants.import_(file, slug=slug, verify=verify, progress=bar)
    if as_json:
        click.echo(json.dumps({"tenant": str(done.tenant), "slug": done.slug, "rows": done.rows,
                               "resumed": done.resumed}))  # fmt: skip
        return
    resumed = ", the first of them by an earlier run" if done.resumed else ""
    click.echo(f"{done.slug} is there: {sum(done.rows.values()):,} rows of {len(done.rows)} tables{resumed}")


@tenant.command()
@click.argument("tenant")
@click.option("--grace", type=click.IntRange(0, 3650), default=30, show_default=True, metavar="DAYS",
              help="How long it can be resumed, when the deletion is asked for.")  # fmt: skip
@click.option("--now", metavar="SLUG", help="Delete it at once; its slug, typed out, is the confirmation.")
@_recorded(reason_required=True)
def delete(tenant: str, grace: int, now: str | None, as_json: bool, **who: str | None) -> None:
    """Ask for the deletion of TENANT, and, when its time has come, delete it. Killed and run again, it goes on."""
    import datetime as dt

    with _tenants(**who) as tenants:
        found = tenants.get(tenant)
        if now is not None and now != found.slug:
            raise click.UsageError(f"--now {now} is not the slug of the tenant: type --now {found.slug} to delete it")
        if now is None and found.status != "deleting":
            asked = tenants.request_deletion(tenant, dt.timedelta(days=grace))
            _print([asked], as_json=as_json, single=True)
            return
        done = tenants.delete(tenant, now=now is not None, progress=bar)
    if as_json:
        click.echo(json.dumps({"tenant": str(done.tenant), "rows": done.rows, "unlinked": done.unlinked}))
        return
    click.echo(f"{found.slug} is gone, with {sum(done.rows.values()):,} rows of {len(done.rows)} tables")
    _warn_of(done.unlinked, "left as they are")


@contextmanager
def _tenants(actor: str | None, reason: str | None, database: str | None) -> Iterator[Tenants]:
    from ..session import Database
    from ..tenants import Tenants

    found = Database.from_settings(name=database)
    try:
        yield Tenants(found, actor=actor or getpass.getuser(), reason=reason or "")
    finally:
        found.dispose()


def _print(found: list[Tenant], *, as_json: bool, single: bool = False) -> None:
    rows = [_row(one) for one in found]
    if as_json:
        click.echo(json.dumps(rows[0] if single else rows, ensure_ascii=False))
        return
    widths = [max((len(str(row[field])) for row in rows), default=0) for field in ("slug", "status")]
    for row in rows:
        after = f"  may go from {row['delete_after']} on" if row["delete_after"] else ""
        click.echo(f"{row['slug']:<{widths[0]}}  {row['status']:<{widths[1]}}  {row['id']}  {row['name']}{after}")


def _row(found: Tenant) -> dict[str, Any]:
    moments = {name: getattr(found, name) for name in ("created_at", "suspended_at", "delete_after")}
    return {
        "id": str(found.id), "slug": found.slug, "name": found.name, "status": found.status,
        **{name: value and f"{value:%Y-%m-%d %H:%M:%S}Z" for name, value in moments.items()},
    }  # fmt: skip


def _warn_of(unlinked: tuple[str, ...], what: str) -> None:
    if unlinked:
        click.echo(
            f"warning: {', '.join(unlinked)} {'have' if len(unlinked) > 1 else 'has'} a tenant_id and no foreign key "
            f"to tenancy.tenants: {what}. Add the key by ddl.belongs_to_tenant()", err=True,
        )  # fmt: skip
