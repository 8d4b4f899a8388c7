"""This library, as its pages say: a model that inherits from TenantScoped, what follows from it, and sessions."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from importlib.metadata import version
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Index, MetaData, insert, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, Session
from sqlalchemy.schema import CreateIndex, CreateTable
from uuid_utils.compat import uuid7

from app_db.engine import admin_engine
from app_db.models import Base, Tenant, TenantScoped
from app_db.models.base import NAMING_CONVENTION, created_at
from app_db.schema import RoleNames
from app_db.schema.derived import expected_objects
from app_db.session import Database
from app_db.settings import load_settings

from .library import TENANTS, Library

SCHEMA = "peers"


class OwnBase(Base):
    """Apart from the house's tables."""

    __abstract__ = True
    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class Item(TenantScoped, OwnBase):
    __tablename__ = "items"
    __table_args__ = (
        Index("ix_items_newest", "tenant_id", text("created_at desc"), text("id desc")),
        {"schema": SCHEMA},
    )

    code: Mapped[str]
    name: Mapped[str]
    price: Mapped[int]
    created_at: Mapped[datetime] = created_at()


Item.tenant = Item.tenant_id  # type: ignore[attr-defined]  # the name by which all are asked


class Ours(Library):
    item = Item
    tenants: ClassVar[list[UUID]] = []

    def __init__(self, places: dict[str, str]) -> None:
        self._places = places
        self._names = RoleNames(places.get("role_prefix", ""))
        self.tenants = [uuid7() for _ in range(TENANTS)]

    def prepare(self, rows: int) -> None:
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        table = OwnBase.metadata.tables[f"{SCHEMA}.items"]
        # without the foreign key to tenants, which the others have not
        made = [CreateTable(table, include_foreign_key_constraints=[]), *map(CreateIndex, table.indexes)]
        objects = expected_objects(OwnBase.metadata, [table], [SCHEMA])
        statements = [f"create schema {SCHEMA}", *(str(one.compile(dialect=dialect)) for one in made)]
        statements += [self._names.fill(statement) for entry in objects for statement in entry.create()]
        engine = admin_engine(load_settings(migration_url=self._places["administrator"]).migration_url)
        with engine.begin() as connection:
            connection.execute(
                insert(Tenant),
                [{"id": one, "slug": f"peer-{one.hex[-12:]}", "name": "A peer's"} for one in self.tenants],
            )
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%"))
            fill = text(
                f"insert into {SCHEMA}.items (tenant_id, code, name, price, created_at) select :tenant, 'code ' || n, "
                "'The name of item ' || n, n % 10000, now() - interval '1 year' + n * interval '1 second' "
                "from generate_series(1, :rows) as n"
            )
            for tenant in self.tenants:
                connection.execute(fill, {"tenant": tenant, "rows": rows // TENANTS})
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"vacuum analyze {SCHEMA}.items"))

    def door(self, place: str, pool_size: int) -> Database:
        figures = {"pool_size": pool_size, "max_overflow": 0, "transaction_pooler": place == "pooler"}
        prefix = self._places.get("role_prefix", "")
        return Database(load_settings(url=self._places[place], environment="staging", role_prefix=prefix, **figures))

    def close(self, door: Any) -> None:
        door.dispose()

    def session(self, door: Any, tenant: Any) -> AbstractContextManager[Session]:
        return door.tenant(tenant)

    def plain(self, door: Any) -> AbstractContextManager[Session]:
        return door.shared()

    def new(self, tenant: Any) -> Any:
        return Item(tenant_id=tenant, code="new", name="new", price=1)

    def flips(self) -> list[str]:
        other = self.tenants[1]
        return [
            f"set role {self._names('app_all')}",
            f"set role {self._names('app_owner')}",
            "set local row_security = off",
            f"set local app.current_tenant_id = '{other}'",
            "set local app.current_tenant_id = ''",
        ]

    def versions(self) -> dict[str, str]:
        return {"app-db": version("app-db"), **{name: version(name) for name in ("SQLAlchemy", "psycopg2-binary")}}


def library(places: dict[str, str]) -> Library:
    return Ours(places)
