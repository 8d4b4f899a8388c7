"""The catalogue: what a tenant buys, sells or estimates with, where it is filed, and how often it is used."""

from .categories import Category
from .materials import Material
from .usage import UsageStatistic

__all__ = ["Category", "Material", "UsageStatistic"]
