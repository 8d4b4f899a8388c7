"""The way of this library."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import asdict
from uuid import UUID

from sqlalchemy.engine.interfaces import PoolProxiedConnection
from sqlalchemy.orm import Session

from ...session import Database
from ...settings import load_settings
from .way import DrillPlace, Way


class Ours(Way):
    """`Database.tenant`, with the start-up gate of staging, which refuses a login that sees every tenant's rows."""

    is_typed = True

    def __init__(self, place: DrillPlace) -> None:
        super().__init__(place)
        self.db = Database(
            load_settings(
                url=place.url, role_prefix=place.role_prefix, services=place.services, environment="staging",
                application_name="app_db isolation drill", **asdict(place.figures),
            )
        )  # fmt: skip

    def unit(self, tenant: UUID) -> AbstractContextManager[Session]:
        """Open a session of the tenant, which connects with its first statement."""
        return self.db.tenant(tenant)

    def stranger(self) -> AbstractContextManager[Session]:
        """Open a session without a tenant."""
        return self.db.shared()

    def raw(self, tenant: UUID) -> PoolProxiedConnection:
        """Check out a connection that is bound to the tenant."""
        return self.db.engine(tenant).raw_connection()

    def dispose(self) -> None:
        """Close the pools."""
        self.db.dispose()
