"""Which revisions a database has, when Alembic's version table does not name those that another one depends on."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .services import SERVICES


def newest_by_chain(revisions: Iterable[str]) -> dict[str, str]:
    """Return the newest revision of each chain, from what the version table names.

    A revision of core that a service's revision depends on is there, and is named only where nothing depends on it;
    also for a service that is placed elsewhere by now.
    """
    newest: dict[str, str] = {}
    for revision in revisions:
        _raise(newest, revision)
        service = SERVICES.get(_chain(revision))
        for needing, core in service.core_revisions if service else ():
            if number_of(revision) >= number_of(needing):
                _raise(newest, core)
    return dict(sorted(newest.items()))


def number_of(revision: str) -> int:
    """Return the number of a revision within its chain: 2 for `core_0002`, 0 for one that has none."""
    found = re.fullmatch(r".+_(\d+)", revision)
    return int(found[1]) if found else 0


def _raise(newest: dict[str, str], revision: str) -> None:
    chain = _chain(revision)
    if chain not in newest or number_of(newest[chain]) < number_of(revision):
        newest[chain] = revision


def _chain(revision: str) -> str:
    return revision.rsplit("_", 1)[0]
