"""Each index serves the query that its comment names, as the application's login and inside of the functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from support import installation, make_creator, make_tenant

from app_db.engine import admin_engine
from app_db.migrations import upgrade
from app_db.server import EmbeddedServer
from app_db.session import Database
from app_db.settings import Settings

PEOPLE, COURSES = 200, 120

# For each of two tenants: courses of 10 chapters, 20 keywords and 10 documents; everybody has begun some of them.
VOLUME = [
    """insert into learning.user_profiles (tenant_id, user_id, display_name, external_subject)
    select t, md5('p' || n)::uuid, 'Person', 'subject-' || n from unnest(:tenants) t, generate_series(1, :people) n""",
    """insert into learning.courses (tenant_id, id, user_id, title)
    select t, md5(t || 'c' || n)::uuid, md5('p' || n % :people + 1)::uuid, 'Botany ' || n
    from unnest(:tenants) t, generate_series(1, :courses) n""",
    """insert into learning.chapters (tenant_id, id, course_id, number, title)
    select tenant_id, md5(id::text || n)::uuid, id, n, 'Chapter' from learning.courses, generate_series(1, 10) n""",
    """insert into learning.chapter_complexity (tenant_id, chapter_id, score, reading_level, model, factors)
    select tenant_id, id, 1 + number % 5, 'high', 'm', jsonb_build_object('n', hashtext(id::text) % 1000)
    from learning.chapters""",
    """insert into learning.keywords (tenant_id, course_id, term)
    select tenant_id, id, md5(id::text || n) from learning.courses, generate_series(1, 20) n""",
    """insert into learning.relationships (tenant_id, source_keyword_id, target_keyword_id, kind)
    select a.tenant_id, a.id, b.id, 'similar' from (
      select *, row_number() over (partition by tenant_id order by id) as n from learning.keywords
    ) a join (
      select *, row_number() over (partition by tenant_id order by id) as n from learning.keywords
    ) b on b.tenant_id = a.tenant_id and b.n = a.n + 1""",
    """insert into learning.course_documents (tenant_id, course_id, title, kind, source_uri, content_sha256, status,
      processed_at)
    select tenant_id, id, 'D', 'pdf', 's3://a', sha256(convert_to(id::text || n % 9, 'UTF8')),
      case n when 1 then 'uploaded' else 'processed' end, case when n > 1 then now() end
    from learning.courses, generate_series(1, 10) n""",
    """insert into learning.chapter_progress (tenant_id, user_id, chapter_id, status)
    select c.tenant_id, md5('p' || n)::uuid, c.id, case n % 2 when 0 then 'completed' else 'started' end
    from learning.chapters c, generate_series(1, :people) n where abs(hashtext(c.id::text || n)) % 100 < 1""",
    # one course that all have begun, with documents that keep a worker busy
    """insert into learning.chapter_progress (tenant_id, user_id, chapter_id)
    select c.tenant_id, md5('p' || n)::uuid, c.id from learning.chapters c, generate_series(1, :people) n
    where c.course_id = md5(c.tenant_id || 'c1')::uuid and c.number = 1 on conflict do nothing""",
    """insert into learning.course_documents (tenant_id, course_id, title, kind, source_uri, content_sha256, created_at)
    select t, md5(t || 'c1')::uuid, 'D', 'pdf', 's3://a', sha256(convert_to(n::text, 'UTF8')), now() - n * interval '1s'
    from unnest(:tenants) t, generate_series(1, 600) n""",
    """insert into learning.user_annotations (tenant_id, user_id, chapter_id, kind)
    select tenant_id, user_id, chapter_id, 'bookmark' from learning.chapter_progress""",
    """insert into learning.analogy_feedback (tenant_id, user_id, relationship_id, is_helpful)
    select r.tenant_id, md5('p' || abs(hashtext(r.id::text)) % :people + 1)::uuid, r.id, true
    from learning.relationships r""",
]


class Place:
    """An installation with that volume in it, seen by one tenant's person."""

    def __init__(self, settings: Settings, server: EmbeddedServer, tenants: list[UUID]) -> None:
        self.settings, self.tenant = settings, tenants[0]
        self.person = "md5('p1')::uuid"
        self.course = f"md5('{tenants[0]}' || 'c1')::uuid"
        assert settings.url is not None
        self._superuser = server.superuser_url(str(settings.url.database))
        self._db = Database.from_settings(settings)

    def plan(self, query: str, *, admin: bool = False) -> str:
        """Return the plan of a query as the application's login, or as that of the tenant's administrator."""
        opened = self._db.tenant_admin(self.tenant) if admin else self._db.tenant(self.tenant, user_id=self.ident)
        with opened as session:
            return "\n".join(session.scalars(text(f"explain (costs off) {query.format(**self.names)}")))

    def plan_inside(self, call: str) -> str:
        """Return the plans of what a function does when the application's login calls it, told by auto_explain."""
        with admin_engine(self._superuser).connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            for setting in ("load 'auto_explain'", "set auto_explain.log_min_duration = 0",
                            "set auto_explain.log_nested_statements = on", "set client_min_messages = log",
                            f"set role {self.settings.role_prefix}app_login",
                            f"set app.current_tenant_id = '{self.tenant}'",
                            f"set app.current_user_id = '{self.ident}'"):  # fmt: skip
                connection.exec_driver_sql(setting)
            raw.notices.clear()
            # by the driver, as SQLAlchemy logs notices and clears them
            with raw.cursor() as cursor:
                cursor.execute(f"select * from learning.{call.format(**self.names)}")
            return "\n".join(raw.notices)

    @property
    def names(self) -> dict[str, str]:
        return {"person": self.person, "course": self.course, "tenant": str(self.tenant)}

    @property
    def ident(self) -> UUID:
        import hashlib

        return UUID(hashlib.md5(b"p1").hexdigest())

    def close(self) -> None:
        self._db.dispose()


