"""The rows that a new database begins with, by environment. Staging and production begin with none."""

from .plant import SeedReport, seed
from .rows import MaterialSeed, PersonSeed, TenantSeed, seeds_of

__all__ = ["MaterialSeed", "PersonSeed", "SeedReport", "TenantSeed", "seed", "seeds_of"]
