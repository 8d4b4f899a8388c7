"""The queries that an application of a million materials asks most, and the indexes that they have to be read by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from plans.place import LARGE, SMALL, Place
from plans.told import Plans
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app_db.catalog import (
    list_materials,
    search_materials,
    top_materials,
    usage_by_day,
    usage_of_material,
)
from app_db.learning import (
    course_statistics,
    find_similar_documents,
    find_similar_keywords,
    progress_summary,
    search_courses,
    search_keywords,
)
from app_db.models import Category, Course, Material, Membership

TENANT = ("tenant_id = ",)
Conditions = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Query:
    """What is asked, and by which index with what in its condition; `target` is the most that it may take, in ms."""

    ask: Callable[[Place], Plans]
    indexes: Conditions
    target: float


def as_tenant(work: Callable[[Any, Place], object], tenant: Any = LARGE) -> Callable[[Place], Plans]:
    """Return what asks as the application's login, in a tenant's session."""

    def ask(place: Place) -> Plans:
        with place.tenant(tenant) as (session, plans):
            work(session, place)
        return plans

    return ask


def as_learner(work: Callable[[Any, Place], object]) -> Callable[[Place], Plans]:
    """Return what asks as a person who learns."""

    def ask(place: Place) -> Plans:
        with place.tenant(place.learning.tenant, place.learning.learner) as (session, plans):
            work(session, place)
        return plans

    return ask


def as_owner(work: Callable[[Any, Place], object]) -> Callable[[Place], Plans]:
    """Return what asks as the person whose course it is."""

    def ask(place: Place) -> Plans:
        with place.tenant(place.learning.tenant, place.learning.owner) as (session, plans):
            work(session, place)
        return plans

    return ask


def as_login(work: Callable[[Session, Place], object]) -> Callable[[Place], Plans]:
    """Return what asks before a tenant is known."""

    def ask(place: Place) -> Plans:
        with place.auth() as (session, plans):
            work(session, place)
        return plans

    return ask


def week() -> tuple[dt.date, dt.date]:
    """Return seven days of one month, in the middle of the year that has statistics."""
    first = dt.datetime.now(dt.UTC).date().replace(day=1)
    start = (first - dt.timedelta(days=150)).replace(day=10)
    return start, start + dt.timedelta(days=7)


def _newest(session: Any, _place: Place) -> object:
    return session.scalars(select(Material).order_by(Material.created_at.desc(), Material.id.desc()).limit(50)).all()


def _of_category(session: Any, _place: Place) -> object:
    category = session.scalars(select(Category.id).where(Category.name == "гидрант")).one()
    return session.scalars(select(Material).where(Material.category_id == category)).all()


def _by_email(session: Session, place: Place) -> object:
    query = text("select id, status from auth.users where email_key = auth.email_key(:email) and deleted_at is null")
    return session.execute(query, {"email": place.email.upper()}).one()


def _own_courses(session: Any, _place: Place) -> object:
    return session.scalars(select(Course).order_by(Course.created_at.desc(), Course.id.desc()).limit(20)).all()


def _material(session: Any) -> Any:
    return session.scalars(select(Material.id).order_by(Material.id).limit(1)).one()


SEARCHED = "search @@"
SPELLED = "%>"

CATALOG = {
    "material search, a rare word": Query(
        as_tenant(lambda s, _: search_materials(s, "гидрант оцинкованный")),
        {"ix_materials_tenant_id_search": (*TENANT, SEARCHED)}, 200,
    ),
    "material search, a rare word, small tenant": Query(
        as_tenant(lambda s, _: search_materials(s, "гидрант"), SMALL),
        {"ix_materials_tenant_id_search": (*TENANT, SEARCHED)}, 200,
    ),
    "material search, the most common word": Query(
        as_tenant(lambda s, _: search_materials(s, "кирпич")), {"pk_materials": TENANT}, 200
    ),
    "material search, a word being typed": Query(
        as_tenant(lambda s, _: search_materials(s, "гидр")),
        {"ix_materials_tenant_id_search": (*TENANT, SEARCHED)}, 200,
    ),
    "material search, a typing error": Query(
        as_tenant(lambda s, _: search_materials(s, "гидарнт")), {"ix_materials_tenant_id_name": (*TENANT, SPELLED)}, 200
    ),
    "material search, the beginning of a code": Query(
        as_tenant(lambda s, _: search_materials(s, "hyd-1")),
        {"ix_materials_tenant_id_lower_code": (*TENANT, "lower(code)")}, 200,
    ),
    "materials between two prices": Query(
        as_tenant(lambda s, _: list_materials(s, "RUB", min_price=100_000, max_price=120_000)),
        {"ix_materials_tenant_id_currency_price_minor_id": (*TENANT, "currency = ", "price_minor >= 100000")}, 200,
    ),
    "materials of a category": Query(
        as_tenant(_of_category), {"ix_materials_tenant_id_category_id": (*TENANT, "category_id = ")}, 200
    ),
    "newest materials": Query(as_tenant(_newest), {"ix_materials_tenant_id_created_at": TENANT}, 200),
    "statistics of a week": Query(
        as_tenant(lambda s, _: usage_by_day(s, *week())), {"pk_usage_statistics": (*TENANT, "day >= ")}, 300
    ),
    "most used materials of a week": Query(
        as_tenant(lambda s, _: top_materials(s, *week())), {"pk_usage_statistics": (*TENANT, "day >= ")}, 300
    ),
    "statistics of a material": Query(
        as_tenant(lambda s, _: usage_of_material(s, _material(s), *week())),
        {"ix_usage_statistics_tenant_id_material_id_day": (*TENANT, "material_id = ")}, 300,
    ),
}  # fmt: skip

PEOPLE = {
    "login by e-mail": Query(as_login(_by_email), {"uq_users_email_key": ("email_key = ",)}, 100),
    "a person's membership": Query(
        as_tenant(lambda s, p: s.scalars(select(Membership).where(Membership.user_id == p.member)).one()),
        {"uq_memberships_tenant_id_user_id": (*TENANT, "user_id = ")}, 100,
    ),
}  # fmt: skip

LEARNING = {
    "course lookup": Query(
        as_owner(lambda s, p: s.scalars(select(Course).where(Course.id == p.learning.course)).one()),
        {"pk_courses": (*TENANT, "id = ")}, 10,
    ),
    "a person's newest courses": Query(
        as_owner(_own_courses), {"ix_courses_tenant_id_user_id_created_at": (*TENANT, "user_id = ")}, 10
    ),
    "course search": Query(
        as_owner(lambda s, _: search_courses(s, "кирпич")),
        {"ix_courses_tenant_id_user_id_created_at": (*TENANT, "user_id = ")}, 10,
    ),
    "vector search": Query(
        as_learner(lambda s, p: find_similar_documents(s, p.learning.vector, exact_up_to=100)),
        {"ix_processed_documents_embedding": ("<=>",), "pk_processed_documents": TENANT}, 50,
    ),
    "vector search of keywords": Query(
        as_learner(lambda s, p: find_similar_keywords(s, p.learning.vector, limit=5, exact_up_to=50)),
        {"ix_keywords_embedding": ("<=>",), "pk_keywords": TENANT}, 50,
    ),
    "keyword search": Query(
        as_learner(lambda s, p: search_keywords(s, p.learning.term[:6])),
        {"ix_keywords_tenant_id_term_key": (*TENANT, "term_key >= ")}, 20,
    ),
    "keyword search, a typing error": Query(
        as_learner(lambda s, p: search_keywords(s, f"x{p.learning.term[1:]}")),
        {"ix_keywords_tenant_id_term_key_trigrams": TENANT}, 20,
    ),
    "course statistics": Query(
        as_learner(lambda s, p: course_statistics(s, p.learning.course)),
        {"ix_chapter_progress_tenant_id_course_id": (*TENANT, "course_id = "), "pk_courses": TENANT}, 100,
    ),
    "progress": Query(
        as_learner(lambda s, _: progress_summary(s)),
        {"uq_user_progress_tenant_id_user_id": (*TENANT, "user_id = "),
         "ix_chapter_progress_tenant_id_user_id_course_id": (*TENANT, "user_id = ")}, 50,
    ),
}  # fmt: skip

ALL = CATALOG | PEOPLE | LEARNING
