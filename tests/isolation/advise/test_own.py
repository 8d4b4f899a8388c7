"""Our own schema and what our services send are silent; what one would write instead of them is found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from isolation.advise.planted import LARGE, Planted
from sqlalchemy import event, text

from app_db.catalog import list_materials, search_materials, top_materials, usage_by_day
from app_db.engine import admin_engine
from app_db.isolation.advise import advise_indexes, advise_statements
from app_db.isolation.advise.catalogue import Catalogue
