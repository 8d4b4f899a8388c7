"""Refuses logins that would prove nothing: a superuser and an owner see every tenant's rows, whatever policies say."""

from __future__ import annotations

from typing import Any

from ..errors import StartupRefused
from ..schema import LOGINS, RoleNames
from ..settings import LoginUrl

# These see all rows because that is what they are for, and no code of a tenant gets their sessions.
_SEE_ALL_ROWS = {LoginUrl.ADMIN, LoginUrl.BACKUP, LoginUrl.MIGRATION}

_QUERY = """
select current_user, session_user, login.rolsuper or exists (
  select from pg_catalog.pg_roles as reachable
  where (reachable.rolbypassrls or reachable.rolsuper) and pg_has_role(session_user, reachable.oid, 'member')
), coalesce((select pg_has_role(session_user, oid, 'member') from pg_catalog.pg_roles where rolname = %(all)s), false)
from pg_catalog.pg_roles as login where login.rolname = session_user
"""


def refuse_privileged(connection: Any, names: RoleNames) -> str:
    """Return the role that the login works as; raises StartupRefused for one that tests must not work as."""
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, {"all": names("app_all")})
        role, login, bypasses, sees_all = cursor.fetchone()
    connection.rollback()
    if login not in {names(known.name) for known in LOGINS if known.url in _SEE_ALL_ROWS} and (bypasses or sees_all):
        connection.close()
        finding = (
            f"the tests connect as {login}, which sees every tenant's rows whatever the policies say, so they would "
            "prove nothing about isolation: use the fixtures app_db and app_db_url, whose logins are production's"
        )
        raise StartupRefused([finding])
    return str(role)
