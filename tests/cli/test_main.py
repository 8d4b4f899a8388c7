from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import ON_18, environment_of, heads

from app_db.settings import Settings


def app_db(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "app-db"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_help_names_every_command_and_loads_neither_sqlalchemy_nor_alembic() -> None:
    code = (
        "import sys, contextlib, io\nfrom app_db.cli.main import app_db\n"
        "out = io.StringIO()\n"
        "with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit): app_db(['--help'])\n"
        "print(out.getvalue(), sorted({'sqlalchemy', 'alembic', 'pydantic', 'psycopg2', 'pytest'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for command in ("bootstrap", "demo", "reset", "schema", "server", "upgrade"):
        assert command in done.stdout
    assert done.stdout.rstrip().endswith("[]")


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "words"),
    [
        (["nonsense"], {}, 2, "No such command"),
        (["upgrade", "--nonsense"], {}, 2, "No such option"),
        (["upgrade"], {"APP_DB_POOL_SIZE": "many"}, 3, "APP_DB_POOL_SIZE"),
        (["upgrade"], {"DATABASE_URL": "sqlite:///x"}, 3, "SQLite"),
        (["upgrade"], {"DATABASE_URL": "postgresql://u:p@h/d"}, 3, "APP_DB_MIGRATION_URL is not set"),
        (["upgrade"], {"APP_DB_MIGRATION_URL": "postgresql://u:p@127.0.0.1:1/d"}, 4, "see that the server runs"),
        (["server", "stop", "nobody"], {}, 1, "there is no server 'nobody'"),
    ],
)
def test_a_failure_is_one_message_and_its_exit_code(
    arguments: list[str], environment: dict[str, str], code: int, words: str
) -> None:
    done = app_db(*arguments, **environment)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupted_command_says_so() -> None:
    code = (
        "import app_db.cli.main as m, sys\n"
        "def interrupt(*_): raise KeyboardInterrupt\n"
        "m._Commands.get_command = interrupt\n"
        "sys.argv = ['app-db', 'demo']\nm.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (130, "interrupted")


@ON_18
def test_upgrade_says_what_it_did_and_then_that_there_is_nothing_to_do(empty_settings: Settings) -> None:
    environment, at_head = environment_of(empty_settings), heads(empty_settings)
    assert app_db("upgrade", **environment).stdout == f"upgraded from nothing to {', '.join(at_head)}\n"
    assert app_db("upgrade", **environment).stdout == f"nothing to do: the database is at {', '.join(at_head)}\n"
    assert json.loads(app_db("upgrade", "--json", **environment).stdout) == {"before": at_head, "after": at_head}


@ON_18
@pytest.mark.parametrize(("target", "words"), [("nonsense", "see `alembic history`"), ("+1", "catalog@+1"),
                                               ("crm@head", "see `alembic history`")])  # fmt: skip
def test_upgrade_refuses_a_target_that_is_none(empty_settings: Settings, target: str, words: str) -> None:
    done = app_db("upgrade", target, **environment_of(empty_settings))
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
