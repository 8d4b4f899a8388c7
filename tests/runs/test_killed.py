"""A run that is killed, as a whole or a worker of it, leaves nothing that makes the next one wrong."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from runs.project import MIXED_COUNT, Project
from sqlalchemy import URL

KILLS = 20 if os.environ.get("SOAK") else 2

# The first process that builds dies in the middle of it.
DIES_ONCE = """
import signal

def pytest_app_db_seed(settings):
    mark = Path(__file__).parent / "died"
    if not mark.exists():
        mark.write_text("once")
        os.kill(os.getpid(), signal.SIGKILL)
    with (Path(__file__).parent / "built").open("a") as file:
        file.write("built\\n")
"""


@pytest.mark.parametrize("turn", range(KILLS))
def test_a_run_killed_at_any_moment_does_no_harm(mixed: Project, turn: int) -> None:
    chance = random.Random(f"{turn}")
    for _ in range(2):  # with nothing cached, and with whatever the first one has left
        run = mixed.start("-n", "2")
        time.sleep(chance.uniform(0.3, 5.0))
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    mixed.run("-n", "2").require_passed(MIXED_COUNT)
    assert mixed.living() == []


def test_a_worker_that_is_killed_is_replaced_and_does_no_harm(mixed: Project) -> None:
    run = mixed.start("-n", "2")
    worker = _a_worker(run)
    time.sleep(1.5)
    os.kill(worker, signal.SIGKILL)
    run.wait(timeout=60)
    mixed.run("-n", "2").require_passed(MIXED_COUNT)
    assert mixed.living() == []


def test_a_template_that_was_half_built_is_built_anew(mixed: Project) -> None:
    _die_once_and_build_anew(mixed)


def test_a_template_that_was_half_built_on_a_named_server_is_built_anew(mixed: Project, creator: URL) -> None:
    mixed.variables["APP_DB_TEST_URL"] = creator.render_as_string(hide_password=False)
    _die_once_and_build_anew(mixed)


def _die_once_and_build_anew(mixed: Project) -> None:
    conftest = (mixed.folder / "tests" / "conftest.py").read_text("utf-8").split("def pytest_app_db_seed")[0]
    mixed.write("tests/conftest.py", conftest + DIES_ONCE)
    assert mixed.run().code == -signal.SIGKILL
    assert mixed.builds() == 0
    mixed.run().require_passed(MIXED_COUNT)
    assert mixed.builds() == 1


def _a_worker(run: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text("ascii").split()
        if len(children) >= 2:
            return int(children[0])
        time.sleep(0.05)
    raise AssertionError("the run has no workers")
