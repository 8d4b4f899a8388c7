"""Checks a database: reads the facts, asks the rules, leaves out what is right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from ...errors import CheckRefused
from ...schema import RoleNames
from .bounds import Bounds
from .facts import Facts, Pooler, read_facts
from .report import CheckReport, sort_findings
from .rule import findings_of
from .rules import RULES
from .subject import Subject
from .suppressions import Suppression, accepted_list, today_here


def check_isolation(
    connection: Connection,
    bounds: Bounds | None = None,
    *,
    suppressions: Sequence[Suppression] = (),
    pooler: Pooler | None = None,
    today: date | None = None,
) -> CheckReport:
    """Return where the database of the connection does not keep tenants apart, by its catalogue.

    Give it a connection that nobody has bound to a tenant, of any login. Executes five SELECTs in the connection's
    transaction, whose search path is `pg_catalog` from then on; takes no lock above ACCESS SHARE, changes nothing.
    `pooler` is what `probe_pooler` has found. Raises CheckRefused for a schema or a role that the database does not
    have.
    """
    bounds = bounds or Bounds()
    today = today or today_here()
    facts = read_facts(connection, bounds.schemas, bounds.context_settings, pooler)
    _refuse_unknown(facts, bounds)
    subject = Subject(facts, bounds)
    accepted = accepted_list() if facts.is_ours else []
    found = sort_findings(findings_of(RULES, subject), accepted, RoleNames(bounds.role_prefix), suppressions, today)
    return CheckReport(
        findings=found.findings,
        accepted=found.accepted,
        suppressed=found.suppressed,
        expired=found.expired,
        unused=found.unused,
        database=facts.database,
        applications=subject.applications,
        tables=sum(table.kind == "table" and not table.is_partition for table in facts.tables),
        tenant_tables=len(subject.tables),
        login_is_known=bool(bounds.application_roles) or bounds.login_serves is not False,
    )


def _refuse_unknown(facts: Facts, bounds: Bounds) -> None:
    known = {schema.name for schema in facts.schemas}
    for schema in bounds.schemas or ():
        if schema not in known:
            raise CheckRefused(f"the database {facts.database} has no schema {schema!r}: name one that it has")
    for role in (*bounds.application_roles, *bounds.all_rows_roles):
        if role not in facts.role_by_name:
            raise CheckRefused(f"the server has no role {role!r}: name the role that the application logs in as")