@pytest.fixture(scope="module")
def place(server_18: EmbeddedServer) -> Iterator[Place]:
    with installation(make_creator(server_18.superuser_url())) as settings:
        upgrade(settings)
        db = Database.from_settings(settings)
        tenants = [make_tenant(db), make_tenant(db)]
        _fill(settings, tenants)
        db.dispose()
        made = Place(settings, server_18, tenants)
        yield made
        made.close()


def _fill(settings: Settings, tenants: list[UUID]) -> None:
    assert settings.admin_url is not None
    assert settings.migration_url is not None
    values = {"tenants": tenants, "people": PEOPLE, "courses": COURSES}
    with admin_engine(settings.admin_url).begin() as connection:
        for statement in VOLUME:
            names = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement.replace(":tenants", "cast(:tenants as uuid[])")), names)
    with admin_engine(settings.migration_url).begin() as connection:
        for table in re.findall(r"into (learning\.\w+)", " ".join(VOLUME)):
            connection.exec_driver_sql(f"analyze {table}")


OWN = {
    "ix_courses_tenant_id_user_id_created_at":
        "select * from learning.courses order by created_at desc, id desc limit 20",
    "pk_courses": "select * from learning.courses where tenant_id = '{tenant}' and id = {course}",
    "uq_chapters_tenant_id_course_id_number":
        "select * from learning.chapters where course_id = {course} order by number",
    "uq_user_profiles_tenant_id_user_id": "select * from learning.user_profiles",
    "uq_chapter_complexity_tenant_id_chapter_id":
        "select * from learning.chapter_complexity where chapter_id = md5({course}::text || 1)::uuid",
    "ix_course_documents_tenant_id_course_id_created_at":
        "select * from learning.course_documents where course_id = {course} order by created_at desc, id desc limit 20",
    "ix_course_documents_tenant_id_waiting":
        "select * from learning.course_documents where status in ('uploaded', 'processing') order by created_at",
    "uq_processed_documents_tenant_id_document_id_part":
        "select * from learning.processed_documents where document_id = {course} order by part",
    "uq_keywords_tenant_id_course_id_term_key":
        "select * from learning.keywords where course_id = {course} order by term_key",
    "uq_relationships_source_target_kind":
        "select * from learning.relationships where source_keyword_id = {course}",
    "ix_relationships_tenant_id_target_keyword_id":
        "select * from learning.relationships where target_keyword_id = {course}",
    "ix_user_annotations_tenant_id_user_id_created_at":
        "select * from learning.user_annotations order by created_at desc, id desc limit 20",
    "ix_user_annotations_tenant_id_chapter_id_user_id":
        "select * from learning.user_annotations where chapter_id = md5({course}::text || 1)::uuid",
    "ix_analogy_feedback_tenant_id_user_id_created_at":
        "select * from learning.analogy_feedback order by created_at desc, id desc limit 20",
    "uq_analogy_feedback_tenant_id_relationship_id_user_id":
        "select * from learning.analogy_feedback where relationship_id = {course}",
    "uq_chapter_progress_tenant_id_user_id_chapter_id":
        "select * from learning.chapter_progress where chapter_id = md5({course}::text || 1)::uuid",
    "ix_chapter_progress_tenant_id_user_id_course_id":
        "select * from learning.chapter_progress where course_id = {course}",
}  # fmt: skip

