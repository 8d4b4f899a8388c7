"""What the plugin keeps to itself."""

from __future__ import annotations

import pytest

from app_db.testing.worker import Worker


@pytest.fixture
def worker(_app_db_worker: Worker) -> Worker:
    return _app_db_worker
