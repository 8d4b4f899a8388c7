"""What is planted where: the least that a person needs to try an application, and a test suite to begin with."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ..settings import Environment


@dataclass(frozen=True, slots=True)
class PersonSeed:
    """A person of a tenant; the id is always the same, so that what a browser remembers goes on working."""

    user_id: UUID
    name: str
    role: str = "member"


@dataclass(frozen=True, slots=True)
class MaterialSeed:
    """A material of a tenant's catalogue."""

    code: str
    name: str
    unit: str
    price_minor: int
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class TenantSeed:
    """An approved tenant, its people (the first one approved it) and its materials."""

    tenant_id: UUID
    slug: str
    name: str
    people: tuple[PersonSeed, ...]
    materials: tuple[MaterialSeed, ...] = ()


_ANNA = UUID("01900000-0000-7000-8000-00000000000a")
_BORIS = UUID("01900000-0000-7000-8000-00000000000b")
_CLARA = UUID("01900000-0000-7000-8000-00000000000c")

# two, so that whoever forgets the border between tenants sees it at once; Boris belongs to both
_DEVELOPMENT = (
    TenantSeed(
        UUID("01900000-0000-7000-8000-000000000001"),
        "acme",
        "Acme",
        (PersonSeed(_ANNA, "Anna", "owner"), PersonSeed(_BORIS, "Boris")),
        (
            MaterialSeed("A-1", "Facing brick", "pcs", 120),
            MaterialSeed("A-2", "Cement, 25 kg", "bag", 890),
            MaterialSeed("A-3", "Кирпич лицевой", "шт", 135),
        ),
    ),
    TenantSeed(
        UUID("01900000-0000-7000-8000-000000000002"),
        "globex",
        "Globex",
        (PersonSeed(_CLARA, "Clara", "owner"), PersonSeed(_BORIS, "Boris", "viewer")),
        (MaterialSeed("G-1", "Oak plank", "m2", 4900),),
    ),
)

_TEST = (
    TenantSeed(UUID("01900000-0000-7000-8000-000000000001"), "test", "Test", (PersonSeed(_ANNA, "Anna", "owner"),)),
)

_SEEDS: dict[Environment, tuple[TenantSeed, ...]] = {
    Environment.DEVELOPMENT: _DEVELOPMENT,
    Environment.TEST: _TEST,
    Environment.STAGING: (),
    Environment.PRODUCTION: (),
}


def seeds_of(environment: Environment) -> tuple[TenantSeed, ...]:
    """Return the tenants that a database of this environment begins with."""
    return _SEEDS[environment]
