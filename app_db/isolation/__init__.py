"""What proves that tenants are apart, on any database whose models inherit from our base classes.

What is named here is loaded when it is first asked for: each part brings what the others do not need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .advise import Advice, AdviceReport, advise_database, advise_indexes, advise_statements, compare_logins
    from .check import Bounds, CheckReport, Finding, Severity, check_isolation, probe_pooler, require_isolation
    from .drill.ground import DrillGround
    from .drill.ledger import Ledger
    from .drill.plan import DrillPlan
    from .drill.report import DrillReport
    from .drill.run import run_drill
    from .drill.way import DrillPlace, Way
    from .prove import (
        Examples,
        Exemption,
        Mutation,
        Mutator,
        Proof,
        ProofPlace,
        ProofReport,
        load_examples,
        scratch_place,
    )

__all__ = [
    "Advice",
    "AdviceReport",
    "Bounds",
    "CheckReport",
    "DrillGround",
    "DrillPlace",
    "DrillPlan",
    "DrillReport",
    "Examples",
    "Exemption",
    "Finding",
    "Ledger",
    "Mutation",
    "Mutator",
    "Proof",
    "ProofPlace",
    "ProofReport",
    "Severity",
    "Way",
    "advise_database",
    "advise_indexes",
    "advise_statements",
    "check_isolation",
    "compare_logins",
    "load_examples",
    "probe_pooler",
    "require_isolation",
    "run_drill",
    "scratch_place",
]

_HOMES = {
    "Advice": "advise",
    "AdviceReport": "advise",
    "Bounds": "check",
    "CheckReport": "check",
    "DrillGround": "drill.ground",
    "DrillPlace": "drill.way",
    "DrillPlan": "drill.plan",
    "DrillReport": "drill.report",
    "Examples": "prove",
    "Exemption": "prove",
    "Finding": "check",
    "Ledger": "drill.ledger",
    "Mutation": "prove",
    "Mutator": "prove",
    "Proof": "prove",
    "ProofPlace": "prove",
    "ProofReport": "prove",
    "Severity": "check",
    "Way": "drill.way",
    "advise_database": "advise",
    "advise_indexes": "advise",
    "advise_statements": "advise",
    "check_isolation": "check",
    "compare_logins": "advise",
    "load_examples": "prove",
    "probe_pooler": "check",
    "require_isolation": "check",
    "run_drill": "drill.run",
    "scratch_place": "prove",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
