"""The unit of work: begin, commit, roll back, for one tenant, for none, or audited across all.

from app_db.session import Database

db = Database.from_settings()
with db.tenant(tenant_id, user_id=user_id) as session:
session.scalars(select(Material).limit(50)).all()
"""

from .database import Database
from .default import (
    check_database_connection,
    get_database_info,
    get_db,
    set_default_database,
    tenant_session,
)
from .info import DatabaseInfo
from .orm import TenantSession
from .tables import create_tables

__all__ = [
    "Database",
    "DatabaseInfo",
    "TenantSession",
    "check_database_connection",
    "create_tables",
    "get_database_info",
    "get_db",
    "set_default_database",
    "tenant_session",
]
