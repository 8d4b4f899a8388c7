"""The rows that a new database begins with, by environment, and generated rows in any number.

Staging and production begin with none, and get no generated ones.
"""

from .load import LoadReport, Volume, load
from .plant import SeedReport, seed
from .rows import MaterialSeed, PersonSeed, TenantSeed, seeds_of

__all__ = [
    "LoadReport",
    "MaterialSeed",
    "PersonSeed",
    "SeedReport",
    "TenantSeed",
    "Volume",
    "load",
    "seed",
    "seeds_of",
]
