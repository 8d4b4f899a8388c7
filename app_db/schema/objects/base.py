"""What all of them have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True, kw_only=True)
class SchemaObject(ABC):
    """One of them. `identity` says which one it is; two of the same identity are versions of one thing."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def identity(self) -> tuple[str, ...]:
        """What tells it from others of its kind."""

    @property
    def table(self) -> str | None:
        """The table that it goes with, if any."""
        return None

    @property
    def schema(self) -> str:
        """The schema that it stands in."""
        return self.identity[0].rsplit(" ", maxsplit=1)[-1].split(".", maxsplit=1)[0]

    @abstractmethod
    def create(self) -> list[str]:
        """Return the statements that make it."""

    @abstractmethod
    def drop(self) -> list[str]:
        """Return the statements that take it away."""

    def change_from(self, old: Self) -> list[str]:
        """Return the statements that make it of an older version."""
        return [*old.drop(), *self.create()]


def quoted(text: str) -> str:
    """Return a literal."""
    return "'" + text.replace("'", "''") + "'"


def roles_in(names: Iterable[str]) -> str:
    """Return names of roles as statements have them, until those of the installation are put in."""
    return ", ".join(f"{{role:{name}}}" for name in names)
