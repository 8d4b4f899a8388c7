"""Makes roles, logins and the database: what belongs to the cluster, and therefore to no revision."""

from .drop import drop_installation
from .env_file import write_env_file
from .report import BootstrapReport, Finding
from .run import bootstrap

__all__ = ["BootstrapReport", "Finding", "bootstrap", "drop_installation", "write_env_file"]
