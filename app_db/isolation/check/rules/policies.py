"""311 to 320: for whom policies hold, and what they ask for the tenant."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations

from ....schema import ScopeKind
from ..facts import Function, Policy, Table
from ..predicate import has_word, is_wrapped, operands_of, settings_read
from ..rule import Found, Rule, Severity, broken, name, rule
from ..subject import Subject
from .remedies import function_name, mended_policy, of_policy, remade_policy, table_name, visibility_roles

_TEXTS = ("text", "character varying", "name", "character")
_MANY_POLICIES = 30
_WRITTEN_OUT = "Write the getter out in the policy: that is the fastest form and depends on no function."
_MADE = "create function example.current_tenant() returns uuid language"
_READS = "select nullif(current_setting('app.current_tenant_id', true), '')::uuid"
_CALLS = "alter policy tenant_rows on example.items using (tenant_id = example.current_tenant()) \
with check (tenant_id = example.current_tenant())"


@rule(
    "ISO311", "to-public", Severity.WARNING, "A policy is for everybody",
    means="A permissive policy of a tenant's table has no TO, so it holds for every role.",
    bites="It meets every other policy in an OR: two permissive ones for PUBLIC made the newest fifty rows of a "
    "million take 278 ms instead of 0.08, while the same two split by role cost nothing (measured). It is evaluated "
    "for roles that it was not made for.",
    remedy="Name the roles that tenants work as.",
    false_alarm="A single policy on a table that only one login may use: naming it is still worth the line.",
    example=broken("alter policy tenant_rows on example.items to public", thing="example.items.tenant_rows"),
)  # fmt: skip
def to_public(subject: Subject) -> Iterator[Found]:
    """Permissive policies without TO."""
    for table, _, policy in subject.judged():
        if policy.permissive and None in policy.roles:
            remedy = f"alter policy {name(policy.name)} on {table_name(table)} to {visibility_roles(subject)}"
            yield of_policy(table, policy, "it holds for every role, as it names none", remedy)


@rule(
    "ISO312", "policies-meet", Severity.WARNING, "Two permissive policies meet",
    means="Two permissive policies of a table hold for the same role and command: both name it, or it is a member of "
    "what they name.",
    bites="PostgreSQL joins them with OR, so the wider one counts, and no index serves the two: 278 ms instead of 0.08 "
    "(measured). Whoever reads one of them believes it holds.",
    remedy="One permissive policy for a role and a command; what narrows it down is AS RESTRICTIVE. The SQL makes the "
    "wider one restrictive, so it shows nothing by itself any more: drop it then, or join the two in one policy.",
    false_alarm="None is known: two conditions can be written as one policy.",
    example=broken(
        "create policy zero on example.items for select to app_tenant "
        "using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid)",
        thing="example.items.zero",
    ),
)  # fmt: skip
def policies_meet(subject: Subject) -> Iterator[Found]:
    """Permissive policies beside another one for the same role and command."""
    for table in dict.fromkeys((*subject.tenant_tables, *subject.guarded)):
        policies = [p for p in subject.policies(table) if p.permissive and not subject.is_for_all_rows(p)]
        policies = [policy for policy in policies if not subject.is_nobodys(table, policy)]
        # of two, the one is told that is for everybody or shows more
        policies.sort(key=partial(_width, subject, table))
        told = set()
        for one, other in combinations(policies, 2):
            who = _both_hold_for(subject, one, other)
            if who and other.name not in told:
                told.add(other.name)
                message = f"for {who} it is joined by OR with {one.name}"
                remedy = remade_policy(subject, table, other)
                yield of_policy(table, other, message, remedy, beside=one)


@rule(
    "ISO313", "volatile-getter", Severity.WARNING, "A policy calls a volatile function",
    means="The condition of a policy calls a function that is VOLATILE, which is what a function is unless it says "
    "something else.",
    bites="It may return something else for each row, so PostgreSQL calls it for each one and no index serves the "
    "comparison: every row of every tenant is read.",
    remedy="Say STABLE. " + _WRITTEN_OUT,
    false_alarm="None is known: what a policy asks for does not change within a statement.",
    example=broken(f"{_MADE} sql volatile as $${_READS}$$", _CALLS, thing="example.items.tenant_rows"),
)  # fmt: skip
def volatile_getter(subject: Subject) -> Iterator[Found]:
    """Policies that call a volatile function."""
    for table, policy, function in _calls(subject):
        if function.volatility == "volatile":
            message = f"{function.full_name} is VOLATILE, so it is called for each row and no index serves"
            yield of_policy(table, policy, message, f"alter function {function_name(function)} stable")


@rule(
    "ISO314", "immutable-getter", Severity.ERROR, "A policy calls a getter that says it never changes",
    means="The condition of a policy calls a function that is IMMUTABLE and reads a setting.",
    bites="PostgreSQL calls it once, when it plans, and keeps the answer in the plan: the next tenant on the "
    "connection got the first one's row (measured).",
    remedy="Say STABLE. " + _WRITTEN_OUT,
    false_alarm="None is known.",
    example=broken(f"{_MADE} sql immutable as $${_READS}$$", _CALLS, thing="example.items.tenant_rows"),
)  # fmt: skip
def immutable_getter(subject: Subject) -> Iterator[Found]:
    """Policies that call an immutable function which reads a setting."""
    for table, policy, function in _calls(subject):
        if function.volatility == "immutable" and has_word(function.body, "current_setting"):
            message = f"{function.full_name} is IMMUTABLE, so a plan keeps the tenant of whoever came first"
            yield of_policy(table, policy, message, f"alter function {function_name(function)} stable")


@rule(
    "ISO315", "getter-not-inlined", Severity.WARNING, "A policy calls a getter that is not inlined",
    means="The condition of a policy calls a function that PostgreSQL can't put in line: it is not in SQL, has a SET "
    "clause, is SECURITY DEFINER, or is STRICT.",
    bites="It is called for each row that is filtered: a million rows took 379 ms with the getter written out, 932 "
    "with plpgsql, 2,456 with SET search_path, 3,218 with SECURITY DEFINER; a read of one row 0.169 instead of 0.046 "
    "ms (measured).",
    remedy=_WRITTEN_OUT + " A function in SQL's own form (`RETURN …`) needs no SET search_path.",
    false_alarm="A getter that raises where nothing is bound, in a sub-select: `(SELECT getter())` is called once and "
    "not told.",
    example=broken(
        f"{_MADE} sql stable set search_path = pg_catalog, pg_temp as $${_READS}$$",
        _CALLS,
        thing="example.items.tenant_rows",
    ),
)  # fmt: skip
def getter_not_inlined(subject: Subject) -> Iterator[Found]:
    """Policies that call a function which can't be inlined."""
    for table, policy, function in _calls(subject):
        why = _why_not_inlined(function)
        if why and not any(map(is_wrapped, policy.expressions)):
            message = f"{function.full_name} {' and '.join(why)}, so it is not inlined"
            yield of_policy(table, policy, message, mended_policy(subject, table, policy))


