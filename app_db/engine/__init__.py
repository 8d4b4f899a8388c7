"""Engines and pools: the only importer of a driver. Takes arguments, reads no environment."""

from .begin import DEFAULT_MODE, Mode
from .binding import NO_TENANT, BoundEngine, NoTenant, bound_to
from .factory import PoolFigures, admin_engine, pooled_engine
from .identity import identity

__all__ = [
    "DEFAULT_MODE",
    "NO_TENANT",
    "BoundEngine",
    "Mode",
    "NoTenant",
    "PoolFigures",
    "admin_engine",
    "bound_to",
    "identity",
    "pooled_engine",
]
