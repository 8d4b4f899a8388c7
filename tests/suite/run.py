"""Runs SQLAlchemy's own dialect suite with stock psycopg2 and with our dialect, and compares test by test.

python tests/suite/run.py [--short] [--server 18] [-k EXPRESSION] [DIALECT]

Exits with 1 where a test that passes with stock does anything else with ours.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy
from compare import differences, table
from sqlalchemy import URL, text

from app_db.engine import admin_engine
from app_db.server import EmbeddedServer

HERE = Path(__file__).parent
STOCK, OURS = "postgresql+psycopg2", "postgresql+app_db"
BINARIES = {"18": None, "15": Path("/usr/lib/postgresql/15/bin")}
SCHEMAS = ("test_schema", "test_schema_2")
# what a dialect of ours can spoil: transactions, cursors, rows that come back; and a look at reflection
SHORT = """
    IsolationLevelTest AutocommitIsolationTest PingTest ExceptionTest EscapingTest ServerSideCursorsTest
    WeCanSetDefaultSchemaWEventsTest DifficultParametersTest PercentSchemaNamesTest ReturningTest
    ReturningGuardsTest InsertBehaviorTest LastrowidTest RowFetchTest RowCountTest SimpleUpdateDeleteTest CTETest
    FetchLimitOffsetTest ExpandingBoundInTest PostCompileParamsTest ExistsTest CompoundSelectTest JoinTest
    SequenceTest TableDDLTest HasTableTest IdentityColumnTest ComputedColumnTest UuidTest JSONTest
"""


def main() -> int:
    """Run what the command line asks for, and return the exit status."""
    arguments = _arguments()
    expression = arguments.k or (" or ".join(SHORT.split()) if arguments.short else "")
    return max(_on_server(version, arguments.dialect, expression) for version in arguments.server or BINARIES)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dialect", nargs="?", default=OURS, help=f"the dialect to compare with {STOCK} ({OURS})")
    parser.add_argument("--server", action="append", choices=list(BINARIES), help="a major version; default: all")
    parser.add_argument("--short", action="store_true", help="only what transactions and cursors can spoil")
    parser.add_argument("-k", metavar="EXPRESSION", help="only these tests, as in pytest's -k")
    return parser.parse_args()


def _on_server(version: str, dialect: str, expression: str) -> int:
    binaries = BINARIES[version]
    if binaries is not None and not binaries.is_dir():
        print(f"PostgreSQL {version}: not installed here: apt-get install postgresql-{version}")
        return 1 if os.environ.get("CI") else 0
    with EmbeddedServer.temporary(prefix="suite", binaries=binaries) as server:
        print(f"PostgreSQL {version}, SQLAlchemy {sqlalchemy.__version__}", flush=True)
        results = {}
        for number, name in enumerate((STOCK, dialect)):
            url = _scratch_database(server, f"suite_{number}").set(drivername=name)
            results[f"{number}: {name}"] = _outcomes(url, expression)
    return _report(results)


def _scratch_database(server: EmbeddedServer, name: str) -> URL:
    with admin_engine(server.superuser_url(), autocommit=True).connect() as connection:
        connection.execute(text(f"create database {name}"))
    with admin_engine(server.superuser_url(name), autocommit=True).connect() as connection:
        for schema in SCHEMAS:
            connection.execute(text(f"create schema {schema}"))
    return server.superuser_url(name)


def _outcomes(url: URL, expression: str) -> dict[str, str]:
    """Run the suite in a process of its own; returns the outcome by test, and prints what pytest has to say."""
    with tempfile.TemporaryDirectory() as directory:
        record = Path(directory, "outcomes.json")
        command = [sys.executable, "-m", "pytest", "-c", "setup.cfg", "dialect_suite.py", "-k", expression]
        command += [f"--dburi={url.render_as_string(hide_password=False)}", f"--record={record}", "--tb=short"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
        outcomes = json.loads(record.read_text()) if record.exists() else {}
    if done.returncode != 0:
        print(done.stdout[-10_000:], done.stderr[-5_000:], *_causes(done.stdout), sep="\n", flush=True)
    return outcomes


def _causes(output: str) -> list[str]:
    """Return the errors that were raised most often."""
    causes = Counter(line for line in output.splitlines() if line.startswith("E   ") and "Error" in line)
    return [f"{count} x {line.removeprefix('E').strip()}" for line, count in causes.most_common(10)]


def _report(results: Mapping[str, Mapping[str, str]]) -> int:
    stock, ours = results.values()
    different = differences(stock, ours)
    print(*table(results), *different, "", sep="\n", flush=True)
    if not any(outcome == "passed" for outcome in stock.values()):
        print("no test passed with stock, so nothing was compared")
        return 1
    return 1 if any(difference.worse for difference in different) else 0


if __name__ == "__main__":
    sys.exit(main())
