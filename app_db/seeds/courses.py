"""Generated courses: documents in parts with their vectors, chapters, keywords, and what people have done in them.

The first course has 2 documents, each other one 4; a document has 50 parts. To a course belong 10 chapters, 100
keywords (each fourth with a vector), 40 relationships, and the progress of up to 20 people of its tenant.
"""

from __future__ import annotations

from . import words
from .people import MOMENT, person_key
from .points import PREPARE, embedding
from .spread import Spread
from .steps import Step
from .words import chance, key, zipf

PARTS_OF_DOCUMENT, DOCUMENTS, CHAPTERS, KEYWORDS, RELATIONSHIPS, LEARNERS = 50, 4, 10, 100, 40, 20

# the courses of the batch, each with its tenant and how many people that has
_COURSES = """
with courses as materialized (
  select c, {key} as id, (cast(:tenants as uuid[]))[{place}] as tenant_id,
    (cast(:people as integer[]))[{place}] as people
  from generate_series({first}, {last}) as c
)
"""

_STATEMENTS = {
    "learning.courses": """
insert into learning.courses (tenant_id, id, user_id, title, description, status, language, tags)
select c.tenant_id, c.id, {owner},
  initcap((cast(:things as text[]))[1 + c.c % {things}]) || ': '
    || (array['основы', 'практика', 'an introduction', 'расчёты', 'mistakes to avoid'])[1 + c.c / {things} % 5],
  'Курс ' || c.c || ' ' || (cast(:uses as text[]))[1 + c.c % {uses}], 'active', 'ru',
  array[(cast(:things_english as text[]))[1 + c.c % {things}]]
from courses as c
where not exists (select from learning.courses as o where o.tenant_id = c.tenant_id and o.id = c.id)
on conflict do nothing
""",
    "learning.chapters": """
insert into learning.chapters (tenant_id, id, course_id, number, title, body, expected_minutes)
select c.tenant_id, {chapter}, c.id, i, 'Глава ' || i || ': ' || (cast(:things as text[]))[1 + (c.c + i) % {things}],
  repeat((cast(:uses as text[]))[1 + i % {uses}] || '. ', 20), 10 + i
from courses as c cross join generate_series(1, {chapters}) as i
on conflict do nothing
""",
    "learning.chapter_complexity": """
insert into learning.chapter_complexity (tenant_id, chapter_id, score, reading_level, factors, model)
select c.tenant_id, {chapter}, 1 + (c.c + i) % 5,
  (array['elementary', 'middle', 'high', 'university', 'expert'])[1 + (c.c + i) % 5],
  jsonb_build_object('formulas', (c.c + i) % 7 = 0, 'terms', (c.c + i) % 20), 'generated'
from courses as c cross join generate_series(1, {chapters}) as i
on conflict do nothing
""",
    "learning.keywords": """
insert into learning.keywords (tenant_id, id, course_id, term, definition, embedding)
select k.tenant_id, k.id, k.course_id,
  case when k.c % 2 = 0
    then (cast(:kinds_english as text[]))[k.kind] || ' ' || (cast(:things_english as text[]))[k.thing]
    else (cast(:kinds as text[]))[k.kind + case when (cast(:is_feminine as boolean[]))[k.thing] then {kinds} else 0 end]
      || ' ' || (cast(:things as text[]))[k.thing]
  end,
  (cast(:uses as text[]))[1 + k.i % {uses}], case when k.i % 4 = 0 then {embedding_of_keyword} end
from (
  select c.c, c.tenant_id, c.id as course_id, i, {keyword} as id, 1 + (c.c * 97 + i) % {things} as thing,
    1 + (c.c * 97 + i) / {things} % {kinds} as kind
  from courses as c cross join generate_series(1, {keywords}) as i
) as k
where not exists (select from learning.keywords as o where o.tenant_id = k.tenant_id and o.id = k.id)
on conflict do nothing
""",
    "learning.relationships": """
insert into learning.relationships (tenant_id, id, source_keyword_id, target_keyword_id, kind, weight)
select c.tenant_id, {relationship}, {keyword}, {next_keyword},
  (array['analogy', 'similar', 'prerequisite', 'contrast', 'part_of'])[1 + i % 5], 10 + i
from courses as c cross join generate_series(1, {relationships}) as i
on conflict do nothing
""",
    "learning.chapter_progress": """
insert into learning.chapter_progress (tenant_id, user_id, chapter_id, status, percent, seconds_spent)
select c.tenant_id, {learner}, {chapter}, case when {chance_completed} < 0.6 then 'completed' else 'started' end,
  (i * 7 + j) % 100, 60 * (1 + (i * j) % 45)
from courses as c
cross join generate_series(1, least({learners}, c.people)) as j
cross join generate_series(1, {chapters}) as i
where not exists (
  select from learning.chapter_progress as o
  where o.tenant_id = c.tenant_id and o.user_id = {learner} and o.chapter_id = {chapter}
)
on conflict do nothing
""",
    "learning.user_annotations": """
insert into learning.user_annotations (tenant_id, id, user_id, chapter_id, kind, body)
select c.tenant_id, {annotation}, {learner}, {chapter}, 'note', 'Заметка ' || j || ' к главе ' || i
from courses as c
cross join generate_series(1, least({learners}, c.people), 2) as j
cross join generate_series(1, {chapters}, 2) as i
on conflict do nothing
""",
    "learning.analogy_feedback": """
insert into learning.analogy_feedback (tenant_id, user_id, relationship_id, is_helpful, rating)
select c.tenant_id, {learner}, {relationship}, {chance_helpful} < 0.7, 1 + (i + j) % 5
from courses as c
cross join generate_series(1, least(5, c.people)) as j
cross join generate_series(1, {relationships}, 5) as i
where not exists (
  select from learning.analogy_feedback as o
  where o.tenant_id = c.tenant_id and o.user_id = {learner} and o.relationship_id = {relationship}
)
order by 1, 3, 2
on conflict do nothing
""",
}

