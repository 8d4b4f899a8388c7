"""Which processes live, told apart from later ones that got the same number."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

PROC = Path("/proc")


def start_time(pid: int) -> float | None:
    """Return when the process began, in a unit that only compares for equality; None where that can't be known."""
    if has_proc():
        found = _stat(pid)
        return float(found[19]) if found else None
    try:
        psutil = importlib.import_module("psutil")
    except ImportError:
        return None
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def is_alive(pid: int, started: float | None = None) -> bool:
    """Tell whether the process `pid`, which began at `started`, still lives; one that died unburied does not."""
    if has_proc():
        found = _stat(pid)
        return found is not None and found[0] not in "ZX" and started in {None, float(found[19])}
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return started is None or start_time(pid) in {None, started}


def has_proc() -> bool:
    """Tell whether the system shows its processes as files."""
    return (PROC / "self" / "stat").exists()


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/<pid>/stat from the third on: the second is a name that may hold spaces."""
    try:
        return (PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
