"""Pages and a picture of a schema, made from its catalogue alone."""

from .diagram import draw
from .privileges import privileges_page
from .tables import tables_page

__all__ = ["draw", "privileges_page", "tables_page"]
