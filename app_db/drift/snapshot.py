"""A snapshot: the catalogue that the revisions of a chain build, as a file that is kept with them.

    {
      "revision": "catalog_0001",
      "schemas": ["catalog"],
      "things": {"policy catalog.materials.tenant_rows": {"command": "all", …}, …},
      "up to 17": {"function app.uuid7()": {…}}
    }

So what a database should look like is known without building one beside it. `up to 17` holds what servers up to that
major version print otherwise. A thing is on a line of its own, so that a change is seen in a diff.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from ..reflection import Attributes, Catalogue, Thing
from ..schema import EXTENSIONS, Service

_UP_TO = "up to "


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The catalogue of some schemas at a revision; `older` has what differs, by the last major version to do so."""

    revision: str
    schemas: tuple[str, ...]
    things: Catalogue
    older: Mapping[int, Catalogue] = field(default_factory=dict)

    def for_version(self, major: int) -> Catalogue:
        """Return the catalogue as a server of this major version prints it."""
        things = dict(self.things)
        for last in sorted(self.older, reverse=True):
            if major <= last:
                things |= self.older[last]
        return things

    def as_json(self) -> str:
        """Return the content of the file."""
        parts: dict[str, Any] = {"revision": self.revision, "schemas": list(self.schemas)}
        lines = [f"  {json.dumps(name)}: {_line(value)}" for name, value in parts.items()]
        lines.append(f'  "things": {_block(self.things)}')
        lines += [f'  "{_UP_TO}{last}": {_block(self.older[last])}' for last in sorted(self.older)]
        return "{\n" + ",\n".join(lines) + "\n}\n"


def load_snapshot(path: Path) -> Snapshot:
    """Read a snapshot; raises SettingsError for a file that is none."""
    try:
        return _parse(path.read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"{path} is no snapshot of a schema ({error}): write one with `app-db schema snapshot --output {path}`"
        ) from None


def expected_catalogue(services: Iterable[Service], major: int) -> Catalogue:
    """Return what the revisions of this release build for these services on a server of this major version."""
    expected: Catalogue = {}
    for service in services:
        resource = files(__package__) / "snapshots" / f"{service.name}.json"
        expected |= _parse(resource.read_text("utf-8")).for_version(major)
    return expected


def extensions_of(services: Iterable[Service]) -> set[Thing]:
    """Return the extensions that the revisions of these services create or require."""
    names = (name for service in services for name in (*service.extensions, *service.requires))
    return {Thing("extension", f"{EXTENSIONS}.{name}") for name in names}


def differing(newest: Catalogue, older: Catalogue) -> Catalogue:
    """Return what an older server prints otherwise, for the same revisions."""
    return {thing: older[thing] for thing in newest if thing in older and older[thing] != newest[thing]}


def _parse(content: str) -> Snapshot:
    read = json.loads(content)
    older = {int(key.removeprefix(_UP_TO)): _things(read[key]) for key in read if key.startswith(_UP_TO)}
    return Snapshot(read["revision"], tuple(read["schemas"]), _things(read["things"]), older)


def _things(read: Mapping[str, Attributes]) -> Catalogue:
    return {Thing.parse(label): attributes for label, attributes in read.items()}


def _block(things: Catalogue) -> str:
    lines = [f"    {json.dumps(thing.label, ensure_ascii=False)}: {_line(things[thing])}" for thing in things]
    return "{\n" + ",\n".join(lines) + "\n  }"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
