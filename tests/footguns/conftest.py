"""A shop and a house on each server, and two tenants who are the same in both."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from footguns.places import House, Shop, Two
from sqlalchemy import URL
from support import catalogue, installation, make_tenant

from app_db.migrations import upgrade
from app_db.server import EmbeddedServer

SCHEMAS = ("app", "tenancy", "ops", "catalog", "demo")


@pytest.fixture(scope="session")
def empty_shop(server: EmbeddedServer) -> Iterator[Shop]:
    shop = Shop(server)
    yield shop
    shop.close()


@pytest.fixture(scope="session")
def house(creator: URL, server: EmbeddedServer) -> Iterator[House]:
    """The house; whoever takes a guard away has put it back in the end."""
    with installation(creator) as settings:
        upgrade(settings)
        house = House(settings, server)
        before = catalogue(house.superuser_url, SCHEMAS)
        yield house
        house.close()
        assert catalogue(house.superuser_url, SCHEMAS) == before


@pytest.fixture
def shop(empty_shop: Shop, customers: Two) -> Iterator[Shop]:
    """The shop with an item of each customer's; its table has row-level security, and the test's policies."""
    empty_shop.furnish(customers)
    yield empty_shop
    empty_shop.clear()


@pytest.fixture
def customers() -> Two:
    """The shop's tenants."""
    return Two(UUID(int=1), UUID(int=2), UUID(int=11), UUID(int=22))


@pytest.fixture
def two(house: House) -> Two:
    """Two tenants of the house, each with a material."""
    mine, theirs = make_tenant(house.db), make_tenant(house.db)
    return Two(mine, theirs, house.material(mine), house.material(theirs))
