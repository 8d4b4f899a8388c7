"""How the schema changes: Alembic run our way. The only importer of Alembic."""

from .config import alembic_config
from .runner import applied_revisions, change_schema, upgrade

__all__ = ["alembic_config", "applied_revisions", "change_schema", "upgrade"]
