"""Measures searches and statistics at volume, and prints tables: `make bench-search`.

python -m benchmarks.search [--materials 1000000] [--statistics 1000000] [--vectors 100000] [--seconds 3] [--json FILE]

Loads the rows, runs the plan tests on them, asks what is asked most, and measures what row-level security costs and
what vectors find. Takes half an hour, most of it to load.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plans.place import describe
from plans.told import stop_telling
from sqlalchemy import text
from support import ROOT

from app_db.engine import admin_engine
from app_db.seeds import Volume, load
from app_db.settings import Environment

from . import asked, searches, vectors
from .measure import Line
from .place import Place, place
from .run import table as table_of_lines
from .run import versions

PARTS = ("plans", "asked", "searches", "vectors")


def main() -> None:
    """Load, test, measure, print, and write where told to; exits with 1 where a plan test fails."""
    arguments = _arguments()
    found: dict[str, Any] = {}
    with place() as made:
        found["versions"] = {**versions(made), "pgvector": _pgvector(made), "date": str(dt.datetime.now(dt.UTC).date())}
        print(*(f"{name}: {version}" for name, version in found["versions"].items()), "", sep="\n", flush=True)
        found["load"] = _load(made, Volume(arguments.materials, arguments.statistics, arguments.vectors))
        found.update(measure(made, arguments.only or PARTS, arguments.seconds))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    sys.exit(found.get("plans", 0))


def measure(made: Place, parts: tuple[str, ...] | list[str], seconds: float) -> dict[str, Any]:
    """Do these parts where the rows are loaded, print each one's table, and return its figures."""
    found: dict[str, Any] = {}
    if "plans" in parts:
        found["plans"] = _test_plans(made)
    if "asked" in parts:
        quiet = asked.Quiet(made.settings)
        answers = list(asked.run(quiet, seconds))
        quiet.close()
        print("", *asked.table(answers), sep="\n", flush=True)
        found["asked"] = [one.as_dict() for one in answers]
    for name, module in (("searches", searches), ("vectors", vectors)):
        if name in parts:
            lines: list[Line] = list(module.run(made, seconds))
            print("", *table_of_lines(lines), sep="\n", flush=True)
            found[name] = [line.as_dict() for line in lines]
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--materials", type=int, default=1_000_000, help="how many (1000000)")
    parser.add_argument("--statistics", type=int, default=1_000_000, help="how many rows of daily use (1000000)")
    parser.add_argument("--vectors", type=int, default=100_000, help="how many parts of documents (100000)")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; default: all")
    parser.add_argument("--seconds", type=float, default=3, help="for each way of each measure (3)")
    parser.add_argument("--json", type=Path, help="also write everything into this file")
    return parser.parse_args()


def _load(made: Place, volume: Volume) -> dict[str, float]:
    """Load the rows, and return how many seconds each table took."""
    seconds: dict[str, float] = {}

    @contextmanager
    def timed(label: str, _length: int) -> Iterator[Callable[[int], None]]:
        began = time.monotonic()
        yield lambda _rows: None
        seconds[label] = seconds.get(label, 0) + time.monotonic() - began
        print(f"  {label}: {seconds[label]:.0f} s", flush=True)

    report = load(made.settings.model_copy(update={"environment": Environment.TEST}), volume, progress=timed)
    print(*(f"  {rows:,} {table}" for table, rows in report.added.items()), "", sep="\n", flush=True)
    return seconds


def _test_plans(made: Place) -> int:
    """Run the plan tests on that database, and return how pytest ended."""
    assert made.superuser is not None
    superuser = made.superuser.render_as_string(hide_password=False)
    environment = {**os.environ, "VOLUME": "full", "PLANS_AT": describe(made.settings, superuser)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/plans"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    with admin_engine(made.superuser, autocommit=True).connect() as connection:
        stop_telling(connection, str(made.application.database), made.settings.role_prefix)
    return ended


def _pgvector(made: Place) -> str:
    with admin_engine(made.owner).connect() as connection:
        return str(connection.scalar(text("select extversion from pg_extension where extname = 'vector'")))


if __name__ == "__main__":
    main()
