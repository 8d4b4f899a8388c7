"""Mutants: a database of which one guard was taken away or weakened. Each has to turn some case red."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...reflection import Catalogue, Thing
from ...schema import RoleNames, ScopeKind
from .actors import Actor, Context
from .cases import Case
from .declared import BEYOND_ROWS, Declared
from .tables import ForeignKey, Table, Unique, quoted
from .views import View

POLICY, FLAG, GRANT, KEY, UNIQUE, PARTITION, VIEW, PREDICATE = (
    "policy", "flag", "grant", "foreign key", "unique", "partition", "view", "predicate",
)  # fmt: skip
KINDS = (POLICY, FLAG, GRANT, KEY, UNIQUE, PARTITION, VIEW, PREDICATE)

_VERBS = ("select", "insert", "update", "delete")
_EXTRA = (*_VERBS, *BEYOND_ROWS)
_WRITES = {"all", "insert", "update"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change, by statements of the owner; `verb` and `role` say which cases are likely to notice it.

    `beside` where none of the cases of rows would, but what is tried beside them; `sweeps` where statements on all
    rows would.
    """

    kind: str
    table: str
    what: str
    statements: tuple[str, ...]
    verb: str = ""
    role: str = ""
    beside: bool = False
    sweeps: bool = False

    @property
    def name(self) -> str:
        """What it is called, as in the list of harmless ones."""
        return f"{self.kind} {self.table}: {self.what}"

    def may_notice(self, actor: Actor, _context: Context, case: Case) -> bool:
        """Whether this case is among those that are tried first."""
        if self.role and self.role not in actor.roles:
            return False
        return not self.verb or self.verb in case.verb


def mutants_of(table: Table, catalogue: Catalogue, declared: Declared, names: RoleNames) -> Iterator[Mutant]:
    """Yield the mutants of a table, by kind."""
    for thing, attributes in catalogue.items():
        if thing.kind == "policy" and thing.name.rpartition(".")[0] == table.name:
            yield from _policy_mutants(table, thing, attributes)
    open_to_all = f"create policy app_db_mutant on {table.sql} using (true) with check (true)"
    yield Mutant(POLICY, table.name, "another permissive policy", (open_to_all,))
    yield from _command_mutants(table, catalogue)
    yield Mutant(FLAG, table.name, "row security disabled", (f"alter table {table.sql} disable row level security",))
    no_force = f"alter table {table.sql} no force row level security"
    yield Mutant(FLAG, table.name, "not forced", (no_force,), beside=True)
    yield from _grant_mutants(table, declared, names)
    for key in table.foreign_keys:
        yield from _key_mutants(table, key)
    for unique in table.uniques:
        yield from _unique_mutants(table, unique)
    for partition in table.partitions:
        yield from _partition_mutants(table, partition, names)


def _command_mutants(table: Table, catalogue: Catalogue) -> Iterator[Mutant]:
    """Another permissive policy for one command alone; an UPDATE may leave what the table's own policies let it."""
    checks = (attributes.get("with_check") or attributes.get("using") for thing, attributes in catalogue.items()
              if thing.kind == "policy" and thing.name.rpartition(".")[0] == table.name)  # fmt: skip
    own = next((check for check in checks if check not in (None, "true")), "false")
    clauses = {
        "select": "using (true)",
        "insert": "with check (true)",
        "update": f"using (true) with check ({own})",
        "delete": "using (true)",
    }
    for verb, clause in clauses.items():
        change = f"create policy app_db_mutant on {table.sql} for {verb} {clause}"
        yield Mutant(POLICY, table.name, f"another permissive policy for {verb}", (change,), verb=verb,
                     sweeps=verb in {"update", "delete"})  # fmt: skip


def _policy_mutants(table: Table, thing: Thing, attributes: Mapping[str, Any]) -> Iterator[Mutant]:
    name = thing.name.rpartition(".")[2]
    policy = f"policy {quoted(name)} on {table.sql}"
    mutant = Mutant(POLICY, table.name, "", ())
    yield replace(mutant, what=f"{name} dropped", statements=(f"drop {policy}",))
    if attributes.get("using") not in (None, "true"):
        yield replace(mutant, what=f"{name} using true", statements=(f"alter {policy} using (true)",))
    checked = attributes.get("with_check") or attributes.get("using")
    if checked != "true" and attributes["command"] in _WRITES:
        yield replace(mutant, what=f"{name} with check true", statements=(f"alter {policy} with check (true)",))
    if attributes.get("roles") != ["public"]:
        yield replace(mutant, what=f"{name} to public", statements=(f"alter {policy} to public",))


