"""`sqlalchemy-tenants`, as its pages say: https://telemaco019.github.io/sqlalchemy-tenants/

The policies and the function come out of its own hook for Alembic's autogenerate. Its manager makes the role of each
tenant in advance ("Create tenants in advance"), so its login has CREATEROLE and owns the tables, as theirs does.
Queries name the tenant ("Don't omit where tenant= in queries for performance reasons").
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from importlib.metadata import version
from typing import Any, ClassVar

from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import BigInteger, DateTime, Identity, Index, create_engine, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy_tenants import get_process_revision_directives, with_rls
from sqlalchemy_tenants.managers import PostgresManager

from .library import TENANTS, Library


class Base(DeclarativeBase):
    pass


@with_rls
class Item(Base):
    __tablename__ = "items"
    __table_args__ = (Index("newest", "tenant", text("created_at desc"), text("id desc")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tenant: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    price: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class SqlalchemyTenants(Library):
    item = Item
    tenants: ClassVar[list[Any]] = [*(f"t{number}" for number in range(TENANTS - 2)), "a", "tenant_a"]
    plain_sees_all = True
    collision = ("a", "tenant_a")

    def __init__(self, places: dict[str, str]) -> None:
        self._places = places

    def prepare(self, rows: int) -> None:
        engine = create_engine(self._places["direct"])
        with engine.begin() as connection:
            context = MigrationContext.configure(connection, opts={"target_metadata": Base.metadata})
            script = produce_migrations(context, Base.metadata)
            get_process_revision_directives(Base.metadata)(context, (), [script])
            for operation in _flat(script.upgrade_ops):
                Operations(context).invoke(operation)
            fill = text(
                "insert into items (tenant, code, name, price, created_at) select :tenant, 'code ' || n, "
                "'The name of item ' || n, n % 10000, now() - interval '1 year' + n * interval '1 second' "
                "from generate_series(1, :rows) as n"
            )
            for tenant in self.tenants:
                connection.execute(fill, {"tenant": tenant, "rows": rows // TENANTS})
        manager = PostgresManager.from_engine(engine, schema_name="public")
        for tenant in self.tenants:
            manager.create_tenant(tenant)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze items"))
        engine.dispose()

    def door(self, place: str, pool_size: int) -> Any:
        engine = create_engine(self._places[place], pool_size=pool_size, max_overflow=0)
        return PostgresManager.from_engine(engine, schema_name="public")

    def close(self, door: Any) -> None:
        door.engine.dispose()

    def session(self, door: Any, tenant: Any) -> AbstractContextManager[Session]:
        return door.new_tenant_session(tenant, create_if_missing=False)

    def plain(self, door: Any) -> AbstractContextManager[Session]:
        return door.new_session()

    def own(self, tenant: Any) -> list[Any]:
        return [Item.tenant == tenant]

    def flips(self) -> list[str]:
        return ["reset role", "set role none"]

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("sqlalchemy-tenants", "SQLAlchemy", "psycopg2-binary")}


def _flat(container: Any) -> Iterator[Any]:
    for operation in container.ops:
        yield from _flat(operation) if hasattr(operation, "ops") else [operation]


def library(places: dict[str, str]) -> Library:
    return SqlalchemyTenants(places)
