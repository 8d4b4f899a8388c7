"""How a test is kept apart from the next one."""

from __future__ import annotations

from enum import StrEnum

from ..errors import SuiteError


class Mode(StrEnum):
    """What becomes of what a test writes.

    SANDBOX: nothing is ever committed; one connection, and rolled back at the end. COMMIT: everything is, on real
    connections, and swept away at the end. FRESH: a database of the test's own, for tests that change the schema.
    """

    SANDBOX = "sandbox"
    COMMIT = "commit"
    FRESH = "fresh"


def parse_mode(value: object) -> Mode:
    """Return the mode of that name; raises SuiteError for a name that is none."""
    try:
        return Mode(str(value))
    except ValueError:
        raise SuiteError(
            f"@pytest.mark.app_db({value!r}) names no way to keep tests apart: "
            f"use one of {', '.join(repr(mode.value) for mode in Mode)}"
        ) from None
