"""A small catalogue with shelves, for tests of what is found in it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app_db.models import Category, Material
from app_db.session import Database

# code, name, shelf, price, currency
MATERIALS = [
    ("K-1", "Кирпич керамический лицевой", "bricks", 3500, "RUB"),
    ("K-2", "Кирпичи пустотелые", "bricks", 2100, "RUB"),
    ("K-3", "Кирпич огнеупорный", "fire", 9000, "RUB"),
    ("K-4", "Кирпич клинкерный", "bricks", 150, "EUR"),
    ("C-1", "Цемент М500", "dry", 59000, "RUB"),
    ("W-1", "Oak plank", None, 4900, "EUR"),
]


@dataclass(frozen=True)
class Shelves:
    """The ids of the categories: walls > bricks > fire, and dry."""

    walls: UUID
    bricks: UUID
    fire: UUID
    dry: UUID


def fill(db: Database, tenant: UUID) -> Shelves:
    """Make the categories and the materials in them."""
    with db.tenant(tenant) as session:
        walls = Category(name="Walls")
        dry = Category(name="Dry mixes", position=1)
        session.add_all([walls, dry])
        session.flush()
        bricks = Category(name="Bricks", parent_id=walls.id)
        session.add(bricks)
        session.flush()
        fire = Category(name="Fire bricks", parent_id=bricks.id)
        session.add(fire)
        session.flush()
        made = Shelves(walls.id, bricks.id, fire.id, dry.id)
        session.add_all(
            Material(
                code=code, name=name, unit="pcs", price_minor=price, currency=currency,
                category_id=shelf and getattr(made, shelf),
            )
            for code, name, shelf, price, currency in MATERIALS
        )  # fmt: skip
    return made