def _grant_mutants(table: Table, declared: Declared, names: RoleNames) -> Iterator[Mutant]:
    mutant = Mutant(GRANT, table.name, "", ())
    for role, privilege in declared.on_tables(table.name):
        yield replace(mutant, what=f"{privilege} revoked from {role}", verb=privilege, role=role,
                      statements=(f"revoke {privilege} on {table.sql} from {names(role)}",))  # fmt: skip
    for role, privilege, column in declared.on_columns(table.name):
        change = f"revoke {privilege} ({quoted(column)}) on {table.sql} from {names(role)}"
        yield replace(mutant, what=f"{privilege} ({column}) revoked from {role}", verb=privilege, role=role,
                      statements=(change,))  # fmt: skip
    for role in ("app_rw", "app_ro"):
        for privilege in _EXTRA:
            if not declared.may((role,), privilege, table.name):
                yield replace(
                    mutant, what=f"{privilege} granted to {role}", verb=privilege, role=role,
                    statements=(f"grant {privilege} on {table.sql} to {names(role)}",),
                    beside=privilege in BEYOND_ROWS,
                )  # fmt: skip


def _key_mutants(table: Table, key: ForeignKey) -> Iterator[Mutant]:
    """A composite foreign key, made again without the tenant or the person."""
    pairs = [(own, referred) for own, referred in zip(key.columns, key.referred, strict=True)
             if own not in table.owners]  # fmt: skip
    if len(pairs) == len(key.columns) or not pairs:
        return
    target = ".".join(map(quoted, key.target.split(".")))
    own, referred = (", ".join(map(quoted, names)) for names in zip(*pairs, strict=True))
    refers = f"foreign key ({own}) references {target} ({referred})"
    statements = (
        f"create unique index app_db_mutant on {target} ({referred})",
        f"alter table {table.sql} drop constraint {quoted(key.name)}",
        f"alter table {table.sql} add constraint {quoted(key.name)} {refers}",
    )
    yield Mutant(KEY, table.name, f"{key.name} without the tenant", statements, verb=f"refer by {key.name}")


def _unique_mutants(table: Table, unique: Unique) -> Iterator[Mutant]:
    """A unique index beside the other one, without the tenant (without the person, where nobody's tenant is in it)."""
    tenant = table.scope.tenant_column
    columns = [name for name in unique.columns if name != tenant]
    if tenant not in unique.columns or not columns or unique.is_exclusion or table.scope.kind is ScopeKind.SYSTEM:
        return
    index = re.sub(rf"\(\"?{re.escape(tenant or '')}\"?, ", "(", unique.definition, count=1)
    index = re.sub(r" INDEX .*? ON (ONLY )?", " INDEX app_db_mutant ON ", index, count=1)
    yield Mutant(UNIQUE, table.name, f"{unique.name} without the tenant", (index,), verb="key of")


def _partition_mutants(table: Table, partition: str, names: RoleNames) -> Iterator[Mutant]:
    shown = re.sub('"', "", partition)
    mutant = Mutant(PARTITION, table.name, "", (), beside=True)
    yield replace(mutant, what=f"{shown} granted to app_rw",
                  statements=(f"grant select on {partition} to {names('app_rw')}",))  # fmt: skip
    yield replace(mutant, what=f"{shown} without row security",
                  statements=(f"alter table {partition} disable row level security",))  # fmt: skip
    yield replace(mutant, what=f"{shown} not forced",
                  statements=(f"alter table {partition} no force row level security",))  # fmt: skip


def mutants_of_view(view: View) -> Iterator[Mutant]:
    """Yield the view with the rights of its owner."""
    if not view.is_stored:
        change = f"alter view {view.sql} set (security_invoker = false)"
        yield Mutant(VIEW, view.name, "security_invoker off", (change,), beside=True)
