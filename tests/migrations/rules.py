"""What the SQL of a revision must not say, as patterns over its statements; each with an example that it finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<body>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)|(?P<text>'(?:[^']|'')*')|(?P<note>--[^\n]*)|(?P<end>;)", re.DOTALL
)


def statements(script: str, *, bodies: bool = False) -> Iterator[str]:
    """Yield the statements of a script, without texts and notes, and without bodies of functions unless asked for."""
    start, current = 0, ""
    for token in _TOKEN.finditer(script):
        current += script[start : token.start()]
        start = token.end()
        if token["end"]:
            yield " ".join(current.split())
            current = ""
        elif token["body"]:
            current += token["body"] if bodies else "$$"
        elif token["text"]:
            current += "''"


@dataclass(frozen=True)
class Rule:
    """Something forbidden: what finds it, why, and an example."""

    name: str
    pattern: str
    why: str
    example: str

    def finds(self, statement: str) -> bool:
        return re.search(self.pattern, statement) is not None


_ROW_SECURITY = r"^alter table \S+ (disable|no force) row level security"

RULES = [
    Rule("cascade", r"^drop .* cascade$", "it drops what nobody looked at", "drop table shop.orders cascade"),
    # an extension, and the schema of extensions, may have been made by a superuser before
    Rule("if-exists", r"^(create(?! extension| schema)|drop|alter) .*\bif (not )?exists\b",
         "it hides that the database is not as expected",
         "create table if not exists shop.orders (id uuid)"),
    Rule("replace", r"^create or replace ", "grants and owner of the old one are kept unseen",
         "create or replace function shop.f() returns int language sql return 1"),
    Rule("enum", r"^create (type|domain) ", "its operators switch indexes off under row-level security",
         "create type shop.state as enum ('new')"),
    Rule("type", r"^(create|alter) table .*\b(varchar|character varying|char|bpchar|(small|big)?serial|money|json"
         r"|hstore|timestamp without time zone|real|double precision)\b(?! *=)",
         "text, bigint, timestamptz and jsonb are what we use", "create table shop.orders (name varchar(20))"),
    Rule("delete-unsaid", r"\breferences (?!.*\bon delete\b)(?!on )(?!\()\S+\.\S+",
         "what happens to the rows has to be decided",
         "alter table shop.a add constraint fk_a foreign key (b) references shop.b (id)"),
    Rule("unnamed", r"[(,] *(primary key|unique|check|foreign key) *\(", "a name is needed to change it, and in errors",
         "create table shop.orders (id uuid not null, primary key (id))"),
    Rule("row-security", _ROW_SECURITY, "for a moment everybody sees everything",
         "alter table shop.orders disable row level security"),
    Rule("trigger-off", r"^alter table \S+ (disable|enable) (trigger|rule)|session_replication_role",
         "what it holds back passes for a moment", "alter table shop.orders disable trigger all"),
    Rule("policy", r"^(drop|alter) policy ", "a border between tenants is moved",
         "drop policy tenant_rows on shop.orders"),
    Rule("role", r"^(create|alter|drop) (role|user|group|database) |^reassign owned|^alter system",
         "roles and databases are of the server, and bootstrap makes them", "create role app_x"),
    Rule("privilege", r"^grant (?!execute)(.*\b(all|truncate|references|trigger|maintain)\b.* on |.* to public\b)"
         r"|^grant execute .* to public\b|^alter default privileges",
         "a login gets what it is named for and no more", "grant all on shop.orders to app_rw"),
    Rule("extension", r"^create extension (?!.* schema extensions\b)", "ours are in the schema extensions",
         "create extension pg_trgm"),
    Rule("rename", r"^alter .* rename ", "the release that runs looks for the old name",
         "alter table shop.orders rename column name to title"),
    Rule("drop", r"^drop (table|view|schema|function)|^alter table \S+ (.*, )?drop column ",
         "the release that runs still reads it", "alter table shop.orders drop column name"),
    Rule("retype", r"^alter table \S+ (.*, )?alter column \S+ (set data )?type ",
         "the table is written anew under ACCESS EXCLUSIVE", "alter table shop.orders alter column n type bigint"),
    Rule("not-null", r"^alter table \S+ (.*, )?alter column \S+ set not null",
         "the table is read under ACCESS EXCLUSIVE", "alter table shop.orders alter column name set not null"),
    Rule("outside", r"^(vacuum|cluster|reindex|refresh materialized|truncate|lock table)\b|\bconcurrently\b",
         "it can't be in a transaction, or stops everybody", "truncate shop.orders"),
    Rule("transaction", r"^(begin|commit|rollback|start transaction|savepoint)\b", "each revision is one transaction",
         "commit"),
]  # fmt: skip


@dataclass(frozen=True)
class Made:
    """The tables that a script makes, and what it says of them."""

    tables: list[str]
    partitions: list[str]
    said: set[str]


_TABLE = re.compile(r"^create table (\S+) (partition of )?")


def made(script: str) -> Made:
    """Return which tables are made, and every statement of the script."""
    found = [*statements(script)]
    tables = [match for statement in found if (match := _TABLE.match(statement))]
    return Made([match[1] for match in tables if not match[2]], [match[1] for match in tables if match[2]], set(found))


def open_tables(script: str) -> list[str]:
    """Return what each new table lacks: a comment, row security enabled and forced, a policy."""
    new = made(script)
    needed = ["comment on table {} is ''", "alter table {} enable row level security",
              "alter table {} force row level security"]  # fmt: skip
    lacking = [
        statement
        for table in [*new.tables, *new.partitions]
        for form in needed
        if (statement := form.format(table)) not in new.said
    ]
    without = [
        f"create policy … on {table}"
        for table in new.tables
        if not any(re.match(rf"create policy \S+ on {re.escape(table)} ", said) for said in new.said)
    ]
    return lacking + without


def slow_indexes(script: str) -> list[str]:
    """Return the indexes on tables that the script did not make: rows may be in them, and writers wait."""
    new = made(script)
    found = [re.match(r"create (?:unique )?index \S+ on (\S+)", statement) for statement in sorted(new.said)]
    return [match[0] for match in found if match and match[1] not in new.tables]


def unpinned(script: str) -> list[str]:
    """Return the security definer functions whose search path is not pinned."""
    definers = [said for said in statements(script) if "security definer" in said]
    return [said for said in definers if "set search_path = pg_catalog, pg_temp" not in said]


def misnamed(script: str) -> list[str]:
    """Return constraints and indexes that are not named after their table."""
    wrong = []
    for said in statements(script):
        table = re.match(r"(?:create|alter) table (?:only )?(?:\w+\.)?(\w+)", said)
        names = re.findall(r"(?<!drop )(?<!validate )\bconstraint (\w+) (?:primary|unique|check|foreign|exclude)", said)
        wrong += [name for name in names if table and not re.match(rf"(pk|uq|fk|ck|ex)_{table[1]}(_|$)", name)]
        index = re.match(r"create (?:unique )?index (\w+) on (?:\w+\.)?(\w+)", said)
        if index and not re.match(rf"(ix|uq)_{index[2]}_", index[1]):
            wrong.append(index[1])
    return wrong
