"""Engines and pools: the only importer of a driver. Takes arguments, reads no environment."""

from .binding import CONTEXT_OPTION, bound_to
from .factory import PoolFigures, admin_engine, pooled_engine

__all__ = ["CONTEXT_OPTION", "PoolFigures", "admin_engine", "bound_to", "pooled_engine"]
