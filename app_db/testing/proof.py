"""The proof of isolation as tests: one for each table, on a copy of the suite's template."""

from __future__ import annotations

import datetime as dt
import enum
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text

from ..engine import admin_engine
from ..errors import AppDbError, SuiteError
from ..isolation.prove import Examples, Mutator, Proof, ProofPlace, ProofReport, Tally, load_examples, load_tree
from ..isolation.prove.findings import grouped, remedies
from ..models import Base
from ..schema import SERVICES, ScopeKind, scope_of
from ..settings import load_settings
from .clones import RUN, create_clone, drop_database, new_name
from .installation import Installation, SuiteServer
from .recipe import Recipe, find_recipe
from .rows import examples_of
from .template import ensure_template

_ELSE = "everything else"
# functions and the version table; what the plugin itself keeps in a template
_WITHOUT = ("app", "app_db_testing", "information_schema")
_SCHEMAS = text(r"""
select distinct n.nspname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^pg_' and n.nspname <> all(:without)
and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
""")


def proof_items(session: pytest.Session, items: list[pytest.Item], mode: str) -> list[pytest.Item]:
    """Return a test for each table of a model that holds anybody's rows, and one for everything else.

    The models of the application's trees are loaded first, whatever the tests import: without them nobody says whose
    the rows are, and what was granted.
    """
    _load_models(session.config)
    parent = _common_folder(items) or session
    tables = sorted(table.fullname for table in Base.metadata.tables.values() if _is_somebodys(table))
    made: list[pytest.Item] = [_item(parent, name, _case(name)) for name in (*tables, _ELSE)]
    if mode == "mutate":
        made += [_item(parent, f"{name}, mutants", _mutants(name)) for name in (*tables, _ELSE)]
    return made


def _load_models(config: pytest.Config) -> None:
    settings = load_settings(environment="test")
    try:
        for tree in find_recipe(config).trees:
            load_tree(settings, tree)
    except AppDbError as error:
        raise pytest.UsageError(f"--app-db-isolation: {error}") from None


@contextmanager
def prepared_proof(config: pytest.Config, server: SuiteServer, recipe: Recipe) -> Iterator[Proof]:
    """Yield a proof on a database of its own, whose rows are made; the database is dropped at the end."""
    installation = Installation(server)
    template, name = ensure_template(installation, recipe), new_name(RUN)
    engine = admin_engine(installation.admin_url(), application_name="app_db testing", autocommit=True)
    with engine.connect() as connection:
        create_clone(connection, installation, template, name)
        try:
            proof = Proof(_place(installation, name), _examples(config))
            proof.prepare()
            yield proof
        finally:
            drop_database(connection, name)


def _place(installation: Installation, name: str) -> ProofPlace:
    url = installation.admin_url(name)
    with admin_engine(url).connect() as connection:
        return ProofPlace(installation.settings(name), url, _schemas(connection))


def _schemas(connection: Connection) -> tuple[str, ...]:
    return tuple(sorted(connection.scalars(_SCHEMAS, {"without": list(_WITHOUT)})))


def _common_folder(items: list[pytest.Item]) -> pytest.Collector | None:
    """Return the folder that all tests are in, whose fixtures the proof has then, too."""
    chains = [[node for node in item.listchain() if isinstance(node, pytest.Directory)] for item in items]
    shared = [nodes[0] for nodes in zip(*chains, strict=False) if len(set(nodes)) == 1]
    return shared[-1] if shared else None


def _is_somebodys(table: Any) -> bool:
    scope = scope_of(table)
    return scope is not None and scope.kind is not ScopeKind.SHARED


def _item(parent: Any, name: str, call: Callable[..., None]) -> pytest.Item:
    return pytest.Function.from_parent(parent, name=f"isolation[{name}]", callobj=call)


def _case(name: str) -> Callable[..., None]:
    def isolation(_app_db_proof: Proof) -> None:
        __tracebackhide__ = True
        _fail_with(_app_db_proof.report(_tried(_app_db_proof, name)))

    return isolation


def _tried(proof: Proof, name: str) -> Tally:
    if name in proof.tables:
        return proof.of_table(proof.tables[name])
    if name != _ELSE:
        pytest.skip(f"{name} is not in this database")
    tally = Tally()
    for table in proof.chosen():
        if not _is_somebodys(Base.metadata.tables.get(table.name)):
            tally.add(proof.of_table(table))
    for part in (proof.of_views, proof.of_functions, proof.of_real_logins, proof.of_predicate):
        tally.add(part())
    return tally


def _mutants(name: str) -> Callable[..., None]:
    def isolation(_app_db_proof: Proof) -> None:
        __tracebackhide__ = True
        if name != _ELSE and name not in _app_db_proof.tables:
            pytest.skip(f"{name} is not in this database")
        mutation = Mutator(_app_db_proof).run_of(name if name != _ELSE else None)
        told = [f"not noticed: {mutant.name}" for mutant in mutation.survivors]
        told += [f"could not be made: {one.mutant.name}: {one.refused}" for one in mutation.deaths if one.refused]
        if told:
            pytest.fail("\n".join(told), pytrace=False)

    return isolation


def _fail_with(report: ProofReport) -> None:
    if report.is_open:
        findings = report.tally.findings
        untried = [f"not tried: {name}: {why}; accept it with a reason ([[untried]] of app_db_examples)"
                   for name, why in report.unexplained.items()]  # fmt: skip
        pytest.fail("\n".join([*grouped(findings), *untried, *remedies(findings)]), pytrace=False)


def _examples(config: pytest.Config) -> Examples:
    """Return what `set_example` was told of the application's models, and the file of the configuration."""
    ours = {schema for service in SERVICES.values() for schema in service.schemas}
    values: dict[str, dict[str, Any]] = {}
    for model, columns in examples_of().items():
        mapper = inspect(model)
        if mapper.local_table.schema not in ours:
            values[mapper.local_table.fullname] = {
                mapper.attrs[name].columns[0].name: _make(value) for name, value in columns.items()
            }
    given = Examples(values)
    if not (file := str(config.getini("app_db_examples"))):
        return given
    path = Path(config.rootpath / file)
    if not path.is_file():
        raise SuiteError(f"app_db_examples names {path}, which is no file: name a TOML file, relative to the root")
    return given | load_examples(path)


def _make(value: Any) -> Callable[[int], str]:
    return lambda number: _text(value(number) if callable(value) else value)


def _text(value: Any) -> str:
    """Return a value of Python's as PostgreSQL reads it."""
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, bytes):
        return rf"\x{value.hex()}"
    if isinstance(value, bool | dict):
        return json.dumps(value)
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]" if value and isinstance(value[0], float) else _array(value)
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def _array(values: list[Any]) -> str:
    return "{" + ",".join(json.dumps(_text(value)) for value in values) + "}"
