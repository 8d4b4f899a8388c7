"""What a policy takes from a statement, measured: the same conditions asked by who is narrowed and by who is not.

The plan of the tenant's login says by which conditions each table is scanned, the policy's among them. These are asked
of the table again, as the tenant and as a role that sees all rows. Conditions, estimates and indexes are the same for
both; the one difference is which conditions may come before the policy. So a plan that costs the tenant much more has
lost an index, and its other plan says which. See docs/decisions/0027-what-a-policy-takes.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ...schema import RoleNames
from .catalogue import Catalogue
from .keys import Key, Table
from .losses import Loss
from .planner import Planner, Unplannable
from .plans import Node, Scan, alone, index_conditions, rows_read, scans, walk
from .sources import split_statements
from .vectors import distance, orders, orders_by

_BOUND = "'app.current_"
_SOME = 10  # rows that a search for nearest neighbours is taken to ask for


@dataclass(frozen=True, slots=True)
class _Probe:
    """A reading of one table: as the tenant asks it, to whom the policy's conditions come by themselves, and as all."""

    select: str
    own: list[str]
    conditions: list[str]
    types: Sequence[str]

    @property
    def narrowed(self) -> str:
        return self.select + " and ".join(self.own)

    @property
    def plain(self) -> str:
        return self.select + " and ".join(self.conditions)


