"""`rls` of DelfinaCare, as its page says: https://github.com/DelfinaCare/rls

Tables and policies come out of `register_rls` and `create_all`, by an administrator's login; the application's login
owns nothing, as in its tests. Sessions come out of an `RlsSessioner`; the context can't change (`frozen`), which saves
a comparison for each statement.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib.metadata import version
from typing import Any, ClassVar

import pydantic
from rls.register_rls import register_rls
from rls.rls_session import RlsSession
from rls.rls_sessioner import ContextGetter, RlsSessioner
from rls.schemas import Command, ConditionArg, Permissive
from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, String, column, create_engine, func, text
from sqlalchemy.orm import Session, declarative_base, sessionmaker

from .library import TENANTS, Library

Base: Any = register_rls(declarative_base())


class Item(Base):
    __tablename__ = "items"
    __table_args__ = (Index("newest", "tenant", text("created_at desc"), text("id desc")),)

    id = Column(BigInteger, Identity(), primary_key=True)
    tenant = Column(Integer, nullable=False)
    code = Column(String, nullable=False)
    name = Column(String, nullable=False)
    price = Column(BigInteger, nullable=False)
    created_at = Column(DateTime(timezone=True), server_default=func.now())

    __rls_policies__: ClassVar[list[Any]] = [
        Permissive(
            condition_args=[ConditionArg(comparator_name="account_id", type=Integer)],
            cmd=[Command.all],
            custom_expr=lambda x: column("tenant") == x,
            custom_policy_name="own",
        ),
    ]


class Context(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)
    account_id: int


class Getter(ContextGetter):
    def get_context(self, *args: Any, **kwargs: Any) -> Context:
        return Context(account_id=kwargs["account_id"])


class Rls(Library):
    item = Item
    tenants: ClassVar[list[Any]] = list(range(1, TENANTS + 1))

    def __init__(self, places: dict[str, str]) -> None:
        self._places = places

    def prepare(self, rows: int) -> None:
        engine = create_engine(self._places["administrator"])
        with engine.begin() as connection:
            Base.metadata.create_all(connection)
        with engine.begin() as connection:
            # as the administrator, who is held by the policies too, and so says that he may
            connection.execute(text("set local rls.bypass_rls = true"))
            connection.execute(
                text(
                    "insert into items (tenant, code, name, price, created_at) select 1 + n % :tenants, 'code ' || n, "
                    "'The name of item ' || n, n % 10000, now() - interval '1 year' + n * interval '1 second' "
                    "from generate_series(1, :rows) as n"
                ),
                {"tenants": TENANTS, "rows": rows},
            )
            login = create_engine(self._places["direct"]).url.username
            connection.execute(text(f"grant select, insert, update, delete on items to {login}"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze items"))
        engine.dispose()

    def door(self, place: str, pool_size: int) -> Any:
        engine = create_engine(self._places[place], pool_size=pool_size, max_overflow=0)
        maker = sessionmaker(class_=RlsSession, autoflush=False, autocommit=False, bind=engine)
        return engine, RlsSessioner(sessionmaker=maker, context_getter=Getter())

    def close(self, door: Any) -> None:
        door[0].dispose()

    def session(self, door: Any, tenant: Any) -> AbstractContextManager[Session]:
        return door[1](account_id=tenant)

    def plain(self, door: Any) -> AbstractContextManager[Session]:
        return Session(door[0])

    def flips(self) -> list[str]:
        return ["select set_config('rls.bypass_rls', 'true', true)"]

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("rls", "SQLAlchemy", "psycopg2-binary")}


def library(places: dict[str, str]) -> Library:
    return Rls(places)
