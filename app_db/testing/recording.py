"""Writes what a test run sends for its tenants, each statement once, with example values: `pytest --app-db-record`."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

_BOUND = re.compile(r"set local app\.current_(tenant|user)_id = '([0-9a-f-]{36})'")


class Recording:
    """A file of JSON lines: the statement as it was written, an example as it was sent, the tenant and the person.

    Processes of one run write to one file, a line at a time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: set[str] = set()

    def note(self, statement: str, values: Any, cursor: Any, binding: str) -> None:
        """Write a statement that was sent in a transaction bound by `binding`; what no tenant sends is left out."""
        bound = dict(_BOUND.findall(binding))
        if "tenant" not in bound or statement in self._seen:
            return
        self._seen.add(statement)
        example = cursor.mogrify(statement, values).decode()
        row = {"statement": statement, "example": example, "tenant": bound["tenant"], "person": bound.get("user")}
        with self._path.open("ab", buffering=0) as file:  # one write, so that lines of processes don't mix
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")


def begin_recording(path: str, *, is_main: bool) -> Recording:
    """Return the recording of this process; the run's main process empties the file first."""
    file = Path(os.path.abspath(path))  # noqa: PTH100  # a test may change the directory
    if is_main:
        file.write_bytes(b"")
    return Recording(file)
