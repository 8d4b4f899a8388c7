"""Every setting, command, option, error and public name is on its reference page, with its true default."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path

import click
import pytest
from docs.pages import DOCS, code_spans, headings, section, tables

from app_db import errors
from app_db.cli.main import app_db
from app_db.cli.server import _ROLES
from app_db.session import Database
from app_db.settings import DatabaseSettings, LoginUrl, Settings
from app_db.settings.figures import preset_figures

REFERENCE = DOCS / "reference"
MODULES = ["app_db", *(f"app_db.{name}" for name in (
    "bootstrap", "catalog", "context", "init", "isolation", "learning", "migrations", "models", "reset", "seeds",
    "server", "session", "settings", "tenants", "testing",
))]  # fmt: skip


def variable(field: str) -> str:
    return LoginUrl.APPLICATION.value if field == "url" else f"APP_DB_{field.upper()}"


def rows(page: Path) -> dict[str, list[str]]:
    """Return the rows of all tables of a page by the first code span of their first cell."""
    found = {}
    for table in tables(page.read_text("utf-8")):
        for row in table:
            if row[0].startswith("`"):
                found.setdefault(row[0].split("`")[1], row)
    return found


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_every_setting_is_documented_with_its_default(field: str) -> None:
    documented = rows(REFERENCE / "settings.md")
    if field == "databases":
        assert "APP_DB_DATABASES__<NAME>__…" in documented
        return
    row = documented.get(variable(field))
    assert row is not None, f"{variable(field)} is not on the page"
    assert row[1] == f"`{field}`"
    default = Settings.model_fields[field].default
    if isinstance(default, str | int | float) and default != "":
        value = default.value if isinstance(default, Enum) else default
        written = str(value).lower() if isinstance(value, bool) else str(value)
        assert row[2] == f"`{written}`", f"{variable(field)} has the default {written}"
    elif Settings.model_fields[field].is_required():
        assert row[2] == "preset"


@pytest.mark.parametrize("field", sorted(DatabaseSettings.model_fields))
def test_every_setting_of_a_further_database_is_documented(field: str) -> None:
    spans = code_spans(section(REFERENCE / "settings.md", "Several databases"))
    assert f"APP_DB_DATABASES__<NAME>__{field.upper()}" in spans


def test_the_figures_of_the_presets_are_documented() -> None:
    documented = {row[0].strip("`"): row[1:] for row in tables(section(REFERENCE / "settings.md", "Presets"))[0][1:]}
    presets = [preset_figures("default", production=True), preset_figures("service", production=False),
               preset_figures("service", production=True)]  # fmt: skip
    assert documented == {name: [str(preset[name]) for preset in presets] for name in presets[0]}


def commands() -> Iterator[tuple[str, click.Command]]:
    waiting: list[tuple[str, click.Command]] = [("app-db", app_db)]
    while waiting:
        path, command = waiting.pop()
        yield path, command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                waiting.append((f"{path} {name}", found))


@pytest.mark.parametrize(("path", "command"), [pytest.param(*found, id=found[0]) for found in commands()])
def test_every_command_and_option_is_documented(path: str, command: click.Command) -> None:
    assert path in headings(REFERENCE / "cli.md"), f"{path} has no heading"
    under = code_spans(section(REFERENCE / "cli.md", path))
    for parameter in command.params:
        names = {parameter.human_readable_name} if isinstance(parameter, click.Argument) else set(parameter.opts)
        assert {name.upper() if isinstance(parameter, click.Argument) else name for name in names} <= under, path
        if isinstance(parameter.envvar, str):
            assert parameter.envvar in under, f"{parameter.envvar} is not under {path}"


def test_no_option_is_documented_that_is_none() -> None:
    for path, command in commands():
        known = {name for parameter in command.params for name in parameter.opts}
        first_cells = {row[0].strip("`") for table in tables(section(REFERENCE / "cli.md", path)) for row in table}
        assert {name for name in first_cells if name.startswith("--")} <= known, path


def test_every_login_that_a_url_is_printed_for_is_documented() -> None:
    assert {*_ROLES, "superuser"} <= code_spans(section(REFERENCE / "cli.md", "app-db server url"))


def error_classes() -> list[type[errors.AppDbError]]:
    found = [thing for thing in vars(errors).values() if inspect.isclass(thing)]
    return [thing for thing in found if issubclass(thing, errors.AppDbError)]


@pytest.mark.parametrize("kind", error_classes(), ids=lambda kind: kind.__name__)
def test_every_error_is_documented(kind: type[errors.AppDbError]) -> None:
    assert kind.__name__ in rows(REFERENCE / "errors.md"), f"{kind.__name__} is not on the page"


def test_every_sqlstate_stands_with_its_error() -> None:
    documented = rows(REFERENCE / "errors.md")
    for sqlstate, kind in errors._BY_SQLSTATE.items():
        if kind is not errors.ConnectionLost:
            assert sqlstate in documented[kind.__name__][1]


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_documented(module: str) -> None:
    under = " ".join(code_spans(section(REFERENCE / "api.md", module)))
    assert under, f"{module} has no heading"
    for name in import_module(module).__all__:
        assert name in under.replace("(", " ").split() or name in under.split(), f"{name} is not under {module}"


def test_every_method_of_a_database_is_documented() -> None:
    documented = {
        name.split("(")[0].removeprefix("Database.") for name in code_spans(section(REFERENCE / "api.md", "Database"))
    }
    assert {name for name in vars(Database) if not name.startswith("_")} <= documented


def test_helpers_of_revisions_are_documented() -> None:
    public = {
        name
        for version in ("v1", "v2")
        for name, thing in vars(import_module(f"app_db.migrations.ddl.{version}")).items()
        if inspect.isfunction(thing) and not name.startswith("_")
    }
    documented = {
        name.split("(")[0].removeprefix("v2.") for name in code_spans(section(REFERENCE / "revisions.md", "Helpers"))
    }
    assert public <= documented
