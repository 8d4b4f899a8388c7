"""Reads a database's catalogue as plain data, with SELECT and no lock above ACCESS SHARE."""

from .catalogue import Attributes, Catalogue, Thing, reflect

__all__ = ["Attributes", "Catalogue", "Thing", "reflect"]
