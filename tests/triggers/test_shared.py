"""The triggers that tables of any service may use: the time of the last change, and the entry in the audit log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app_db.errors import PermissionDenied
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1
from app_db.session import Database
from app_db.settings import Settings
from app_db.testing.rows import administrator

pytestmark = pytest.mark.app_db("fresh")

CARDS = """
create table demo.cards (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  title text not null,
  pin text,
  updated_at timestamp with time zone default now() not null,
  constraint pk_cards primary key (tenant_id, id)
)
"""


def create_cards() -> None:
    v1.execute(CARDS)
    v1.belongs_to_tenant("demo.cards", "fk_cards_tenant_id")
    v1.tenant_policies("demo.cards")
    v1.grant("select, insert, update, delete", "demo.cards", ["app_rw", "app_admin"])
    v1.execute("create trigger touch before update on demo.cards for each row execute function app.touch_updated_at()")
    v1.execute(
        "create trigger audit after insert or update or delete on demo.cards "
        "for each row execute function ops.audit_row('card')"
    )


@pytest.fixture(autouse=True)
def cards(app_db_settings: Settings) -> None:
    change_schema(app_db_settings, create_cards)


def add(db: Database, tenant: UUID, user: UUID | None = None) -> UUID:
    with db.tenant(tenant, user_id=user) as session:
        return session.scalars(text("insert into demo.cards (title, pin) values ('one', '1234') returning id")).one()


def entries(db: Database, tenant: UUID) -> list[Any]:
    query = (
        "select action, subject, actor_type, actor_id, details from ops.audit_log where action ~ '^card' order by id"
    )
    with db.tenant(tenant) as session:
        return [tuple(row) for row in session.execute(text(query))]


def test_every_change_of_a_row_moves_its_time_whatever_the_statement_says(app_db: Database, tenant: UUID) -> None:
    card = add(app_db, tenant)
    with app_db.tenant(tenant) as session:
        moved = text(
            "update demo.cards set title = 'two', updated_at = '2001-01-01' where id = :id returning updated_at"
        )
        assert session.scalars(moved, {"id": card}).one() == session.scalar(text("select now()"))


def test_what_is_done_to_a_row_is_noted_with_who_did_it_and_without_what_is_in_it(
    app_db: Database, tenant: UUID
) -> None:
    user = uuid7()
    card = add(app_db, tenant, user)
    with app_db.tenant(tenant, user_id=user) as session:
        session.execute(text("update demo.cards set pin = '9876' where id = :id"), {"id": card})
    with app_db.tenant(tenant) as session:
        session.execute(text("delete from demo.cards where id = :id"), {"id": card})
    subject = f"demo.cards:{card}"
    assert entries(app_db, tenant) == [
        ("card.insert", subject, "user", user, {}),
        ("card.update", subject, "user", user, {"changed": ["pin"]}),
        ("card.delete", subject, "system", None, {}),
    ]


def test_a_change_that_changes_nothing_is_not_noted(app_db: Database, tenant: UUID) -> None:
    card = add(app_db, tenant)
    with app_db.tenant(tenant) as session:
        session.execute(text("update demo.cards set title = title where id = :id"), {"id": card})
    assert [action for action, *_ in entries(app_db, tenant)] == ["card.insert"]


def test_what_is_rolled_back_is_not_noted(app_db: Database, tenant: UUID) -> None:
    with pytest.raises(RuntimeError), app_db.tenant(tenant) as session:
        session.execute(text("insert into demo.cards (title) values ('one')"))
        raise RuntimeError
    assert entries(app_db, tenant) == []


@pytest.mark.parametrize("status", ["importing", "deleting"])
def test_while_a_tenant_is_moved_as_a_whole_nothing_is_noted(app_db: Database, tenant: UUID, status: str) -> None:
    with administrator(app_db) as session:
        session.execute(
            text("""
            update tenancy.tenants set status = :status,
              deletion_requested_at = case when :status = 'deleting' then now() end,
              delete_after = case when :status = 'deleting' then now() end
            where id = :id
            """),
            {"status": status, "id": tenant},
        )
    add(app_db, tenant)
    assert entries(app_db, tenant) == []
    with app_db.tenant(tenant) as session:
        assert session.scalar(text("select tenancy.is_in_transit(:id)"), {"id": tenant})


@pytest.mark.parametrize("function", ["ops.audit_row()", "app.touch_updated_at()"])
def test_nobody_calls_a_trigger_by_himself(app_db: Database, tenant: UUID, function: str) -> None:
    with app_db.tenant(tenant) as session, pytest.raises(PermissionDenied):
        session.execute(text(f"select {function}"))