ADMINISTRATORS = {
    "ix_chapter_progress_tenant_id_chapter_id":
        "select * from learning.chapter_progress where chapter_id = md5({course}::text || 1)::uuid",
}  # fmt: skip

INSIDE = {
    "uq_user_profiles_tenant_id_external_subject": "find_person('subject-7')",
    "ix_chapter_progress_tenant_id_course_id": "get_course_stats({course})",
    "ix_chapter_progress_tenant_id_started_at":
        "get_learning_statistics('2020-01-01', '2020-01-02')",
    "ix_chapter_progress_tenant_id_completed_at":
        "get_learning_statistics('2020-01-01', '2020-01-02')",
    "ix_keywords_tenant_id_term_key": "search_keywords('abcd')",
    "ix_keywords_tenant_id_term_key_trigrams": "search_keywords('xx3f5a9c')",
    "ix_chapter_complexity_tenant_id_factors": "find_chapters('{{\"n\": 7}}')",
    "ix_course_documents_tenant_id_course_id_content_sha256":
        "find_duplicate_documents({course}, 20, sha256('\\x00'))",
    "uq_user_progress_tenant_id_user_id": "get_progress_summary({person})",
}  # fmt: skip

Lines = Callable[[str], list[str]]


def conditions(plan: str, index: str) -> str:
    """Return the condition on that index, as the plan tells it; raises AssertionError where it is not used."""
    assert re.search(rf"(using|on) {index}\b", plan), f"{index} is not in\n{plan}"
    rest = plan[re.search(rf"(using|on) {index}\b", plan).end() :]  # type: ignore[union-attr]
    found = re.search(r"Index Cond: (.*)", rest)
    assert found is not None, plan
    return found[1]


@pytest.mark.parametrize("index", OWN)
def test_a_person_reads_by_the_index(place: Place, index: str) -> None:
    plan = place.plan(OWN[index])
    assert "tenant_id = " in conditions(plan, index)
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("index", ADMINISTRATORS)
def test_a_tenants_administrator_reads_by_the_index(place: Place, index: str) -> None:
    assert "tenant_id = " in conditions(place.plan(ADMINISTRATORS[index], admin=True), index)


@pytest.mark.parametrize("index", INSIDE)
def test_a_function_reads_by_the_index(place: Place, index: str) -> None:
    plan = place.plan_inside(INSIDE[index])
    assert "tenant_id = " in conditions(plan, index)


def test_a_prefix_is_a_range_of_the_index(place: Place) -> None:
    condition = conditions(place.plan_inside("search_keywords('abcd')"), "ix_keywords_tenant_id_term_key")
    assert "term_key >= 'abcd'" in condition
    assert "term_key < 'abce'" in condition


def test_words_are_looked_for_in_a_persons_own_courses_alone(place: Place) -> None:
    condition = conditions(
        place.plan_inside("search_courses({person}, 'botany')"), "ix_courses_tenant_id_user_id_created_at"
    )
    assert "user_id = " in condition


def test_trigrams_and_factors_are_no_conditions_under_a_policy(place: Place) -> None:
    """Why there are functions for them: the same query as the application's login filters what it has read."""
    naive = {
        "ix_keywords_tenant_id_term_key_trigrams": "select * from learning.keywords where term_key "
        "operator(extensions.%) 'xx3f5a9c'",
        "ix_chapter_complexity_tenant_id_factors": "select * from learning.chapter_complexity "
        "where factors @> '{{\"n\": 7}}'",
    }
    for index, query in naive.items():
        plan = place.plan(query)
        assert "Filter: (" in plan
        assert not re.search(rf"on {index}\n.*Index Cond: .*(%|@>)", plan), plan


def test_every_index_of_learning_has_its_query(place: Place) -> None:
    with admin_engine(place.settings.admin_url).connect() as connection:  # type: ignore[arg-type]
        names = connection.scalars(text(
            "select c.relname from pg_class as c where c.relkind = 'i' and c.relnamespace = 'learning'::regnamespace"
        )).all()  # fmt: skip
    told = {*OWN, *ADMINISTRATORS, *INSIDE}
    # a row by its id is read alike in every table; vectors have tests of their own
    others = {name for name in names if name.startswith("pk_") or "embed" in name}
    assert set(names) - others == told - others
