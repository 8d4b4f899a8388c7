"""The pages about the rules, and what `--explain` prints: all of it from the rules themselves."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill, wrap

from ...documentation.markdown import code, table
from .example import STAGE
from .rule import Rule
from .rules import RULES

_WIDTH = 120
_CHAPTERS = {
    "1": "Who logs in",
    "2": "Tables, grants and views",
    "3": "Policies",
    "4": "Keys and columns",
    "5": "Functions, triggers and rules",
    "6": "Surroundings",
}
_HOW_TO = "../../howto/check-isolation.md"
_INTRODUCTION = f"""# The rules of isolation

What `app-db isolation check` looks for. Each rule has a page: what it means, how it bites, what to type, when it is a
false alarm, and SQL that breaks it. How to run it, and what to do about false alarms, is told in
[check isolation]({_HOW_TO}).

Written by `make schema` from the rules. A test breaks each of them as its page says, sees it told, types what is
proposed, and sees it gone.
"""
_STAGE = """## The tables of the examples

The SQL that breaks a rule is about these tables, which are as they should be and belong to `app_owner`:
"""


def page_names() -> list[str]:
    """Return the names of the files, in the folder of the pages."""
    return ["README.md", *(f"{rule.id}.md" for rule in RULES)]


def page(file: str) -> str:
    """Return a page by the name of its file, in Markdown."""
    return _index() if file == "README.md" else _page(next(rule for rule in RULES if f"{rule.id}.md" == file))


def explained(rule: Rule) -> str:
    """Return what the page says, for a terminal."""
    parts = [f"{rule.id} {rule.slug} ({rule.severity}): {rule.title}"]
    for heading, told in _sections(rule):
        parts.append(f"{heading}\n{fill(told, _WIDTH, initial_indent='  ', subsequent_indent='  ')}")
    if rule.example is not None:
        lines = [f"  {line}" for line in _sql(rule.example.statements)]
        parts.append("\n".join(["SQL that breaks it", *lines, f"  told of: {rule.example.thing}"]))
    return "\n\n".join(parts)


def _sections(rule: Rule) -> list[tuple[str, str]]:
    return [
        ("What it means", rule.means),
        ("How it bites", rule.bites),
        ("What to type", rule.remedy),
        ("When it is a false alarm", rule.false_alarm),
    ]


def _page(rule: Rule) -> str:
    lines = [f"# {rule.id}: {rule.title}", "", f"`{rule.slug}`, {rule.severity}. [All rules](README.md)", ""]
    for heading, told in _sections(rule):
        lines += [f"## {heading}", "", *_prose(told), ""]
        if heading == "What to type" and rule.example is not None:
            lines += [*_prose("`app-db isolation check` prints the SQL with the names put in."), ""]
        if heading == "When it is a false alarm":
            lines += [f"How to say so: [false alarms]({_HOW_TO}#false-alarms).", ""]
    lines += ["## What breaks it", ""]
    if rule.example is None:
        return "\n".join([*lines, *_prose(rule.without_example), ""])
    about = (
        f"On [the tables of the examples](README.md#the-tables-of-the-examples); told of {code(rule.example.thing)}."
    )
    return "\n".join([*lines, *_prose(about), "", "```text", *_sql(rule.example.statements), "```", ""])


def _index() -> str:
    lines = [*_INTRODUCTION.splitlines(), ""]
    for digit, title in _CHAPTERS.items():
        chapter = (rule for rule in RULES if rule.id[3] == digit)
        rows = [[f"[{rule.id}]({rule.id}.md)", code(rule.slug), rule.severity, rule.title] for rule in chapter]
        lines += [f"## {digit}xx: {title}", "", *table(["rule", "name", "severity", "what is wrong"], rows)]
    return "\n".join([*lines, *_STAGE.splitlines(), "", "```text", *_sql(STAGE), "```", ""])


def _prose(told: str) -> list[str]:
    return wrap(told, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _sql(statements: Iterable[str]) -> list[str]:
    """Return the statements, each ended, in lines that a page can hold."""
    named = (statement.replace("{database}", "app_db") for statement in statements)
    return [
        line
        for statement in named
        for line in wrap(f"{statement};", _WIDTH - 4, subsequent_indent="  ", break_long_words=False)
    ]
