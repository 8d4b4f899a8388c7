"""A tenant's life: made, suspended, renamed, exported, imported, deleted. By the administrators' login, recorded.

from app_db.tenants import Tenants

tenants = Tenants(Database.from_settings(), actor="anna@example.com", reason="ticket 4711")
tenants.create("acme", "Acme Ltd")
"""

from .service import Tenants
from .work import Deleted, Exported, Imported

__all__ = ["Deleted", "Exported", "Imported", "Tenants"]
