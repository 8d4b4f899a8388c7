"""Which filters, sorts and indexes row-level security disables, what is lost by it, and what to write instead."""

from .advice import Advice, AdviceReport
from .advising import advise_indexes, advise_statements, compare_logins
from .comparison import Comparison
from .losses import Loss
from .remedies import Code, Remedy
from .run import advise_database

__all__ = [
    "Advice",
    "AdviceReport",
    "Code",
    "Comparison",
    "Loss",
    "Remedy",
    "advise_database",
    "advise_indexes",
    "advise_statements",
    "compare_logins",
]
