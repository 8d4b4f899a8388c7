"""A change is planned first and run afterwards, so that a dry run says exactly what a run would do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ..errors import BootstrapError


@dataclass(frozen=True, slots=True)
class Change:
    """What one object needs: `statements` to run in order, `details` for people; none where nothing is to do."""

    label: str
    is_new: bool = False
    details: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One statement and what it does, in a few words."""

    detail: str
    statement: str


def change_of(label: str, steps: Iterable[Step]) -> Change:
    """Return the change of an object that exists."""
    found = list(steps)
    return Change(label, False, tuple(step.detail for step in found), tuple(step.statement for step in found))


def run_changes(connection: Connection, changes: Iterable[Change]) -> None:
    """Run the statements of the changes; raises BootstrapError naming the object that the server refused."""
    for change in changes:
        for statement in change.statements:
            run_statement(connection, change.label, statement)


def run_statement(connection: Connection, label: str, statement: str) -> None:
    """Run one statement as it stands, without parameters; raises BootstrapError naming `label`."""
    try:
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
    except DBAPIError as error:
        raise refused(label, error) from None


def refused(label: str, error: DBAPIError) -> BootstrapError:
    """Return the error for people: what the server said, without the statement, which may hold a verifier."""
    diagnostics = getattr(error.orig, "diag", None)
    sqlstate = getattr(error.orig, "pgcode", None) or "no answer"
    said = getattr(diagnostics, "message_primary", None) or str(error.orig).strip()
    detail = getattr(diagnostics, "message_detail", None)
    reason = f"{said}; {detail}" if detail else said
    return BootstrapError(
        f"{label}: the server refused it ({sqlstate}: {reason}). "
        "Mend what it names, or run this as an administrator that may, and run it again: what is done stays done"
    )
