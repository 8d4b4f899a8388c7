"""301 to 310: what the condition of a policy says."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import Policy, Table
from ..mending import believes_still, left_as_it_is
from ..predicate import casts, compares_own, has_word, is_wrapped, names_a_role, reads_a_table, settings_read
from ..rule import Found, Rule, Severity, broken, rule
from ..subject import Subject
from .remedies import mended_policy, of_policy

_FORM = "The usual form: `tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid`. What else the \
policy said is added with AND."
_COLUMN = (
    "put what it looks up into a column of the table and compare that with the context; keep all else that it says"
)
_SPLIT = "give each kind of person a role and a policy of its own, which keeps all else that this one says"
_OF_A_ROLE = "take the setting out, and give who may see more a role and a policy of its own, which keep all else that \
this one says"
_BY_THE_TENANT = "A policy that keeps to the tenant in a way that words don't show, for example through a function of \
the row: try it (`assert_tenant_isolated` does), and suppress it with that reason."
_GETTER = "nullif(current_setting('app.current_tenant_id', true), '')"


@rule(
    "ISO301", "not-kept-to-the-tenant", Severity.ERROR, "A policy does not compare the tenant",
    means="A permissive policy for somebody else than those who may see all rows has no equation, joined by AND, "
    "between the tenant's column and what the context says, and no restrictive policy for the same roles has one. A "
    "list of which one entry is not what the context says is none, and a sub-select in which the row's own column does "
    "not stand is none either.",
    bites="`USING (true)` shows every tenant's rows; a condition on another column shows the rows of all tenants that "
    "meet it. It is enough that one policy does, as permissive ones are joined by OR.",
    remedy=_FORM,
    false_alarm=_BY_THE_TENANT,
    example=broken(
        "alter policy tenant_rows on example.items using (name is not null) "
        f"with check (tenant_id = {_GETTER}::uuid)",
        thing="example.items.tenant_rows",
    ),
)  # fmt: skip
def not_kept(subject: Subject) -> Iterator[Found]:
    """Permissive policies that show rows of more than one tenant."""
    for table, column, policy in subject.judged():
        if _lets_in(subject, policy, table) and policy.using and _is_open(subject, policy.using, table):
            message = f"it does not compare {column} with the tenant of the context, and shows others' rows"
            yield of_policy(table, policy, message, mended_policy(subject, table, policy))


@rule(
    "ISO302", "weak-with-check", Severity.ERROR, "A policy accepts rows of other tenants",
    means="The WITH CHECK of a permissive policy does not keep to the tenant: it is weaker than its USING, or it is an "
    "INSERT policy without the tenant.",
    bites="A session bound to tenant 1 inserted a row of tenant 2, without a word (measured). Nobody sees it but "
    "tenant 2, whose data it now is.",
    remedy="Write the condition of USING there as well, or leave WITH CHECK out: then USING is checked.",
    false_alarm="A table into which tenants put rows for each other, for example messages: suppress it.",
    example=broken(
        "alter policy tenant_rows on example.items with check (name is not null)", thing="example.items.tenant_rows"
    ),
)  # fmt: skip
def weak_check(subject: Subject) -> Iterator[Found]:
    """Permissive policies whose WITH CHECK is weaker than their USING."""
    for table, _, policy in subject.judged():
        is_kept = policy.using is None or subject.holds(policy.using, table)
        if not (_lets_in(subject, policy, table) and policy.with_check and is_kept):
            continue
        if _is_open(subject, policy.with_check, table):
            message = "its WITH CHECK accepts rows of other tenants"
            yield of_policy(table, policy, message, mended_policy(subject, table, policy))


@rule(
    "ISO303", "or", Severity.ERROR, "A policy lets rows through by OR",
    means="The condition of a policy has an OR, beside which the comparison of the tenant is one of several ways in.",
    bites="It shows what the other branch shows: `OR current_setting(…) IS NULL` opens every connection that is bound "
    "to nobody, and `OR bypass` whoever sets the flag. And it takes the index of the tenant away: the newest fifty "
    "rows of a million took 383 ms instead of 0.08 (measured).",
    remedy=_FORM + " What has to see all rows is another role with its own policy: that costs nothing (0.075 ms).",
    false_alarm=_BY_THE_TENANT,
    example=broken(
        f"alter policy tenant_rows on example.items using (tenant_id = {_GETTER}::uuid or name = 'everybody')",
        thing="example.items.tenant_rows",
    ),
)  # fmt: skip
def lets_through_by_or(subject: Subject) -> Iterator[Found]:
    """Permissive policies that an OR keeps from holding the tenant."""
    yield from _unheld(subject, "or", "an OR lets rows through beside the comparison of the tenant")


@rule(
    "ISO304", "case", Severity.ERROR, "A policy decides by CASE",
    means="The condition of a policy has a CASE, in one branch of which the tenant is compared.",
    bites="In the other branches it is not. No index serves a CASE: the newest fifty rows of a million took 240 ms "
    "instead of 0.08 (measured).",
    remedy=_FORM + " One role, one policy: who may see more is another role.",
    false_alarm=_BY_THE_TENANT,
    example=broken(
        f"alter policy tenant_rows on example.items using (case when name = 'everybody' then true "
        f"else tenant_id = {_GETTER}::uuid end)",
        thing="example.items.tenant_rows",
    ),
)  # fmt: skip
def decides_by_case(subject: Subject) -> Iterator[Found]:
    """Permissive policies that a CASE keeps from holding the tenant."""
    yield from _unheld(subject, "case", "in a branch of its CASE the tenant is not compared")


@rule(
    "ISO305", "sub-select", Severity.WARNING, "A policy reads a table",
    means="The condition of a policy has a sub-select from a table.",
    bites="It is read for each statement with the rights and policies of who asks: a policy that reads its own table "
    "fails with `infinite recursion detected`. Under concurrency it is a race, which the manual warns of. And it is "
    "slow: `IN (SELECT … memberships)` took 279 ms instead of 0.08 for the newest fifty rows (measured).",
    remedy=_FORM + " Put the tenant's column on the table itself, and check memberships before a session is opened.",
    false_alarm="Small tables with a handful of rows and few requests: suppress it with their size.",
    example=broken(
        "alter policy tenant_rows on example.items using (tenant_id in (select id from tenancy.tenants))",
        thing="example.items.tenant_rows",
    ),
)  # fmt: skip
def reads_tables(subject: Subject) -> Iterator[Found]:
    """Policies with a sub-select from a table."""
    for table, _, policy in subject.judged():
        if any(map(reads_a_table, policy.expressions)):
            message = "a sub-select reads a table for each statement, which is slow and a race"
            yield of_policy(table, policy, message, _mended_or(_COLUMN, subject, table, policy, "from"))


@rule(
    "ISO306", "cast-column", Severity.WARNING, "A policy converts the tenant's column",
    means="The condition of a policy compares a conversion of the column, such as `tenant_id::text`.",
    bites="The index is on the column, not on its conversion: every row of every tenant is read. The newest fifty rows "
    "of a million took 143 ms instead of 0.08 (measured).",
    remedy="Convert the setting and not the column. " + _FORM,
    false_alarm="An index on the same expression: suppress it with its name.",
    example=broken(
        f"alter policy tenant_rows on example.items using (tenant_id::text = {_GETTER}) "
        f"with check (tenant_id::text = {_GETTER})",
        thing="example.items.tenant_rows",
    ),
)  # fmt: skip
def converts_the_column(subject: Subject) -> Iterator[Found]:
    """Policies that cast the tenant's column."""
    for table, column, policy in subject.judged():
        if any(casts(expression, column) for expression in policy.expressions):
            message = f"it converts {column}, so no index on it serves"
            yield of_policy(table, policy, message, mended_policy(subject, table, policy))


