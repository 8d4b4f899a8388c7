"""Two places to be bitten in: a shop with stock SQLAlchemy and whatever policies a test gives it, and our own house."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app_db.demo.orders import create_orders
from app_db.engine import admin_engine
from app_db.migrations import change_schema
from app_db.models import Material
from app_db.server import EmbeddedServer
from app_db.session import Database
from app_db.settings import LoginUrl, Settings

Executor = Connection | Session
SETTING = "app.current_tenant_id"
OWN = f"tenant_id = nullif(current_setting('{SETTING}', true), '')::uuid"
MATERIALS = "catalog.materials"
OWN_ROWS = "create policy own on shop.items to {app} using ({own}) with check ({own})"
FORCE = "alter table shop.items force row level security"


def stock_engine(url: URL, **options: Any) -> Engine:
    """Return an engine as SQLAlchemy makes it, with nothing of ours."""
    return create_engine(url.set(drivername="postgresql+psycopg2"), **{"poolclass": NullPool, **options})


@contextmanager
def bound(engine: Engine, tenant: UUID) -> Iterator[Connection]:
    """Yield a transaction that was bound by hand; it is rolled back."""
    with engine.connect() as connection:
        bind(connection, tenant)
        yield connection


def bind(executor: Executor, tenant: UUID) -> None:
    executor.execute(text(f"select set_config('{SETTING}', :tenant, true)"), {"tenant": str(tenant)})


def rows_of(executor: Executor, tenant: UUID, table: str) -> int:
    """Return how many rows of that tenant are seen."""
    return int(executor.scalar(text(f"select count(*) from {table} where tenant_id = :tenant"), {"tenant": tenant}))


def refusal(executor: Executor, statement: str, **values: Any) -> str | None:
    """Return the SQLSTATE with which the server refuses the statement, or None; what it did is kept."""
    try:
        with executor.begin_nested():
            executor.execute(text(statement), values)
    except DBAPIError as error:
        return str(getattr(error.orig, "pgcode", None))
    return None


@dataclass(frozen=True)
class Two:
    """Two tenants; it is the first one's turn. Each has a row."""

    mine: UUID
    theirs: UUID
    my_row: UUID
    their_row: UUID


class Shop:
    """A database with an owner and an application of their own; `items` has row-level security and no policy yet."""

    table = "shop.items"

    def __init__(self, server: EmbeddedServer) -> None:
        unique = secrets.token_hex(4)
        self.database, self.owner_role, self.app_role = f"shop_{unique}", f"shop_owner_{unique}", f"shop_app_{unique}"
        self._server_engine = admin_engine(server.superuser_url(), autocommit=True)
        self.on_server(f"create role {self.owner_role} login password 'x'")
        self.on_server(f"create role {self.app_role} login password 'x'")
        self.on_server(f"create database {self.database} owner {self.owner_role}")
        self.url = server.superuser_url(self.database)
        self.superuser = stock_engine(self.url)
        self.owner = stock_engine(self.url_of(self.owner_role))
        self.app = stock_engine(self.url_of(self.app_role))

    def url_of(self, role: str) -> URL:
        return self.url.set(username=role, password="x")

    def on_server(self, statement: str) -> None:
        with self._server_engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def close(self) -> None:
        self.on_server(f"drop database {self.database} with (force)")
        self.on_server(f"drop role {self.owner_role}")
        self.on_server(f"drop role {self.app_role}")

    def run(self, *statements: str, engine: Engine | None = None) -> None:
        """Run statements as the owner; {app}, {owner} and {own} are the roles and the policy's condition."""
        with (engine or self.owner).begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.format(app=self.app_role, owner=self.owner_role, own=OWN))

    def furnish(self, two: Two) -> None:
        self.run(
            "create schema shop",
            "grant usage on schema shop to {app}",
            "create table shop.items (tenant_id uuid, id uuid default gen_random_uuid() primary key, name text)",
            f"insert into shop.items values ('{two.mine}', '{two.my_row}', 'mine')",
            f"insert into shop.items values ('{two.theirs}', '{two.their_row}', 'theirs')",
            "grant select, insert, update, delete on shop.items to {app}",
            "alter table shop.items enable row level security",
        )

    def clear(self) -> None:
        self.run("drop schema shop cascade", engine=self.superuser)


class House:
    """An installation of ours at head, with a table of orders that refer to materials."""

    def __init__(self, settings: Settings, server: EmbeddedServer) -> None:
        change_schema(settings, create_orders)
        self.settings = settings
        self.prefix = settings.role_prefix
        self.db = Database.from_settings(settings)
        self.owner = admin_engine(self.url(LoginUrl.MIGRATION))
        self.superuser_url = server.superuser_url(self.url(LoginUrl.APPLICATION).database or "")
        self.superuser = admin_engine(self.superuser_url)

    def url(self, login: LoginUrl = LoginUrl.APPLICATION) -> URL:
        url = self.settings.login_url(login)
        assert url is not None
        return url

    def close(self) -> None:
        self.db.dispose()

    @contextmanager
    def fresh(self, **changes: Any) -> Iterator[Database]:
        """Yield another `Database` of these settings, with a pool of its own that has not been used yet."""
        database = Database.from_settings(self.settings.model_copy(update=changes))
        try:
            yield database
        finally:
            database.dispose()

    def material(self, tenant: UUID) -> UUID:
        with self.db.tenant(tenant) as session:
            material = Material(code=f"M-{uuid4()}", name="Brick", unit="pcs", price_minor=100)
            session.add(material)
            session.flush()
            return material.id

    def run(self, *statements: str, engine: Engine | None = None) -> None:
        """Run statements as the owner; {p} is the prefix of the roles and {own} the policy's condition."""
        with (engine or self.owner).begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.format(p=self.prefix, own=OWN))

    @contextmanager
    def without(self, remove: list[str], restore: list[str], *, engine: Engine | None = None) -> Iterator[None]:
        """Take a guard away for the length of the block."""
        self.run(*remove, engine=engine)
        try:
            yield
        finally:
            self.run(*restore, engine=engine)

    def login_that_is(self, change: str, back: str) -> AbstractContextManager[None]:
        """Change the application's login as a superuser may, for the length of the block."""
        return self.without([change], [back], engine=self.superuser)

    def replaced(self, *policies: str) -> AbstractContextManager[None]:
        """Have other policies on materials than the tenants' one for the length of the block."""
        names = [f"weak_{number}" for number in range(len(policies))]
        roles = "to {p}app_tenant, {p}app_tenant_admin"
        ours = f"create policy tenant_rows on {MATERIALS} {roles} using ({{own}}) with check ({{own}})"
        weak = [f"create policy {name} on {MATERIALS} {rest}" for name, rest in zip(names, policies, strict=True)]
        gone = [f"drop policy {name} on {MATERIALS}" for name in names]
        return self.without([f"drop policy tenant_rows on {MATERIALS}", *weak], [*gone, ours])

    def policy(self, weak: str, table: str = MATERIALS) -> AbstractContextManager[None]:
        """Have the tenants' policy of the table say something else for the length of the block."""
        ours = f"alter policy tenant_rows on {table} using ({{own}}) with check ({{own}})"
        return self.without([f"alter policy tenant_rows on {table} {weak}"], [ours])
