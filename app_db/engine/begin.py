"""What begins a transaction: its mode, and the statements that bind it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mode:
    """The options of BEGIN; None leaves one to the server. `autocommit` begins nothing."""

    isolation_level: str | None = None
    read_only: bool | None = None
    deferrable: bool | None = None
    autocommit: bool = False

    def begin(self) -> str:
        """Return the statement that begins a transaction of this mode."""
        words = ["begin"]
        if self.isolation_level is not None:
            words.append(f"isolation level {self.isolation_level.lower()}")
        if self.read_only is not None:
            words.append("read only" if self.read_only else "read write")
        if self.deferrable is not None:
            words.append("deferrable" if self.deferrable else "not deferrable")
        return " ".join(words)


DEFAULT_MODE = Mode()


class Binding:
    """What a checkout hands over: the statements that bind each of its transactions, and their mode.

    `message` begins such a transaction. (No dataclass: one is made for each session.)
    """

    __slots__ = ("message", "mode", "statements")

    def __init__(self, statements: str = "", mode: Mode = DEFAULT_MODE) -> None:
        self.statements = statements
        self.mode = mode
        begin = "begin" if mode is DEFAULT_MODE else mode.begin()
        self.message = f"{begin}; {statements}" if statements else begin
