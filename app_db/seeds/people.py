"""Generated people: members of the tenants, with an address to log in by and a profile to learn with."""

from __future__ import annotations

from collections.abc import Collection

from .spread import Spread
from .steps import Step
from .words import key

BATCH_TENANTS = 25

MOMENT = "timestamptz '2024-01-01 00:00+00'"

_PEOPLE = """
with people as (
  select t.id as tenant_id, {person} as id, j, 'person-' || j || '-' || left(md5(t.id::text), 8) as name
  from unnest(cast(:tenants as uuid[]), cast(:people as integer[])) with ordinality as t (id, people, place)
  cross join generate_series(1, t.people) as j
  where t.place between :first and :last
)
"""

_ZONE = "(array['Europe/Moscow', 'Asia/Yekaterinburg', 'UTC', 'Europe/Berlin'])[1 + j % 4]"

# by table: its service, and the rest of the statement
_TABLES = {
    "tenancy.memberships": ("core", "(tenant_id, user_id, role) select tenant_id, id, 'member' from people"),
    "auth.users": ("auth", "(id, email, status) select id, name || '@example.com', 'active' from people"),
    "learning.user_profiles": (
        "learning",
        "(tenant_id, user_id, display_name, time_zone) select tenant_id, id, name, {zone} from people",
    ),
}


def person_key(tenant: str, number: str) -> str:
    """Return the SQL of the id of the person of that number in a tenant."""
    return key("person", f"{tenant} || ' ' || {number}", MOMENT)


def people_steps(spread: Spread, services: Collection[str]) -> list[Step]:
    """Return the steps that plant the people of the tenants, for the services that are placed."""
    values = {"tenants": list(spread.tenants), "people": spread.people()}
    people = _PEOPLE.format(person=person_key("t.id", "j"))
    statements = {
        table: f"{people} insert into {table} {rest.format(zone=_ZONE)} on conflict do nothing"
        for table, (service, rest) in _TABLES.items()
        if service in services
    }
    tenants = len(spread.tenants)
    return [Step(table, statement, tenants, BATCH_TENANTS, values) for table, statement in statements.items()]
