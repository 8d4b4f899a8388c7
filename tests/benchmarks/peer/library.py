"""What is asked of each library, in its own words: the scenarios and the units of work are the same for all.

Imports nothing but SQLAlchemy: it runs beside each library in that library's own environment.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

TENANTS = 20
Counts = dict[Any, int]


class Library(ABC):
    """A library at work. A `door` is what it makes sessions from: a pool to a place (`direct`, `proxy`, `pooler`).

    `tenants` are the ids by which it knows its tenants; `item` is its mapped class, with the columns `tenant`, `id`,
    `code`, `name`, `price` and `created_at`.
    """

    item: Any
    tenants: list[Any]
    plain_sees_all = False  # where a session without a tenant is documented as the administrator's
    collision: tuple[Any, Any] | None = None  # two tenants whose names might be taken for one

    @abstractmethod
    def prepare(self, rows: int) -> None:
        """Make the schema as the documentation says, and the tenants with their rows; same rows for all libraries."""

    @abstractmethod
    def door(self, place: str, pool_size: int) -> Any:
        """Return a new one."""

    @abstractmethod
    def close(self, door: Any) -> None:
        """Close its pool."""

    @abstractmethod
    def session(self, door: Any, tenant: Any) -> AbstractContextManager[Session]:
        """A tenant's session, as documented."""

    @abstractmethod
    def plain(self, door: Any) -> AbstractContextManager[Session]:
        """A session without a tenant, on the same pool."""

    @abstractmethod
    def flips(self) -> list[str]:
        """Statements by which SQL that runs in a tenant's session might open all tenants."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """What was measured."""

    def own(self, tenant: Any) -> list[Any]:
        """Return conditions that the documentation tells to write into each query."""
        del tenant
        return []

    def new(self, tenant: Any) -> Any:
        """Return a new item of a tenant's."""
        return self.item(tenant=tenant, code="new", name="new", price=1)


Seen = tuple[str, str]  # the verdict, and what was seen


def seen(library: Library, session: Session) -> Counts:
    """Return how many rows of which tenant a query sees that names no tenant."""
    item = library.item
    return dict(session.execute(select(item.tenant, func.count()).group_by(item.tenant)).all())  # type: ignore[arg-type]


def judged(counts: Counts, tenant: Any) -> Seen:
    """Return the verdict on what a tenant's session has seen; None is nobody's, which has to see nothing."""
    others = {other: rows for other, rows in counts.items() if other != tenant}
    if others:
        other = "other " if tenant is not None else ""
        of = f"{len(others)} {other}tenants" if len(others) > 1 else f"one {other}tenant"
        return "LEAKS", f"reads {sum(others.values()):,} rows of {of}"
    if tenant is None or counts.get(tenant):
        return "holds", "reads no other row" if tenant is not None else "reads no row"
    return "fails", "does not read its own rows any more"


def judged_plain(library: Library, counts: Counts) -> Seen:
    """Return the verdict on what a session without a tenant has seen."""
    if not library.plain_sees_all:
        return judged(counts, None)
    if len(counts) == len(library.tenants):
        return "by design", "it is the administrator's, and reads all rows"
    return "fails", f"it is the administrator's, and reads the rows of {len(counts)} of {len(library.tenants)} tenants"


def after_rollback(library: Library) -> Seen:
    """A tenant's session goes on after a rollback."""
    door, tenant = library.door("direct", 2), library.tenants[0]
    with library.session(door, tenant) as session:
        seen(library, session)
        session.rollback()
        found = judged(seen(library, session), tenant)
    library.close(door)
    return found


def after_commit(library: Library) -> Seen:
    """A tenant's session goes on after a commit, on another connection: another tenant's unit has taken its own."""
    door, (first, second) = library.door("direct", 2), library.tenants[:2]
    with library.session(door, first) as session:
        seen(library, session)
        session.commit()
        with library.session(door, second) as other:
            seen(library, other)
            found = judged(seen(library, session), first)
            session.rollback()
    library.close(door)
    return found


def plain_after(library: Library) -> Seen:
    """A session without a tenant comes after a tenant's unit of work on its connection."""
    door, tenant = library.door("direct", 1), library.tenants[0]
    with library.session(door, tenant) as session:
        seen(library, session)
        session.commit()
    with library.plain(door) as session:
        found = judged_plain(library, seen(library, session))
    library.close(door)
    return found


