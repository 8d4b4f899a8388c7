"""What work on tenants refuses, with the reason and what to type instead."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from tenants.filling import ON_ONE, fill, rows_of

from app_db.errors import AppDbError, ArchiveRefused, CheckViolation, ConnectionLost, ForeignKeyViolation, TenantRefused
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1
from app_db.session import Database
from app_db.settings import Settings
from app_db.tenants import Tenants
from app_db.tenants.archive import Archive

pytestmark = pytest.mark.app_db("commit")


def events(db: Database, tenant: UUID) -> list[str]:
    with db.admin(reason="look", actor="tests") as session:
        query = text("select event from ops.system_event where details ->> 'tenant' = :id order by created_at, id")
        return list(session.scalars(query, {"id": str(tenant)}))


def test_a_life_is_recorded_for_the_system_and_for_the_tenant(app_db: Database, tenants: Tenants, file: Path) -> None:
    made = tenants.create("acme", "Acme")
    assert (made.status, tenants.suspend("acme").status, tenants.resume("acme").status) == (
        "pending", "suspended", "pending",
    )  # fmt: skip
    assert tenants.rename("acme", slug="acme-two", name="Acme 2").name == "Acme 2"
    assert tenants.request_deletion("acme-two").status == "deleting"
    assert tenants.resume(made.id).status == "pending"
    life = [
        "tenant.create",
        "tenant.suspend",
        "tenant.resume",
        "tenant.rename",
        "tenant.delete_request",
        "tenant.resume",
    ]
    assert events(app_db, made.id) == life
    with app_db.tenant(made.id) as session:
        own = text("select action, actor_type, details ->> 'actor' from ops.audit_log order by id")
        assert [tuple(row) for row in session.execute(own)] == [(one, "administrator", "anna") for one in life]
    assert [(one.slug, one.status) for one in tenants.list("pending")] == [("acme-two", "pending")]
    tenants.export("acme-two", file)
    tenants.delete("acme-two", now=True)
    assert events(app_db, made.id)[len(life) :] == ["tenant.export", "tenant.delete_begin", "tenant.delete"]
    assert tenants.list() == []


@pytest.mark.parametrize("work", ["suspend", "resume", "request_deletion", "delete", "get"])
def test_a_tenant_that_does_not_exist_is_refused(tenants: Tenants, work: str) -> None:
    with pytest.raises(TenantRefused, match="there is no tenant 'nobody': `app-db tenant list`"):
        getattr(tenants, work)("nobody")


def test_a_slug_that_is_taken_is_refused(tenants: Tenants) -> None:
    tenants.create("acme", "Acme")
    tenants.create("other", "Other")
    with pytest.raises(TenantRefused, match="'acme' is taken"):
        tenants.create("acme", "Acme")
    with pytest.raises(TenantRefused, match="'acme' is taken"):
        tenants.rename("other", slug="acme")


@pytest.mark.parametrize("slug", ["Acme", "a b", "-a", ""])
def test_a_slug_that_is_none_is_refused(tenants: Tenants, slug: str) -> None:
    with pytest.raises(CheckViolation):
        tenants.create(slug, "Acme")


def test_without_a_reason_nothing_is_done(app_db: Database) -> None:
    with pytest.raises(AppDbError, match="needs a reason and an actor"):
        Tenants(app_db, actor="anna", reason=" ").create("acme", "Acme")


def test_what_is_not_suspended_is_not_resumed_and_not_suspended_twice(tenants: Tenants) -> None:
    tenants.create("acme", "Acme")
    with pytest.raises(TenantRefused, match="nothing to take back"):
        tenants.resume("acme")
    tenants.suspend("acme")
    with pytest.raises(TenantRefused, match="acme is suspended"):
        tenants.suspend("acme")
    tenants.request_deletion("acme")
    with pytest.raises(TenantRefused, match="take the deletion back first"):
        tenants.suspend("acme")


def test_rows_go_only_after_the_grace_period(app_db: Database, tenant: UUID, tenants: Tenants) -> None:
    fill(app_db, tenant)
    with pytest.raises(TenantRefused, match="ask for it first, or add --now"):
        tenants.delete(tenant)
    before = rows_of(app_db, tenant)["catalog.materials"]
    tenants.request_deletion(tenant, dt.timedelta(days=7))
    with pytest.raises(TenantRefused, match=r"may be deleted from .* wait until then"):
        tenants.delete(tenant)
    assert rows_of(app_db, tenant)["catalog.materials"] == before
    tenants.resume(tenant)
    tenants.request_deletion(tenant, dt.timedelta(0))
    tenants.delete(tenant)
    assert not any(rows_of(app_db, tenant).values())


def test_what_has_begun_to_go_is_not_taken_back_nor_exported(
    app_db: Database, tenant: UUID, tenants: Tenants, file: Path, killer: Callable[..., Any]
) -> None:
    fill(app_db, tenant)
    with killer(25), pytest.raises(ConnectionLost):
        tenants.delete(tenant, now=True)
    with pytest.raises(TenantRefused, match="to complete it"):
        tenants.resume(tenant)
    with pytest.raises(TenantRefused, match="only half there"):
        tenants.export(tenant, file)
    assert not file.exists()


def test_a_tenant_that_is_there_is_not_imported(app_db: Database, tenant: UUID, tenants: Tenants, file: Path) -> None:
    fill(app_db, tenant)
    tenants.export(tenant, file)
    before = rows_of(app_db, tenant)
    with pytest.raises(TenantRefused, match="is there: delete it first"):
        tenants.import_(file)
    assert rows_of(app_db, tenant) == before


def test_a_file_that_is_there_is_not_overwritten(tenant: UUID, tenants: Tenants, file: Path) -> None:
    file.write_text("mine")
    with pytest.raises(ArchiveRefused, match="is not overwritten: name another file"):
        tenants.export(tenant, file)
    assert file.read_text() == "mine"


def test_a_failed_export_leaves_no_file(
    app_db: Database, tenant: UUID, tenants: Tenants, file: Path, killer: Callable[..., Any]
) -> None:
    fill(app_db, tenant)
    with killer(20), pytest.raises(ConnectionLost):
        tenants.export(tenant, file)
    assert list(file.parent.iterdir()) == []


def _contents(file: Path) -> list[list[str]]:
    archive = Archive(file)
    return [list(archive.lines(member)) for member in archive.members]


@ON_ONE
def test_any_byte_that_was_flipped_is_found(app_db: Database, tenant: UUID, tenants: Tenants, file: Path) -> None:
    fill(app_db, tenant, materials=9)
    tenants.export(tenant, file)
    data, contents = file.read_bytes(), _contents(file)
    found = 0
    for place in range(0, len(data), 29):
        file.write_bytes(data[:place] + bytes([data[place] ^ 0x20]) + data[place + 1 :])
        try:
            assert _contents(file) == contents  # the date of a member, say
        except ArchiveRefused:
            found += 1
    assert found > len(data) / 29 / 2


def test_of_a_damaged_file_nothing_is_imported(app_db: Database, tenant: UUID, tenants: Tenants, file: Path) -> None:
    fill(app_db, tenant, materials=9)
    tenants.export(tenant, file)
    tenants.delete(tenant, now=True)
    data = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as zipped:
        member = max(zipped.infolist(), key=lambda info: info.compress_size)
    data[member.header_offset + 30 + len(member.filename) + member.compress_size // 2] ^= 1  # in its rows
    file.write_bytes(data)
    with pytest.raises(ArchiveRefused, match="take an undamaged copy of the file"):
        tenants.import_(file)
    assert not any(rows_of(app_db, tenant).values())


def _rewrite(file: Path, **changes: Any) -> None:
    """Change the manifest, and its digest with it."""
    import hashlib

    with zipfile.ZipFile(file) as zipped:
        members = {name: zipped.read(name) for name in zipped.namelist()}
    manifest = json.loads(members["manifest.json"]) | changes
    members["manifest.json"] = json.dumps(manifest).encode()
    members["manifest.sha256"] = hashlib.sha256(members["manifest.json"]).hexdigest().encode()
    with zipfile.ZipFile(file, "w") as zipped:
        for name, data in members.items():
            zipped.writestr(name, data)


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"version": 2}, ArchiveRefused, "is of version 2 and this release reads version 1"),
        ({"format": "other"}, ArchiveRefused, "version"),
        ({"revisions": {"app.alembic_version": ["core_0006"]}}, TenantRefused, "made at the revisions .*core_0006"),
        ({"tables": []}, TenantRefused, "is not the same table here as in the export"),
    ],
)
def test_a_file_of_another_schema_is_refused(
    app_db: Database, tenant: UUID, tenants: Tenants, file: Path, changes: dict[str, Any], kind: type[Exception],
    words: str,
) -> None:  # fmt: skip
    tenants.export(tenant, file)
    tenants.delete(tenant, now=True)
    _rewrite(file, **changes)
    with pytest.raises(kind, match=words):
        tenants.import_(file)
    assert not any(rows_of(app_db, tenant).values())


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_export_is_refused(tenants: Tenants, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(ArchiveRefused, match="is no export of a tenant"):
        tenants.import_(file)
    with pytest.raises(ArchiveRefused, match=r"there is no file .*nothing: name one"):
        tenants.import_(file.with_name("nothing"))


def test_an_import_goes_on_with_its_own_file_alone(
    app_db: Database, tenant: UUID, tenants: Tenants, file: Path, killer: Callable[..., Any]
) -> None:
    fill(app_db, tenant)
    tenants.export(tenant, file)
    second = file.with_name("second.zip")
    tenants.export(tenant, second)
    tenants.delete(tenant, now=True)
    with killer(45), pytest.raises(ConnectionLost):
        tenants.import_(file)
    with pytest.raises(TenantRefused, match="is being imported from another file"):
        tenants.import_(second)
    with pytest.raises(TenantRefused, match="run the import again"):
        tenants.suspend(tenant)
    with pytest.raises(TenantRefused, match="only half there"):
        tenants.request_deletion(tenant)
    with pytest.raises(TenantRefused, match="only half there"):
        tenants.export(tenant, file.with_name("half.zip"))
    tenants.delete(tenant, now=True)
    tenants.import_(second)


@pytest.mark.app_db("fresh")
def test_rows_that_a_trigger_changes_are_noticed(
    app_db: Database, app_db_settings: Settings, tenant: UUID, tenants: Tenants, file: Path
) -> None:
    def interfere() -> None:
        v1.execute(
            "create function demo.interfere() returns trigger language plpgsql as "
            "'begin new.unit := ''t''; return new; end'"
        )
        v1.execute("create trigger i before insert on catalog.materials for each row execute function demo.interfere()")

    fill(app_db, tenant)
    tenants.export(tenant, file)
    tenants.delete(tenant, now=True)
    change_schema(app_db_settings, interfere)
    with pytest.raises(TenantRefused, match=r"rows of catalog\.materials are not those of the export"):
        tenants.import_(file)
    assert tenants.get(tenant).status == "importing"
    assert tenants.import_(file, verify=False).resumed
    assert tenants.get(tenant).status == "pending"


ODD = """
create table demo.odd (
  tenant_id uuid default app.current_tenant_id() not null,
  id integer generated always as identity,
  "Parent id" integer,
  document jsonb, bytes bytea, span tstzrange, words text[], amount numeric, ratio double precision, fixed char(5),
  moment timestamptz, day date, lasts interval, place inet, flag boolean,
  twice integer generated always as (id * 2) stored,
  constraint pk_odd primary key (tenant_id, id),
  constraint fk_odd_parent foreign key (tenant_id, "Parent id") references demo.odd (tenant_id, id) on delete restrict
)
"""
ODD_ROWS = """
insert into demo.odd ("Parent id", document, bytes, span, words, amount, ratio, fixed, moment, day, lasts, place, flag)
overriding user value values
  (2, 'null', '\\x00ff', '["2026-01-01 00:00+03",infinity)', array['a,b', null, '"', ''], 'NaN', 0.1, 'ab',
   '-infinity', '0044-03-15 BC', '1 mon -2 days 03:04:05.000006', '::1/64', null),
  (3, null, null, 'empty', '{}', 1e-30, 'Infinity', 'abcde', '2026-03-29 01:59:59.999999+00', 'infinity', '0',
   null, true),
  (null, '{"a": "\\u00e9\\n"}', '', null, null, 123456789012345678901234567890.10, -0.0, '', null, null, null,
   null, false)
