"""Shows in one run what happens to three libraries in the same situations, and what they cost: `make bench-peers`.

python -m benchmarks.peers [--rows 100000] [--seconds 3] [--fresh] [--json FILE]

The two others are taken from PyPI into a scratch environment, which is kept and used again (`--fresh` makes it anew).
Each library works in a process and a database of its own, on one server.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

from pgbouncer import PgBouncer
from proxy import CountingProxy
from sqlalchemy import URL, text

from app_db.engine import admin_engine

from .peer.library import SCENARIOS
from .place import Place, place

PINS = ("sqlalchemy-tenants==0.2.0", "rls==0.3.2", "sqlalchemy[asyncio]==2.1.9", "psycopg2-binary==2.9.13")
MODULES = {"app_db": "ours", "sqlalchemy-tenants": "of_sqlalchemy_tenants", "rls": "of_rls"}
MEASURES = ("point read", "newest 50", "count")
BATCH_SECONDS = 0.02
TESTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cost:
    """What a unit of work of a library takes; the time is a median, in microseconds."""

    measure: str
    library: str
    round_trips: float
    microseconds: float
    ratio: float


class Client:
    """The process of one library."""

    def __init__(self, python: Path, module: str, places: Mapping[str, str]) -> None:
        environment = {**os.environ, "PYTHONPATH": str(TESTS)}
        command = [python, "-m", "benchmarks.peer.worker", module]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._say(dict(places))

    def ask(self, what: str, **arguments: Any) -> Any:
        self._say({"do": what, **arguments})
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the process for a library has ended while it was asked for {what}: see above")
        return json.loads(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def _say(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()


def main() -> None:
    """Set the libraries up, put them through the scenarios, measure, print."""
    arguments = _arguments()
    python = scratch_environment(fresh=arguments.fresh)
    with place() as made, clients_of(made, python) as (clients, proxies):
        versions = {name: client.ask("versions") for name, client in clients.items()}
        server = made.db.info().server_version
        for name, client in clients.items():
            print(f"preparing {name}", file=sys.stderr, flush=True)
            client.ask("prepare", rows=arguments.rows)
        scenarios = {
            one: {name: client.ask("scenario", name=one) for name, client in clients.items()} for one in SCENARIOS
        }
        costs = list(costs_of(clients, proxies, arguments.seconds))
    found = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(), "server": server, "rows": arguments.rows,
        "versions": versions, "scenarios": scenarios, "costs": [vars(cost) for cost in costs],
    }  # fmt: skip
    print(*page(found), sep="\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="of twenty tenants (100000)")
    parser.add_argument("--seconds", type=float, default=3, help="for each library and measure (3)")
    parser.add_argument("--fresh", action="store_true", help="make the scratch environment anew")
    parser.add_argument("--json", type=Path, help="also write everything into this file")
    return parser.parse_args()


def scratch_environment(*, fresh: bool) -> Path:
    """Return the Python of an environment with the pinned libraries; made where it is not there, from PyPI."""
    digest = hashlib.sha256(" ".join((*PINS, sys.version)).encode()).hexdigest()[:12]
    directory = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "app_db", f"peers-{digest}")
    python, complete = directory / "bin" / "python", directory / "complete"
    if fresh or not complete.exists():
        shutil.rmtree(directory, ignore_errors=True)
        print(f"installing {', '.join(PINS)} into {directory}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PINS], check=True)
        complete.touch()
    return python


@contextmanager
def clients_of(made: Place, python: Path) -> Iterator[tuple[dict[str, Client], dict[str, CountingProxy]]]:
    """Give each library a database and logins, a proxy that counts, and one PgBouncer with one connection for each."""
    assert made.superuser is not None
    places: dict[str, tuple[URL, URL]] = {
        "app_db": (made.application, made.owner),
        "sqlalchemy-tenants": _own_database(made.superuser, "peer_tenants", "createrole"),
        "rls": _own_database(made.superuser, "peer_rls", ""),
    }
    with ExitStack() as stack:
        pooler = stack.enter_context(PgBouncer([url for url, _ in places.values()], pool_size=1))
        clients, proxies = {}, {}
        for name, (url, administrator) in places.items():
            assert url.host is not None and url.port is not None  # noqa: PT018
            proxies[name] = stack.enter_context(CountingProxy(url.host, url.port))
            urls = {
                "direct": url, "administrator": administrator, "pooler": pooler.through(url),
                "proxy": url.set(host="127.0.0.1", port=proxies[name].port),
            }  # fmt: skip
            interpreter = Path(sys.executable) if name == "app_db" else python
            texts = {place: one.render_as_string(hide_password=False) for place, one in urls.items()}
            clients[name] = stack.enter_context(Client(interpreter, MODULES[name], texts))
        yield clients, proxies


def _own_database(superuser: URL, name: str, right: str) -> tuple[URL, URL]:
    """Make a database; return the URLs of the application's login and of its owner, which is one login with a right."""
    password = secrets.token_hex(16)
    owner, login = f"{name}_owner", f"{name}_owner" if right else f"{name}_login"
    with admin_engine(superuser, autocommit=True).connect() as connection:
        for role in sorted({owner, login}):
            connection.execute(text(f"create role {role} login {right} password '{password}'"))
        connection.execute(text(f"create database {name} owner {owner}"))
    url = superuser.set(database=name, password=password)
    with admin_engine(superuser.set(database=name), autocommit=True).connect() as connection:
        connection.execute(text(f"alter schema public owner to {owner}"))
    return url.set(username=login), url.set(username=owner)