def add_in_second(library: Library) -> Seen:
    """A session of B's, which comes after one of A's, adds a row of A's and commits, and asks nothing before."""
    door, (first, second) = library.door("direct", 1), library.tenants[:2]
    with library.session(door, first) as session:
        seen(library, session)
        session.commit()
    try:
        with library.session(door, second) as session:
            session.add(library.new(first))
            session.commit()
        found = "LEAKS", "the row of the other tenant is written"
    except Exception as error:  # noqa: BLE001  # of whichever library
        found = "holds", f"refused: {type(error).__name__}"
    library.close(door)
    return found


def pooler_plain(library: Library) -> Seen:
    """Through PgBouncer in transaction mode: another client, without a tenant, comes after a tenant's."""
    mine, theirs = library.door("pooler", 1), library.door("pooler", 1)
    with library.session(mine, library.tenants[0]) as session:
        seen(library, session)
        session.commit()
    with library.plain(theirs) as session:
        found = judged_plain(library, seen(library, session))
    for door in (mine, theirs):
        library.close(door)
    return found


def pooler_in_turn(library: Library) -> Seen:
    """Through PgBouncer in transaction mode: two clients' sessions of two tenants commit in turn."""
    mine, theirs = library.door("pooler", 1), library.door("pooler", 1)
    first, second = library.tenants[:2]
    with library.session(mine, first) as session:
        seen(library, session)
        session.commit()
        with library.session(theirs, second) as other:
            seen(library, other)
            other.commit()
        found = judged(seen(library, session), first)
    for door in (mine, theirs):
        library.close(door)
    return found


def name_collision(library: Library) -> Seen:
    """A tenant's name looks as the library's name for another one."""
    if library.collision is None:
        return "does not apply", "no name of a role is made of a tenant's"
    door, (victim, named_alike) = library.door("direct", 1), library.collision
    with library.session(door, named_alike) as session:
        counts = seen(library, session)
    library.close(door)
    theirs = counts.get(victim, 0)
    return ("LEAKS", f"{named_alike!r} reads {theirs:,} rows of {victim!r}") if theirs else ("holds", "no row of it")


def one_statement(library: Library) -> Seen:
    """SQL that runs in a tenant's session, as by injection, tries to open all tenants with one statement."""
    tenant = library.tenants[0]
    for statement in library.flips():
        door = library.door("direct", 1)
        try:
            with library.session(door, tenant) as session:
                seen(library, session)
                session.execute(text(statement))
                if len(seen(library, session)) > 2:  # all, and not just one other
                    return "LEAKS", f"`{statement}` opens all tenants"
        except Exception:  # noqa: BLE001  # refused, by whichever library
            continue
        finally:
            library.close(door)
    return "holds", "none opens all; one can name one other tenant" if library.flips() else "none"


SCENARIOS: dict[str, Callable[[Library], Seen]] = {
    "goes on after a rollback": after_rollback,
    "goes on after a commit, on another connection": after_commit,
    "plain session after a tenant's": plain_after,
    "B's session only adds a row of A's": add_in_second,
    "PgBouncer: another client without a tenant": pooler_plain,
    "PgBouncer: two tenants' clients in turn": pooler_in_turn,
    "tenant `tenant_a` beside tenant `a`": name_collision,
    "one statement of SQL opens all": one_statement,
}


def units(library: Library, place: str) -> dict[str, Callable[[], object]]:
    """Return the units of work that are measured, through one warm pool.

    They read the columns that are alike: keys are of the types that each library's pages have.
    """
    door, tenant, item = library.door(place, 5), library.tenants[0], library.item
    own, columns = library.own(tenant), (item.code, item.name, item.price, item.created_at)
    queries = {
        "newest 50": select(*columns).where(*own).order_by(item.created_at.desc(), item.id.desc()).limit(50),
        "count": select(func.count()).select_from(item).where(*own),
    }
    with library.session(door, tenant) as session:
        key = session.scalars(select(item.id).where(*own).order_by(item.created_at).limit(1)).one()
    queries = {"point read": select(*columns).where(item.id == key, *own), **queries}

    def unit_of(query: Any) -> Callable[[], object]:
        def unit() -> object:
            with library.session(door, tenant) as session:
                return session.execute(query).all()

        return unit

    return {name: unit_of(query) for name, query in queries.items()}
