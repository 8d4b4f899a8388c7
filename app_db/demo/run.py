"""The demonstration, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import resources
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from ..catalog import CatalogFile, MaterialRow, add_materials, read_catalog, search_materials
from ..errors import ImportRefused, TenantNotBound
from ..migrations import change_schema, upgrade
from ..models import Material, Tenant
from ..server.scratch import scratch_settings
from ..session import Database
from .border import try_to_cross
from .orders import create_orders
from .report import DemoReport, View

_SEARCH_WORDS = "кирпича лицевого"
_SHOWN = 3


# Told what is done now and of how many rows; yields a function to be told of progress.
Watcher = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@contextmanager
def unwatched(_label: str, _length: int) -> Iterator[Callable[[int], None]]:
    """Watch nothing."""
    yield lambda _done: None


def run_demo(csv: Path | None = None, database_url: str | None = None, watch: Watcher = unwatched) -> DemoReport:
    """Run the whole demonstration and return what was found; leaves nothing behind.

    `csv` is a catalogue (see `catalog.read_catalog`; the packaged one without it), `database_url` a login with
    CREATEROLE and CREATEDB on a server of yours. Raises ImportRefused when no tenant of the file can be loaded.
    """
    report = DemoReport(source=str(csv or "the packaged catalogue"))
    catalog = read_catalog(csv) if csv is not None else _packaged_catalog()
    report.problems = sorted(catalog.problems, key=lambda problem: problem.line)
    report.skipped = sorted(set(catalog.tenants) - set(catalog.loadable))
    if not catalog.loadable:
        raise ImportRefused(_nothing_loadable(report), [(problem.line, problem.message) for problem in report.problems])
    started = time.monotonic()
    with scratch_settings("demo", database_url) as settings:
        report.seconds["server and roles"] = _lap(started)
        started = time.monotonic()
        upgrade(settings)
        change_schema(settings, create_orders)
        report.seconds["schema"] = _lap(started)
        db = Database.from_settings(settings)
        try:
            _show(db, catalog, report, watch)
        finally:
            db.dispose()
    return report


def _show(db: Database, catalog: CatalogFile, report: DemoReport, watch: Watcher) -> None:
    started = time.monotonic()
    tenants = _make_tenants(db, list(catalog.loadable))
    for slug, rows in catalog.loadable.items():
        report.loaded[slug] = _load(db, tenants[slug], rows, watch(f"loading {slug}", len(rows)))
    report.seconds["loading"] = _lap(started)
    report.unbound = _try_without_tenant(db)
    report.views = [_view(db, slug, tenant_id) for slug, tenant_id in tenants.items()]
    _cross(db, tenants, report)
    _search(db, tenants, report)
    report.info = db.info()
    report.server = f"PostgreSQL {report.info.server_version}"


def _make_tenants(db: Database, slugs: list[str]) -> dict[str, UUID]:
    """Make a tenant for each slug, and a second one where the file has but one: it takes two to cross a border."""
    wanted = slugs if len(slugs) > 1 else [*slugs, "neighbour" if slugs != ["neighbour"] else "other"]
    with db.admin(reason="demonstration: make the tenants", actor="app-db demo") as session:
        tenants = [Tenant(id=uuid7(), slug=slug, name=slug.capitalize()) for slug in wanted]
        session.add_all(tenants)
        return {tenant.slug: tenant.id for tenant in tenants}


def _load(
    db: Database, tenant_id: UUID, rows: list[MaterialRow], bar: AbstractContextManager[Callable[[int], None]]
) -> int:
    with bar as progress, db.tenant(tenant_id) as session:
        return add_materials(session, rows, progress=progress)


def _try_without_tenant(db: Database) -> str:
    try:
        db.engine()
    except TenantNotBound as error:
        return f"refused before anything is sent ({type(error).__name__})"
    return "NOT refused"


def _view(db: Database, slug: str, tenant_id: UUID) -> View:
    with db.tenant(tenant_id, read_only=True) as session:
        count = session.scalar(select(func.count()).select_from(Material)) or 0
        newest = session.scalars(
            select(Material.name).order_by(Material.created_at.desc(), Material.id.desc()).limit(_SHOWN)
        )
        return View(slug, count, list(newest))


def _cross(db: Database, tenants: dict[str, UUID], report: DemoReport) -> None:
    theirs, mine = list(tenants.items())[:2]
    with db.tenant(theirs[1]) as session:
        row = session.scalars(select(Material).limit(1)).one()
        report.crossing_as, report.crossing_at = mine[0], f"{row.code} of {theirs[0]}"
    report.crossings = try_to_cross(db, mine[1], theirs[1], row.id)


def _search(db: Database, tenants: dict[str, UUID], report: DemoReport) -> None:
    report.search_tenant, tenant_id = next(iter(tenants.items()))
    with db.tenant(tenant_id, read_only=True) as session:
        if report.source != "the packaged catalogue":
            report.search_words = session.scalars(select(Material.name).limit(1)).one()
        else:
            report.search_words = _SEARCH_WORDS
        report.hits = search_materials(session, report.search_words, limit=_SHOWN)


def _packaged_catalog() -> CatalogFile:
    with resources.as_file(resources.files(__package__) / "materials.csv") as path:
        return read_catalog(path)


def _nothing_loadable(report: DemoReport) -> str:
    lines = [f"  line {problem.line}: {problem.message}" for problem in report.problems[:20]]
    rest = len(report.problems) - len(lines)
    more = [f"  … and {rest} more"] if rest > 0 else []
    return "\n".join([f"no tenant of {report.source} can be loaded as a whole:", *lines, *more, "correct these lines"])


def _lap(started: float) -> float:
    return round(time.monotonic() - started, 2)
