"""`app-db isolation prove` builds what it needs, says what it has found, and refuses what can't be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, server_root

SHOP = ROOT / "docs" / "examples" / "shop" / "alembic.ini"


def prove(*arguments: str, servers: Path | None = None) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("APP_DB_", "DATABASE_URL"))}
    place = {} if servers is None else {"APP_DB_SERVER_DIRECTORY": str(servers)}
    return subprocess.run(
        [Path(sys.executable).with_name("app-db"), "isolation", "prove", *arguments], env={**clean, **place},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_an_application_is_proved_and_its_mutants_are_noticed() -> None:
    with server_root() as servers:
        done = prove(
            "--tree", str(SHOP), "--schema", "shop", "--table", "shop.notes", "--mutate", "policy", "--json",
            servers=servers,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["findings"] == []
    assert told["cases"] >= 500
    assert told["mutation"]["by_kind"]["policy"]["killed"] == told["mutation"]["mutants"] >= 8
    assert told["mutation"]["survivors"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--tree", str(SHOP)), "none of its schemas: add --schema NAME for each"),
        (("--schema", "shop"), "--schema shop was named, and no tree that makes it: add --tree"),
        (("--tree", "nosuch.ini", "--schema", "shop"), "there is no file nosuch.ini"),
        (("--examples", "/nowhere.toml"), "can't be read"),
        (("--expect", "/nowhere.json"), "is no snapshot of a schema"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_built(arguments: tuple[str, ...], said: str) -> None:
    done = prove(*arguments)
    assert done.returncode in {1, 3}
    assert said in done.stderr
    assert done.stdout == ""
