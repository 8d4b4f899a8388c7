"""`app-db isolation`: whether tenants are apart, by looking, by trying, and at what cost."""

from __future__ import annotations

import click

from ..lazy import lazy_group

_COMMANDS = ("check", "prove", "advise", "drill")


@click.group(cls=lazy_group(__name__, *_COMMANDS))
def isolation() -> None:
    """Show that tenants are apart, in the catalogue, by trying, and under load; and what it costs."""
