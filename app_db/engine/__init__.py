"""Engines and pools: the only importer of a driver. Takes arguments, reads no environment."""

from .binding import NO_TENANT, NoTenant, bound_to
from .factory import PoolFigures, admin_engine, pooled_engine

__all__ = ["NO_TENANT", "NoTenant", "PoolFigures", "admin_engine", "bound_to", "pooled_engine"]
