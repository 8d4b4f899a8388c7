"""Writes what is derived (`make schema`): snapshots, docs/schema.sql, pages, the picture; the pages of the rules."""

import sys
from pathlib import Path

from app_db.documentation import draw, privileges_page, tables_page
from app_db.drift import Snapshot, expected_catalogue
from app_db.drift.building import NEWEST, dump_of, ours, snapshot_of_service
from app_db.drift.snapshot import differing
from app_db.isolation.check.pages import page, page_names
from app_db.isolation.check.rule import PAGES
from app_db.migrations import upgrade
from app_db.schema import SERVICES, placed_services
from app_db.server.scratch import scratch_settings

ROOT = Path(__file__).resolve().parents[1]
OLDEST, ITS_BINARIES = 15, Path("/usr/lib/postgresql/15/bin")
# servers from 16 on print as the newest does, but for what the revisions make otherwise before 18
OLDER = 17


def main() -> None:
    """Build on the newest and on the oldest version, and write."""
    newest, dump = _built(None)
    oldest, _ = _built(ITS_BINARIES)
    for name, snapshot in newest.items():
        older = differing(snapshot.things, oldest[name].things)
        whole = Snapshot(snapshot.revision, snapshot.schemas, snapshot.things, {OLDER: older} if older else {})
        _write(ROOT / "app_db" / "drift" / "snapshots" / f"{name}.json", whole.as_json())
    things = expected_catalogue(placed_services(None), NEWEST)
    _write(ROOT / "docs" / "schema.sql", dump)
    _write(ROOT / "docs" / "schema.svg", draw(things))
    _write(ROOT / "docs" / "reference" / "tables.md", tables_page(things))
    _write(ROOT / "docs" / "reference" / "privileges.md", privileges_page(things))
    for name in page_names():
        _write(ROOT / PAGES / name, page(name))


def _built(binaries: Path | None) -> tuple[dict[str, Snapshot], str]:
    with scratch_settings("schema", binaries=binaries) as settings:
        upgrade(settings)
        snapshots = {service.name: snapshot_of_service(settings, service) for service in SERVICES.values()}
        return snapshots, "" if binaries else dump_of(settings, ours())


def _write(path: Path, content: str) -> None:
    if not path.exists() or path.read_text("utf-8") != content:
        path.write_text(content, "utf-8")
        print(f"written: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
