"""Reads a database's catalogue as plain data, with SELECT and no lock above ACCESS SHARE."""

from .catalogue import Attributes, Catalogue, Thing, reflect
from .extensions import made_extensions

__all__ = ["Attributes", "Catalogue", "Thing", "made_extensions", "reflect"]
