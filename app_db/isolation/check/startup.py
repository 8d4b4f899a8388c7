"""Refuses to serve an application whose database does not keep tenants apart."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import MetaData

from ...errors import StartupRefused
from ...session import Database
from .bounds import Bounds
from .checking import check_isolation
from .facts import Pooler
from .report import CheckReport
from .rule import Severity
from .suppressions import read_suppressions, today_here

logger = logging.getLogger("app_db")


def require_isolation(
    database: Database,
    *,
    metadata: MetaData | Sequence[MetaData] = (),
    suppressions: Path | None = None,
) -> CheckReport:
    """Check the database through the application's own login and pool, and return the report; for a lifespan handler.

    Raises StartupRefused with each finding of severity error; logs warnings. `metadata` are those of the application's
    models, where their base is another than `app_db.models.Base`; `suppressions` is a file (see the how-to). Five
    SELECTs; nothing is written.
    """
    settings = database.settings
    bounds = Bounds(
        metadata=(metadata,) if isinstance(metadata, MetaData) else tuple(metadata),
        role_prefix=settings.role_prefix,
        transaction_pooler=settings.transaction_pooler,
        is_embedded=settings.is_local and settings.url is None,
    ).serving(settings)
    entries = read_suppressions(suppressions, today_here()) if suppressions is not None else []
    with database.shared(read_only=True) as session:
        connection = session.connection()
        pooler = Pooler(None, connection.engine.url.host)
        report = check_isolation(connection, bounds, suppressions=entries, pooler=pooler)
    for finding in report.at_least(Severity.WARNING):
        if finding.severity is Severity.WARNING:
            logger.warning("%s", finding)
    errors = report.at_least(Severity.ERROR)
    if errors:
        raise StartupRefused([str(finding) for finding in errors])
    return report
