"""Advises on a database that settings name: connects as the two logins, reads, and rolls back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, text

from ...engine import admin_engine
from ...errors import AdviceRefused
from ...migrations.connection import migration_url
from ...schema import RoleNames
from ...session import Database
from ...settings import Settings
from .advice import AdviceReport
from .advising import MINIMUM_LOSS, advise_indexes, advise_statements, compare_logins
from .busiest import busiest_person, busiest_tenant
from .sources import counted_statements, read_recorded, read_statements

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]

_KNOWN = text("select exists (select from tenancy.tenants where id = :tenant)")


@contextmanager
def _silent(_label: str, _length: int) -> Iterator[Callable[[int], None]]:
    yield lambda _more: None


def advise_database(
    settings: Settings,
    *,
    database: str | None = None,
    schemas: Iterable[str] | None = None,
    tenant: UUID | None = None,
    statements: Path | None = None,
    recorded: Path | None = None,
    counted: bool = False,
    analyze: bool = False,
    minimum_loss: float = MINIMUM_LOSS,
    accepted: Mapping[str, str] | None = None,
    progress: Progress = _silent,
) -> AdviceReport:
    """Advise on the indexes of a database and, where given, on statements; in read-only transactions.

    Plans are made for `tenant`, by default the one with the most rows. `statements` is a file of SQL, `recorded` one
    of `pytest --app-db-record`, `counted` asks pg_stat_statements for what the application's login has sent.
    Raises AdviceRefused for a tenant, a file or a figure that can't be used, SettingsError where a URL is missing.
    """
    names = RoleNames(settings.role_prefix)
    url = migration_url(settings, settings.database(database))
    owner = admin_engine(url, application_name="app_db isolation advise")
    with owner.connect().execution_options(postgresql_readonly=True) as everything:
        of, person = _whose(everything, tenant)
        with _bound(settings, database, of, person) as connection:
            given = [*(read_statements(statements) if statements else ()),
                     *(read_recorded(recorded, of, person) if recorded else ()),
                     *(counted_statements(connection) if counted else ())]  # fmt: skip
            comparison = compare_logins(connection, everything, names=names, schemas=schemas, analyze=analyze)
            report = advise_indexes(comparison, minimum_loss=minimum_loss, accepted=accepted)
            with progress("statements", len(given)) as step:
                return report + advise_statements(comparison, given, minimum_loss=minimum_loss, progress=step)


def _whose(everything: Connection, tenant: UUID | None) -> tuple[UUID, UUID | None]:
    if tenant is None:
        tenant = busiest_tenant(everything)
    elif not everything.scalar(_KNOWN, {"tenant": tenant}):
        raise AdviceRefused(f"there is no tenant {tenant}: `app-db tenant list` shows those that there are")
    return tenant, busiest_person(everything, tenant)


@contextmanager
def _bound(settings: Settings, name: str | None, tenant: UUID, person: UUID | None) -> Iterator[Connection]:
    database = Database(settings, name)
    try:
        with database.engine(tenant, user_id=person, read_only=True).connect() as connection:
            yield connection
    finally:
        database.dispose()
