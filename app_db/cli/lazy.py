"""Groups of commands whose modules are loaded when they are asked for, so that `--help` stays quick."""

from __future__ import annotations

from importlib import import_module

import click


class LazyGroup(click.Group):
    """A group whose commands are each in a module of their name, in the package that it is given."""

    package = ""
    commands_in_order: tuple[str, ...] = ()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        del ctx
        return list(self.commands_in_order)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command of that name; None where there is none."""
        del ctx
        if cmd_name not in self.commands_in_order:
            return None
        command: click.Command = getattr(import_module(f"{self.package}.{cmd_name}"), cmd_name)
        return command


def lazy_group(package: str, *commands: str) -> type[LazyGroup]:
    """Return the class of a group whose commands are these modules of the package."""
    return type("LazyGroupOfPackage", (LazyGroup,), {"package": package, "commands_in_order": commands})
