"""The conveniences on a process-wide default database, with FastAPI as applications use it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID, uuid4

import pytest
from fastapi import Depends, FastAPI, Request, Response
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from app_db.context import tenant_context
from app_db.errors import CheckViolation, SettingsError, TenantNotBound
from app_db.models import Material
from app_db.session import (
    Database,
    TenantSession,
    check_database_connection,
    create_tables,
    get_database_info,
    get_db,
    set_default_database,
    tenant_session,
)
from app_db.settings import Environment, Settings, load_settings


@pytest.fixture
def default(app_db: Database) -> Database:
    set_default_database(app_db)
    return app_db


@pytest.fixture
def client(default: Database) -> TestClient:
    app = FastAPI()

    @app.middleware("http")
    async def bind(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        if "tenant" not in request.headers:
            return await call_next(request)
        with tenant_context(request.headers["tenant"]):
            return await call_next(request)

    @app.get("/materials")
    def read(session: Annotated[TenantSession, Depends(get_db, scope="function")]) -> list[str]:
        return list(session.scalars(select(Material.code)))

    @app.post("/materials/{code}")
    def write(code: str, price: int, session: Annotated[TenantSession, Depends(get_db, scope="function")]) -> str:
        session.add(Material(code=code, name="Brick", unit="pcs", price_minor=price))
        return code

    return TestClient(app)


def test_without_a_tenant_no_session_is_opened(default: Database) -> None:
    with pytest.raises(TenantNotBound):
        tenant_session()
    with pytest.raises(TenantNotBound):
        next(get_db())


def test_a_session_is_for_the_current_tenant(default: Database, tenant: UUID) -> None:
    with tenant_context(tenant), tenant_session() as session:
        assert session.context.tenant_id == tenant


def test_requests_of_different_tenants_each_see_their_own(client: TestClient, tenant: UUID, other_tenant: UUID) -> None:
    mine, theirs = {"tenant": str(tenant)}, {"tenant": str(other_tenant)}
    assert client.post("/materials/A?price=1", headers=mine).json() == "A"
    for _ in range(5):
        assert client.get("/materials", headers=mine).json() == ["A"]
        assert client.get("/materials", headers=theirs).json() == []


def test_a_request_without_a_tenant_fails_and_is_not_answered_with_somebodys_rows(client: TestClient) -> None:
    with pytest.raises(TenantNotBound):
        client.get("/materials")


def test_a_commit_that_fails_is_not_answered_with_success(client: TestClient, tenant: UUID) -> None:
    with pytest.raises(CheckViolation):
        client.post("/materials/A?price=-1", headers={"tenant": str(tenant)})


@pytest.mark.app_db("commit")
def test_the_connection_is_checked_and_described(default: Database, app_db_settings: Settings) -> None:
    assert check_database_connection() is True
    assert app_db_settings.url is not None
    assert get_database_info().database == app_db_settings.url.database


def test_a_database_that_does_not_answer_is_false_and_no_exception() -> None:
    set_default_database(Database.from_settings(load_settings(url="postgresql://u:p@127.0.0.1:1/d")))
    assert check_database_connection() is False


def test_a_database_that_is_unfit_is_false(empty_settings: Settings) -> None:
    database = Database.from_settings(empty_settings)
    set_default_database(database)
    assert check_database_connection() is False
    database.dispose()


@pytest.mark.app_db("commit")
def test_the_default_is_made_from_the_environment(app_db_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert app_db_settings.url is not None
    monkeypatch.setenv("DATABASE_URL", app_db_settings.url.render_as_string(hide_password=False))
    monkeypatch.setenv("APP_DB_ROLE_PREFIX", app_db_settings.role_prefix)
    assert get_database_info().login == app_db_settings.url.username
    from app_db.session.default import default_database

    default_database().dispose()


def test_tables_are_created_by_the_revisions_so_that_policies_exist(empty_settings: Settings) -> None:
    settings = empty_settings.model_copy(update={"environment": "test"})
    create_tables(load_settings(**_given(settings)))
    create_tables(load_settings(**_given(settings)))
    database = Database.from_settings(load_settings(**_given(settings)))
    with database.tenant(uuid4()) as session:
        policies = session.scalars(text("select policyname from pg_policies where tablename = 'materials'")).all()
    database.dispose()
    assert sorted(policies) == ["all_rows", "tenant_rows"]


@pytest.mark.parametrize("environment", [Environment.STAGING, Environment.PRODUCTION])
def test_tables_are_not_created_where_data_matter(empty_settings: Settings, environment: Environment) -> None:
    with pytest.raises(SettingsError, match="run `alembic upgrade head`"):
        create_tables(empty_settings.model_copy(update={"environment": environment}))


def _given(app_db_settings: Settings) -> dict[str, object]:
    return {"url": app_db_settings.url, "migration_url": app_db_settings.migration_url,
            "role_prefix": app_db_settings.role_prefix,
            "environment": "test"}  # fmt: skip
