"""The directory of one server: `data/`, `log`, and `server.json`, which says what else is to be known of it."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import secrets
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ServerError
from .account import hand_over
from .directory import LOCK_SECONDS, locked, make_directory, passable

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_LOG_LIMIT = 10 * 1024 * 1024
TRASH = ".removed-"


@dataclass(frozen=True, slots=True)
class State:
    """What `server.json` holds. `ready` is set once the data directory is whole."""

    port: int
    password: str = field(repr=False)
    binaries: str = ""
    version: str = ""
    ready: bool = False
    ephemeral: bool = False
    owner_pid: int | None = None
    owner_started: float | None = None


@dataclass(frozen=True, slots=True)
class ServerHome:
    """The directory of the server `name` below the root directory `root`."""

    root: Path
    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ServerError(f"{self.name!r} can't be the name of a server: use letters, digits, '-' and '_'")

    @property
    def directory(self) -> Path:
        """The directory itself."""
        return self.root / "servers" / self.name

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory, which belongs to the account that runs the server."""
        return self.directory / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.directory / "log"

    @property
    def lock_file(self) -> Path:
        """What `locked` locks; beside the server, since it comes before it and goes after it."""
        return self.root / "locks" / f"{self.name}.lock"

    def locked(self, *, seconds: float = LOCK_SECONDS) -> AbstractContextManager[int]:
        """Keep every other process from starting, stopping or removing this server."""
        return locked(self.lock_file, seconds=seconds)

    def read_state(self) -> State | None:
        """Return what `server.json` says, or None where there is none; raises ServerError where it is unreadable."""
        try:
            return State(**json.loads(self._state.read_text("utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, TypeError):
            raise ServerError(f"{self._state} can't be read, {self.lost_password}") from None

    def write_state(self, state: State) -> None:
        """Replace `server.json`, whole or not at all, for its owner's eyes only."""
        make_directory(self.directory, passable())
        temporary = self._state.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(dataclasses.asdict(state), file, indent=1)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(self._state)

    @property
    def lost_password(self) -> str:
        """The half-sentence for a server without a usable `server.json`."""
        return (
            f"so nobody knows the password of this server: type `app-db server stop {self.name}` and remove "
            f"{self.directory}, whose data are lost then"
        )

    def empty_data(self) -> None:
        """Make an empty data directory, whatever was there."""
        if self.data.exists():
            shutil.rmtree(self.data)
        self.data.mkdir(mode=0o700)
        hand_over(self.data)

    def open_log(self) -> int:
        """See that the server can append to its log, and return the length of it; a long one starts anew."""
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            if os.fstat(descriptor).st_size > _LOG_LIMIT:
                os.ftruncate(descriptor, 0)
            return os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
            hand_over(self.log)

    def write_password(self, password: str) -> Path:
        """Write a file that the server's account alone can read; the caller removes it."""
        path = self.directory / "password"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(password)
        hand_over(path)
        return path

    def remove(self) -> None:
        """Remove everything of a stopped server. The lock must be held: its file goes too."""
        # moved first, so that a removal which is killed leaves rubbish and not half a server
        trash = self.directory.with_name(f"{TRASH}{self.name}-{secrets.token_hex(4)}")
        self.directory.rename(trash)
        shutil.rmtree(trash, ignore_errors=True)
        self.lock_file.unlink(missing_ok=True)

    @property
    def _state(self) -> Path:
        return self.directory / "server.json"
