"""`app-db upgrade`: bring a database to head without a checkout of the revisions."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("target", default="head")
@click.option("--database", metavar="NAME", help="One of APP_DB_DATABASES__…; the main one without it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def upgrade(target: str, database: str | None, as_json: bool) -> None:
    """Apply the revisions up to TARGET: head (the default), CHAIN@head or a revision.

    Works as the login of APP_DB_MIGRATION_URL; in development without a URL, on the embedded server.
    """
    from ..migrations import applied_revisions
    from ..migrations import upgrade as run_upgrade
    from ..settings import load_settings

    settings = load_settings()
    before = applied_revisions(settings, database=database)
    run_upgrade(settings, target, database=database)
    after = applied_revisions(settings, database=database)
    if as_json:
        click.echo(json.dumps({"before": before, "after": after}))
    elif before == after:
        click.echo(f"nothing to do: the database is at {', '.join(after) or 'nothing'}")
    else:
        click.echo(f"upgraded from {', '.join(before) or 'nothing'} to {', '.join(after)}")
