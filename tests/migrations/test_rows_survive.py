"""Rows that were there before a revision are there after it, and after its downgrade."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import Connection, text

from app_db.migrations import alembic_config, upgrade
from app_db.migrations.connection import owner_engine
from app_db.schema import RoleNames
from app_db.settings import Settings

TENANT = "insert into tenancy.tenants (slug, name) values (:slug, 'A') returning id"
ENTRIES = """
insert into ops.audit_log (tenant_id, action, created_at)
select :tenant, 'test.' || n, timestamptz '2026-01-15 00:00+00' + n * interval '20 days' from generate_series(1, 9) n
"""


@pytest.fixture
def owner(empty_settings: Settings) -> Iterator[Connection]:
    assert empty_settings.migration_url is not None
    upgrade(empty_settings, "core_0005")
    engine = owner_engine(empty_settings.migration_url, RoleNames(empty_settings.role_prefix))
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        yield connection


def test_entries_of_the_audit_log_move_into_their_months_and_back(owner: Connection, empty_settings: Settings) -> None:
    tenant = owner.scalar(text(TENANT), {"slug": "a"})
    owner.execute(text(ENTRIES), {"tenant": tenant})
    content = text("select id, action, created_at from ops.audit_log order by id")
    before = owner.execute(content).all()
    assert len(before) == 9
    upgrade(empty_settings, "core_0006")
    assert owner.execute(content).all() == before
    misplaced = text("""
    select count(*) from ops.audit_log where tableoid::regclass::text
      <> 'ops.' || to_char(created_at at time zone 'UTC', '"audit_log_y"YYYY"m"MM')
    """)
    assert owner.scalar(misplaced) == 0
    command.downgrade(alembic_config(empty_settings), "core_0005")
    assert owner.execute(content).all() == before


def test_the_life_of_tenants_is_given_up_for_what_the_former_checks_allow(
    owner: Connection, empty_settings: Settings
) -> None:
    approval = "approved_at = now(), approved_by = app.uuid7()"
    owner.execute(text(TENANT), {"slug": "long-suspended"})
    owner.execute(text(f"update tenancy.tenants set status = 'suspended', {approval}"))
    upgrade(empty_settings, "core_0007")
    assert owner.scalar(text("select suspended_at is not null from tenancy.tenants"))
    deleting = "status = 'deleting', deletion_requested_at = now(), delete_after = now()"
    changes = {
        "suspended": "status = 'suspended', suspended_at = now()", "importing": "status = 'importing'",
        "deleting": deleting, "rejected": f"rejection_reason = 'no', {deleting}",
    }  # fmt: skip
    for slug, change in changes.items():
        owner.execute(text(TENANT), {"slug": slug})
        owner.execute(text(f"update tenancy.tenants set {change} where slug = :slug"), {"slug": slug})
    command.downgrade(alembic_config(empty_settings), "core_0006")
    found = dict(owner.execute(text("select slug, status from tenancy.tenants")).all())  # type: ignore[arg-type]
    assert found == {
        "long-suspended": "suspended", "suspended": "pending", "importing": "pending", "deleting": "pending",
        "rejected": "rejected",
    }  # fmt: skip
