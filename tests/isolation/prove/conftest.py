"""A proof on each server, of our schema and of both example applications, whose rows are made once.

The administrator is a login with CREATEROLE and CREATEDB alone. The applications' revisions are applied by a process of
its own, so their models are not loaded here: whose rows their tables hold is told by their columns.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import URL
from support import ROOT, environment_of, installation

from app_db.drift import load_snapshot
from app_db.engine import admin_engine
from app_db.isolation.prove import Examples, Proof, ProofPlace
from app_db.isolation.prove.actors import admit
from app_db.isolation.prove.place import our_schemas
from app_db.migrations import upgrade
from app_db.schema import RoleNames
from app_db.settings import Settings

APPLICATIONS = ("shop", "studio")


def apply_applications(settings: Settings) -> None:
    for name in APPLICATIONS:
        done = subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"], cwd=ROOT / "docs" / "examples" / name,
            env=environment_of(settings), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def place(creator: URL) -> Iterator[ProofPlace]:
    with installation(creator) as settings:
        upgrade(settings)
        apply_applications(settings)
        with admin_engine(creator, autocommit=True).connect() as connection:
            admit(connection, RoleNames(settings.role_prefix))
        assert settings.url is not None
        yield ProofPlace(settings, creator.set(database=settings.url.database), (*our_schemas(), *APPLICATIONS))


@pytest.fixture(scope="session")
def proof(place: ProofPlace) -> Proof:
    made = Proof(place, Examples(), [load_snapshot(ROOT / "docs" / "examples" / "studio" / "studio.schema.json")])
    made.prepare()
    return made
