"""5xx: functions, triggers and rules, which may run with another's rights."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..body import keywords_of
from ..facts import Function
from ..predicate import settings_read
from ..rule import Found, Rule, Severity, broken, name, rule
from ..subject import Subject
from .remedies import function_name, table_name

_SAFE_PATH = "pg_catalog, pg_temp"
_NOT_CALLED = {"trigger", "event_trigger"}
_WRITES = re.compile(r"\b(?:insert|update|delete|merge|truncate|call|execute|perform)\b", re.IGNORECASE)
_SET = r"\bset\s+(?:session\s+)?{setting}\s*(?:=|to\b)"
_SET_CONFIG = r"set_config\(\s*'{setting}'[^;]*?,\s*(?:is_local\s*(?:=>|:=)\s*)?false\s*\)"
_DEFINER = "create function example.total() returns bigint language sql security definer"
_TOTAL = "as $$select count(*) from example.items$$"
_PINNED = "set search_path = pg_catalog, pg_temp"
_OWN = ("alter function example.total() owner to app_owner", "revoke execute on function example.total() from public")


@rule(
    "ISO501", "definer-search-path", Severity.ERROR, "A SECURITY DEFINER function finds names where its caller says",
    means="A function that runs with its owner's rights has no search path of its own that ends with pg_temp: names in "
    "its body, and in what it calls, are looked up where the caller says.",
    bites="The caller makes a temporary table, type or function of the right name and runs his own code with the "
    "owner's rights: measured, a domain slipped under a search function read every tenant's rows.",
    remedy="Pin it to `pg_catalog, pg_temp` and name the schema of everything.",
    false_alarm="None is known: pinning changes nothing for a body that names its schemas.",
    example=broken(f"{_DEFINER} {_TOTAL}", *_OWN, thing="example.total()"),
)  # fmt: skip
def unpinned_definer(subject: Subject) -> Iterator[Found]:
    """Definer functions without a pinned search path."""
    for function in _definers(subject):
        if not _is_pinned(function):
            message = f"{function.full_name} runs as {function.owner} and finds names where its caller says"
            remedy = f"alter {function.kind} {function_name(function)} set search_path = {_SAFE_PATH}"
            yield Found(function.full_name, message, remedy)


@rule(
    "ISO502", "exempt-definer", Severity.ERROR, "A SECURITY DEFINER function runs as somebody whom no policy holds",
    means="A superuser, or a role with BYPASSRLS, owns a SECURITY DEFINER function that the application may execute.",
    bites="In its body there is no row-level security. Measured: it returned both tenants' rows to a session bound to "
    "one; owned by a role that policies hold, it did not.",
    remedy="Give it to a role that can't log in and is not exempt.",
    false_alarm="A function that names the tenant in each statement: give it to another role all the same.",
    example=broken(
        f"{_DEFINER} {_PINNED} {_TOTAL}",
        "revoke execute on function example.total() from public",
        "grant execute on function example.total() to app_rw",
        "create role passer bypassrls",
        "alter function example.total() owner to passer",
        thing="example.total()",
    ),
)  # fmt: skip
def exempt_definer(subject: Subject) -> Iterator[Found]:
    """Definer functions of exempt owners that the application may execute."""
    for function in _definers(subject):
        if subject.is_exempt(function.owner) and subject.may(function.grants, ("execute",), function.owner):
            message = f"{function.full_name} runs as {function.owner}, whom no policy holds"
            remedy = f"alter {function.kind} {function_name(function)} owner to {_held_owner(subject)}"
            yield Found(function.full_name, message, remedy)


@rule(
    "ISO503", "public-definer", Severity.WARNING, "Everybody may execute a SECURITY DEFINER function",
    means="PUBLIC may execute a SECURITY DEFINER function, as it may every function that nobody has closed.",
    bites="Each login of the server runs it with its owner's rights, also one that was made for something else.",
    remedy="Revoke it from PUBLIC, and grant it to who needs it.",
    false_alarm="A function that needs no rights: closing it costs nothing. Those that return `trigger`, which nobody "
    "can call, are not told.",
    example=broken(
        f"{_DEFINER} {_PINNED} {_TOTAL}", "alter function example.total() owner to app_owner", thing="example.total()"
    ),
)  # fmt: skip
def public_definer(subject: Subject) -> Iterator[Found]:
    """Definer functions that PUBLIC may execute."""
    for function in _definers(subject):
        if (None, "execute") in function.grants and function.returns not in _NOT_CALLED:
            message = f"every role of the server may run {function.full_name} as {function.owner}"
            remedy = f"revoke execute on {function.kind} {function_name(function)} from public"
            yield Found(function.full_name, message, remedy)


@rule(
    "ISO504", "leakproof", Severity.ERROR, "A function says that it tells nothing",
    means="A function that is not PostgreSQL's own is LEAKPROOF.",
    bites="PostgreSQL may then call it with rows that the policy has not been asked about yet. If it raises, logs or "
    "stores its argument, it tells other tenants' values; without LEAKPROOF it sees permitted rows alone (measured).",
    remedy="Take it back, and help the planner otherwise: a generated column, or `starts_with`.",
    false_alarm="A function in C that you have read and that can't raise for any argument: suppress it.",
    example=broken(
        "create function example.same(one text, other text) returns boolean language sql immutable leakproof "
        "return one = other",
        thing="example.same(one text, other text)",
    ),
)  # fmt: skip
def leakproof(subject: Subject) -> Iterator[Found]:
    """Functions marked LEAKPROOF."""
    for function in subject.facts.functions:
        if function.leakproof:
            message = f"{function.full_name} may be called with rows that a policy hides"
            yield Found(function.full_name, message, f"alter {function.kind} {function_name(function)} not leakproof")


@rule(
    "ISO505", "session-scoped-setting", Severity.ERROR, "A function sets the tenant for the whole session",
    means="The body of a function sets a setting of the context, or one that a policy reads, for the session: "
    "`set_config(…, false)`, or SET without LOCAL.",
    bites="It stays on the connection when the transaction ends, and the pool hands it to the next request. Measured "
    "with rls 0.3.2: a session without a tenant read the previous tenant's rows, a session of tenant 2 wrote into "
    "tenant 1, and through PgBouncer another process read another tenant's rows.",
    remedy="Pass true as the third argument of set_config, or say SET LOCAL.",
    false_alarm="A connection for each session, never pooled, such as a batch job's: suppress it.",
    example=broken(
        "create function example.bind(tenant uuid) returns void language plpgsql as "
        "$$begin perform set_config('app.current_tenant_id', tenant::text, false); end$$",
        thing="example.bind(tenant uuid)",
    ),
)  # fmt: skip
def session_scoped_setting(subject: Subject) -> Iterator[Found]:
    """Functions that set the context for the session."""
    read = {setting for policy in subject.facts.policies for setting in settings_read(subject.text_of(policy))}
    settings = {*subject.bounds.context_settings, *read}
    for function in subject.facts.functions:
        stays = sorted(setting for setting in settings if _sets_for_session(function.body, setting))
        if stays:
            message = (
                f"{function.full_name} sets {', '.join(stays)} for the session, and the pool keeps it: "
                "write it anew with LOCAL, or drop it"
            )
            yield Found(function.full_name, message, _dropped(function))


@rule(
    "ISO506", "definer-trigger", Severity.NOTE, "A trigger runs with another's rights",
    means="A trigger on a tenant's table runs a SECURITY DEFINER function.",
    bites="What it reads and writes is decided by its owner's rights and policies and not by those of who writes: it "
    "may copy a row of one tenant to where another one reads it. Nobody sees that in the statement.",
    remedy="Let it run with the caller's rights. Where it writes what the caller may not, such as a log, that "
    "would break it: read it instead, and see that it names the tenant of the row in each statement.",
    false_alarm="A trigger that keeps counts or a log and names the tenant in each statement: suppress it.",
    example=broken(
        "create function example.noted() returns trigger language plpgsql security definer "
        "set search_path = pg_catalog, pg_temp as $$begin return new; end$$",
        "alter function example.noted() owner to app_owner",
        "create trigger noted before insert on example.items for each row execute function example.noted()",
        thing="example.items.noted",
    ),
)  # fmt: skip
def definer_trigger(subject: Subject) -> Iterator[Found]:
    """Triggers of tenants' tables that run a definer function."""
    tables = {table.oid: table for table in subject.tenant_tables}
    for trigger in subject.facts.triggers:
        function = subject.facts.function_by_oid.get(trigger.function)
        if trigger.table in tables and function is not None and function.definer:
            table = tables[trigger.table]
            message = f"it runs {function.full_name} as {function.owner}"
            remedy = f"alter function {function_name(function)} security invoker"
            if _may_write(function):
                remedy = "read it: each statement in it has to name the tenant of the row; then suppress this"
            yield Found(f"{table.full_name}.{trigger.name}", message, remedy)