@rule(
    "ISO316", "without-nullif", Severity.WARNING, "A policy fails on a used connection",
    means="The condition of a policy converts a setting without `nullif(…, '')`.",
    bites="When SET LOCAL ends, the setting is '' and not NULL. On a connection that was used before, the next query "
    "that is bound to nobody fails with `22P02 invalid input syntax for type uuid: \"\"`; one project's whole pool "
    "answered with status 500.",
    remedy="Put nullif around it.",
    false_alarm="Where failing is what you want for a query that is bound to nobody: suppress it.",
    example=broken(
        "alter policy tenant_rows on example.items "
        "using (tenant_id = current_setting('app.current_tenant_id', true)::uuid) "
        "with check (tenant_id = current_setting('app.current_tenant_id', true)::uuid)",
        thing="example.items.tenant_rows",
    ),
)  # fmt: skip
def without_nullif(subject: Subject) -> Iterator[Found]:
    """Policies that convert a setting which may be ''."""
    for table, column, policy in subject.judged():
        found = table.column(column)
        is_text = found is not None and found.type.startswith(_TEXTS)
        if not is_text and any(_is_poisoned(text) for text in _sources(subject, policy)):
            message = "after SET LOCAL the setting is '', which can't be converted"
            yield of_policy(table, policy, message, mended_policy(subject, table, policy))


