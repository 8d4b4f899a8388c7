"""The proof: a world is made, every case is tried, and what comes out otherwise than it has to is returned."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from ...drift import Snapshot, expected_catalogue
from ...engine import admin_engine
from ...errors import ProofError
from ...reflection import made_extensions, reflect
from ...schema import LOGINS, placed_services
from .actors import OWNER, make_logins
from .beyond import Beyond
from .declared import Declared, declared_by, declared_by_models, merged
from .examples import Examples, shipped_examples
from .findings import Tally
from .functions import Functions
from .oracle import Oracle
from .place import ProofPlace
from .predicate import predicate_findings
from .prints import ForeignPrints
from .reach import Reach
from .reading import read_tables
from .scopes import scope_by_model
from .sending import Sender
from .tables import Table
from .triggers import Triggers
from .trying import Ground, TableTrial
from .views import Views, read_views
from .world import make_world

Progress = Callable[[int], None]

_MAJOR = text("select current_setting('server_version_num')::integer / 10000")
_VERSION = text("select current_setting('server_version')")
# What real logins try on rows that are committed: enough to show that acting as a role is the same as being it.
_REAL = frozenset({"select", "insert", "update", "delete", "move", "truncate", "upsert update"})


@dataclass(frozen=True, slots=True)
class ProofReport:
    """What a proof has tried and found, on which version, in how many seconds, and which exemptions nothing needed.

    `accepted` gives the reasons of what may go untried.
    """

    tally: Tally
    tables: int
    version: str
    seconds: float
    stale: tuple[str, ...] = ()
    accepted: Mapping[str, str] = field(default_factory=dict)

    @property
    def unexplained(self) -> dict[str, str]:
        """What could not be tried, and why not, where nobody has accepted that."""
        return {name: why for name, why in self.tally.untried.items() if name not in self.accepted}

    @property
    def is_open(self) -> bool:
        """Whether something was found, or could not be tried, so that nothing is proved."""
        return bool(self.tally.findings or self.unexplained)

    def as_dict(self) -> dict[str, Any]:
        """Return it for machines."""
        told = {"tables": self.tables, "version": self.version, "seconds": round(self.seconds, 1)}
        return {**told, **self.tally.as_dict(), "stale": list(self.stale), "unexplained": list(self.unexplained)}


@dataclass(slots=True)
class Proof:
    """A proof at one place: rows are made and committed there, everything else is rolled back."""

    place: ProofPlace
    examples: Examples = field(default_factory=Examples)
    snapshots: Sequence[Snapshot] = ()
    seed: int = 0
    only: Sequence[str] = ()
    tables: dict[str, Table] = field(init=False, default_factory=dict)
    ground: Ground = field(init=False)
    version: str = field(init=False, default="")

    def prepare(self, progress: Progress = lambda _made: None) -> None:
        """Read the catalogue and make the rows. Raises ProofError for a table that is not there or can't be filled."""
        examples = self.all_examples
        with self.place.connection() as connection:
            self.version = str(connection.scalar(_VERSION))
            self.tables = read_tables(connection, self.place.schemas, scope_by_model)
            self._refuse_unknown()
            views = read_views(connection, self.place.schemas)
            self.examples.refuse_unknown(self.tables, (view.name for view in views))
            declared = self._declared(connection)
            connection.exec_driver_sql("select set_config('role', %s, true)", (self.place.names(OWNER),))
            connection.exec_driver_sql("set constraints all immediate")
            world = make_world(connection, self.tables, examples, self.seed, progress)
            connection.commit()
        oracle = Oracle(declared, examples.exemptions, world.owners)
        self.ground = Ground(world, declared, oracle, self.place.names)

    @property
    def all_examples(self) -> Examples:
        """The examples that come with the release, and those that were given."""
        return shipped_examples() | self.examples

    def chosen(self) -> list[Table]:
        """Return the tables to prove: those that were named, else all that hold anybody's rows."""
        return [
            table for table in self.tables.values() if table.is_proved and (not self.only or table.name in self.only)
        ]

    def run(self, progress: Progress = lambda _done: None) -> ProofReport:
        """Try everything."""
        began, tally = time.monotonic(), Tally()
        for table in self.chosen():
            tally.add(self.of_table(table))
            progress(1)
        if not self.only:
            tally.add(self.of_views())
            tally.add(self.of_functions())
        tally.add(self.of_real_logins())
        tally.add(self.of_predicate())
        return self.report(tally, time.monotonic() - began)

    def report(self, tally: Tally, seconds: float = 0.0) -> ProofReport:
        """Return what came of it."""
        accepted = {name: why for name, why in self.all_examples.untried.items() if name in tally.untried}
        stale = () if self.only else (*self.stale(), *(name for name in self.examples.untried if name not in accepted))
        return ProofReport(tally, len(self.chosen()), self.version, seconds, stale, accepted)

    def stale(self) -> tuple[str, ...]:
        """Return the exemptions that were given and that nothing has needed; a part of the tables can't tell."""
        return () if self.only else self.ground.oracle.exemptions.stale(self.examples.exemptions)

    def of_table(self, table: Table) -> Tally:
        """Try the cases of one table, first on a connection that was never bound to anybody."""
        with self.acting() as sender:
            trial = TableTrial(self.ground, sender, table)
            tally = trial.run(bound=False)
            tally.add(trial.run())
            tally.add(trial.run_granted())
            tally.findings += Reach(self.ground, sender, table, tally).findings()
            tally.findings += Beyond(self.ground, sender, tally).of_table(table)
            prints = ForeignPrints(self.ground, sender, self.tables.values())
            tally.findings += Triggers(self.ground, sender, prints, tally).findings(table)
        return tally

    def of_views(self) -> Tally:
        """Try what is seen through views."""
        tally = Tally()
        with self.acting() as sender, self.place.connection() as connection:
            views = Views(self.ground, sender, self.tables.values(), tally)
            for view in read_views(connection, self.place.schemas):
                tally.findings += views.findings(view)
        return tally

    def of_functions(self) -> Tally:
        """Try what functions that see past policies tell of foreign rows."""
        tally = Tally()
        with self.acting() as sender:
            functions = Functions(self.ground, sender, self.tables.values(), tally)
            for definer in functions.read(self.place.schemas):
                tally.findings += functions.findings(definer)
        return tally

    def of_real_logins(self) -> Tally:
        """Try some of the cases as each login itself, with its password, on rows that are committed."""
        tally = Tally()
        with self.acting() as owners:
            trials = [TableTrial(self.ground, owners, table) for table in self.chosen()]
            for login in LOGINS:
                url = self.place.settings.login_url(login.url)
                if url is None or OWNER in login.member_of:
                    continue
                with admin_engine(url).connect() as connection:
                    connection.exec_driver_sql("set constraints all immediate")
                    sender = Sender(connection, becomes=False)
                    for trial in trials:
                        tally.add(trial.run_as_itself(login.name, sender, _REAL))
        return tally

    def of_predicate(self) -> Tally:
        """Try the statements of a session, with the tenant in their text, as a login that sees every row."""
        tally = Tally()
        tally.findings += predicate_findings(self.place, self.ground.world, self.chosen(), tally)
        return tally

    @contextmanager
    def acting(self) -> Iterator[Sender]:
        """Yield who sends as any role, in a transaction in which every role has a login."""
        with self.place.connection() as connection:
            make_logins(connection, self.place.names)
            connection.exec_driver_sql("set constraints all immediate")
            yield Sender(connection)

    def _declared(self, connection: Connection) -> Declared:
        """Return what is granted by our snapshots, by an application's, by its models; else as the database has it."""
        services = placed_services(None, made_extensions(connection))
        major = int(connection.scalar(_MAJOR) or 0)
        catalogue = expected_catalogue(services, major)
        for snapshot in self.snapshots:
            catalogue |= snapshot.for_version(major)
        found = declared_by(reflect(connection, self.place.schemas, self.place.names))
        return merged({*self.tables, *found.tables}, declared_by(catalogue), declared_by_models(self.tables), found)

    def _refuse_unknown(self) -> None:
        unknown = sorted(set(self.only) - self.tables.keys())
        if unknown:
            raise ProofError(
                f"there is no table {unknown[0]} in {', '.join(self.place.schemas)}: name one with its schema"
            )
