"""What is sent is counted and shown: a query in a loop is seen at once."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select, text

from app_db.models import Material
from app_db.session import Database
from app_db.testing import QueryRecorder, RowMaker


def _five(make_row: RowMaker) -> list[UUID]:
    return [make_row(Material).id for _ in range(5)]


def test_one_query_is_one(app_db: Database, tenant: UUID, make_row: RowMaker, query_recorder: QueryRecorder) -> None:
    _five(make_row)
    with query_recorder.only(), app_db.tenant(tenant) as session:
        assert len(session.scalars(select(Material)).all()) == 5
    query_recorder.assert_at_most(1)
    assert (query_recorder.count, query_recorder.round_trips) == (1, 2)


def test_a_query_in_a_loop_is_shown_with_its_number_and_place(
    app_db: Database, tenant: UUID, make_row: RowMaker, query_recorder: QueryRecorder
) -> None:
    ids = _five(make_row)
    query_recorder.clear()
    with app_db.tenant(tenant) as session:
        for material_id in ids:
            session.scalar(select(Material.name).where(Material.id == material_id))
    with pytest.raises(AssertionError) as caught:
        query_recorder.assert_at_most(2)
    said = str(caught.value)
    assert "5 statements were sent, and at most 2 were expected" in said
    assert "5 × SELECT catalog.materials.name" in said
    assert "test_recorder.py" in said
    assert "1 commit" in said


def test_what_fails_was_sent_too(app_db: Database, tenant: UUID, query_recorder: QueryRecorder) -> None:
    with pytest.raises(Exception, match="selec"), app_db.tenant(tenant) as session:
        session.execute(text("selec 1"))
    assert query_recorder.statements == ["selec 1"]


def test_what_was_arranged_before_the_fixture_does_not_count(query_recorder: QueryRecorder) -> None:
    assert (query_recorder.count, query_recorder.round_trips) == (0, 0)
    query_recorder.assert_at_most(0)