@rule(
    "ISO507", "rewrite-rule", Severity.WARNING, "A rule rewrites statements on a tenant's table",
    means="A tenant's table has a rule (CREATE RULE).",
    bites="What the rule does runs with the rights of the table's owner and not of who asks, so it is held by the "
    "owner's policies: a rule that copies rows copies them past the border.",
    remedy="Drop it; a trigger does the same with the caller's rights.",
    false_alarm="DO INSTEAD NOTHING, which only forbids: suppress it, or revoke the right instead.",
    example=broken(
        "create rule kept as on delete to example.items do instead nothing", thing="example.items.kept"
    ),
)  # fmt: skip
def rewrite_rule(subject: Subject) -> Iterator[Found]:
    """Rules on tenants' tables."""
    tables = {table.oid: table for table in subject.tenant_tables}
    for entry in subject.facts.rules:
        if entry.table in tables:
            table = tables[entry.table]
            message = f"what it does runs as {table.owner}, the table's owner"
            remedy = f"drop rule {name(entry.name)} on {table_name(table)}"
            yield Found(f"{table.full_name}.{entry.name}", message, remedy)


@rule(
    "ISO508", "row-security-off-in-a-function", Severity.WARNING, "A function switches row_security off",
    means="A function has the setting `row_security = off`, or sets it in its body.",
    bites="For who is exempt it changes nothing; for everybody else each statement on a table with policies fails "
    "instead of being filtered. Whoever wrote it believed it to be a way past policies, which it is not.",
    remedy="Reset it; what has to see all rows is another role.",
    false_alarm="A backup's function that shall fail rather than miss rows: suppress it.",
    example=broken(
        "create function example.all_items() returns bigint language sql set row_security = off as "
        "$$select count(*) from example.items$$",
        thing="example.all_items()",
    ),
)  # fmt: skip
def row_security_off(subject: Subject) -> Iterator[Found]:
    """Functions that switch row_security off."""
    for function in subject.facts.functions:
        if "row_security=off" in function.settings:
            message = f"{function.full_name} switches row_security off, which makes statements fail"
            yield Found(
                function.full_name, message, f"alter {function.kind} {function_name(function)} reset row_security"
            )


