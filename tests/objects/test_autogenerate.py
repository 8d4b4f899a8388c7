"""What follows from models is written by autogenerate, changed when it differs, and reversed to what was before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from lasting import settings
from sqlalchemy import Connection, Index, MetaData, Table, text
from sqlalchemy.orm import Mapped, mapped_column
from support import ON_18

from app_db.errors import ScopeError
from app_db.migrations.connection import migration_url, owner_engine
from app_db.migrations.ddl.v1 import ROLE_NAMES
from app_db.migrations.directives import directives_of_project
from app_db.migrations.objects.comparing import SCHEMAS
from app_db.models import Base, Shared, Tenant, TenantScoped, UserScoped
from app_db.models.base import NAMING_CONVENTION
from app_db.reflection import Catalogue, Thing, reflect
from app_db.schema import (
    Comment,
    Extension,
    Function,
    Grant,
    PartitionSet,
    Policy,
    RoleNames,
    SchemaObject,
    Trigger,
    View,
    attach,
)
from app_db.schema.derived import attached_to
from app_db.settings import Settings

__all__ = ["settings"]


class Own(Base):
    __abstract__ = True
    metadata = MetaData(naming_convention=NAMING_CONVENTION)


Tenant.metadata.tables["tenancy.tenants"].to_metadata(Own.metadata)  # what every tenant's table refers to


class Parcel(TenantScoped, Own):
    __tablename__ = "parcels"
    __table_args__ = (
        Index(None, "tenant_id", "code", info={"comment": "A parcel by its code."}),
        {"schema": "depot", "comment": "What is stored."},
    )
    code: Mapped[str] = mapped_column(comment="What is printed on it.")


class Remark(UserScoped, Own):
    __tablename__ = "remarks"
    __table_args__ = ({"schema": "depot", "comment": "What people noticed."},)
    text: Mapped[str] = mapped_column(comment="What it says.")


class Size(Shared, Own):
    __tablename__ = "sizes"
    __table_args__ = ({"schema": "depot", "comment": "Sizes of parcels."},)
    name: Mapped[str] = mapped_column(comment="What it is called.")


class Unit(Shared, Own):
    __tablename__ = "units"
    __table_args__ = ({"schema": "depot", "comment": "Units of weight."},)
    name: Mapped[str] = mapped_column(comment="What it is called.")


BODY = "\nbegin\n  new.code := upper(new.code);\n  return new;\nend\n"
UPPER = Function(name="depot.upper_code", returns="trigger", body=BODY, comment="Writes the code in capitals.")
OBJECTS: tuple[SchemaObject, ...] = (
    Extension(name="citext"),
    Comment(on="schema depot", text="What is stored."),
    UPPER,
    Function(
        name="depot.count_of", arguments="prefix text", returns="bigint", language="sql", volatility="stable",
        body=" select count(*) from depot.parcels where starts_with(code, prefix) ", execute=("app_rw", "app_ro"),
        comment="How many parcels have a code that begins so.",
    ),
    Trigger(
        name="upper_code", on="depot.parcels", fires="before insert or update", function="depot.upper_code()",
        when="new.code <> upper(new.code)", comment="Codes are in capitals.",
    ),
    View(name="depot.codes", query=" SELECT code\n   FROM depot.parcels;", comment="The codes."),
    Grant(on="depot.codes", role="app_rw", privileges=("select",)),
    Grant(on="depot.sizes", role="app_rw", privileges=("select", "update (name)")),
    Policy(name="no_old_codes", on="depot.parcels", roles=("app_tenant",), using="code <> ''", permissive=False),
)  # fmt: skip
attach(Own.metadata, *OBJECTS)

Produce = Callable[[], ops.MigrationScript]


@pytest.fixture
def owner(settings: Settings) -> Iterator[Connection]:
    """The owner of the schema, in a transaction that is rolled back."""
    url = migration_url(settings, settings.database(None))
    with owner_engine(url, RoleNames(settings.role_prefix)).connect() as connection:
        connection.execute(text("create schema depot"))
        yield connection
        connection.rollback()


@pytest.fixture
def context(owner: Connection, settings: Settings) -> MigrationContext:
    def include_name(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "schema" or name == "depot"

    options: dict[str, Any] = {
        "target_metadata": Own.metadata, "include_schemas": True, "include_name": include_name, SCHEMAS: ("depot",),
        "include_object": lambda thing, _name, kind, *_: kind != "table" or thing.schema == "depot",
        ROLE_NAMES: RoleNames(settings.role_prefix),
    }  # fmt: skip
    return MigrationContext.configure(owner, opts=options)


@pytest.fixture
def produce(context: MigrationContext) -> Produce:
    def produced() -> ops.MigrationScript:
        script = produce_migrations(context, Own.metadata)
        directives_of_project(context, None, [script])
        return script

    return produced


@pytest.fixture
def run(context: MigrationContext) -> Callable[[Any], None]:
    def ran(group: Any) -> None:
        for operation in group.ops:
            if isinstance(operation, ops.ModifyTableOps):
                ran(operation)
            else:
                Operations(context).invoke(operation)

    return ran


def depot(owner: Connection, settings: Settings) -> Catalogue:
    return reflect(owner, ["depot"], RoleNames(settings.role_prefix))


def test_a_new_schema_is_written_whole_and_then_nothing_is_left(
    produce: Produce, run: Any, owner: Connection, settings: Settings
) -> None:
    run(produce().upgrade_ops)
    assert produce().upgrade_ops.ops == []  # type: ignore[union-attr]
    labels = {thing.label for thing in depot(owner, settings)}
    assert {
        "policy depot.parcels.tenant_rows", "policy depot.parcels.all_rows", "policy depot.parcels.no_old_codes",
        "policy depot.remarks.user_rows", "policy depot.remarks.tenant_rows", "policy depot.remarks.all_rows",
        "trigger depot.parcels.upper_code", "relation depot.codes", "function depot.count_of(prefix text)",
    } <= labels  # fmt: skip
    assert not any(label.startswith("policy depot.sizes") for label in labels)


@ON_18
def test_an_application_reads_what_is_everybodys_and_writes_it_by_a_declared_grant_alone(
    produce: Produce, run: Any, owner: Connection, settings: Settings
) -> None:
    run(produce().upgrade_ops)
    found = depot(owner, settings)

    def held(table: str) -> set[str]:
        told = (entry.partition(": ") for entry in found[Thing("relation", table)]["grants"])
        return {privilege for role, _, privilege in told if role == "app_rw"}

    assert held("depot.parcels") == {"select", "insert", "update", "delete"}
    assert held("depot.units") == held("depot.sizes") == {"select"}  # of sizes a column may be updated, as declared
    assert "app_rw: update" in found[Thing("column", "depot.sizes.name")]["grants"]


def test_down_leaves_nothing_behind(produce: Produce, run: Any, owner: Connection, settings: Settings) -> None:
    before = depot(owner, settings)
    script = produce()
    run(script.upgrade_ops)
    run(script.downgrade_ops)
    assert depot(owner, settings) == before


def test_what_is_written_is_python_that_says_the_same(produce: Produce, context: MigrationContext) -> None:
    script = produce()
    assert script.upgrade_ops is not None
    code = render_python_code(script.upgrade_ops, migration_context=context)
    # what a person would write: policies of theirs are told in full, the usual ones by the helper
    assert "op.create_policy(\n        name='no_old_codes'" in code
    assert 'ddl.user_policies("depot.remarks")' in code
    assert 'ddl.grant("select, update (name)", "depot.sizes", ["app_rw"])' in code
    assert 'ddl.grant("usage", "schema depot", ["app_tenant", "app_tenant_admin", "app_all"])' in code
    with Operations.context(context) as op:
        import sqlalchemy as sa

        from app_db.migrations.ddl import v1 as ddl

        exec(f"if True:\n    {code}", {"op": op, "sa": sa, "ddl": ddl})
    assert produce().upgrade_ops.ops == []  # type: ignore[union-attr]


BY_HAND = {
    "a policy dropped": ("drop policy tenant_rows on depot.parcels", ["create_policy"]),
    "a policy weakened": ("alter policy tenant_rows on depot.parcels using (true)", ["alter_policy"]),
    "a policy of another kind": (
        (
            "drop policy no_old_codes on depot.parcels;"
            "create policy no_old_codes on depot.parcels for select to {app_tenant} using (code <> '')"
        ),
        ["alter_policy"],
    ),
    "a policy nobody declared": ("create policy extra on depot.parcels using (true)", ["drop_policy"]),
    "row security disabled": ("alter table depot.remarks disable row level security", ["alter_row_level_security"]),
    "row security not forced": ("alter table depot.parcels no force row level security", ["alter_row_level_security"]),
    "row security of what is shared": (
        "alter table depot.sizes enable row level security",
        ["alter_row_level_security"],
    ),
    "a grant too many": ("grant delete on depot.sizes to {app_rw}", ["alter_grant"]),
    "a grant too few": ("revoke select on depot.parcels from {app_ro}", ["create_grant"]),
    "a grant to another role": ("grant select on depot.parcels to {catalog_service}", ["drop_grant"]),
    "a grant on another column": ("grant update (id) on depot.sizes to {app_rw}", ["alter_grant"]),
    "nobody may look into the schema": ("revoke usage on schema depot from {app_tenant}", ["create_grant"]),
    "another body": (
        (
            "create or replace function depot.upper_code() returns trigger language plpgsql "
            "set search_path = pg_catalog, pg_temp as 'begin return new; end'"
        ),
        ["alter_function"],
    ),
    "a function for everybody": ("grant execute on function depot.upper_code() to public", ["alter_function"]),
    "a function without its search path": ("alter function depot.upper_code() reset search_path", ["alter_function"]),
    "a trigger dropped": ("drop trigger upper_code on depot.parcels", ["create_trigger"]),
    "another view": (
        "create or replace view depot.codes as select id::text as code from depot.parcels",
        ["alter_view"],
    ),
    "a comment": ("comment on schema depot is 'nonsense'", ["alter_comment"]),
    "a comment gone": ("comment on index depot.ix_parcels_tenant_id_code is null", ["create_comment"]),
    "an extension gone": ("drop extension citext", ["create_extension"]),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_what_differs_is_put_right_and_can_be_put_back(
    case: str, produce: Produce, run: Any, owner: Connection, settings: Settings, context: MigrationContext
) -> None:
    run(produce().upgrade_ops)
    right = depot(owner, settings)
    by_hand, operations = BY_HAND[case]
    names = RoleNames(settings.role_prefix)
    for role in ("app_tenant", "app_rw", "app_ro", "catalog_service"):
        by_hand = by_hand.replace(f"{{{role}}}", names(role))
    for statement in by_hand.split(";") if "policy" in by_hand else [by_hand]:
        owner.execute(text(statement.replace(":", r"\:")))
    wrong = depot(owner, settings)

    script = produce()
    assert script.upgrade_ops is not None
    assert [
        op.to_diff_tuple()[-1][0]
        if len(op.to_diff_tuple()) == 2 and isinstance(op.to_diff_tuple()[1], tuple)
        else op.to_diff_tuple()[0]
        for op in script.upgrade_ops.ops
    ] == operations
    code = render_python_code(script.upgrade_ops, migration_context=context)
    assert code.count("op.") + code.count("ddl.") == len(operations)
    run(script.upgrade_ops)
    assert depot(owner, settings) == right
    run(script.downgrade_ops)
    assert depot(owner, settings) == wrong


def test_a_table_that_does_not_say_whose_rows_it_holds_is_refused(context: MigrationContext) -> None:
    metadata = MetaData()
    Table("orphans", metadata, schema="depot")
    with pytest.raises(ScopeError, match="inherits from TenantScoped, UserScoped or Shared"):
        produce_migrations(context, metadata)


def test_an_object_that_is_declared_in_two_ways_is_refused() -> None:
    metadata = MetaData()
    attach(metadata, UPPER)
    with pytest.raises(ScopeError, match=r"function depot.upper_code .* is declared in two ways"):
        attach(metadata, replace(UPPER, comment="Another one."))


def test_the_same_object_again_is_the_same_as_an_env_py_is_run_more_than_once() -> None:
    metadata = MetaData()
    attach(metadata, UPPER)
    attach(metadata, replace(UPPER))
    assert attached_to(metadata) == [UPPER]


def test_a_set_of_partitions_says_what_it_registers() -> None:
    register, make = PartitionSet(on="depot.log", column="created_at", retention="90 days", append_only=True).create()
    assert "values ('depot.log', 'created_at', 'month', 3, interval '90 days', true)" in register
    assert make == "select ops.ensure_partitions()"
