"""The file of an export: a zip with a member of JSON lines for each table, and a manifest with counts and digests.

Version 1. `manifest.json` says what it is (`format`, `version`), which tenant, at which revisions, and of each table
its name, columns, types, rows and the SHA-256 of its member. `manifest.sha256` is the digest of the manifest, and names
the export. `tables/<schema>.<table>.jsonl` has a line for each row: a JSON array with the text of each value as
PostgreSQL writes it, or null, in the order of `columns`.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ArchiveRefused

FORMAT, VERSION = "app_db tenant", 1
_MANIFEST, _DIGEST = "manifest.json", "manifest.sha256"
_CHUNK = 1024 * 1024
_REMEDY = "take an undamaged copy of the file, or export the tenant again"

# What zipfile raises for a file that is none, or is damaged at any place.
_DAMAGE = (
    OSError, zipfile.BadZipFile, zlib.error, struct.error, KeyError, EOFError, ValueError, OverflowError,
    NotImplementedError, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """What the manifest says of a table."""

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: int
    sha256: str

    @property
    def path(self) -> str:
        """Where it is in the zip."""
        return f"tables/{self.name}.jsonl"


class ArchiveWriter:
    """Writes an export; complete once the manifest is written."""

    def __init__(self, zipped: zipfile.ZipFile) -> None:
        self._zip = zipped
        self._members: list[dict[str, Any]] = []

    def add(self, name: str, columns: tuple[str, ...], types: tuple[str, ...], lines: Iterable[str]) -> int:
        """Write a table's rows; return how many."""
        digest, rows = hashlib.sha256(), 0
        with self._zip.open(f"tables/{name}.jsonl", "w", force_zip64=True) as member:
            for line in lines:
                data = f"{line}\n".encode()
                digest.update(data)
                member.write(data)
                rows += 1
        self._members.append(
            {"name": name, "columns": columns, "types": types, "rows": rows, "sha256": digest.hexdigest()}
        )
        return rows

    def finish(self, **facts: Any) -> None:
        """Write the manifest."""
        manifest = {"format": FORMAT, "version": VERSION, **facts, "tables": self._members}
        data = json.dumps(manifest, ensure_ascii=False, indent=1, default=str).encode()
        self._zip.writestr(_MANIFEST, data)
        self._zip.writestr(_DIGEST, hashlib.sha256(data).hexdigest())


@contextmanager
def new_archive(path: Path) -> Iterator[ArchiveWriter]:
    """Write a file that appears under its name when it is complete; raises ArchiveRefused where one is there.

    Only its owner may read it: it holds all that the tenant has.
    """
    if path.exists():
        raise ArchiveRefused(f"{path} exists and is not overwritten: name another file")
    part = path.with_name(f"{path.name}.part")
    try:
        # a part that a killed run has left behind is worth nothing
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise ArchiveRefused(
            f"{part} can't be written ({error.strerror}): name a file in a directory of yours"
        ) from None
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as zipped:
                yield ArchiveWriter(zipped)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


class Archive:
    """An export that was written before, every byte of it checked when it is opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.is_file():
            raise ArchiveRefused(f"there is no file {path}: name one that `app-db tenant export` has written")
        try:
            with zipfile.ZipFile(path) as zipped:
                data, digest = zipped.read(_MANIFEST), zipped.read(_DIGEST).decode()
        except _DAMAGE as error:
            raise ArchiveRefused(f"{path} is no export of a tenant ({error}): {_REMEDY}") from None
        self.digest = hashlib.sha256(data).hexdigest()
        if self.digest != digest:
            raise ArchiveRefused(f"the manifest of {path} was changed after it was written: {_REMEDY}")
        self.manifest: dict[str, Any] = json.loads(data)
        if (self.manifest.get("format"), self.manifest.get("version")) != (FORMAT, VERSION):
            raise ArchiveRefused(
                f"{path} is of version {self.manifest.get('version')!r} and this release reads version {VERSION}: "
                "import it with the release that wrote it"
            )
        self.members = tuple(
            Member(one["name"], tuple(one["columns"]), tuple(one["types"]), one["rows"], one["sha256"])
            for one in self.manifest["tables"]
        )
        self._check()

    def lines(self, member: Member) -> Iterator[str]:
        """Yield the lines of a table."""
        with zipfile.ZipFile(self._path) as zipped, zipped.open(member.path) as file:
            for line in file:
                yield line.decode().rstrip("\n")

    def _check(self) -> None:
        for member in self.members:
            digest = hashlib.sha256()
            try:
                with zipfile.ZipFile(self._path) as zipped, zipped.open(member.path) as file:
                    while chunk := file.read(_CHUNK):
                        digest.update(chunk)
            except _DAMAGE as error:
                raise ArchiveRefused(f"{member.name} in {self._path} can't be read ({error}): {_REMEDY}") from None
            if digest.hexdigest() != member.sha256:
                raise ArchiveRefused(f"{member.name} in {self._path} was changed after it was written: {_REMEDY}")
