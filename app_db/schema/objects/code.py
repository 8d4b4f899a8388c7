"""Functions, triggers and views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from .base import SchemaObject, quoted, roles_in


@dataclass(frozen=True, kw_only=True)
class Function(SchemaObject):
    """A function with a body in quotes. PUBLIC may not execute it; `execute` are the roles that may.

    `arguments` and `returns` are written as `pg_get_function_arguments` prints them, e.g. `query text, n integer
    DEFAULT 20`. A SECURITY DEFINER function needs a pinned `search_path` among its `settings`.
    """

    kind = "function"

    name: str
    arguments: str = ""
    returns: str
    language: str = "plpgsql"
    volatility: str = "volatile"
    parallel: str = "unsafe"
    security_definer: bool = False
    settings: tuple[str, ...] = ("search_path=pg_catalog, pg_temp",)
    body: str
    execute: tuple[str, ...] = ()
    comment: str

    @property
    def identity(self) -> tuple[str, ...]:
        return (self.name, self.signature)

    @property
    def signature(self) -> str:
        """The function with its arguments, as DROP FUNCTION wants them: without their defaults."""
        arguments = [part.partition(" DEFAULT ")[0].strip() for part in self.arguments.split(",") if part.strip()]
        return f"{self.name}({', '.join(arguments)})"

    def create(self) -> list[str]:
        return [self._definition("create"), *self._rights()]

    def drop(self) -> list[str]:
        return [f"drop function {self.signature}"]

    def change_from(self, old: Self) -> list[str]:
        if old.returns != self.returns or old.arguments != self.arguments:  # OR REPLACE can't (PostgreSQL manual)
            return super().change_from(old)
        gone = [role for role in old.execute if role not in self.execute]
        revoked = [f"revoke execute on function {self.signature} from {roles_in(gone)}"] if gone else []
        return [self._definition("create or replace"), *self._rights(), *revoked]

    def _definition(self, verb: str) -> str:
        security = " security definer" if self.security_definer else ""
        settings = "".join(f"\nset {setting.replace('=', ' = ', 1)}" for setting in self.settings)
        return (
            f"{verb} function {self.name}({self.arguments}) returns {self.returns}\n"
            f"language {self.language} {self.volatility} parallel {self.parallel}{security}{settings}\n"
            f"as $body${self.body}$body$"
        )

    def _rights(self) -> list[str]:
        granted = [f"grant execute on function {self.signature} to {roles_in(self.execute)}"] if self.execute else []
        return [
            f"revoke execute on function {self.signature} from public",
            *granted,
            f"comment on function {self.signature} is {quoted(self.comment)}",
        ]


@dataclass(frozen=True, kw_only=True)
class Trigger(SchemaObject):
    """A trigger for each row: `fires` is e.g. `before insert or update`, `function` e.g. `shop.number_it()`."""

    kind = "trigger"

    name: str
    on: str
    fires: str
    function: str
    when: str | None = None
    comment: str

    @property
    def identity(self) -> tuple[str, ...]:
        return (self.on, self.name)

    @property
    def table(self) -> str:
        return self.on

    @property
    def definition(self) -> str:
        """The statement that makes it."""
        when = f" when ({self.when})" if self.when is not None else ""
        return (
            f"create trigger {self.name} {self.fires} on {self.on} for each row{when} execute function {self.function}"
        )

    def create(self) -> list[str]:
        return [self.definition, f"comment on trigger {self.name} on {self.on} is {quoted(self.comment)}"]

    def drop(self) -> list[str]:
        return [f"drop trigger {self.name} on {self.on}"]


@dataclass(frozen=True, kw_only=True)
class View(SchemaObject):
    """A view, which sees what its reader may see (security_invoker); `query` is written as the server prints it.

    It is replaced and not made anew, so that grants on it stay; one whose columns go has to be dropped by hand.
    """

    kind = "view"

    name: str
    query: str
    comment: str
    security_invoker: bool = True

    @property
    def identity(self) -> tuple[str, ...]:
        return (self.name,)

    def create(self) -> list[str]:
        return self._made("create")

    def drop(self) -> list[str]:
        return [f"drop view {self.name}"]

    def change_from(self, old: Self) -> list[str]:  # noqa: ARG002
        return self._made("create or replace")

    def _made(self, verb: str) -> list[str]:
        option = " with (security_invoker = true)" if self.security_invoker else ""
        return [
            f"{verb} view {self.name}{option} as {self.query}",
            f"comment on view {self.name} is {quoted(self.comment)}",
        ]