class Comparison:
    """Two planners, of the tenant's login and of one who sees all rows, and what the catalogue says.

    `analyze` has conditions executed too, by both, where they have no parameters. `classes` are those of the tables'
    models, where models were given.
    """

    def __init__(
        self, tenant: Planner, everything: Planner, catalogue: Catalogue, names: RoleNames, *, analyze: bool = False
    ) -> None:
        self.tenant = tenant
        self.everything = everything
        self.catalogue = catalogue
        self.names = names
        self.analyze = analyze
        self.classes: dict[str, str] = {}

    def losses(self, statement: str) -> list[Loss]:
        """Return what the policies take from the statement; raises Unplannable where the tenant's login has no plan."""
        parts = split_statements(statement)
        if len(parts) != 1:
            raise Unplannable(f"{len(parts)} statements where one is expected")
        plan, types = self.tenant.explain(parts[0])
        found: dict[tuple[str, str], Loss] = {}
        seen = set()
        for scan in scans(plan):
            table = self.catalogue.table(scan.schema, scan.table)
            asked = (table and table.relation, *(part.replace(f"{scan.alias}.", "") for part in scan.conditions))
            if table is None or asked in seen:  # of partitions the first one tells
                continue
            seen.add(asked)
            loss = self._lost_by(scan, table, plan, types)
            if loss is not None:
                found.setdefault((loss.table.name, loss.key.index), loss)
        for loss in self._vectors(plan):
            found.setdefault((loss.table.name, loss.key.index), loss)
        return list(found.values())

    def of_key(self, key: Key) -> Loss | None:
        """Return what the policies take from a condition on that key of an index, by an example of one."""
        table = self.catalogue.table(key.schema, key.table)
        if table is None or key.sample is None:
            return None
        if key.is_vectors:
            return self._of_vectors(table, key, distance(key), None)
        condition = f"{key.expression} {key.sample.written} $1::{key.sample.right}"
        predicate = f" and ({key.predicate})" if key.predicate else ""  # without which a partial index is not read
        try:
            loss = next(iter(self.losses(f"select * from {table.relation} where {condition}{predicate}")), None)
        except Unplannable:
            return None
        return Loss(table, key, condition) if loss is None else loss

    def _lost_by(self, scan: Scan, table: Table, plan: Node, types: Sequence[str]) -> Loss | None:
        known = {str(node["Alias"]) for node, _ in walk(plan) if "Alias" in node}
        conditions = alone(scan, known, len(types))
        own = [part for part in conditions if _BOUND not in part]  # the policy's come again by themselves
        if not own:
            return None
        probe = _Probe(f'select * from {table.relation} as "{scan.alias}" where ', own, conditions, types)
        try:
            lost = self._difference(probe, table)
            return None if lost is None else self._measured(probe, Loss(table, *lost), scan.limit_cost)
        except Unplannable:
            return None

    def _measured(self, probe: _Probe, loss: Loss, limit_cost: float | None) -> Loss:
        with_policy, given = self.tenant.explain(probe.narrowed, probe.types)
        without, _ = self.everything.explain(probe.plain, probe.types)
        used = {self.catalogue.index(loss.key.schema, index) for index, _ in index_conditions(without)}
        if loss.key.index in used:
            cost = min(float(with_policy["Total Cost"]), limit_cost or float("inf"))
            loss = replace(loss, cost=(cost, min(cost, float(without["Total Cost"]))))
        return loss if given or not self.analyze else self._executed(probe, loss)

    def _executed(self, probe: _Probe, loss: Loss) -> Loss:
        """Add what was measured; where it can't be executed (it fails, writes, or takes too long) costs have to do."""
        asked = ((self.tenant, probe.narrowed), (self.everything, probe.plain))
        try:
            plans = [planner.explain(statement, analyze=True)[0] for planner, statement in asked]
        except Unplannable:
            return loss
        ms, without_ms = (float(plan["Execution Time"]) for plan in plans)
        rows, without_rows = (rows_read(plan) for plan in plans)
        return replace(loss, rows=(rows, without_rows), ms=(ms, without_ms))

    def _difference(self, probe: _Probe, table: Table) -> tuple[Key, str] | None:
        """Return the key of an index that can be read without the policy only, and the statement's condition on it.

        Without sequential scans a plan shows what can be read, however few rows there are. Both have the same
        conditions, so they are the same plan unless the policy forbids one to come before it.
        """
        possible, _ = self.tenant.explain(probe.narrowed, probe.types, seqscan=False)
        without, _ = self.everything.explain(probe.plain, probe.types, seqscan=False)
        kept = {condition for _, condition in index_conditions(possible)}
        found = []
        for index, condition in index_conditions(without):
            for key in self.catalogue.keys_of(table, self.catalogue.index(table.schema, index)):
                if condition not in kept and _BOUND not in condition and _names(condition, key):
                    # LIKE is asked, and >= with < is what an index is read by
                    asked = [part for part in probe.own if part not in kept and _names(part, key)]
                    found.append((key, next(iter(asked), condition)))
        return max(found, key=lambda one: one[0].is_leaky, default=None)

    def _vectors(self, plan: Node) -> Iterator[Loss]:
        """Yield the sorts by a distance, whichever way they are done: rows are compared each, or are missing."""
        found = {scan.alias: self.catalogue.table(scan.schema, scan.table) for scan in scans(plan)}
        for node, _ in walk(plan):
            for part in orders(node):
                for alias, table in found.items():
                    for key in self.catalogue.keys_of(table) if table is not None else ():
                        if table is not None and key.is_vectors and orders_by(part, alias, key):
                            loss = self._of_vectors(table, key, part, node)
                            if loss is not None:
                                yield loss

    def _of_vectors(self, table: Table, key: Key, condition: str, node: Node | None) -> Loss | None:
        """Compare a sort of the tenant's rows with what the index alone costs.

        No policy forbids the index, which finds the nearest rows of all tenants: filtered afterwards too few are left,
        whatever it costs. So a plan that has it is a loss without figures.
        """
        if node is None or node["Node Type"] == "Index Scan":
            return Loss(table, key, condition)
        probe = f"select * from {table.relation} order by {distance(key)} limit {_SOME}"
        try:
            without, _ = self.everything.explain(probe)
        except Unplannable:
            return None
        return Loss(table, key, condition, (float(node["Total Cost"]), float(without["Total Cost"])))


def _names(condition: str, key: Key) -> bool:
    return any(re.search(rf"\b{re.escape(column)}\b", condition) is not None for column in key.columns)
