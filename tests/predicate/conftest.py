"""An installation on each server, two tenants with rows in it, and an engine for each of the two ways to see them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from predicate.tables import create_probe, rows_of
from predicate.worlds import PredicateDialect, Worlds, secure
from sqlalchemy import URL, create_engine, text
from sqlalchemy.dialects import registry
from support import installation
from uuid_utils.compat import uuid7

from app_db.migrations import change_schema, upgrade
from app_db.settings import LoginUrl, Settings

registry.register("postgresql.predicate", "predicate.worlds", PredicateDialect.__name__)


@pytest.fixture(scope="session")
def probe_settings(creator: URL) -> Iterator[Settings]:
    with installation(creator) as made:
        upgrade(made)
        change_schema(made, create_probe)
        yield made


@pytest.fixture(scope="session")
def worlds(probe_settings: Settings) -> Iterator[Worlds]:
    application, admin = (probe_settings.login_url(login) for login in (LoginUrl.APPLICATION, LoginUrl.ADMIN))
    assert application is not None
    assert admin is not None
    plain = create_engine(admin)
    secured = secure(create_engine(application.set(drivername="postgresql+psycopg2")))
    all_seeing = create_engine(admin.set(drivername="postgresql+predicate"), pool_size=8)
    both = secure(create_engine(application.set(drivername="postgresql+predicate")))
    tenants = uuid7(), uuid7()
    with plain.begin() as connection:
        for tenant in tenants:
            statement = text("insert into tenancy.tenants (id, slug, name) values (:id, :slug, 'T')")
            connection.execute(statement, {"id": tenant, "slug": f"t-{tenant.hex[-12:]}"})
        for table, rows in rows_of(*tenants):
            connection.execute(table.insert(), rows)
    yield Worlds(secured, all_seeing, both, tenants)
    for engine in (plain, secured, all_seeing, both):
        engine.dispose()
