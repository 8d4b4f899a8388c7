"""What proves that tenants are apart, on any database whose models inherit from our base classes.

What is named here is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .prove import Examples, Mutation, Mutator, Proof, load_examples, scratch_place

__all__ = ["Examples", "Mutation", "Mutator", "Proof", "load_examples", "scratch_place"]

_HOMES = {
    "Examples": "prove",
    "Mutation": "prove",
    "Mutator": "prove",
    "Proof": "prove",
    "load_examples": "prove",
    "scratch_place": "prove",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
