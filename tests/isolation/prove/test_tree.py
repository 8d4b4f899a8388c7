"""A tree of revisions that can't be applied is told in one sentence: where, what the server said, what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import ON_18

from app_db.errors import ProofError
from app_db.isolation.prove.tree import apply_tree
from app_db.settings import Settings

_ENV = """
from sqlalchemy import MetaData
from app_db.migrations import environment
environment.run_project(MetaData(), schema="odd")
"""
_REVISION = """
from alembic import op
revision, down_revision = "odd_0001", None
def upgrade() -> None:
    op.execute("{sql}")
"""


def tree(folder: Path, env: str, revision: str) -> Path:
    (folder / "migrations" / "versions").mkdir(parents=True)
    (folder / "migrations" / "env.py").write_text(env, "utf-8")
    (folder / "migrations" / "versions" / "odd_0001_tables.py").write_text(revision, "utf-8")
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n", "utf-8")
    return folder / "alembic.ini"


@ON_18
@pytest.mark.parametrize(
    ("env", "revision", "said"),
    [
        (_ENV, _REVISION.format(sql="create table odd.notes (id nosuch)"),
         r"/alembic\.ini: revision odd_0001 \(odd_0001_tables\.py, line 5\) failed: type .nosuch. does not exist: "),
        (_ENV, _REVISION.format(sql="create table odd.notes (id uuid); insert into odd.notes select 1"),
         r"revision odd_0001 \(.*\) failed: column .* is of type uuid but expression .*: You will need to .*: mend"),
        ("from nosuch_application import models", "",
         r"env\.py \(line 1\) can't be loaded \(ModuleNotFoundError: .*nosuch_application.*prepend_sys_path of"),
        ("def upgrade(:", "", r"env\.py can't be loaded \(SyntaxError: .*: install what it imports"),
        (_ENV, "import nosuch_application", r"odd_0001_tables\.py \(line 1\) can't be loaded \(ModuleNotFoundError"),
    ],
    ids=["type", "hint", "models", "syntax", "revision"],
)  # fmt: skip
def test_a_tree_that_fails_is_told_in_one_sentence(
    own_settings: Settings, tmp_path: Path, env: str, revision: str, said: str
) -> None:
    with pytest.raises(ProofError, match=said) as told:
        apply_tree(own_settings, tree(tmp_path, env, revision))
    assert "\n" not in str(told.value)
    assert told.value.__cause__ is None