# each tenth has the content of the one before it
_DOCUMENTS = """
insert into learning.course_documents (tenant_id, id, course_id, title, kind, source_uri, content_sha256, size_bytes)
select (cast(:tenants as uuid[]))[{place}], {document}, {course}, 'Документ ' || d,
  (array['pdf', 'web', 'text'])[1 + d % 3], 's3://generated/' || d,
  sha256(convert_to((d - case when d % 10 = 0 then 1 else 0 end)::text, 'UTF8')), 1000 + d
from (select d, {course_number} as c from generate_series(cast(:first as bigint), :last) as d) as c
on conflict do nothing
"""

_PARTS = """
insert into learning.processed_documents (tenant_id, id, document_id, part, content, tokens, model, embedding)
with numbered as (
  select v, (v - 1) / {parts} + 1 as d from generate_series(cast(:first as bigint), :last) as v
), placed as materialized (
  select c.v, c.d, (cast(:tenants as uuid[]))[{place}] as tenant_id, {part} as id
  from (select v, d, {course_number} as c from numbered) as c
)
select p.tenant_id, p.id, {document}, 1 + (p.v - 1) % {parts},
  concat_ws(' ', 'Часть', p.v, (cast(:kinds as text[]))[{kind}], (cast(:things as text[]))[{thing}],
    (cast(:uses as text[]))[1 + p.v % {uses}]),
  100 + p.v % 300, 'generated', {embedding_of_part}
from placed as p
where not exists (select from learning.processed_documents as o where o.tenant_id = p.tenant_id and o.id = p.id)
on conflict do nothing
"""


def course_steps(spread: Spread, vectors: int) -> list[Step]:
    """Return the steps that plant so many parts of documents, and the courses that they are of."""
    documents = -(-vectors // PARTS_OF_DOCUMENT)
    courses = 1 if documents <= 2 else 1 + -(-(documents - 2) // DOCUMENTS)  # noqa: PLR2004 - the first one has two
    values = {
        "tenants": list(spread.tenants), "people": spread.people(), "things": words.THINGS, "uses": words.USES,
        "things_english": words.THINGS_ENGLISH, "kinds": words.KINDS, "kinds_english": words.KINDS_ENGLISH,
        "is_feminine": words.IS_FEMININE,
    }  # fmt: skip
    parts = _parts(spread)
    of_courses = [
        Step(table, (_COURSES + statement).format(**parts), courses, 10, values,
             before=PREPARE if table == "learning.keywords" else ())
        for table, statement in _STATEMENTS.items()
    ]  # fmt: skip
    of_documents = [
        Step("learning.course_documents", _DOCUMENTS.format(**parts, document=_document("d")), documents, 1000, values),
        Step("learning.processed_documents", _PARTS.format(**parts, document=_document("p.d")), vectors, 1000, values),
    ]
    return [*of_courses, *of_documents]


def _document(number: str) -> str:
    return key("document", number, MOMENT)


def _parts(spread: Spread) -> dict[str, object]:
    """Return the SQL that stands in several statements, by its name in them."""
    return {
        "first": "cast(:first as bigint)", "last": ":last",
        "place": spread.of_course("c"), "key": key("course", "c", MOMENT), "course": key("course", "c", MOMENT),
        "course_number": f"case when d <= 2 then 1 else 2 + (d - 3) / {DOCUMENTS} end",
        "chapter": key("chapter", "c.c * 100 + i", MOMENT), "keyword": key("keyword", "c.c * 1000 + i", MOMENT),
        "next_keyword": key("keyword", "c.c * 1000 + i + 1", MOMENT),
        "relationship": key("relationship", "c.c * 100 + i", MOMENT),
        "annotation": key("annotation", "c.c * 10000 + i * 100 + j", MOMENT),
        "owner": person_key("c.tenant_id", "(1 + c.c % c.people)"), "learner": person_key("c.tenant_id", "j"),
        "part": key("part", "c.v", MOMENT), "parts": PARTS_OF_DOCUMENT, "chapters": CHAPTERS, "keywords": KEYWORDS,
        "relationships": RELATIONSHIPS, "learners": LEARNERS, "things": len(words.THINGS), "uses": len(words.USES),
        "kinds": len(words.KINDS_ENGLISH), "chance_completed": chance("(c.c * 100 + i) * 100 + j", 31),
        "chance_helpful": chance("(c.c * 100 + i) * 100 + j", 32), "kind": zipf(len(words.KINDS_ENGLISH), "p.v", 33),
        "thing": zipf(len(words.THINGS), "p.v", 34), "embedding_of_part": embedding("p.d", "p.v"),
        "embedding_of_keyword": embedding("k.c * 1000 + k.i", "k.c * 1000 + k.i"),
    }  # fmt: skip
