"""The dialect behaves as stock in SQLAlchemy's own suite: the short form here, the whole by `make suite`."""

from __future__ import annotations

import subprocess
import sys

from support import ROOT

SUITE = ROOT / "tests" / "suite"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SUITE / "run.py", "--server", "18", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_passes_with_stock_passes_with_ours() -> None:
    done = run("--short")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_dialect_that_does_not_run_at_all_is_found() -> None:
    done = run("-k", "PingTest or IsolationLevelTest", "postgresql+nonsense")
    assert done.returncode == 1
    assert "passed with stock, missing with ours" in done.stdout