@rule(
    "ISO317", "without-missing-ok", Severity.WARNING, "A policy fails on a new connection",
    means="The condition of a policy asks for a setting without saying what to do where there is none: "
    "`current_setting('…')` and not `current_setting('…', true)`.",
    bites="On a connection on which the setting was never set, every statement on the table fails with `unrecognized "
    "configuration parameter`, migrations and backups included; on a used one it does not. So it fails in the morning.",
    remedy="Pass true as its second argument.",
    false_alarm="Where failing is what you want for a query that is bound to nobody: suppress it.",
    example=broken(
        "alter policy tenant_rows on example.items "
        "using (tenant_id = nullif(current_setting('app.current_tenant_id'), '')::uuid) "
        "with check (tenant_id = nullif(current_setting('app.current_tenant_id'), '')::uuid)",
        thing="example.items.tenant_rows",
    ),
)  # fmt: skip
def without_missing_ok(subject: Subject) -> Iterator[Found]:
    """Policies that fail where the setting was never set."""
    for table, _, policy in subject.judged():
        missing = sorted(name for name, is_told in settings_read(subject.text_of(policy)).items() if not is_told)
        if missing:
            message = f"it fails on a connection on which {', '.join(missing)} was never set"
            yield of_policy(table, policy, message, mended_policy(subject, table, policy))


@rule(
    "ISO318", "many-policies", Severity.WARNING, "A table has many policies",
    means="A tenant's table has more than 30 policies, for example one for each tenant's role.",
    bites="All that hold for a role are planned into each statement. One project's query took 5.5 s with many "
    "policies, and 2 ms after they were merged.",
    remedy="One policy for all tenants, which compares the tenant with the context.",
    false_alarm="None is known.",
    example=broken(
        "do $$ begin for n in 1..30 loop execute format('create policy tenant_%s on example.items as restrictive "
        "to app_tenant using (tenant_id = nullif(current_setting(''app.current_tenant_id'', true), '''')::uuid)', n); "
        "end loop; end $$",
        thing="example.items",
    ),
)  # fmt: skip
def many_policies(subject: Subject) -> Iterator[Found]:
    """Tenants' tables with more than thirty policies."""
    for table in subject.tables:
        policies = subject.policies(table)
        if len(policies) > _MANY_POLICIES:
            narrow = [policy for policy in policies if policy.name not in {"tenant_rows", "all_rows"}]
            drops = "; ".join(f"drop policy {name(policy.name)} on {table_name(table)}" for policy in narrow)
            yield Found(table.full_name, f"{table.full_name} has {len(policies)} policies", drops)


