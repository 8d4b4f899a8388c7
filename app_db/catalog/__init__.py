"""The catalogue as a service: find materials, read and add whole catalogues."""

from .csv_file import CatalogFile, MaterialRow, Problem, read_catalog
from .materials import add_materials
from .search import MaterialHit, search_materials

__all__ = [
    "CatalogFile",
    "MaterialHit",
    "MaterialRow",
    "Problem",
    "add_materials",
    "read_catalog",
    "search_materials",
]
