"""The entry point of `app-db`: finds the command, and turns failures into a message and an exit code.

Exit codes: 0 done, 1 failed or found something, 2 wrong usage, 3 settings, 4 no connection, 5 a lock or time limit,
130 interrupted.
"""

from __future__ import annotations

import sys

import click

from .lazy import lazy_group

_COMMANDS = (
    "bootstrap",
    "demo",
    "init",
    "isolation",
    "partition",
    "reset",
    "schema",
    "seed",
    "server",
    "tenant",
    "upgrade",
)
_Commands = lazy_group("app_db.cli", *_COMMANDS)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="app-db", prog_name="app-db")
def app_db() -> None:
    """Look after the PostgreSQL database of a multi-tenant application.

    Settings come from the environment, `.env.<environment>` and `.env`; see docs/reference/settings.md.
    """


def main() -> None:
    """Run `app-db` with the process's arguments, and exit."""
    try:
        sys.exit(app_db(standalone_mode=False) or 0)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:
        code = _exit_code(error)
        if code is None:
            raise
        click.echo(f"error: {error}", err=True)
        sys.exit(code)


def _exit_code(error: Exception) -> int | None:
    from .. import errors

    codes: list[tuple[type[Exception], int]] = [
        (errors.SettingsError, 3),
        (errors.ConnectionLost, 4),
        (errors.LockNotAvailable, 5),
        (errors.QueryCanceled, 5),
        (errors.AppDbError, 1),
    ]
    return next((code for kind, code in codes if isinstance(error, kind)), None)
