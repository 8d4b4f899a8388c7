"""The objects that a database has, as its catalogue tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, text

from ...reflection import Attributes, Catalogue, Thing
from ...schema.objects import (
    Comment,
    Extension,
    Function,
    Grant,
    PartitionSet,
    Policy,
    RowSecurity,
    SchemaObject,
    Trigger,
    View,
)

_EXTENSIONS = text("""
select x.extname as name, n.nspname as into from pg_extension x join pg_namespace n on n.oid = x.extnamespace
""")
_HAS_SETS = text("select to_regclass('ops.partition_sets')")
_SETS = text("""
select parent as on, partition_column as column, period, ahead, retention::text as retention, append_only
from ops.partition_sets
""")


def found_objects(catalogue: Catalogue) -> list[SchemaObject]:
    """Return what is comparable with what models declare."""
    return [entry for thing, attributes in catalogue.items() for entry in _objects(thing, attributes)]


def _objects(thing: Thing, found: Attributes) -> Iterator[SchemaObject]:
    table, _, last = thing.name.rpartition(".")
    match thing.kind:
        case "row security":
            yield RowSecurity(on=thing.name, enabled=found["enabled"], forced=found["forced"])
        case "policy":
            yield _policy(last, table, found)
        case "schema":
            yield from _grants(f"schema {thing.name}", found.get("grants", ()))
            yield from _comment(f"schema {thing.name}", found)
        case "relation":
            yield from _relation(thing.name, found)
        case "column":
            yield from _column_grants(table, last, found.get("grants", ()))
        case "function":
            yield _function(thing.name, found)
        case "trigger":
            yield from _trigger(last, table, found)
        case "index":
            yield from _comment(f"index {thing.schema}.{last}", found)


def found_elsewhere(connection: Connection) -> list[SchemaObject]:
    """Return what does not stand in the schemas of an application: extensions, and what partitions are made for."""
    found: list[SchemaObject] = [Extension(**row) for row in connection.execute(_EXTENSIONS).mappings()]
    if connection.scalar(_HAS_SETS) is not None:
        found += [PartitionSet(**row) for row in connection.execute(_SETS).mappings()]
    return found


def _policy(name: str, table: str, found: Attributes) -> Policy:
    return Policy(
        name=name, on=table, roles=tuple(found["roles"]), using=found.get("using"), with_check=found.get("with_check"),
        command=found["command"], permissive=found["is_permissive"],
    )  # fmt: skip


def _relation(name: str, found: Attributes) -> Iterator[SchemaObject]:
    if found["kind"] == "sequence":
        return
    yield from _grants(name, found.get("grants", ()))
    if found["kind"] == "view":
        as_reader = "security_invoker=true" in found.get("options", ())
        comment = found.get("comment", "")
        yield View(name=name, query=found["definition"], comment=comment, security_invoker=as_reader)


def _grants(on: str, lines: Iterable[str]) -> Iterator[Grant]:
    privileges: dict[str, list[str]] = {}
    for line in lines:
        role, privilege = line.split(": ", maxsplit=1)
        privileges.setdefault(role, []).append(privilege)
    for role, verbs in privileges.items():
        yield Grant(on=on, role=role, privileges=tuple(verbs))


def _column_grants(table: str, column: str, lines: Iterable[str]) -> Iterator[Grant]:
    for grant in _grants(table, lines):
        yield Grant(on=table, role=grant.role, privileges=tuple(f"{verb} ({column})" for verb in grant.privileges))


def _function(name: str, found: Attributes) -> Function:
    return Function(
        name=name.partition("(")[0], arguments=found.get("arguments", ""), returns=found.get("returns", ""),
        language=found["language"], volatility=found["volatility"], parallel=found["parallel"],
        security_definer=found["is_security_definer"], settings=tuple(found.get("settings", ())), body=found["body"],
        execute=tuple(line.partition(": ")[0] for line in found.get("grants", ())), comment=found.get("comment", ""),
    )  # fmt: skip


def _trigger(name: str, table: str, found: Attributes) -> Iterator[Trigger]:
    begin, middle = f"CREATE TRIGGER {name} ", f" ON {table} FOR EACH ROW "
    definition: str = found["definition"]
    if not definition.startswith(begin) or middle not in definition:
        return  # for each statement, or a constraint: not what a model declares
    fires, _, rest = definition.removeprefix(begin).partition(middle)
    condition, _, function = rest.rpartition("EXECUTE FUNCTION ")
    when = condition.strip().removeprefix("WHEN (").removesuffix(")") or None
    yield Trigger(
        name=name, on=table, fires=fires.lower(), function=function, when=when, comment=found.get("comment", "")
    )


def _comment(on: str, found: Attributes) -> Iterator[Comment]:
    if "comment" in found:
        yield Comment(on=on, text=found["comment"])
