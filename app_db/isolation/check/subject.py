"""The facts as the rules ask for them: who may do what, which tables are tenants', which policies hold for whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from ...schema import RoleNames, Scope, ScopeKind
from .body import uncommented
from .bounds import TENANTS, Bounds
from .facts import Facts, Function, Grants, Policy, Table
from .predicate import asks_for_null, holds, is_null_alone, without_branches

_TABLE_KINDS = ("table", "foreign table")


@dataclass(frozen=True)
class Subject:
    """A database to be judged: what is there, and what it was said to be."""

    facts: Facts
    bounds: Bounds

    @cached_property
    def applications(self) -> tuple[str, ...]:
        """The roles that serve applications."""
        return self.bounds.applications(self.facts.role_by_name, self.facts.login)

    @property
    def is_guessed(self) -> bool:
        """Whether the login that looks is judged for want of a better one: nobody has named the application's."""
        return not self.bounds.application_roles and self.applications == (self.facts.login,)

    @cached_property
    def all_rows_roles(self) -> frozenset[str]:
        """The roles that are meant to see every tenant's rows."""
        return self.bounds.sees_all_rows(self.facts.role_by_name)

    def inherited(self, role: str) -> frozenset[str]:
        """Return the role and all whose rights it has without asking."""
        return self._closure(role, by_set_role=False)

    def reached(self, role: str) -> frozenset[str]:
        """Return the role and all whose rights it has or may take by SET ROLE."""
        return self._closure(role, by_set_role=True)

    def may(self, grants: Grants, privileges: Iterable[str], owner: str) -> list[str]:
        """Return the application's roles that hold one of the privileges, by themselves, a membership or PUBLIC."""
        holders = {grantee for grantee, privilege in grants if privilege in privileges} | {owner}
        return [role for role in self.applications if None in holders or self.reached(role) & holders]

    def readers(self, table: Table) -> list[str]:
        """Return the application's roles that may read the table, or a column of it."""
        grants = (*table.grants, *(grant for column in table.columns for grant in column.grants))
        return self.may(grants, ("select",), table.owner)

    @cached_property
    def tenant_tables(self) -> tuple[Table, ...]:
        """The tables, partitions included, whose rows belong to tenants."""
        tables = (table for table in self.facts.tables if table.kind in _TABLE_KINDS)
        return tuple(table for table in tables if self.tenant_column(table) is not None)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """As `tenant_tables`, without partitions, which are judged by their table, and without foreign tables."""
        return tuple(table for table in self.tenant_tables if not table.is_partition and table.kind == "table")

    @cached_property
    def guarded(self) -> tuple[Table, ...]:
        """As `tables`, and those that models declare to hold persons' rows or the system's own."""
        kinds = {name: scope.kind for name, scope in self.scopes.items()}
        declared = {ScopeKind.PERSON, ScopeKind.SYSTEM}
        return tuple(
            table
            for table in self.facts.tables
            if table.kind == "table" and not table.is_partition
            if self.tenant_column(table) is not None or kinds.get(table.full_name) in declared
        )

    def tenant_column(self, table: Table) -> str | None:
        """Return the column that says whose row it is: declared, of a known name, or one that refers to tenants."""
        scope = self.scopes.get(table.full_name)
        if scope is not None:
            return scope.tenant_column
        names = {column.name for column in table.columns}
        return next(
            (name for name in self.bounds.tenant_columns if name in names), self._refers_to_tenants.get(table.oid)
        )

    @cached_property
    def scopes(self) -> Mapping[str, Scope]:
        """The scopes that models declare, by the full name of the table."""
        return self.bounds.scopes(is_ours=self.facts.is_ours)

    @cached_property
    def shared(self) -> tuple[Table, ...]:
        """The tables that models declare to hold everybody's rows."""
        kinds = {name: scope.kind for name, scope in self.scopes.items()}
        return tuple(table for table in self.facts.tables if kinds.get(table.full_name) is ScopeKind.SHARED)

    def declared(self, table: Table, role: str | None) -> frozenset[tuple[str, str | None]]:
        """Return the privileges that a `Grant` of the models gives the role (None: PUBLIC), each with its column."""
        house = RoleNames(self.bounds.role_prefix).of_house(role) if role else "public"
        return self._declared.get((table.full_name, house), frozenset())

    @cached_property
    def declared_schemas(self) -> frozenset[str]:
        """The schemas in which models declare tables: what stands there beside them, nobody has declared."""
        return frozenset(name.rsplit(".", 1)[0] for name in self.scopes if "." in name)

    def user_column(self, table: Table) -> str | None:
        """Return the column that says whose row it is within the tenant, where a model declares one."""
        scope = self.scopes.get(table.full_name)
        return None if scope is None else scope.user_column

    def policies(self, table: Table) -> list[Policy]:
        """Return the table's policies."""
        return self._policies.get(table.oid, [])

    def judged(self) -> Iterator[tuple[Table, str, Policy]]:
        """Yield the policies of tenants' tables, but those that are only for who may see all rows.

        Of a policy for SELECT that shows rows of no tenant as well, what it says of the others.
        """
        for table in self.tenant_tables:
            column = self.tenant_column(table)
            for policy in self.policies(table):
                if column is not None and not self.is_for_all_rows(policy):
                    yield from ((table, column, one) for one in self._of_somebody(table, policy))

    def judged_beside(self, kind: ScopeKind) -> Iterator[tuple[Table, Policy]]:
        """Yield in the same way the policies of the tables that models declare to be of that kind."""
        for table in self.guarded:
            if table.full_name in self.scopes and self.scopes[table.full_name].kind is kind:
                held = (one for one in self.policies(table) if not self.is_for_all_rows(one))
                yield from ((table, somebodys) for one in held for somebodys in self._of_somebody(table, one))

    def shows_nobodys(self, table: Table, policy: Policy) -> bool:
        """Tell whether the policy lets rows of no tenant through because it asks for them, and there may be some."""
        column = table.column(self.tenant_column(table))
        if column is None or column.not_null or not policy.permissive or self.is_for_all_rows(policy):
            return False
        asking = (text for text in policy.expressions if asks_for_null(text, column.name))
        return any(not self.holds(text, table) for text in asking) and not self.is_floored(policy, table)

    def is_nobodys(self, table: Table, policy: Policy) -> bool:
        """Tell whether the policy shows rows of no tenant, and no others, to be read."""
        column, using = self.tenant_column(table), policy.using or ""
        is_shown = policy.command == "select" and self.shows_nobodys(table, policy)
        return is_shown and column is not None and is_null_alone(using, column)

    def is_for_all_rows(self, policy: Policy) -> bool:
        """Tell whether nobody else than the roles that may see all rows is named."""
        return set(policy.roles) <= self.all_rows_roles

    def applies(self, policy: Policy, role: str) -> bool:
        """Tell whether the policy holds for the role, by itself or by a membership that it inherits."""
        return None in policy.roles or bool(self.inherited(role) & set(policy.roles))

    def holds(self, expression: str | None, table: Table) -> bool:
        """Tell whether the condition keeps to the tenant of the context."""
        column = self.tenant_column(table)
        return column is not None and self.holds_in(expression, table, column)

    def holds_in(self, expression: str | None, table: Table, column: str) -> bool:
        """Tell whether the condition keeps that column to the context."""
        return expression is not None and holds(expression, column, {entry.name for entry in table.columns})

    def keeps(self, expression: str | None, table: Table) -> bool:
        """Tell whether the condition keeps to whom the row is: the tenant, or the person where there is no tenant."""
        column = self.tenant_column(table) or self.user_column(table)
        return column is not None and self.holds_in(expression, table, column)

    def is_floored(self, policy: Policy, table: Table) -> bool:
        """Tell whether a restrictive policy keeps to the tenant whatever this one lets through."""
        return any(
            not floor.permissive
            and floor.command in {"all", policy.command}
            and (None in floor.roles or set(policy.roles) <= set(floor.roles))
            and all(self.holds(text, table) for text in floor.expressions)
            for floor in self.policies(table)
        )

    def called(self, policy: Policy) -> list[Function]:
        """Return the functions that the policy calls, PostgreSQL's own left out."""
        return [self.facts.function_by_oid[oid] for oid in policy.functions if oid in self.facts.function_by_oid]

    def text_of(self, policy: Policy) -> str:
        """Return everything that the policy says, by itself and in the bodies of what it calls."""
        bodies = (uncommented(function.body) for function in self.called(policy))
        return "\n".join((*policy.expressions, *bodies))

    def is_exempt(self, role: str) -> bool:
        """Tell whether no policy holds the role."""
        found = self.facts.role_by_name.get(role)
        return found is not None and found.is_exempt

    @cached_property
    def _declared(self) -> Mapping[tuple[str, str], frozenset[tuple[str, str | None]]]:
        return self.bounds.grants(is_ours=self.facts.is_ours)

    @cached_property
    def _policies(self) -> dict[int, list[Policy]]:
        found: dict[int, list[Policy]] = {}
        for policy in self.facts.policies:
            found.setdefault(policy.table, []).append(policy)
        return found

    def _of_somebody(self, table: Table, policy: Policy) -> Iterator[Policy]:
        """Yield what the policy says of rows that have a tenant; ISO407 is about the others, if they are only read."""
        column = self.tenant_column(table)
        if column is None or policy.command != "select" or not self.shows_nobodys(table, policy):
            yield policy
        elif not self.is_nobodys(table, policy):
            using = without_branches(policy.using or "", lambda part: is_null_alone(part, column))
            yield replace(policy, using=using)

    @cached_property
    def _refers_to_tenants(self) -> dict[int, str]:
        tenants = {table.oid for table in self.facts.tables if table.full_name == TENANTS}
        keys = (key for key in self.facts.constraints if key.refers_to in tenants and len(key.columns) == 1)
        return {key.table: str(key.columns[0]) for key in keys}

    @cached_property
    def _edges(self) -> dict[str, list[tuple[str, bool]]]:
        found: dict[str, list[tuple[str, bool]]] = {}
        for edge in self.facts.memberships:
            if edge.inherit or edge.set_role:
                found.setdefault(edge.member, []).append((edge.role, edge.inherit))
        return found

    def _closure(self, role: str, *, by_set_role: bool) -> frozenset[str]:
        reached: set[str] = set()
        waiting = [role]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += [other for other, inherits in self._edges.get(name, []) if inherits or by_set_role]
        return frozenset(reached)
