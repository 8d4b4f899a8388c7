"""SECURITY DEFINER functions and procedures, and how each is called; a view is read as one without arguments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .sending import Sender

# A procedure is given its OUT arguments too, after all others.
_DEFINERS = """
select n.nspname || '.' || p.proname as name, quote_ident(n.nspname) || '.' || quote_ident(p.proname) as sql,
  p.oid::regprocedure::text as signature, n.nspname as schema, p.prokind = 'p' as is_procedure,
  p.provolatile = 'v' as may_write, o.number as outs,
  array(select format_type(t, null) from unnest(p.proargtypes) with ordinality u (t, place)
    where u.place <= g.number order by u.place) as types,
  array(select coalesce(rn.nspname || '.' || r.relname, b.typname)
    from unnest(p.proargtypes) with ordinality u (t, place) join pg_type b on b.oid = u.t
    left join pg_class r on r.oid = b.typrelid
    left join pg_namespace rn on rn.oid = r.relnamespace where u.place <= g.number order by u.place) as kinds,
  array(select coalesce(p.proargnames[u.place], '') from unnest(p.proargtypes) with ordinality u (t, place)
    where u.place <= g.number order by u.place) as names
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
cross join lateral (select count(*) from unnest(p.proargmodes) m where m = 'o' and p.prokind = 'p') o (number)
cross join lateral (select p.pronargs - case when o.number = 0 then p.pronargdefaults else 0 end) g (number)
where n.nspname = any(%s) and p.prosecdef and p.prokind in ('f', 'p')
  and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
order by 3
"""


@dataclass(frozen=True, slots=True)
class Definer:
    """A SECURITY DEFINER function or procedure, with the arguments that have to be given.

    `kinds` are the names of their types, and of the table where a type is its row.
    """

    name: str
    sql: str
    signature: str
    schema: str
    is_procedure: bool
    may_write: bool
    outs: int
    types: tuple[str, ...]
    kinds: tuple[str, ...]
    names: tuple[str, ...]
    is_view: bool = False

    @classmethod
    def of_view(cls, name: str, sql: str) -> Definer:
        """Return a view as a function without arguments: it may have the rights of its owner, or call who has."""
        schema = name.split(".", maxsplit=1)[0]
        return cls(name, sql, name, schema, False, False, 0, (), (), (), is_view=True)

    @property
    def call(self) -> str:
        """The statement that shows all that it returns."""
        arguments = [f"cast(%s as {kind})" for kind in self.types]
        if self.is_procedure:
            return f"call {self.sql}({', '.join([*arguments, *['null'] * self.outs])})"
        source = self.sql if self.is_view else f"{self.sql}({', '.join(arguments)})"
        return f"select t::text from {source} as t"


def read_definers(sender: Sender, schemas: Iterable[str]) -> list[Definer]:
    """Return those of the schemas, but for the functions of triggers."""
    found = sender.rows(_DEFINERS, (sorted(schemas),))
    return [Definer(*row[:7], *map(tuple, row[7:])) for row in found]
