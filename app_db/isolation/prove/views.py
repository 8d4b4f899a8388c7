"""What is seen through views: rows of another tenant, and whatever else tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from .actors import OWNER, Actor
from .definers import Definer
from .findings import Finding, Kind, Tally
from .functions import Functions
from .sending import Sender
from .tables import Table
from .trying import Ground
from .whose import COLLEAGUE, FOREIGN, OWN

_VIEWS = text("""
select n.nspname || '.' || c.relname as name, format('%I.%I', n.nspname, c.relname) as sql,
  c.relkind = 'm' as is_stored,
  array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
    as columns
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(:schemas) and c.relkind in ('v', 'm') and not exists (
  select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 1
""")


@dataclass(frozen=True, slots=True)
class View:
    """A view, or a materialized one, and the columns that say whose its rows are."""

    name: str
    sql: str
    is_stored: bool
    tenant_column: str | None
    user_column: str | None


def read_views(connection: Connection, schemas: Iterable[str]) -> list[View]:
    """Return the views of the schemas."""
    found = connection.execute(_VIEWS, {"schemas": sorted(schemas)}).all()
    return [
        View(name, sql, is_stored, *(column if column in columns else None for column in ("tenant_id", "user_id")))
        for name, sql, is_stored, columns in found
    ]


class Views:
    """Tries views, and yields what comes out wrong."""

    def __init__(self, ground: Ground, sender: Sender, tables: Iterable[Table], tally: Tally) -> None:
        self._ground = ground
        self._sender = sender
        self._tally = tally
        self._functions = Functions(ground, sender, tables, tally)

    def findings(self, view: View) -> Iterator[Finding]:
        """Nobody sees a foreign row through a view: by its tenant, else by what it shows of foreign rows."""
        with self._sender.undone():
            self._sender.become(self._ground.names(OWNER))
            if view.is_stored:
                self._sender.execute(f"refresh materialized view {view.sql}")
            is_known = view.tenant_column is not None and self._shows_foreign_rows(view)
            self._sender.become("none")
            if not is_known:
                yield from self._functions.findings(Definer.of_view(view.name, view.sql))
                return
            for actor in self._ground.actors:
                if not actor.sees_all and self._ground.declared.rights(actor.roles, view.name):
                    yield from self._seen_through(view, actor)

    def _shows_foreign_rows(self, view: View) -> bool:
        foreign = self._ground.world.owners[FOREIGN].tenant
        return bool(self._sender.rows(f"select 1 from {view.sql} where tenant_id = %s limit 1", (foreign,)))

    def _seen_through(self, view: View, actor: Actor) -> Iterator[Finding]:
        context, person = self._ground.contexts[0], self._ground.world.owners[OWN].person
        self._tally.count(view.name, "select")
        others = f"select 1 from {view.sql} where tenant_id is distinct from %s"
        colleagues = f"select 1 from {view.sql} where tenant_id = %s and user_id is distinct from %s"
        with self._sender.acting(actor.login, context):
            outcome = self._sender.outcome(others, (context.tenant,))
            if not outcome.state and view.user_column is not None and not actor.is_administrator:
                shared = self._sender.outcome(colleagues, (context.tenant, person))
                if shared.rows and not self._ground.oracle.exemptions.of_table(view.name, "select", COLLEAGUE):
                    yield self._told(view, actor, f"{shared} of another person")
        if outcome.state:
            yield self._told(view, actor, f"granted, and {outcome}", Kind.FAILED)
        elif outcome.rows:
            yield self._told(view, actor, f"{outcome.rows} foreign row{'' if outcome.rows == 1 else 's'}")

    def _told(self, view: View, actor: Actor, what: str, kind: Kind = Kind.LEAK) -> Finding:
        return Finding(view.name, "select", "all", actor.name, self._ground.contexts[0].name, what, kind)
