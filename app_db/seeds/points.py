"""Generated vectors: points around topics, as the embeddings of texts are.

A vector is the sum of a topic (one of 200), one of the topic's 5 parts (0.7 times as long) and two of some 1,000 small
deviations (0.4 times as long each), normalised. So parts of one topic have a cosine similarity of about 0.6, those of
one part of a topic 0.8, and others about 0. All tenants have the same topics, so the nearest to any are often others'.
"""

from __future__ import annotations

from .words import even

DIMENSIONS = 768
TOPICS, PARTS, DEVIATIONS = 200, 5, (509, 521)

_POINTS = """
insert into pg_temp.seed_points (kind, number, point)
select k.kind, i,
  array_agg((hashint8extended(i * {dimensions}::bigint + d, k.kind) / 9223372036854775807.0 * k.length)::real
    order by d)::extensions.vector
from (values (1, {topics}, 1.0), (2, {parts}, 0.7), (3, {first}, 0.4), (4, {second}, 0.4)) as k (kind, numbers, length)
cross join generate_series(1, k.numbers) as i
cross join generate_series(1, {dimensions}) as d
group by k.kind, i
"""
_TABLE = """
create temporary table seed_points (
  kind integer, number integer, point extensions.vector(768), primary key (kind, number)
)
"""
_POINT = "(select s.point from pg_temp.seed_points as s where s.kind = {kind} and s.number = {number})"

# made once for a connection: to compute 768 numbers for each vector anew takes a hundred times as long as to add four
PREPARE = (
    _TABLE,
    _POINTS.format(
        dimensions=DIMENSIONS, topics=TOPICS, parts=TOPICS * PARTS, first=DEVIATIONS[0], second=DEVIATIONS[1]
    ),
    "analyze pg_temp.seed_points",
)


def embedding(topic: str, number: str) -> str:
    """Return the SQL of the vector of that number, of a topic that follows from the expression `topic`."""
    chosen = even(TOPICS, topic, 21)
    part = f"({chosen} - 1) * {PARTS} + {even(PARTS, number, 22)}"
    deviations = [even(size, number, 23 + place) for place, size in enumerate(DEVIATIONS)]
    points = [_POINT.format(kind=kind, number=place) for kind, place in enumerate((chosen, part, *deviations), start=1)]
    return f"extensions.l2_normalize({' operator(extensions.+) '.join(points)})"
