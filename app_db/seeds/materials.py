"""Generated catalogues: categories, and materials whose names are composed of words as a shop's are."""

from __future__ import annotations

from . import words
from .spread import Spread
from .steps import Step
from .words import chance, even, key, zipf

BATCH = 20_000

_GIN = ("catalog.ix_materials_tenant_id_search", "catalog.ix_materials_tenant_id_name")

# ten seconds after each other, so that ids are in the order of numbers, as those of a catalogue that grew
_MOMENT = "(timestamptz '2024-01-01 00:00+00' + n * interval '10 seconds')"

_FAMILIES = """
insert into catalog.categories (tenant_id, id, name, position)
select t.id, {key}, f.name, f.place
from unnest(cast(:tenants as uuid[])) with ordinality as t (id, place)
cross join unnest(cast(:family_names as text[])) with ordinality as f (name, place)
where t.place between :first and :last
on conflict do nothing
"""

_CATEGORIES = """
insert into catalog.categories (tenant_id, id, parent_id, name, position)
select t.id, {key}, p.id, c.name, c.place
from unnest(cast(:tenants as uuid[])) with ordinality as t (id, place)
cross join unnest(cast(:things as text[]), cast(:families as text[])) with ordinality as c (name, family, place)
join catalog.categories as p on p.tenant_id = t.id and p.parent_id is null and p.name = c.family
where t.place between :first and :last
on conflict do nothing
"""

_MATERIALS = """
insert into catalog.materials (
  tenant_id, id, category_id, code, name, description, unit, price_minor, currency, created_at, updated_at
)
with placed as materialized (
  select n, {moment} as moment, {key} as id, (cast(:tenants as uuid[]))[{place}] as tenant_id
  from generate_series(cast(:first as bigint), :last) as n
), missing as materialized (
  select p.n, p.moment, p.id, p.tenant_id, {thing} as thing, {kind} as kind, {maker} as maker, {size} as size,
    {use} as use, {chance_language} < 0.75 as is_russian, {chance_price} as price, {chance_currency} as currency,
    (array[75, 100, 125, 150, 200, 300, 400, 500])[{grade}] as grade
  from placed as p
  where not exists (select from catalog.materials as m where m.tenant_id = p.tenant_id and m.id = p.id)
)
select m.tenant_id, m.id, (
    select c.id from catalog.categories as c
    where c.tenant_id = m.tenant_id and c.name = (cast(:things as text[]))[m.thing] and c.parent_id = (
      select p.id from catalog.categories as p
      where p.tenant_id = m.tenant_id and p.parent_id is null and p.name = (cast(:families as text[]))[m.thing]
    )
  ),
  (cast(:codes as text[]))[m.thing] || '-' || m.n,
  case when m.is_russian
    then concat_ws(' ', (cast(:titles as text[]))[m.thing],
      (cast(:kinds as text[]))[m.kind + case when (cast(:is_feminine as boolean[]))[m.thing] then {kinds} else 0 end],
      'М' || m.grade, (cast(:sizes as text[]))[m.size], '«' || (cast(:makers as text[]))[m.maker] || '»')
    else concat_ws(' ', initcap((cast(:kinds_english as text[]))[m.kind]), (cast(:things_english as text[]))[m.thing],
      'M' || m.grade, (cast(:sizes as text[]))[m.size], (cast(:makers as text[]))[m.maker])
  end,
  concat_ws(', ', (cast(:uses as text[]))[m.use], 'партия ' || m.n % 977), (cast(:units as text[]))[m.thing],
  round((cast(:prices as bigint[]))[m.thing] * power(4, m.price - 0.5))::bigint,
  case when m.currency < 0.8 then 'RUB' when m.currency < 0.95 then 'EUR' else 'USD' end, m.moment, m.moment
from missing as m
order by m.tenant_id, m.id
on conflict do nothing
"""


def material_key(number: str) -> str:
    """Return the SQL of the id of the material of that number."""
    return key("material", number, _MOMENT.replace("n *", f"{number} *"))


def material_steps(spread: Spread, materials: int) -> list[Step]:
    """Return the steps that plant that many materials, and the categories of their tenants."""
    values = _values(spread)
    moment = "timestamptz '2024-01-01 00:00+00'"
    tenants = len(spread.tenants)
    families = _FAMILIES.format(key=key("family", "t.id || f.name", moment))
    categories = _CATEGORIES.format(key=key("category", "t.id || c.name", moment))
    statement = _MATERIALS.format(
        moment=_MOMENT, key=material_key("n"), place=spread.of_material("n"), kinds=len(words.KINDS_ENGLISH),
        thing=zipf(len(words.THINGS), "p.n", 2), kind=zipf(len(words.KINDS_ENGLISH), "p.n", 3),
        maker=zipf(len(words.MAKERS), "p.n", 4), size=even(len(words.SIZES), "p.n", 5),
        use=zipf(len(words.USES), "p.n", 6), grade=even(8, "p.n", 7), chance_language=chance("p.n", 8),
        chance_price=chance("p.n", 9), chance_currency=chance("p.n", 10),
    )  # fmt: skip
    return [
        Step("catalog.categories", families, tenants, tenants, values),
        Step("catalog.categories", categories, tenants, tenants, values),
        Step("catalog.materials", statement, materials, BATCH, values, gin_indexes=_GIN),
    ]


def _values(spread: Spread) -> dict[str, object]:
    return {
        "tenants": list(spread.tenants), "things": words.THINGS, "titles": words.TITLES,
        "things_english": words.THINGS_ENGLISH,
        "units": words.UNITS, "prices": words.PRICES, "codes": words.CODES, "is_feminine": words.IS_FEMININE,
        "families": words.FAMILIES, "family_names": sorted(set(words.FAMILIES)), "kinds": words.KINDS,
        "kinds_english": words.KINDS_ENGLISH, "makers": words.MAKERS, "sizes": words.SIZES, "uses": words.USES,
    }  # fmt: skip
