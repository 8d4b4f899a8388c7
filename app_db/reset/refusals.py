"""What is not emptied, and why. Nothing here connects: a database that is refused is not even knocked at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from sqlalchemy import URL

from ..errors import ResetRefused
from ..settings import Settings


def check_environment(settings: Settings) -> None:
    """Raise ResetRefused outside of development and test."""
    if not settings.is_local:
        raise ResetRefused(
            f"APP_DB_ENVIRONMENT is {settings.environment.value!r}, and a reset deletes every row: it is for "
            "development and test only. For a copy of your own set APP_DB_ENVIRONMENT=development and that copy's URLs"
        )


def check_tree(tree: Path | None) -> None:
    """Raise ResetRefused for an `alembic.ini` that is not there, before what it would build is dropped."""
    if tree is not None and not tree.is_file():
        raise ResetRefused(f"there is no file {tree}, so your own revisions can't be applied: name your alembic.ini")


def check_place(url: URL, confirmed: str | None) -> None:
    """Raise ResetRefused for a server elsewhere, unless `confirmed` is the name of the database."""
    if confirmed is not None and confirmed != url.database:
        raise ResetRefused(
            f"--yes-really names {confirmed!r}, and the database is {url.database!r}: see that the URL is the one you "
            "mean, and give the name of its database"
        )
    elsewhere = [host for host in _hosts(url) if not _is_here(host)]
    if elsewhere and confirmed is None:
        raise ResetRefused(
            f"the database {url.database!r} is on {', '.join(elsewhere)}, which is not this machine, and others may "
            f"work with it: if every row of it may go, add --yes-really {url.database}"
        )


def _hosts(url: URL) -> Iterator[str]:
    """Yield every host that libpq would connect to, the empty string for its default socket.

    What the URL leaves open comes from libpq's own variables (PostgreSQL manual, "Environment Variables" of libpq).
    """
    for service in [*_values(url, "service"), *_from_environment("PGSERVICE")]:
        yield f"service {service}"  # a file that we don't read says where that is
    yield from _values(url, "hostaddr") or _from_environment("PGHOSTADDR")
    named = [*([url.host] if url.host else []), *_values(url, "host")]
    yield from (part for name in named or _from_environment("PGHOST") or [""] for part in name.split(","))


def _values(url: URL, key: str) -> list[str]:
    value = url.query.get(key, ())
    return [value] if isinstance(value, str) else list(value)


def _from_environment(name: str) -> list[str]:
    value = os.environ.get(name)
    return [value] if value else []


def _is_here(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if host.count(":") == 1 else host  # host:port, but no IPv6 address
    if name in {"", "localhost"} or name.startswith(("/", "@")):
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
