"""A proof on each server, of our schema and of both example applications, whose rows are made once.

The administrator is a login with CREATEROLE and CREATEDB alone. The applications' revisions are applied by a process of
its own, so their models are not loaded here: whose rows their tables hold is told by their columns.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import URL
from support import ROOT, copy_of, environment_of

from app_db.drift import load_snapshot
from app_db.engine import admin_engine
from app_db.isolation.prove import Examples, Proof, ProofPlace
from app_db.isolation.prove.actors import admit
from app_db.isolation.prove.place import our_schemas
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


@contextmanager
def copied_place(template: Settings, creator: URL, *schemas: str) -> Iterator[ProofPlace]:
    with copy_of(template, creator) as settings:
        with admin_engine(creator, autocommit=True).connect() as connection:
            admit(connection, RoleNames(settings.role_prefix))
        assert settings.url is not None
        yield ProofPlace(settings, creator.set(database=settings.url.database), (*our_schemas(), *schemas))


@pytest.fixture(scope="session")
def place(template: Settings, creator: URL) -> Iterator[ProofPlace]:
    with copied_place(template, creator, *APPLICATIONS) as made:
        apply_applications(made.settings)
        yield made


@pytest.fixture(scope="module")
def bare_place(template: Settings, creator: URL) -> Iterator[ProofPlace]:
    """Without the applications."""
    with copied_place(template, creator) as made:
        yield made


@pytest.fixture(scope="session")
def proof(place: ProofPlace) -> Proof:
    made = Proof(place, Examples(), [load_snapshot(ROOT / "docs" / "examples" / "studio" / "studio.schema.json")])
    made.prepare()
    return made
