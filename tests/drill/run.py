"""The leak drill by hand, and for as long as one likes: `make soak`.

python -m drill.run [--way ours] [--through pool|pgbouncer] [--units 5000 | --minutes 30] [--server 18|15] [--json FILE]

Exits with 1 where anything leaked, or where the memory of this process went on growing.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from uuid import UUID

from pgbouncer import PgBouncer
from sqlalchemy import URL
from support import SYSTEM_15, installation, make_creator, make_tenant

from app_db.migrations import upgrade
from app_db.server import EmbeddedServer
from app_db.session import Database
from app_db.settings import Settings

from .drill import Plan, drill
from .ledger import Ledger
from .ways import WAYS, Place

THROUGH = ("pool", "pgbouncer")
BINARIES = {"18": None, "15": SYSTEM_15}
GROWTH = 1.10  # of resident memory, from the end of the first quarter to the end


def main() -> int:
    """Run what the command line asks for; returns the exit status."""
    arguments = _arguments()
    logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())  # it tells of every connection that died
    plan = Plan(arguments.threads, arguments.units, arguments.minutes * 60 / len(arguments.through) or None)
    found = []
    with (
        EmbeddedServer.temporary(prefix="drill", binaries=BINARIES[arguments.server]) as server,
        installation(make_creator(server.superuser_url())) as settings,
    ):
        upgrade(settings)
        for through in arguments.through:
            with place(settings, through) as made, Memory() as memory:
                tenants = tenants_of(settings, arguments.tenants)
                ledger = drill(arguments.way, made, tenants, settings.admin_url, plan)
            found.append((through, ledger, memory))
            print(*report(arguments.way, through, ledger, memory), sep="\n", flush=True)
    if arguments.json:
        lines = [
            {"through": through, **ledger.as_dict(), "memory": memory.samples} for through, ledger, memory in found
        ]
        arguments.json.write_text(json.dumps(lines, indent=2) + "\n")
    return 1 if any(ledger.leaks or memory.grows for _, ledger, memory in found) else 0


def tenants_of(settings: Settings, count: int) -> list[UUID]:
    """Make tenants for one drill."""
    db = Database.from_settings(settings)
    made = [make_tenant(db) for _ in range(count)]
    db.dispose()
    return made


@contextmanager
def place(settings: Settings, through: str) -> Iterator[Place]:
    """Two connections to the server for all: a pool of two, or many clients of a pooler that has two."""
    url = settings.url
    assert url is not None
    if through == "pool":
        yield Place(_text(url), settings.role_prefix, pooler=False, pool_size=2)
        return
    with PgBouncer([url], pool_size=2) as pooler:
        yield Place(_text(pooler.through(url)), settings.role_prefix, pooler=True, pool_size=40)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


class Memory:
    """Samples this process's resident memory, in MiB, once a second."""

    def __init__(self) -> None:
        self.samples: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    @property
    def grows(self) -> bool:
        """Whether it went on growing; judged after ten minutes, for in the first two its caches fill."""
        return len(self.samples) > 600 and self.samples[-1] > GROWTH * self.samples[len(self.samples) // 4]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(1):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.samples.append(pages * 4096 / 2**20)


def report(way: str, through: str, ledger: Ledger, memory: Memory) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f"\n{way} through {'PgBouncer' if through == 'pgbouncer' else 'its pool'}: {ledger.units} units of work"
    for title, counts in (("ended", ledger.endings), ("steps", ledger.steps), ("LEAKS", ledger.findings)):
        yield f"  {title:<6} " + (", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none")
    if memory.samples:
        quarter = memory.samples[len(memory.samples) // 4]
        yield f"  memory {quarter:.0f} MiB after a quarter, {memory.samples[-1]:.0f} MiB at the end"
    yield from (f"  {example}" for example in ledger.examples)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--way", choices=WAYS, default="ours", help="how sessions get their tenant (ours)")
    parser.add_argument("--through", action="append", choices=THROUGH, help="what is between; default: both in turn")
    parser.add_argument("--server", choices=BINARIES, default="18", help="PostgreSQL's major version (18)")
    parser.add_argument("--threads", type=int, default=32)
    parser.add_argument("--tenants", type=int, default=20)
    parser.add_argument("--units", type=int, default=5000, help="units of work for each (5000)")
    parser.add_argument("--minutes", type=float, default=0, help="instead of units: so long, in all")
    parser.add_argument("--json", type=Path, help="also write everything into this file")
    arguments = parser.parse_args()
    arguments.through = arguments.through or list(THROUGH)
    return arguments


if __name__ == "__main__":
    started = time.monotonic()
    status = main()
    print(f"\n{time.monotonic() - started:.0f} s")
    sys.exit(status)
