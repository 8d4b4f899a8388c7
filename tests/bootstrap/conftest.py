"""Servers of 15 and 18, and for each test an administrator, a prefix and a database of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, text
from sqlalchemy.engine import URL

from app_db.bootstrap import BootstrapReport, bootstrap
from app_db.engine import admin_engine
from app_db.schema import RoleNames
from app_db.server import EmbeddedServer

_numbers = itertools.count(1)


@dataclass
class Place:
    """A server, an administrator with CREATEROLE and CREATEDB and no more, and names that nobody else uses."""

    superuser: URL
    log: Path
    prefix: str
    version: int
    admins: list[str] = field(default_factory=list)

    @property
    def database(self) -> str:
        return f"{self.prefix}shop"

    @property
    def admin(self) -> URL:
        return self.as_login(self.admins[0])

    @property
    def names(self) -> RoleNames:
        return RoleNames(self.prefix)

    def as_login(self, name: str) -> URL:
        return self.superuser.set(username=name, password="secret")

    def make_admin(self, attributes: str = "createrole createdb") -> URL:
        name = f"{self.prefix}admin{len(self.admins) or ''}"
        self.admins.append(name)
        self.sql(f"create role {name} login password 'secret' {attributes}")
        return self.as_login(name)

    def bootstrap(self, url: URL | None = None, database: str | None = None, **options: Any) -> BootstrapReport:
        return bootstrap(url or self.admin, database or self.database, **{"role_prefix": self.prefix, **options})

    def grant(self, role: str, member: str, options: str = "") -> None:
        """Grant as the superuser; from 16 on a grant without options leaves those of an earlier one as they are."""
        usual = "inherit true, set true" if self.version >= 16 else ""
        wanted = ", ".join(part for part in (options, usual) if part)
        self.sql(f"grant {role} to {member}{' with ' if wanted else ''}{wanted}")

    def sql(self, statement: str, url: URL | None = None, **parameters: Any) -> list[Row[Any]]:
        engine = admin_engine(url or self.superuser, application_name="test", autocommit=True)
        with engine.connect() as connection:
            result = connection.execute(text(statement), parameters)
            return list(result) if result.returns_rows else []

    def inside(self, statement: str, **parameters: Any) -> list[Row[Any]]:
        return self.sql(statement, self.superuser.set(database=self.database), **parameters)

    def roles(self) -> set[str]:
        rows = self.sql("select rolname from pg_roles where starts_with(rolname, :prefix)", prefix=self.prefix)
        return {row.rolname for row in rows} - set(self.admins)

    def has_database(self) -> bool:
        return bool(self.sql("select 1 from pg_database where datname = :name", name=self.database))

    def snapshot(self) -> list[Row[Any]]:
        """Return everything that the catalogue says about roles and the database, to compare."""
        # a role's oid stays; a grant made anew has another oid
        return [
            *self.sql("select * from pg_authid order by oid"),
            *self.sql("select roleid, member, grantor, admin_option, to_jsonb(m) - 'oid' from pg_auth_members m "
                      "order by roleid, member, grantor"),
            *self.sql("select oid, datdba, datacl, encoding, datcollate from pg_database order by oid"),
            *self.sql("select * from pg_db_role_setting order by setdatabase, setrole"),
            *self.sql("select * from pg_shdescription order by objoid, classoid"),
            *self._schema_public(),
        ]  # fmt: skip

    def _schema_public(self) -> list[Row[Any]]:
        if not self.has_database():
            return []
        extensions = self.inside("select extname from pg_extension order by 1")
        return [*extensions, *self.inside("select nspname, nspowner, nspacl from pg_namespace order by oid")]

    def members_of(self, role: str) -> set[str]:
        rows = self.sql(
            "select member::regrole::text from pg_auth_members m, to_jsonb(m) j where roleid = to_regrole(:role) "
            "and coalesce((j ->> 'set_option')::boolean or (j ->> 'inherit_option')::boolean, true)",
            role=self.names(role),
        )
        return {member for (member,) in rows}

    def clean(self) -> None:
        for (name,) in self.sql("select datname from pg_database where starts_with(datname, :p)", p=self.prefix):
            self.sql(f'drop database "{name}" with (force)')
        names = [*self.roles(), *self.admins]
        if names:
            self.sql(f"drop owned by {', '.join(names)}")
            self.sql(f"drop role {', '.join(names)}")


@pytest.fixture(scope="session")
def superuser_url(server: EmbeddedServer) -> URL:
    return server.superuser_url()


@contextmanager
def _a_place(server: EmbeddedServer) -> Iterator[Place]:
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(next(_numbers)))
    made = Place(server.superuser_url(), server.directory / "log", f"t_{letters}_", _version(server))
    made.make_admin()
    try:
        yield made
    finally:
        made.clean()


def _version(server: EmbeddedServer) -> int:
    return int((server.directory / "data" / "PG_VERSION").read_text())


@pytest.fixture
def place(server: EmbeddedServer) -> Iterator[Place]:
    with _a_place(server) as made:
        yield made


class Shops:
    """Keeps one installation for many tests: one that leaves it as it was hands it on, else the next makes a new one.

    Making a database is what takes the time here.
    """

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self._open = ExitStack()
        self._kept: Place | None = None
        self._as_made: list[Row[Any]] = []

    def take(self) -> Place:
        if self._kept is None:
            self._kept = self._open.enter_context(_a_place(self._server))
            self._kept.bootstrap()
        self._as_made = self._kept.snapshot()
        return self._kept

    def give_back(self, place: Place) -> None:
        for name in place.admins[1:]:
            place.sql(f"drop owned by {name}; drop role {name}")
        del place.admins[1:]
        if place.snapshot() != self._as_made:
            self.close()

    def close(self) -> None:
        self._kept = None
        self._open.close()


@pytest.fixture(scope="session")
def shops(server: EmbeddedServer) -> Iterator[Shops]:
    kept = Shops(server)
    yield kept
    kept.close()


@pytest.fixture
def shop(shops: Shops) -> Iterator[Place]:
    """A place where bootstrap has run, for a test that changes it and may mend it."""
    place = shops.take()
    yield place
    shops.give_back(place)


@pytest.fixture(scope="session")
def standing(server: EmbeddedServer) -> Iterator[tuple[Place, BootstrapReport]]:
    """A place where bootstrap has run, with its report, for tests that look and change nothing."""
    with _a_place(server) as made:
        yield made, made.bootstrap()
