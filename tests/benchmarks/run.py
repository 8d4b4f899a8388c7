"""Measures what the promises say, and prints a table: `make bench`.

python -m benchmarks.run [--only text] [--seconds 3] [--rows 1000000] [--plans] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Iterable
from pathlib import Path

import psycopg2
import sqlalchemy

from . import latency, orm_and_core, row_security, text_statement
from .measure import Line
from .place import Place, place

MEASURES = ("text", "orm", "latency", "rls")


def main() -> None:
    """Measure, print, and write where told to."""
    arguments = _arguments()
    with place() as made:
        named = versions(made)
        print(*(f"{name}: {version}" for name, version in named.items()), "", sep="\n", flush=True)
        lines = [line for name in arguments.only or MEASURES for line in _measure(made, name, arguments)]
    print("", *table(lines), sep="\n")
    if arguments.json:
        found = {"versions": named, "lines": [line.as_dict() for line in lines]}
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=MEASURES, help="this measure; default: all")
    parser.add_argument("--seconds", type=float, default=3, help="for each way of each measure (3)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="for what row-level security costs (1000000)")
    parser.add_argument("--plans", action="store_true", help="print the plans under row-level security")
    parser.add_argument("--json", type=Path, help="also write everything into this file")
    return parser.parse_args()


def _measure(made: Place, name: str, arguments: argparse.Namespace) -> Iterable[Line]:
    print(f"measuring {name}", flush=True)
    if name == "rls":
        return row_security.run(made, arguments.seconds, arguments.rows, plans=arguments.plans)
    module = {"text": text_statement, "orm": orm_and_core, "latency": latency}[name]
    return module.run(made, arguments.seconds)


def versions(made: Place) -> dict[str, str]:
    return {
        "Python": platform.python_version(),
        "SQLAlchemy": sqlalchemy.__version__,
        "psycopg2": psycopg2.__version__.split(" ")[0],
        "PostgreSQL": made.db.info().server_version,
        "CPU": _cpu(),
    }


def _cpu() -> str:
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def table(lines: Iterable[Line]) -> Iterable[str]:
    yield "| measure | way | minimum µs | median µs | CPU µs | ours ÷ it | target | |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |"
    for line in lines:
        times = f"{line.figures.minimum:.0f} | {line.figures.median:.0f} | {line.figures.cpu:.0f}"
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        target = "" if line.target is None else f"≤ {line.target:.2f}"
        yield f"| {line.measure} | {line.way} | {times} | {ratio} | {target} | {line.verdict} |"


if __name__ == "__main__":
    main()