@rule(
    "ISO319", "not-kept-to-the-person", Severity.ERROR, "A policy does not compare the person",
    means="A model says that a table's rows belong to a person (`UserScoped`, `ScopeKind.PERSON`), and a permissive "
    "policy for a role that is no tenant's administrator does not compare the person's column.",
    bites="Everybody in the tenant, or everybody at all, reads what is one person's.",
    remedy="Compare both columns, joined by AND.",
    false_alarm="A table whose rows are the tenant's after all: declare its model as `TenantScoped`.",
    example=broken(
        "alter policy user_rows on profile.preferences "
        "using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid)",
        thing="profile.preferences.user_rows",
    ),
)  # fmt: skip
def not_kept_to_the_person(subject: Subject) -> Iterator[Found]:
    """Permissive policies of persons' rows that show others' as well."""
    administrators = set(subject.bounds.tenant_administrators)
    for table, policy in (*subject.judged_beside(ScopeKind.USER), *subject.judged_beside(ScopeKind.PERSON)):
        column = subject.user_column(table)
        if column is None or not policy.permissive or set(policy.roles) <= administrators:
            continue
        told_elsewhere = subject.tenant_column(table) is not None and not all(
            subject.holds(text, table) for text in policy.expressions
        )
        if not told_elsewhere and not all(subject.holds_in(text, table, column) for text in policy.expressions):
            message = f"it does not compare {column}, and shows a person's rows to others"
            yield of_policy(table, policy, message, mended_policy(subject, table, policy))


@rule(
    "ISO320", "system-rows-shown", Severity.ERROR, "A policy shows the system's own rows",
    means="A model says that a table's rows are the system's own (`ScopeKind.SYSTEM`), and a permissive policy names a "
    "role that is not among those that may see all rows.",
    bites="Such rows are about all tenants: who did what for whom. They have no tenant's column to tell them apart.",
    remedy="Drop the policy.",
    false_alarm="A service that reads them for all tenants: name its role with --all-rows-role.",
    example=broken(
        "create policy shown on ops.system_event for select to app_tenant using (true)", thing="ops.system_event.shown"
    ),
)  # fmt: skip
def system_rows_shown(subject: Subject) -> Iterator[Found]:
    """Permissive policies of the system's rows for others than who sees all."""
    for table, policy in subject.judged_beside(ScopeKind.SYSTEM):
        if policy.permissive:
            remedy = f"drop policy {name(policy.name)} on {table_name(table)}"
            yield of_policy(table, policy, "it shows rows that are about all tenants", remedy)


def _width(subject: Subject, table: Table, policy: Policy) -> tuple[object, ...]:
    """Return what sorts the policy that shows less first, and of equal ones that for more commands."""
    condition = policy.using or policy.with_check or "true"
    person = subject.user_column(table)
    is_everybodys = person is not None and not subject.holds_in(condition, table, person)
    narrows = len(operands_of(condition))
    keeps = subject.keeps(condition, table)
    return None in policy.roles, not keeps, is_everybodys, -narrows, policy.command != "all", policy.name


def _both_hold_for(subject: Subject, one: Policy, other: Policy) -> str | None:
    if one.command != other.command and "all" not in (one.command, other.command):
        return None
    shared = set(one.roles) & set(other.roles)
    if shared or None in (*one.roles, *other.roles):
        return ", ".join(sorted(role or "everybody" for role in shared)) or "everybody"
    return next(
        (who for who in subject.applications if subject.applies(one, who) and subject.applies(other, who)), None
    )


def _calls(subject: Subject) -> Iterator[tuple[Table, Policy, Function]]:
    for table, _, policy in subject.judged():
        for function in subject.called(policy):
            yield table, policy, function


def _why_not_inlined(function: Function) -> list[str]:
    reasons = {
        f"is in {function.language}": function.language != "sql",
        "has a SET clause": bool(function.settings),
        "is SECURITY DEFINER": function.definer,
        "is STRICT": function.strict,
    }
    return [reason for reason, holds in reasons.items() if holds]


def _sources(subject: Subject, policy: Policy) -> Iterator[str]:
    yield from policy.expressions
    if not any(has_word(text, "nullif") for text in policy.expressions):
        yield from (function.body for function in subject.called(policy))


def _is_poisoned(text: str) -> bool:
    return bool(settings_read(text)) and not has_word(text, "nullif")


RULES: tuple[Rule, ...] = (
    to_public,
    policies_meet,
    volatile_getter,
    immutable_getter,
    getter_not_inlined,
    without_nullif,
    without_missing_ok,
    many_policies,
    not_kept_to_the_person,
    system_rows_shown,
)
