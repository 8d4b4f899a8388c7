"""Taking an installation away: all of it, and nothing else."""

from __future__ import annotations

import pytest

from app_db.bootstrap import drop_installation
from app_db.engine import admin_engine
from app_db.errors import BootstrapError
from app_db.settings import LoginUrl


def test_the_administrator_that_made_it_drops_it_with_sessions_open(place):
    before = place.snapshot()
    url = place.bootstrap().urls[LoginUrl.APPLICATION]
    with admin_engine(url).connect() as connection:
        drop_installation(place.admin, place.database, place.prefix)
        assert not connection.closed
        connection.invalidate()
    assert place.roles() == set()
    assert place.snapshot() == before


def test_dropping_what_is_not_there_is_no_error(place):
    drop_installation(place.admin, place.database, place.prefix)


def test_an_empty_prefix_is_refused(shop):
    with pytest.raises(BootstrapError, match="allow_unprefixed"):
        drop_installation(shop.admin, shop.database, "")
    assert shop.has_database()


def test_a_database_of_another_installation_is_refused(shop):
    with pytest.raises(BootstrapError, match=f"belongs to {shop.names('app_owner')}"):
        drop_installation(shop.superuser, shop.database, f"{shop.prefix}b_")
    assert shop.has_database()


def test_roles_in_use_elsewhere_stay_all_of_them(shop):
    shop.bootstrap(database=f"{shop.prefix}second")
    before = shop.roles()
    with pytest.raises(BootstrapError, match="depend on it"):
        drop_installation(shop.admin, shop.database, shop.prefix)
    assert shop.roles() == before
    drop_installation(shop.admin, f"{shop.prefix}second", shop.prefix)
    assert shop.roles() == set()


def test_a_neighbour_stays(shop):
    other = f"{shop.prefix}b_"
    shop.bootstrap(database=f"{shop.prefix}second", role_prefix=other)
    drop_installation(shop.admin, f"{shop.prefix}second", other)
    assert shop.bootstrap().changed == ()
    assert not [name for name in shop.roles() if name.startswith(other)]
