"""What the assertion about isolation says: nothing where tenants are apart, and each leak where they are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from testing.test_rows import Note

from app_db.errors import SuiteError
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1 as ddl
from app_db.models import AuditLog, Material, Membership, SystemEvent, Tenant
from app_db.settings import Settings

Check = Callable[..., None]
OWN = "tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid"


@pytest.mark.parametrize("model", [Material, Membership, AuditLog, Note])
def test_models_that_are_isolated_pass(assert_tenant_isolated: Check, model: type[Any]) -> None:
    assert_tenant_isolated(model)


@pytest.mark.app_db("commit")
def test_they_pass_with_real_commits_too(assert_tenant_isolated: Check) -> None:
    assert_tenant_isolated(Material)


@pytest.mark.app_db("fresh")
@pytest.mark.parametrize(
    ("model", "statement", "leaks"),
    [
        (Material, "alter table catalog.materials disable row level security",
         ["read another tenant's row", "update another tenant's row", "delete another tenant's row",
          "insert another tenant's row", "turn its own row into another tenant's row", "read without any tenant"]),
        (Material, "create policy open on catalog.materials for select to {app_tenant} using (true)",
         ["read another tenant's row", "read without any tenant"]),
        (Material, f"alter policy tenant_rows on catalog.materials using ({OWN}) with check (true)",
         ["insert another tenant's row"]),
        (Note, f"alter policy user_rows on demo.notes using ({OWN}) with check ({OWN})",
         ["read another person's row", "delete another person's row"]),
        (Note, "drop policy user_rows on demo.notes", []),
    ],
    ids=["no row security", "an open policy", "no check", "a tenant's instead of a person's", "no policy at all"],
)  # fmt: skip
def test_each_leak_is_named(
    assert_tenant_isolated: Check, app_db_settings: Settings, model: type[Any], statement: str, leaks: list[str]
) -> None:
    if not leaks:  # nobody sees anything: the row that was to be hidden can't even be made
        change_schema(app_db_settings, lambda: ddl.execute(statement))
        with pytest.raises(Exception, match=r"row-level security|not there"):
            assert_tenant_isolated(model)
        return
    change_schema(app_db_settings, lambda: ddl.execute(statement.replace("{app_tenant}", ddl.role("app_tenant"))))
    with pytest.raises(AssertionError) as caught:
        assert_tenant_isolated(model)
    said = str(caught.value)
    for leak in leaks:
        assert f"- {leak}" in said
    assert model.__table__.fullname in said


@pytest.mark.parametrize("model", [Tenant, SystemEvent])
def test_a_model_that_holds_no_tenants_rows_is_refused(assert_tenant_isolated: Check, model: type[Any]) -> None:
    with pytest.raises(SuiteError, match="holds no tenant's rows"):
        assert_tenant_isolated(model)
