"""The rows that are tried: of two tenants and four people, in every table, and rows that could be added."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from ...errors import ProofError
from ...schema import ScopeKind
from .examples import Examples
from .rows import Owner, Row, RowMaker, in_order
from .tables import Table
from .whose import COLLEAGUE, FOREIGN, OWN, TRAVELLER


@dataclass(slots=True)
class World:
    """Whose rows there are, the rows by table and whose they are, and drafts of further ones.

    `partial` has, by table and partial index, a foreign row that the index holds, and drafts that it would hold.
    The traveller is the person of the foreign row, in the own tenant, where he has no row.
    """

    owners: Mapping[str, Owner]
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    drafts: dict[str, dict[str, Row]] = field(default_factory=dict)
    partial: dict[tuple[str, str], tuple[Row, dict[str, Row]]] = field(default_factory=dict)

    def targets(self, table: Table) -> dict[str, Row]:
        """Return the rows of a table by whose they are."""
        return self.rows[table.name]


def new_owners() -> dict[str, Owner]:
    """Return two tenants and their people, who don't exist yet."""
    own, other, anna, boris, both = (str(uuid7()) for _ in range(5))
    return {
        OWN: Owner(own, anna),
        COLLEAGUE: Owner(own, boris),
        FOREIGN: Owner(other, both),
        TRAVELLER: Owner(own, both),
    }


def make_world(
    connection: Connection,
    tables: Mapping[str, Table],
    examples: Examples,
    seed: int = 0,
    progress: Callable[[int], None] = lambda _made: None,
) -> World:
    """Make rows in every table of somebody's, as the owner; raises ProofError that names all that can't be made."""
    world = World(new_owners())
    maker = RowMaker(connection, tables, examples, seed)
    refused: list[str] = []
    for table in in_order(tables):
        if table.is_proved:
            try:
                _fill(world, maker, table)
            except ProofError as error:
                refused.append(str(error))
        progress(1)
    if refused:  # what refers to such a table is refused for the same reason
        raise ProofError("\n".join(dict.fromkeys(refused)))
    return world


def _fill(world: World, maker: RowMaker, table: Table) -> None:
    kinds = _kinds(table)
    world.rows[table.name] = {kind: maker.insert(table, world.owners[kind]) for kind in kinds}
    world.drafts[table.name] = {kind: maker.draft(table, world.owners[kind]) for kind in (*kinds, *_visitors(table))}
    _fill_partial(world, maker, table)


def _fill_partial(world: World, maker: RowMaker, table: Table) -> None:
    for unique in table.uniques:
        if unique.where and table.scope.kind is not ScopeKind.SYSTEM:
            foreign = maker.insert(table, world.owners[FOREIGN], wish=unique.name)
            visitors = (OWN, *_visitors(table))
            drafts = {kind: maker.draft(table, world.owners[kind], wish=unique.name) for kind in visitors}
            world.partial[table.name, unique.name] = (foreign, drafts)


def _kinds(table: Table) -> tuple[str, ...]:
    if table.scope.kind is ScopeKind.SYSTEM:
        return (FOREIGN,)
    return (OWN, FOREIGN) if table.scope.user_column is None else (OWN, COLLEAGUE, FOREIGN)


def _visitors(table: Table) -> tuple[str, ...]:
    return (TRAVELLER,) if table.scope.kind is ScopeKind.USER else ()
