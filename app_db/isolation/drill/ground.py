"""What a drill works on: a schema of its own with one table, and tenants of its own. Both go at its end.

A drill that was killed leaves them; the next one begins with taking them away.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import BigInteger, Column, Connection, ForeignKeyConstraint, MetaData, Table, Uuid, insert, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable
from uuid_utils.compat import uuid7

from ...errors import DrillRefused, ForeignKeyViolation
from ...models import Tenant
from ...models.base import NAMING_CONVENTION
from ...schema import Grant, RoleNames, Scope, ScopeKind
from ...schema.derived import expected_objects
from ...tenants.deletion import delete_tenant
from ...tenants.work import Who, silent

SCHEMA, TABLE = "isolation_drill", "isolation_drill.entries"
SLUG = "isolation-drill-"

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]
_MARK = "Of `app-db isolation drill`, which drops it at its end or when it is run again."
_TENANTS = ("app_tenant", "app_tenant_admin")
_FOUND = text("""
select to_regclass('tenancy.tenants') is not null, to_regnamespace(:schema) is not null,
  obj_description(to_regnamespace(:schema), 'pg_namespace')
""")


class DrillGround:
    """The table of a drill, made as a tenant's table of ours is; a way with policies of its own has another one.

    `current` is SQL for the tenant that the database takes a unit of work for, NULL for nobody. The table has the
    columns `tenant_id`, by default the current tenant, `author`, `changes` and `id`, the last two by default as well.
    """

    current = "app.current_tenant_id()"

    def statements(self, names: RoleNames, tenants: Sequence[UUID]) -> list[str]:
        """Return what makes the table, with its policies and grants; the schema is there."""
        del tenants  # for a way that has, say, a role for each
        metadata = MetaData(naming_convention=NAMING_CONVENTION)
        table = Table(
            "entries", metadata,
            Column("tenant_id", Uuid, primary_key=True, server_default=text("app.current_tenant_id()")),
            Column("id", Uuid, primary_key=True, server_default=text("app.uuid7()")),
            Column("author", Uuid, nullable=False),
            Column("changes", BigInteger, nullable=False, server_default=text("0")),
            ForeignKeyConstraint(["tenant_id"], [Tenant.__table__.c.id]),
            schema=SCHEMA,
        )  # fmt: skip
        Scope(ScopeKind.TENANT, tenant_column="tenant_id").attach_to(table)
        # to whoever sees a tenant's rows: a service's login has a service role of its own
        anybodys = [Grant(on=TABLE, role=role, privileges=("select", "insert", "update")) for role in _TENANTS]
        objects = [*expected_objects(metadata, [table], [SCHEMA]), *anybodys]
        made = (statement for entry in objects for statement in entry.create())
        return [str(CreateTable(table).compile(dialect=_POSTGRESQL)), *map(names.fill, made)]


def make_tenants(owner: Connection, count: int) -> list[UUID]:
    """Make approved tenants, since a unit of work may ask for that; as the owner of the schema."""
    tenants = [uuid7() for _ in range(count)]
    approved = {"name": "Isolation drill", "status": "approved", "approved_at": dt.datetime.now(dt.UTC)}
    rows = [{"id": one, "slug": f"{SLUG}{one.hex[-12:]}", "approved_by": one, **approved} for one in tenants]
    owner.execute(insert(Tenant), rows)
    return tenants


def make_ground(owner: Connection, ground: DrillGround, names: RoleNames, tenants: Sequence[UUID]) -> None:
    """Make the schema and what the ground has in it."""
    owner.execute(text(f"create schema {SCHEMA}"))
    owner.execute(text(f"comment on schema {SCHEMA} is '{_MARK}'"))
    for statement in ground.statements(names, tenants):
        owner.execute(text(statement.replace(":", r"\:")))


def remove(owner: Connection) -> None:
    """Take away schema and tenants, of this drill or of one that was killed; commits.

    Raises DrillRefused where a schema of that name is somebody else's, LockNotAvailable where a connection holds the
    table for longer than ten seconds.
    """
    has_tenants, exists, comment = owner.execute(_FOUND, {"schema": SCHEMA}).one()
    if not has_tenants:
        raise DrillRefused("there is no table of tenants in this database: apply the revisions, with `app-db upgrade`")
    if exists and comment != _MARK:
        raise DrillRefused(
            f"there is a schema {SCHEMA} in this database that no drill has made: rename it "
            f"(alter schema {SCHEMA} rename to …)"
        )
    owner.execute(text("set local lock_timeout = '10s'"))
    owner.execute(text(f"drop schema if exists {SCHEMA} cascade"))
    owner.commit()
    for tenant in owner.scalars(select(Tenant.id).where(Tenant.slug.startswith(SLUG, autoescape=True))).all():
        _delete(owner, tenant)


def _delete(owner: Connection, tenant: UUID) -> None:
    """Delete a tenant; where the unit of work has left rows in other tables, with all that it has."""
    try:
        owner.execute(text("delete from tenancy.tenants where id = :tenant"), {"tenant": tenant})
        owner.commit()
    except ForeignKeyViolation:
        owner.rollback()
        with Session(owner) as session:
            delete_tenant(session, Who("app-db isolation drill", "a tenant of a drill"), tenant, silent, now=True)
            session.commit()
