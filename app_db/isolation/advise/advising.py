"""Advises on indexes of the catalogue, and on statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from sqlalchemy import Connection, Table, text
from sqlalchemy.orm import DeclarativeBase

from ...errors import AdviceRefused
from ...schema import RoleNames
from .advice import Advice, AdviceReport
from .catalogue import Catalogue
from .comparison import Comparison
from .losses import Loss
from .planner import Planner, Unplannable
from .remedies import remedy_for

MINIMUM_LOSS = 2.0
_LEAST_MINIMUM = 1.1  # plans of one cost differ by less, in the last figures

_SEES_ALL = text("select pg_has_role(current_user, :all, 'usage') or exists "
                 "(select from pg_roles where rolname = current_user and rolbypassrls)")  # fmt: skip
_READ_ONLY = text("select current_setting('transaction_read_only') = 'on'")
_CONTEXT = text("select current_setting('app.current_tenant_id', true), current_setting('app.current_user_id', true)")
_SCHEMAS = text(
    "select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' order by 1"
)
_BIND = text(
    "select set_config('app.current_tenant_id', :tenant, true), set_config('app.current_user_id', :user, true)"
)


def compare_logins(
    tenant: Connection,
    everything: Connection,
    *,
    names: RoleNames | None = None,
    schemas: Iterable[str] | None = None,
    models: type[DeclarativeBase] | None = None,
    analyze: bool = False,
) -> Comparison:
    """Return what compares the plans of two logins: `tenant`, bound to one, and `everything`, which sees all rows.

    With `models`, a declarative base, only the tables of its classes are looked at, and the code of a remedy names the
    class. Both are in a transaction that the caller rolls back; settings of theirs are changed until then. Raises
    AdviceRefused where the two see the same, where no tenant is bound, where a schema is not there, or where `analyze`
    would execute something in a transaction that is not read-only.
    """
    names = names or RoleNames()
    if tenant.scalar(_SEES_ALL, {"all": names("app_all")}):
        raise AdviceRefused("the tenant's login sees all rows, so nothing is lost to it: give that of DATABASE_URL")
    if not everything.scalar(_SEES_ALL, {"all": names("app_all")}):
        raise AdviceRefused(
            f"the other login is no member of {names('app_all')}, so policies narrow it too and there is nothing to "
            "compare with: give that of APP_DB_MIGRATION_URL"
        )
    bound, person = tenant.execute(_CONTEXT).one()
    if not bound:
        raise AdviceRefused("no tenant is bound, so no row is seen: take the connection of db.engine(tenant_id)")
    if analyze and not (tenant.scalar(_READ_ONLY) and everything.scalar(_READ_ONLY)):
        raise AdviceRefused(
            "to analyze is to execute, and a transaction is not read-only: begin both with postgresql_readonly=True"
        )
    schemas = None if schemas is None else sorted(schemas)
    _refuse_unknown(everything, schemas or ())
    everything.execute(_BIND, {"tenant": bound, "user": person or ""})
    catalogue = Catalogue(tenant, everything, names, schemas)
    comparison = Comparison(Planner(tenant), Planner(everything), catalogue, names, analyze=analyze)
    if models is not None:
        comparison.classes = _classes(models)
        catalogue.keep(comparison.classes)
    return comparison


def advise_indexes(
    comparison: Comparison, *, minimum_loss: float = MINIMUM_LOSS, accepted: Mapping[str, str] | None = None
) -> AdviceReport:
    """Advise on indexes of tables with policies that can't be used below a policy, for what they are there for.

    Says nothing of those that a function reads who sees all rows, and of `accepted` ones, names with their schemas,
    with reasons. What costs less than `minimum_loss` times as much is undecided. Only looks.
    """
    _check(minimum_loss, accepted)
    advice: dict[str, Advice] = {}
    undecided: dict[str, Advice] = {}
    for key in comparison.catalogue.lost_keys:
        loss = comparison.of_key(key)
        if loss is not None:
            one = _advice(comparison, loss)
            (advice if loss.ratio is None or loss.ratio >= minimum_loss else undecided).setdefault(one.index, one)
    reasons = {index: reason for index, reason in (accepted or {}).items() if index in advice | undecided}
    return AdviceReport(
        [one for index, one in advice.items() if index not in reasons],
        [one for index, one in undecided.items() if index not in reasons],
        accepted=reasons, stale=sorted(set(accepted or ()) - set(reasons)),
        indexes=len({(key.schema, key.index) for key in comparison.catalogue.keys}),
    )  # fmt: skip


def advise_statements(
    comparison: Comparison,
    statements: Iterable[str],
    *,
    minimum_loss: float = MINIMUM_LOSS,
    progress: Callable[[int], None] | None = None,
) -> AdviceReport:
    """Advise on statements, with or without `$1`, as the tenant's login sends them.

    They are planned and never executed; where the comparison analyzes, the reading of each table is executed, by its
    conditions. `progress` is told of each statement. A statement that has no plan is in the report as skipped.
    """
    _check(minimum_loss, None)
    distinct = list(dict.fromkeys(statements))
    report = AdviceReport([], statements=len(distinct))
    for statement in distinct:
        try:
            for loss in comparison.losses(statement):
                one = _advice(comparison, loss, statement)
                if loss.is_of_rows or (loss.ratio or 0) >= minimum_loss:
                    report.advice.append(one)
                elif loss.rows is None and not loss.key.is_vectors:
                    report.undecided.append(one)
        except Unplannable as error:
            report.skipped[statement] = str(error)
        if progress is not None:
            progress(1)
    return report


def _classes(models: type[DeclarativeBase]) -> dict[str, str]:
    """Return the class of each mapped table, by the table's name with its schema."""
    mapped = [(mapper.local_table, mapper.class_) for mapper in models.registry.mappers]
    return {
        table.fullname: f"{of.__module__}.{of.__qualname__}"
        for table, of in mapped if isinstance(table, Table) and table.metadata is models.metadata
    }  # fmt: skip


def _advice(comparison: Comparison, loss: Loss, statement: str | None = None) -> Advice:
    functions = comparison.catalogue.functions_for(loss.key, loss.condition)
    remedy = remedy_for(loss.table, loss.key, loss.condition, comparison.names, functions)
    of_class = comparison.classes.get(loss.key.relation)
    if of_class is not None and remedy.code.models:
        code = replace(remedy.code, models=f"# in class {of_class}:\n{remedy.code.models}")
        remedy = replace(remedy, code=code)
    return Advice(loss, remedy, statement)


def _refuse_unknown(everything: Connection, schemas: Iterable[str]) -> None:
    known = everything.scalars(_SCHEMAS).all()
    unknown = [schema for schema in schemas if schema not in known]
    if unknown:
        raise AdviceRefused(
            f"the database has no schema {', '.join(map(repr, unknown))}: name one that it has ({', '.join(known)})"
        )


def _check(minimum_loss: float, accepted: Mapping[str, str] | None) -> None:
    if minimum_loss < _LEAST_MINIMUM:
        raise AdviceRefused(
            f"a minimum loss of {minimum_loss} would report plans that cost the same: give {_LEAST_MINIMUM} or more"
        )
    without = [index for index, reason in (accepted or {}).items() if not reason.strip()]
    if without:
        raise AdviceRefused(f"{', '.join(without)}: accepted without a reason; say why it is kept as it is")
