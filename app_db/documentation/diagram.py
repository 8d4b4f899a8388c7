"""Draws the tables of each schema and how they refer to each other, as SVG.

That a table belongs to a tenant is said by its colour: an arrow from each of them to `tenancy.tenants` would hide all
others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from ..reflection import Catalogue
from .outline import Outline, schemas_of, tables_of

_WIDTH, _LINE, _TITLE = 250, 15, 22
_GAP, _MARGIN, _HEADING = 36, 24, 34
_TALLEST = 1500  # a schema's tables go on in another column below this many pixels
_TENANTS = "tenancy.tenants"
_COLOURS = {"tenant": "#2f6f4f", "person": "#7a4f9a", "system": "#5f6a76", "everybody": "#a0651f"}
_STYLE = """
text { font: 11px ui-monospace, monospace; fill: #1f2328 }
.title { font-weight: 600; fill: #ffffff }
.schema { font: 600 18px system-ui, sans-serif }
.type { fill: #6e7781 }
.key { font-weight: 600 }
.box { fill: #ffffff; stroke: #d0d7de }
.arrow { fill: none; stroke: #57606a; stroke-width: 1.2; marker-end: url(#head) }
"""


@dataclass(frozen=True, slots=True)
class _Box:
    """A table and its place."""

    outline: Outline
    x: int
    y: int

    @property
    def height(self) -> int:
        return _height(self.outline)


def draw(catalogue: Catalogue) -> str:
    """Return the picture."""
    boxes: dict[str, _Box] = {}
    headings: list[str] = []
    x = _MARGIN
    for schema in schemas_of(catalogue):
        outlines = [outline for outline in tables_of(catalogue) if outline.schema == schema]
        if outlines:
            headings.append(_text(x, _MARGIN + 14, schema, "schema"))
            placed = list(_placed(outlines, x))
            boxes |= {box.outline.name: box for box in placed}
            x = max(box.x for box in placed) + _WIDTH + 2 * _GAP
    height = max((box.y + box.height for box in boxes.values()), default=0) + _MARGIN + _HEADING
    arrows = [arrow for box in boxes.values() for arrow in _arrows(box, boxes)]
    parts = [*headings, *(line for box in boxes.values() for line in _box(box)), *arrows, *_legend(height - _MARGIN)]
    return "\n".join([_opening(x, height), *parts, "</svg>"]) + "\n"


def _placed(outlines: list[Outline], x: int) -> Iterator[_Box]:
    y = _MARGIN + _HEADING
    for outline in outlines:
        if y > _MARGIN + _HEADING and y + _height(outline) > _TALLEST:
            x, y = x + _WIDTH + _GAP, _MARGIN + _HEADING
        yield _Box(outline, x, y)
        y += _height(outline) + _GAP // 2


def _height(outline: Outline) -> int:
    return _TITLE + _LINE * len(outline.columns) + 6


def _box(box: _Box) -> Iterator[str]:
    outline = box.outline
    colour = _COLOURS[_scope(outline)]
    yield f'<g id="{escape(outline.name)}"><title>{escape(outline.attributes.get("comment", ""))}</title>'
    yield f'<rect class="box" x="{box.x}" y="{box.y}" width="{_WIDTH}" height="{box.height}" rx="4"/>'
    yield f'<rect x="{box.x}" y="{box.y}" width="{_WIDTH}" height="{_TITLE}" rx="4" fill="{colour}"/>'
    yield _text(box.x + 8, box.y + 15, outline.name.split(".", 1)[1], "title")
    for number, (name, column) in enumerate(outline.columns.items()):
        y = box.y + _TITLE + 13 + _LINE * number
        yield _text(box.x + 8, y, name, "key" if name in outline.key else "")
        yield _text(box.x + _WIDTH - 8, y, _short(column["type"]), "type", end=True)
    yield "</g>"


def _arrows(box: _Box, boxes: dict[str, _Box]) -> Iterator[str]:
    for reference in box.outline.references:
        target = boxes.get(reference.target)
        if target is None or (reference.target == _TENANTS and box.outline.schema != "tenancy"):
            continue
        column = reference.columns[-1]
        y = box.y + _TITLE + 9 + _LINE * list(box.outline.columns).index(column)
        yield _arrow((box.x, y), (target.x, target.y + _TITLE // 2))


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    """Leave and arrive on the side that is nearer, so that no arrow crosses its own box."""
    (x, y), (to_x, to_y) = start, end
    if to_x > x:
        x += _WIDTH
        bend, back = x + _GAP, to_x - _GAP
    elif to_x < x:
        to_x += _WIDTH
        bend, back = x - _GAP, to_x + _GAP
    else:
        bend = back = x - 12 - min(abs(to_y - y) // 10, 2 * _GAP - 16)  # the longer, the further out
    return f'<path class="arrow" d="M{x},{y} C{bend},{y} {back},{to_y} {to_x},{to_y}"/>'


def _scope(outline: Outline) -> str:
    """Return whose rows it holds, as its policies say."""
    seen = {role: policy.get("using", "") for policy in outline.policies.values() for role in policy["roles"]}
    condition = seen.get("app_tenant", "")
    if "current_user_id" in condition:
        return "person"
    if "current_tenant_id" in condition:
        return "tenant"
    return "system" if outline.policies else "everybody"


def _legend(y: int) -> Iterator[str]:
    for number, (scope, colour) in enumerate(_COLOURS.items()):
        x = _MARGIN + 150 * number
        yield f'<rect x="{x}" y="{y - 10}" width="12" height="12" rx="2" fill="{colour}"/>'
        yield _text(x + 18, y, {"system": "the system's", "everybody": "everybody's"}.get(scope, f"a {scope}'s"), "")


def _text(x: int, y: int, content: str, kind: str, *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}"{named}{anchor}>{escape(content)}</text>'


def _short(kind: str) -> str:
    return kind.replace("timestamp with time zone", "timestamptz").replace("character varying", "varchar")


def _opening(width: int, height: int) -> str:
    head = (
        '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#57606a"/></marker>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f"<style>{_STYLE}</style>\n<defs>{head}</defs>\n"
        f'<rect width="{width}" height="{height}" fill="#f6f8fa"/>'
    )