def _may_write(function: Function) -> bool:
    """Tell whether a statement in the body may write; of a language other than the server's own nobody knows."""
    is_read = function.language in {"sql", "plpgsql"}
    return not is_read or _WRITES.search(keywords_of(function.body)) is not None


def _definers(subject: Subject) -> Iterator[Function]:
    return (function for function in subject.facts.functions if function.definer)


def _is_pinned(function: Function) -> bool:
    paths = [entry.removeprefix("search_path=") for entry in function.settings if entry.startswith("search_path=")]
    return bool(paths) and [part.strip(' "') for part in paths[0].split(",")][-1] == "pg_temp"


def _held_owner(subject: Subject) -> str:
    """Return the owner of most tenants' tables, if policies hold him."""
    owners = [table.owner for table in subject.tables if not subject.is_exempt(table.owner)]
    return name(max(sorted(set(owners)), key=owners.count)) if owners else "app_definer"


def _sets_for_session(body: str, setting: str) -> bool:
    told = {"setting": re.escape(setting)}
    return any(
        re.search(form.format(**told), body, re.IGNORECASE | re.DOTALL) for form in (_SET, _SET_CONFIG)
    )  # fmt: skip


def _dropped(function: Function) -> str:
    return f"drop {function.kind} {function_name(function)}"


RULES: tuple[Rule, ...] = (
    unpinned_definer,
    exempt_definer,
    public_definer,
    leakproof,
    session_scoped_setting,
    definer_trigger,
    rewrite_rule,
    row_security_off,
)
