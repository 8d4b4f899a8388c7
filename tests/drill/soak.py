"""The leak drill for as long as one likes, through the pool and through PgBouncer: `make soak`.

python -m drill.soak [--through pool|pgbouncer] [--server 18|15] [OPTIONS OF app-db isolation drill]

Works on a server of its own, by `app-db isolation drill`. Exits with 1 where a drill did.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from support import SYSTEM_15, environment_of, installation, make_creator

from app_db.migrations import upgrade
from app_db.server import EmbeddedServer

from .places import THROUGH, two_connections

BINARIES = {"18": None, "15": SYSTEM_15}
APP_DB = Path(sys.executable).with_name("app-db")
PLACE = ("pool_size", "max_overflow", "transaction_pooler")


def main() -> int:
    """Drill through each in turn; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--through", action="append", choices=THROUGH, help="what is between; default: both in turn")
    parser.add_argument("--server", choices=BINARIES, default="18", help="PostgreSQL's major version (18)")
    arguments, options = parser.parse_known_args()
    failed = 0
    with (
        EmbeddedServer.temporary(prefix="drill", binaries=BINARIES[arguments.server]) as server,
        installation(make_creator(server.superuser_url())) as settings,
    ):
        upgrade(settings)
        for through in arguments.through or THROUGH:
            with two_connections(settings, through) as narrow:
                figures = {f"APP_DB_{name.upper()}": str(getattr(narrow, name)) for name in PLACE}
                print(f"\nthrough {through}", flush=True)
                command = [APP_DB, "isolation", "drill", *options]
                failed |= subprocess.run(command, env=environment_of(narrow) | figures, check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
