"""Rules about isolation, for the catalogue of any database: it only reads."""

from .bounds import Bounds
from .checking import check_isolation
from .probe import probe_pooler
from .report import CheckReport
from .rule import Finding, Severity
from .startup import require_isolation

__all__ = ["Bounds", "CheckReport", "Finding", "Severity", "check_isolation", "probe_pooler", "require_isolation"]
