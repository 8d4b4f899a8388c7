"""What an application needs of a database that is at head: logins that lead there and see what they may."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL

from ..engine import admin_engine, identity
from ..errors import ConnectionLost, StartupRefused
from ..schema import RoleNames
from ..session.gate import Gate
from ..settings import LoginUrl, Settings
from .prerequisites import Check

# A replica is another server on purpose.
_ELSEWHERE = {LoginUrl.READONLY}


def check_logins(settings: Settings, *, database: str | None = None) -> list[Check]:
    """Connect as each login whose URL is set, as the application will, and let it pass the start-up gate.

    A login that can't connect is a note: its password may be known on another machine only.
    """
    place = settings.database(database)
    services = place.services or settings.services
    names = RoleNames(settings.role_prefix)
    urls = {login: url for login in LoginUrl if (url := place.login_url(login)) is not None}
    where: tuple[Any, ...] | None = None
    checks = []
    for login, url in sorted(urls.items(), key=lambda pair: pair[0] is not LoginUrl.MIGRATION):
        check, found = _look(login, url, Gate(login, services, names, strict=True))
        if found is not None and where is not None and found != where and login not in _ELSEWHERE:
            check = Check(login.value, "failed", "leads to another database", f"set it as {LoginUrl.MIGRATION} is")
        where = where or found
        checks.append(check)
    return checks


def _look(login: LoginUrl, url: URL, gate: Gate) -> tuple[Check, tuple[Any, ...] | None]:
    try:
        with admin_engine(url, application_name="app_db init").connect() as connection:
            found = identity(connection)
            connection.rollback()
            gate(connection.connection.dbapi_connection)
    except ConnectionLost as error:
        reason = str(error.orig).strip().splitlines()[0]
        return Check(login.value, "note", f"can't connect: {reason}", "try it where its password is known"), None
    except StartupRefused as refused:
        return Check(login.value, "failed", "; ".join(refused.findings)), found
    return Check(login.value, "ok", "connects, and sees what it may"), found
