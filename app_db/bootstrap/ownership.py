"""The administrator acts as app_owner for as long as the database takes, and not a moment longer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from ..errors import BootstrapError
from .change import refused, run_statement
from .site import Site

_IS_MEMBER = text("""
    select bool_or(coalesce((j ->> 'inherit_option')::boolean or (j ->> 'set_option')::boolean, true))
      from pg_auth_members m, to_jsonb(m) j
     where m.roleid = (select oid from pg_roles where rolname = :role)
       and m.member = (select oid from pg_roles where rolname = :member)
""")


@contextmanager
def acting_as(engine: Engine, site: Site, roles: Sequence[str]) -> Iterator[None]:
    """Make the administrator a member of `roles` and revoke it afterwards, on failure too.

    `create database … owner` needs the membership (PostgreSQL manual, "CREATE DATABASE"); as long as it lasts the
    administrator sees every row. A superuser needs none. Raises BootstrapError where it can't be granted or revoked.
    """
    if site.administrator.superuser:
        yield
        return
    ours = [role for role in roles if not _granted_by_others(site, role)]
    try:
        with engine.connect() as connection:
            for role in ours:
                statement = site.grant_membership(role, site.administrator.name)
                run_statement(connection, f"membership in {role}", statement)
        yield
    finally:
        _revoke(engine, site, ours)


def _granted_by_others(site: Site, role: str) -> bool:
    """Tell whether a membership stands that is not this administrator's own grant, and so not ours to revoke.

    A grant of his own was left by a run that was killed.
    """
    return any(
        edge.role == role and edge.member == site.administrator.name and edge.grantor != site.administrator.name
        and edge.inherit and edge.set_role
        for edge in site.cluster.edges
    )  # fmt: skip


def _revoke(engine: Engine, site: Site, roles: Sequence[str]) -> None:
    # on a connection of its own, because the one that worked may be what failed
    administrator = site.sql.name(site.administrator.name)
    for role in roles:
        statement = f"revoke {site.sql.name(role)} from {administrator}"
        try:
            with engine.connect() as connection:
                if connection.scalar(_IS_MEMBER, {"role": role, "member": site.administrator.name}):
                    run_statement(connection, f"membership in {role}", statement)
        except (BootstrapError, DBAPIError) as error:
            reason = error if isinstance(error, BootstrapError) else refused(f"membership in {role}", error)
            raise BootstrapError(
                f"{site.administrator.name} is still a member of {role} and may see every row: "
                f"type {statement}. {reason}"
            ) from None