def costs_of(clients: Mapping[str, Client], proxies: Mapping[str, CountingProxy], seconds: float) -> Iterator[Cost]:
    """Count round trips through the proxies, and measure times in turn: A B C A B C …"""
    for measure in MEASURES:
        trips = {name: _round_trips(client, proxies[name], measure) for name, client in clients.items()}
        batches = {}
        for name, client in clients.items():
            client.ask("batch", unit=measure, times=20)
            batches[name] = max(1, round(BATCH_SECONDS * 1e6 / client.ask("batch", unit=measure, times=3)))
        rounds: list[dict[str, float]] = []
        end = time.perf_counter() + seconds * len(clients)
        while time.perf_counter() < end or len(rounds) < 5:
            rounds.append({name: one.ask("batch", unit=measure, times=batches[name]) for name, one in clients.items()})
        ours = next(iter(clients))
        for name in clients:
            times = [one[name] for one in rounds]
            ratio = median(one[name] / one[ours] for one in rounds)
            yield Cost(measure, name, trips[name], median(times), ratio)


def _round_trips(client: Client, proxy: CountingProxy, measure: str) -> float:
    client.ask("batch", unit=measure, times=3, place="proxy")
    proxy.reset()
    client.ask("batch", unit=measure, times=10, place="proxy")
    return proxy.round_trips / 10


def page(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the tables, as the page in the docs has them."""
    names = list(found["versions"])
    yield f"Measured on {found['date']}, PostgreSQL {found['server']}, {found['rows']:,} rows of 20 tenants."
    for name, versions in found["versions"].items():
        yield f"- {name}: " + ", ".join(f"{package} {version}" for package, version in versions.items())
    yield ""
    yield from table(
        ["what happens", *names],
        [[one, *(said(*found["scenarios"][one][name]) for name in names)] for one in found["scenarios"]],
    )
    yield ""
    by = {(cost["measure"], cost["library"]): cost for cost in found["costs"]}
    yield from table(
        ["what it takes", *names],
        [
            ["round trips of a unit of work", *(f"{by[MEASURES[0], name]['round_trips']:g}" for name in names)],
            *([f"{measure}, µs", *(taken(by[measure, name]) for name in names)] for measure in MEASURES),
        ],
    )


def said(verdict: str, what: str) -> str:
    """Return a verdict as it stands in a cell."""
    return f"**{verdict}**: {what}" if verdict == "LEAKS" else f"{verdict}: {what}"


def taken(cost: Mapping[str, Any]) -> str:
    """Return a time, and how many times ours it is."""
    return f"{cost['microseconds']:,.0f}" + ("" if cost["ratio"] == 1 else f" ({cost['ratio']:.1f} x)")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a table."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    main()
