"""The catalogue as a service: find materials, read and add whole catalogues, count what is used."""

from .csv_file import CatalogFile, MaterialRow, Problem, read_catalog
from .materials import add_materials
from .paging import Cursor, PriceCursor
from .prices import list_materials
from .search import MaterialHit, search_materials
from .usage import (
    DayUsage,
    MaterialDay,
    MaterialUsage,
    Usage,
    record_usage,
    record_usages,
    top_materials,
    usage_by_day,
    usage_of_material,
)

__all__ = [
    "CatalogFile",
    "Cursor",
    "DayUsage",
    "MaterialDay",
    "MaterialHit",
    "MaterialRow",
    "MaterialUsage",
    "PriceCursor",
    "Problem",
    "Usage",
    "add_materials",
    "list_materials",
    "read_catalog",
    "record_usage",
    "record_usages",
    "search_materials",
    "top_materials",
    "usage_by_day",
    "usage_of_material",
]
