"""The tables of `ground` in a database of a test's own, which may take its guards away."""

from __future__ import annotations

import pytest
from ground import create_probes

from app_db.migrations import change_schema
from app_db.settings import Settings


@pytest.fixture
def own_probes(own_settings: Settings) -> None:
    change_schema(own_settings, create_probes)