@rule(
    "ISO307", "wrapped", Severity.NOTE, "A policy hides the tenant from the planner",
    means="The condition has the context in a sub-select that reads no table: `tenant_id = (SELECT "
    "current_setting(…))`.",
    bites="It is fast, but the planner does not know the value: of a tenant with half of a table's rows it expected "
    "500 instead of 500,000 (measured), and partitions are pruned at execution only. Written out it costs the same on "
    "an index, 0.046 and 0.047 ms.",
    remedy=_FORM,
    false_alarm="Where scans of whole tables are what counts, the sub-select is worth it (68 instead of 379 ms for a "
    "million rows): suppress it.",
    example=broken(
        f"alter policy tenant_rows on example.items using (tenant_id = (select {_GETTER}::uuid))",
        thing="example.items.tenant_rows",
    ),
)  # fmt: skip
def wrapped(subject: Subject) -> Iterator[Found]:
    """Policies with a sub-select around the context."""
    for table, _, policy in subject.judged():
        if any(map(is_wrapped, policy.expressions)):
            message = "a sub-select hides the tenant from the planner's statistics"
            yield of_policy(table, policy, message, mended_policy(subject, table, policy))


@rule(
    "ISO308", "branches", Severity.NOTE, "A policy decides within the tenant",
    means="The condition keeps to the tenant, and has an OR or a CASE beside that.",
    bites="Tenants are apart. The rest is evaluated for each of the tenant's rows, is hard to prove, and can't be told "
    "apart from a way around by whoever reads it next.",
    remedy=_FORM + " Give each kind of person a role and a policy of its own.",
    false_alarm="A rule of your domain that needs it: suppress it with that reason.",
    example=broken(
        f"alter policy tenant_rows on example.items using (tenant_id = {_GETTER}::uuid and "
        "(name is null or name <> 'hidden'))",
        thing="example.items.tenant_rows",
    ),
)  # fmt: skip
def branches(subject: Subject) -> Iterator[Found]:
    """Policies that hold the tenant and branch beside that."""
    for table, _, policy in subject.judged():
        if any(has_word(text, "or", "case") and subject.holds(text, table) for text in policy.expressions):
            message = "it has an OR or a CASE beside the comparison of the tenant"
            yield of_policy(table, policy, message, _mended_or(_SPLIT, subject, table, policy, "or", "case"))