"""


def odd_table() -> None:
    v1.execute(ODD)
    v1.belongs_to_tenant("demo.odd", "fk_odd_tenant_id")
    v1.tenant_policies("demo.odd")
    v1.grant("select, insert, update, delete", "demo.odd", ["app_rw", "app_admin"])


@pytest.mark.app_db("fresh")
def test_every_kind_of_value_comes_back_and_a_tree_too(
    app_db: Database, app_db_settings: Settings, tenant: UUID, other_tenant: UUID, tenants: Tenants, file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("app_db.tenants.importing.BATCH_ROWS", 1)
    monkeypatch.setattr("app_db.tenants.deletion.BATCH_ROWS", 1)
    change_schema(app_db_settings, odd_table)
    with app_db.admin(reason="arrange", actor="tests") as session:
        session.execute(text("set local app.current_tenant_id = '" + str(tenant) + "'"))
        session.connection().exec_driver_sql(ODD_ROWS, execution_options={"no_parameters": True})
    before = rows_of(app_db, tenant)
    assert len(before["demo.odd"]) == 3
    tenants.export(tenant, file)
    tenants.delete(tenant, now=True)
    tenants.import_(file)
    assert rows_of(app_db, tenant) == before


def _circle() -> None:
    for one, two in (("a", "b"), ("b", "a")):
        v1.execute(
            f"create table if not exists demo.{one} (tenant_id uuid, id uuid, {two} uuid, primary key (tenant_id, id))"
        )
    for one, two in (("a", "b"), ("b", "a")):
        v1.belongs_to_tenant(f"demo.{one}", f"fk_{one}_tenant_id")
        v1.execute(f"alter table demo.{one} add foreign key (tenant_id, {two}) references demo.{two} (tenant_id, id)")


def _no_grant() -> None:
    odd_table()
    v1.execute(f"revoke all on demo.odd from {v1.role('app_admin')}")


def _no_policy() -> None:
    odd_table()
    v1.execute("drop policy all_rows on demo.odd")


@pytest.mark.app_db("fresh")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_circle, "demo.* refer to each other"),
        (_no_grant, r"may not select rows of demo.odd.*ddl.grant\('select, insert, update, delete', 'demo.odd'"),
        (_no_policy, "does not see every row of demo.odd.*all_rows"),
    ],
)
def test_a_table_that_would_be_left_out_is_refused(
    app_db_settings: Settings, tenant: UUID, tenants: Tenants, file: Path, change: Callable[[], None], words: str
) -> None:
    change_schema(app_db_settings, change)
    with pytest.raises(TenantRefused, match=words):
        tenants.export(tenant, file)
    with pytest.raises(TenantRefused):
        tenants.delete(tenant, now=True)
    assert not file.exists()


def test_a_table_with_a_tenant_and_without_a_key_is_named(tenant: UUID, tenants: Tenants, file: Path) -> None:
    assert tenants.export(tenant, file).unlinked == ("demo.notes",)


def test_a_foreign_key_keeps_a_tenant_from_going_by_accident(app_db: Database, tenant: UUID) -> None:
    fill(app_db, tenant)
    with pytest.raises(ForeignKeyViolation), app_db.admin(reason="slip", actor="tests") as session:
        session.execute(text("delete from tenancy.tenants where id = :id"), {"id": tenant})
