"""What a statement does to a transaction, told from how it begins."""

from __future__ import annotations

import re

from ..errors import SandboxRefused

PREPARED = re.compile(r"\s*(prepare\s+transaction|commit\s+prepared|rollback\s+prepared)\b", re.IGNORECASE)
CONTROL = re.compile(
    r"\s*(begin|start\s+transaction|commit|end|abort|rollback(?!\s+(work\s+|transaction\s+)?to\b)"
    r"|prepare\s+transaction)\b",
    re.IGNORECASE,
)
_READS = re.compile(r"\s*(select|show|values|table|explain|with)\b", re.IGNORECASE)
_DROPPED_AT_COMMIT = re.compile(
    r"\s*create\s+(?:local\s+|global\s+)?temp(?:orary)?\s+table\s+(?:if\s+not\s+exists\s+)?"
    r"(?P<name>(?:\"[^\"]+\"|[\w.])+).*\bon\s+commit\s+drop\b",
    re.IGNORECASE | re.DOTALL,
)

# What PostgreSQL says of a statement that has to be outside of a transaction.
NOT_IN_TRANSACTION = "25001"


def refuse_control(statement: str, pattern: re.Pattern[str] = CONTROL) -> None:
    """Raise SandboxRefused for a statement that would end the sandbox itself."""
    found = pattern.match(statement)
    if found is not None:
        raise SandboxRefused(
            f"`{found[1].strip()}` as a statement would end the sandbox that this test runs in: use the commit() and "
            'rollback() of the session or connection, or mark the test with @pytest.mark.app_db("commit")'
        )


def only_reads(statement: str) -> bool:
    """Tell whether a statement looks as if it changed nothing; the server knows better."""
    return _READS.match(statement) is not None


def dropped_at_commit(statement: str) -> str | None:
    """Return the temporary table that the statement makes for its transaction alone, or None."""
    found = _DROPPED_AT_COMMIT.match(statement)
    return found["name"] if found is not None else None
