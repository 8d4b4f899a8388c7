"""app_db: the PostgreSQL data layer of a multi-tenant Python application.

Start with `from app_db.session import Database`; everything public is named in `docs/reference/api.md`.
"""

from .context import TenantContext, current_tenant, tenant_context
from .errors import AppDbError, TenantNotBound

__all__ = ["AppDbError", "TenantContext", "TenantNotBound", "__version__", "current_tenant", "tenant_context"]
__version__ = "0.1.0"
