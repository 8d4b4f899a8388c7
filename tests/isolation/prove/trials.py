"""What is found in a database that was changed, until the end of a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from isolation.prove.planted import MISTAKES, Mistake

from app_db.isolation.prove import Finding, Proof, Tally
from app_db.isolation.prove.actors import OWNER
from app_db.isolation.prove.beyond import Beyond
from app_db.isolation.prove.reach import Reach
from app_db.isolation.prove.sending import Sender
from app_db.isolation.prove.trying import TableTrial
from app_db.isolation.prove.views import Views, read_views


@contextmanager
def changed(proof: Proof, statements: tuple[str, ...]) -> Iterator[Sender]:
    """A database that was changed, until the end of the block."""
    prefix = proof.place.settings.role_prefix
    with proof.acting() as sender:
        refused = sender.change(proof.place.names(OWNER), tuple(each.format(p=prefix) for each in statements))
        assert refused == ""
        yield sender


def found_in(proof: Proof, mistake: Mistake) -> list[Finding]:
    """Everything that comes out wrong on the table, or through the view, that has the mistake."""
    with changed(proof, mistake.statements) as sender, proof.place.connection() as connection:
        if mistake.table not in proof.tables:
            views = {view.name: view for view in read_views(connection, proof.place.schemas)}
            return list(Views(proof.ground, sender, proof.tables.values(), Tally()).findings(views[mistake.table]))
        table = proof.tables[mistake.table]
        trial = TableTrial(proof.ground, sender, table)
        beyond = Beyond(proof.ground, sender).of_table(table)
        return [*trial.run().findings, *Reach(proof.ground, sender, table).findings(), *beyond]


def planted(name: str) -> Mistake:
    return next(mistake for mistake in MISTAKES if mistake.name == name)
