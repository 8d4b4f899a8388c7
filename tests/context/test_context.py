from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_db import TenantContext, TenantNotBound, current_tenant, tenant_context
from app_db.engine.binding import set_local


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@given(st.text().filter(lambda text: not _is_uuid(text)))
def test_text_that_is_no_uuid_never_becomes_a_tenant(text: str) -> None:
    with pytest.raises(TenantNotBound, match="no UUID"):
        TenantContext(text)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, "", "acme", 7, "'; drop table x; --", b"\x00"])
def test_a_tenant_that_is_no_uuid_is_refused_with_what_to_pass(value: object) -> None:
    with pytest.raises(TenantNotBound, match="pass the id of the tenant"):
        TenantContext(value)  # type: ignore[arg-type]


def test_a_person_that_is_no_uuid_is_refused() -> None:
    with pytest.raises(TenantNotBound, match="user_id is 'anna'"):
        TenantContext(uuid4(), "anna")  # type: ignore[arg-type]


def test_a_context_can_not_be_changed() -> None:
    context = TenantContext(uuid4())
    with pytest.raises(AttributeError):
        context.tenant_id = uuid4()  # type: ignore[misc]


def test_only_genuine_uuids_are_written_into_sql() -> None:
    class Sly(UUID):
        def __str__(self) -> str:
            return "'; drop table tenancy.tenants; --"

    sly = Sly(uuid4().hex)
    assert set_local(TenantContext(sly)) == f"set local app.current_tenant_id = '{UUID(int=sly.int)}'"
    forged = TenantContext(uuid4())
    object.__setattr__(forged, "tenant_id", sly)
    with pytest.raises(TenantNotBound):
        set_local(forged)


@given(st.uuids(), st.one_of(st.none(), st.uuids()))
def test_what_is_sent_holds_the_ids_and_nothing_that_ends_a_literal(tenant: UUID, user: UUID | None) -> None:
    statement = set_local(TenantContext(tenant, user))
    assert statement.count("'") == (4 if user else 2)
    assert str(tenant) in statement


def test_without_a_context_the_error_says_how_to_get_one() -> None:
    with pytest.raises(TenantNotBound, match=r"with tenant_context\(tenant_id\)"):
        current_tenant()


def test_a_context_ends_with_its_block_even_by_an_exception() -> None:
    with pytest.raises(RuntimeError), tenant_context(uuid4()):
        raise RuntimeError
    with pytest.raises(TenantNotBound):
        current_tenant()


def test_contexts_nest() -> None:
    outer, inner = uuid4(), uuid4()
    with tenant_context(outer):
        with tenant_context(str(inner)):
            assert current_tenant().tenant_id == inner
        assert current_tenant().tenant_id == outer


def test_a_thread_of_a_pool_has_no_context_unless_it_is_handed_over() -> None:
    tenant = uuid4()
    with tenant_context(tenant), ThreadPoolExecutor(1) as pool:
        with pytest.raises(TenantNotBound):
            pool.submit(current_tenant).result()
        assert pool.submit(copy_context().run, current_tenant).result().tenant_id == tenant
        with pytest.raises(TenantNotBound):
            pool.submit(current_tenant).result()


def test_each_task_has_its_own_context() -> None:
    async def work(tenant: UUID) -> bool:
        with tenant_context(tenant):
            await asyncio.sleep(0)
            there = await asyncio.to_thread(current_tenant)
            return current_tenant().tenant_id == there.tenant_id == tenant

    async def run() -> list[bool]:
        return await asyncio.gather(*(work(uuid4()) for _ in range(50)))

    assert all(asyncio.run(run()))
