"""The usual recipe for tests (one outer transaction, savepoints) says what production does not; the sandbox does not.

SQLAlchemy documentation, "Joining a Session into an External Transaction". Each piece of an application is run three
ways: by the recipe, in the sandbox, and for real.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app_db.session import Database
from app_db.settings import Settings
from app_db.testing.sandbox import Sandbox

BIND = text("select app.set_current_tenant_id(:tenant)")
ADD = text("insert into catalog.materials (code, name, unit, price_minor) values ('a', 'Brick', 'pc', 1)")
ADD_LATE = text("insert into demo.late_lines (material_id) values (:material)")
COUNT = text("select count(*) from catalog.materials")

Open = Callable[[], AbstractContextManager[Session]]


@pytest.fixture
def recipe(app_db_settings: Settings) -> Iterator[Open]:
    """Sessions that join a transaction which is rolled back in the end."""
    assert app_db_settings.url is not None
    engine = create_engine(app_db_settings.url)
    with engine.connect() as connection, connection.begin() as outer:

        @contextmanager
        def joined() -> Iterator[Session]:
            with Session(connection, join_transaction_mode="create_savepoint") as session:
                yield session

        yield joined
        outer.rollback()
    engine.dispose()


def seen_after_a_commit(open_session: Open, tenant: UUID) -> int:
    """Bind a tenant by hand, write, commit, and look again: the binding was for one transaction."""
    with open_session() as session:
        session.execute(BIND, {"tenant": tenant})
        session.execute(ADD)
        assert session.scalar(COUNT) == 1
        session.commit()
        return int(session.scalar(COUNT) or 0)


def seen_by_another_session(open_session: Open, tenant: UUID) -> int:
    """The same, and the next session has bound nothing at all."""
    seen_after_a_commit(open_session, tenant)
    with open_session() as session:
        return int(session.scalar(COUNT) or 0)


def commit_a_line_of_nothing(open_session: Open, tenant: UUID) -> None:
    """Refer to a material that does not exist; the key is checked at commit."""
    with open_session() as session:
        session.execute(BIND, {"tenant": tenant})
        session.execute(ADD_LATE, {"material": uuid7()})
        session.commit()


@pytest.mark.app_db("commit")
@pytest.mark.parametrize("look", [seen_after_a_commit, seen_by_another_session])
def test_the_recipe_shows_rows_that_production_does_not(
    recipe: Open, app_db: Database, tenant: UUID, other_tenant: UUID, look: Callable[[Open, UUID], int]
) -> None:
    assert look(app_db.shared, tenant) == 0
    assert look(recipe, other_tenant) == 1


@pytest.mark.parametrize("look", [seen_after_a_commit, seen_by_another_session])
def test_the_sandbox_shows_what_production_does(
    app_db: Database, tenant: UUID, look: Callable[[Open, UUID], int]
) -> None:
    assert look(app_db.shared, tenant) == 0


@pytest.mark.app_db("commit")
def test_the_recipe_commits_what_production_refuses(recipe: Open, app_db: Database, tenant: UUID) -> None:
    with pytest.raises(IntegrityError, match="fk_late_lines"):
        commit_a_line_of_nothing(app_db.shared, tenant)
    commit_a_line_of_nothing(recipe, tenant)


def test_the_sandbox_refuses_what_production_refuses(app_db: Database, tenant: UUID) -> None:
    with pytest.raises(IntegrityError, match="fk_late_lines"):
        commit_a_line_of_nothing(app_db.shared, tenant)


@pytest.mark.parametrize("lost", ["reset all; ", "set constraints all immediate; "])
def test_without_that_part_of_a_commit_the_sandbox_would_say_the_same_as_the_recipe(
    app_db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    whole = Sandbox._commit
    monkeypatch.setattr(Sandbox, "_commit", property(lambda self: whole.fget(self).replace(lost, "")))
    if lost == "reset all; ":
        assert seen_after_a_commit(app_db.shared, tenant) == 1
    else:
        commit_a_line_of_nothing(app_db.shared, tenant)