@rule(
    "ISO309", "other-setting", Severity.ERROR, "A policy believes another setting",
    means="The condition of a policy, or a function that it calls, reads a setting that is not one of the context's "
    "(by default `app.current_tenant_id` and `app.current_user_id`).",
    bites="Every session may set any setting of a name with a dot. A flag such as `rls.bypass_rls` opens all tenants "
    "by one statement: whoever can slip SQL in needs no other login.",
    remedy=_FORM + " What has to see all rows is another role. A way in by OR is taken out. Where rows are hidden by "
    "the setting, taking it out would show them: then it is told in words.",
    false_alarm="A setting that is a part of your context: name it with --context-setting.",
    example=broken(
        f"alter policy tenant_rows on example.items using (tenant_id = {_GETTER}::uuid "
        "and current_setting('app.mode', true) = 'open')",
        thing="example.items.tenant_rows",
    ),
)  # fmt: skip
def other_setting(subject: Subject) -> Iterator[Found]:
    """Policies that read a setting which is not of the context."""
    for table, _, policy in subject.judged():
        read = settings_read(subject.text_of(policy)).keys() - set(subject.bounds.context_settings)
        if read:
            message = f"it believes {', '.join(sorted(read))}, which every session may set"
            remedy = _OF_A_ROLE if believes_still(subject, table, policy) else mended_policy(subject, table, policy)
            yield of_policy(table, policy, message, remedy)


@rule(
    "ISO310", "role-for-each-tenant", Severity.ERROR, "A policy derives the tenant from the name of the role",
    means="The condition of a policy, or a function that it calls, asks for `current_user` or `session_user`: a design "
    "with a role for each tenant.",
    bites="It holds as long as SET ROLE does, and SET ROLE ends with a rollback or with the next connection of the "
    "pool. Measured with sqlalchemy-tenants 0.2.0: after a rollback the session returned every tenant's rows, and a "
    "tenant called `tenant_a` read the rows of `a`. It ends at about 2,400 tenants.",
    remedy=_FORM,
    false_alarm="A column of who wrote the row, compared with the login of a person: suppress it.",
    example=broken(
        "alter policy tenant_rows on example.items using (tenant_id = replace(current_user, 'tenant_', '')::uuid) "
        "with check (tenant_id = replace(current_user, 'tenant_', '')::uuid)",
        thing="example.items.tenant_rows",
    ),
)  # fmt: skip
def role_for_each_tenant(subject: Subject) -> Iterator[Found]:
    """Policies that ask for the name of the role."""
    for table, _, policy in subject.judged():
        if names_a_role(subject.text_of(policy)):
            message = "it derives the tenant from the name of the role, which a rollback changes"
            yield of_policy(table, policy, message, mended_policy(subject, table, policy))


def _mended_or(words: str, subject: Subject, table: Table, policy: Policy, *keywords: str) -> str:
    """Return the SQL, or words where what was found would stay: it narrows rows down, so no SQL takes it away."""
    return words if any(left_as_it_is(subject, table, policy, *keywords)) else mended_policy(subject, table, policy)


def _lets_in(subject: Subject, policy: Policy, table: Table) -> bool:
    """Tell whether what the policy shows is shown: it is permissive, and no restrictive one keeps to the tenant."""
    return policy.permissive and not subject.is_floored(policy, table)


def _is_open(subject: Subject, expression: str, table: Table) -> bool:
    """Tell whether it does not hold the tenant, for no reason that another rule tells."""
    column = subject.tenant_column(table)
    looked_up = reads_a_table(expression) and column is not None and compares_own(expression, table.name, column)
    told = has_word(expression, "or", "case") or looked_up
    return not told and not subject.holds(expression, table)


def _unheld(subject: Subject, keyword: str, message: str) -> Iterator[Found]:
    for table, _, policy in subject.judged():
        told = any(_is_unheld(subject, text, table, keyword) for text in policy.expressions)
        if told and _lets_in(subject, policy, table):
            yield of_policy(table, policy, message, mended_policy(subject, table, policy))


def _is_unheld(subject: Subject, expression: str, table: Table, keyword: str) -> bool:
    is_of_another = keyword == "or" and has_word(expression, "case")
    return has_word(expression, keyword) and not is_of_another and not subject.holds(expression, table)


RULES: tuple[Rule, ...] = (
    not_kept,
    weak_check,
    lets_through_by_or,
    decides_by_case,
    reads_tables,
    converts_the_column,
    wrapped,
    branches,
    other_setting,
    role_for_each_tenant,
)
