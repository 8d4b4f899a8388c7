"""Sessions of many tenants on one small pool: each sees its own rows, whoever runs beside it."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from uuid import UUID

import pytest
from sqlalchemy import select
from support import make_tenant

from app_db.context import tenant_context
from app_db.errors import TenantNotBound
from app_db.models import Material
from app_db.session import Database, set_default_database, tenant_session
from app_db.settings import Settings

UNITS = 200


@pytest.fixture
def small(app_db_settings: Settings) -> Iterator[Database]:
    """One connection for all, so that every unit of work inherits the connection of somebody else's."""
    database = Database.from_settings(app_db_settings.model_copy(update={"pool_size": 1, "max_overflow": 0}))
    yield database
    database.dispose()


@pytest.fixture
def tenants(app_db: Database) -> list[UUID]:
    made = [make_tenant(app_db) for _ in range(5)]
    for tenant in made:
        with app_db.tenant(tenant) as session:
            session.add(Material(code=str(tenant), name="Brick", unit="pcs", price_minor=1))
    return made


@pytest.mark.app_db("commit")
def test_two_lazy_sessions_interleaved_each_see_their_own_rows(small: Database, tenants: list[UUID]) -> None:
    make = small.session_factory()
    with tenant_context(tenants[0]):
        first = make()
    with tenant_context(tenants[1]):
        second = make()
    for _ in range(3):
        for session, tenant in ((first, tenants[0]), (second, tenants[1])):
            with tenant_context(tenants[2]):
                assert session.scalars(select(Material.code)).all() == [str(tenant)]
            session.commit()
    assert first.scalars(select(Material)).one().tenant_id == tenants[0]
    first.rollback()
    assert second.scalars(select(Material)).one().tenant_id == tenants[1]
    second.close()
    first.close()


@pytest.mark.app_db("commit")
def test_an_object_of_a_lazy_session_is_refreshed_as_its_own_tenant(small: Database, tenants: list[UUID]) -> None:
    with tenant_context(tenants[0]):
        session = small.session_factory()()
    material = session.scalars(select(Material)).one()
    session.commit()
    with small.tenant(tenants[1]) as other:
        assert other.scalars(select(Material.code)).one() == str(tenants[1])
    assert material.code == str(tenants[0])
    session.close()


def test_threads_each_see_their_own_rows(app_db: Database, tenants: list[UUID]) -> None:
    foreign: list[object] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(UNITS // 8):
            tenant = chance.choice(tenants)
            with app_db.tenant(tenant) as session:
                foreign.extend(code for code in session.scalars(select(Material.code)) if code != str(tenant))
                if chance.random() < 0.3:
                    session.rollback()
                    foreign.extend(row for row in session.scalars(select(Material.tenant_id)) if row != tenant)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert foreign == []


def test_asyncio_tasks_each_see_their_own_rows(app_db: Database, tenants: list[UUID]) -> None:
    set_default_database(app_db)

    def read() -> list[str]:
        with tenant_session() as session:
            return list(session.scalars(select(Material.code)))

    async def work(tenant: UUID) -> bool:
        with tenant_context(tenant):
            await asyncio.sleep(0)
            return await asyncio.to_thread(read) == [str(tenant)]

    async def run() -> list[bool]:
        return await asyncio.gather(*(work(tenants[n % len(tenants)]) for n in range(UNITS)))

    assert all(asyncio.run(run()))


def test_asyncio_tasks_that_wait_in_the_middle_of_their_units_each_see_their_own_rows(
    app_db: Database, tenants: list[UUID]
) -> None:
    """All in one thread: each task's session is open while those of the others come and go."""

    async def work(tenant: UUID) -> bool:
        with app_db.tenant(tenant) as session:
            for _ in range(3):
                if session.scalars(select(Material.code)).all() != [str(tenant)]:
                    return False
                await asyncio.sleep(0)
                session.commit()
        return True

    async def run() -> list[bool]:
        return await asyncio.gather(*(work(tenants[n % len(tenants)]) for n in range(50)))

    assert all(asyncio.run(run()))


def test_thread_pools_work_for_whoever_handed_over_the_context_and_for_nobody_else(
    app_db: Database, tenants: list[UUID]
) -> None:
    set_default_database(app_db)

    def read() -> list[str]:
        with tenant_session() as session:
            return list(session.scalars(select(Material.code)))

    with ThreadPoolExecutor(4) as pool:
        jobs = []
        for number in range(UNITS):
            tenant = tenants[number % len(tenants)]
            with tenant_context(tenant):
                jobs.append((tenant, pool.submit(copy_context().run, read)))
        assert all(job.result() == [str(tenant)] for tenant, job in jobs)
        with pytest.raises(TenantNotBound):
            pool.submit(read).result()
