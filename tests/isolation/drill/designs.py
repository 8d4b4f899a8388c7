"""Three designs that are in use elsewhere, re-built with their own tables, policies and roles; each of them leaks.

The table belongs to app_owner, as a drill makes it. Policies are for everybody, as where no role is named in them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import PoolProxiedConnection
from sqlalchemy.orm import Session

from app_db.isolation import DrillGround, DrillPlace, Way
from app_db.isolation.drill.ground import TABLE
from app_db.schema import RoleNames

_TABLE = f"""
create table {TABLE} (
  tenant_id uuid default {{current}} not null, id uuid default gen_random_uuid() primary key,
  author uuid not null, changes bigint default 0 not null
)
"""


class Policied(DrillGround):
    """A table with one policy; `current` is whom its predicate takes the transaction for."""

    predicate = ""

    def statements(self, names: RoleNames, tenants: Sequence[UUID]) -> list[str]:
        login = f"{names('app_rw')}, {names('app_tenant')}"
        return [
            _TABLE.format(current=self.current),
            f"grant usage on schema isolation_drill to {login}",
            f"grant select, insert, update on {TABLE} to {login}",
            f"alter table {TABLE} enable row level security",
            f"create policy tenant_rows on {TABLE} using ({self.predicate}) with check ({self.predicate})",
            *self.more(names, tenants),
        ]

    def more(self, names: RoleNames, tenants: Sequence[UUID]) -> list[str]:
        return []


class Stock(Way):
    """SQLAlchemy's own engine and sessions."""

    def __init__(self, place: DrillPlace) -> None:
        super().__init__(place)
        self.engine: Engine = create_engine(
            make_url(place.url), pool_size=place.figures.pool_size, max_overflow=0, pool_pre_ping=True,
            pool_timeout=place.figures.pool_timeout,
        )  # fmt: skip

    @contextmanager
    def stranger(self) -> Iterator[Session]:
        with Session(self.engine) as session:
            yield session

    def raw(self, tenant: UUID) -> PoolProxiedConnection:
        return self.engine.raw_connection()

    def dispose(self) -> None:
        self.engine.dispose()


class SessionSetting(Policied):
    """The tenant in a setting, and an OR for a bypass, as `rls` 0.3.2 generates it."""

    current = "nullif(current_setting('rls.account_id', true), '')::uuid"
    predicate = f"((tenant_id = {current}) or cast(nullif(current_setting('rls.bypass_rls', true), '') as boolean))"


class SessionScopedSetting(Stock):
    """The setting is told with `is_local` false at the first statement of a transaction, so the connection keeps it."""

    ground = SessionSetting()

    @contextmanager
    def unit(self, tenant: UUID) -> Iterator[Session]:
        tell = text("select set_config('rls.bypass_rls', 'false', false), set_config('rls.account_id', :it, false)")
        with Session(self.engine) as session:
            session.execute(tell, {"it": str(tenant)})
            yield session
            session.commit()


class RolesGround(Policied):
    """A role for each tenant, by whose name the policy knows it, as `sqlalchemy-tenants` 0.2.0 does.

    There the application's login makes roles and owns the tables, which without FORCE means that it sees all rows.
    Here another login makes the roles, and a policy says of the application's what ownership would.
    """

    current = "case when current_user like 'tenant_%' then replace(current_user, 'tenant_', '')::uuid end"
    predicate = "tenant_id::text = replace(current_user, 'tenant_', '')"

    def __init__(self, creator: Engine) -> None:
        self.creator = creator
        self.roles: list[str] = []

    def more(self, names: RoleNames, tenants: Sequence[UUID]) -> list[str]:
        self.roles = [role_of(tenant) for tenant in tenants]
        login, everyone = names("app_login"), ", ".join(self.roles)
        with self.creator.begin() as connection:
            for role in self.roles:
                connection.execute(text(f"create role {role}"))
            connection.execute(text(f"grant {everyone} to {login}"))
        return [
            f"create policy as_owner on {TABLE} to {login} using (true) with check (true)",
            f"grant usage on schema isolation_drill to {everyone}",
            f"grant select, insert, update on {TABLE} to {everyone}",
        ]

    def drop_roles(self) -> None:
        with self.creator.begin() as connection:
            for role in self.roles:
                connection.execute(text(f"drop role {role}"))


def role_of(tenant: UUID) -> str:
    return f'"tenant_{tenant}"'


class RolePerTenant(Stock):
    """SET SESSION ROLE at the begin of a session: a rollback undoes it, and a commit may go on elsewhere."""

    @contextmanager
    def unit(self, tenant: UUID) -> Iterator[Session]:
        with Session(self.engine) as session:
            session.execute(text(f"set session role {role_of(tenant)}"))
            yield session
            session.commit()


class BypassGround(Policied):
    """A flag in the policy that opens all tenants."""

    current = "nullif(current_setting('shop.tenant', true), '')::uuid"
    predicate = f"tenant_id = {current} or current_setting('shop.bypass', true) = 'on'"


_TELL = text("select set_config('shop.tenant', cast(:it as text), true)")


class ForgottenBypass(Stock):
    """The tenant is told rightly, for the transaction; an administrator's report forgets to take its flag back."""

    ground = BypassGround()

    def __init__(self, place: DrillPlace) -> None:
        super().__init__(place)
        self._turns = itertools.count()

    @contextmanager
    def unit(self, tenant: UUID) -> Iterator[Session]:
        if next(self._turns) % 10 == 5:
            self._report()
        with Session(self.engine) as session:
            event.listen(session, "after_begin", lambda _session, _transaction, own: own.execute(_TELL, {"it": tenant}))
            yield session
            session.commit()

    def _report(self) -> None:
        with Session(self.engine) as session, session.begin():
            session.execute(text("select set_config('shop.bypass', 'on', false)"))
            session.execute(text(f"select count(*) from {TABLE}")).one()
