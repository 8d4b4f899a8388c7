"""Command lines in the docs are ones that the commands accept."""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path

import click
import pytest
from alembic.config import CommandLine
from docs.pages import PAGES, code_spans, fences, page_id, prose

from app_db.cli.main import app_db

_COMMANDS = {"app-db", "alembic"}
_MENTION = 3
_PLACEHOLDER = re.compile(r"[…\[\]<>]|\bNAME\b|\bTARGET\b|\bCHAIN\b")


def command_lines(page: Path) -> list[list[str]]:
    """Return the words of each command line of ours: in shell blocks, and between backticks in the text."""
    blocks = [line for fence in fences(page) if fence.info == "sh" for line in fence.text.splitlines()]
    spans = sorted(span for span in code_spans(prose(page)) if not _PLACEHOLDER.search(span))
    # between backticks a command is often only mentioned, without what it needs to run
    inline = [span if " -" in span or len(span.split()) > _MENTION else f"{span} --help" for span in spans]
    result = []
    for line in [*blocks, *inline]:
        if "app-db" not in line and "alembic" not in line:
            continue
        words = shlex.split(line, comments=True)
        while words and re.match(r"[A-Z_]+=", words[0]):
            words.pop(0)
        if words and words[0].removeprefix(".venv/bin/") in _COMMANDS and len(words) > 1:
            result.append([words[0].removeprefix(".venv/bin/"), *words[1:]])
    return result


def accept(words: list[str]) -> None:
    """Parse a command line as the command would, without running it."""
    if words[0] == "alembic":
        try:
            CommandLine("alembic").parser.parse_args(words[1:])
        except SystemExit as error:
            if error.code:
                raise click.UsageError("alembic does not accept it") from None
        return
    command: click.Command | None = app_db
    context = click.Context(app_db)
    arguments = words[1:]
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        name = arguments.pop(0)
        command = command.get_command(context, name)
        if command is None:
            raise click.UsageError(f"there is no command {name!r}")
        context = click.Context(command, parent=context, info_name=name)
    assert command is not None
    if isinstance(command, click.Group) and not arguments:
        return
    with contextlib.suppress(click.exceptions.Exit):
        command.parse_args(context, arguments)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_command_lines_are_accepted(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # a page may leave to the environment what belongs there
    monkeypatch.setenv("APP_DB_BOOTSTRAP_URL", "postgresql://admin:secret@db.example.com/postgres")
    for words in command_lines(page):
        try:
            accept(words)
        except click.ClickException as error:
            pytest.fail(f"{shlex.join(words)}: {error}")


def test_commands_are_found_in_the_docs() -> None:
    found = {words[0] for page in PAGES for words in command_lines(page)}
    assert found == _COMMANDS


@pytest.mark.parametrize("line", ["app-db upgrades", "app-db upgrade --no-such", "alembic upgrade --no-such head"])
def test_a_wrong_command_line_is_noticed(line: str) -> None:
    with pytest.raises(click.ClickException):
        accept(shlex.split(line))
