"""Where in a test, or in the code under test, something was done: the places outside of libraries."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from types import FrameType

import app_db

# File, line and function, the innermost first.
Place = tuple[tuple[str, int, str], ...]

_RUNNER = f"{os.sep}_pytest{os.sep}"
_DEEPEST = 60
_SHOWN = 3
_LIBRARIES = (
    *{sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")},
    str(Path(app_db.__file__).parent),
    "<",
)


def caller() -> Place:
    """Return the innermost places outside of libraries; costs a few microseconds."""
    found: list[tuple[str, int, str]] = []
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # inspect.stack() reads the sources, each time
    for _ in range(_DEEPEST):
        if frame is None or len(found) == _SHOWN:
            break
        code = frame.f_code
        if _RUNNER in code.co_filename:  # what is further out is pytest's own
            break
        if not code.co_filename.startswith(_LIBRARIES):
            found.append((code.co_filename, frame.f_lineno, code.co_name))
        frame = frame.f_back
    return tuple(found)


def shown(place: Place) -> str:
    """Return the place for people: `tests/test_orders.py:12 in test_order, called from …`."""
    if not place:
        return "somewhere in a library"
    return ", called from ".join(f"{_short(path)}:{line} in {function}" for path, line, function in place)


def _short(path: str) -> str:
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path
