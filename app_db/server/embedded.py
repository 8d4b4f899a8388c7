"""The embedded server as an object: start, stop, status, URL."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.engine import URL

from ..errors import ServerError
from ..settings.url import DRIVER
from .account import require_passage
from .binaries import find_binaries, usable_binaries
from .directory import find_root, find_roots, find_temporary_root, make_root
from .home import ServerHome, State
from .listing import DEFAULT_NAME, reap_orphans, shut_down
from .owner import start_time
from .postmaster import await_ready, await_starters, find_postmaster
from .process import HOST, SUPERUSER, copy_data, launch, make_data, new_state, require_same_major
from .status import ServerStatus, inspect, is_orphaned


class EmbeddedServer:
    """A PostgreSQL of one's own on 127.0.0.1, for development and tests.

    The same `name` below the same `root` is the same server, in whichever process. An `ephemeral` one belongs to the
    process that starts it: it trades crash safety for speed, goes when it's stopped, and is swept away by the next
    start or stop of any server once its owner is gone.
    """

    def __init__(
        self,
        name: str = DEFAULT_NAME,
        *,
        root: Path | None = None,
        binaries: Path | None = None,
        ephemeral: bool = False,
        owner_pid: int | None = None,
        copy_of: ServerHome | None = None,
    ) -> None:
        """Describe the server and touch nothing; raises ServerError for an impossible name or somebody else's root.

        An ephemeral server may belong to another process than this one (`owner_pid`). With `copy_of` its data are
        copied from a stopped server's instead of being made by initdb.
        """
        self.name = name
        self.ephemeral = ephemeral
        self._owner_pid = owner_pid
        self._copy_of = copy_of
        self._binaries = binaries
        self._root = root
        self._home = ServerHome(find_root(root), name)

    @classmethod
    def temporary(cls, prefix: str = "temporary", *, root: Path | None = None, binaries: Path | None = None) -> Self:
        """Return an ephemeral server of a name that nobody else has, for a `with` statement."""
        name = f"{prefix}-{os.getpid()}-{secrets.token_hex(4)}"
        server = cls(name, root=find_temporary_root(root), binaries=binaries, ephemeral=True)
        server._root = root
        return server

    @property
    def directory(self) -> Path:
        """Where the server lives: its `data/`, its `log` and its `server.json`."""
        return self._home.directory

    def start(self) -> None:
        """See that the server runs and accepts connections, making it where it's missing.

        Any number of processes may do so at once. Raises ServerError where there is no PostgreSQL, the data were made
        by another major version, or the server does not come up.
        """
        make_root(self._home.root)
        for root in {self._home.root, *find_roots(self._root)}:
            reap_orphans(root)
        if not self._serves():
            with self._home.locked() as lock:
                self._start(lock)

    def stop(self, *, remove: bool | None = None) -> None:
        """Stop the server, where it runs; with `remove` (default: where it's ephemeral) its data go too.

        Raises ServerError when it does not stop.
        """
        shut_down(self._home, remove=remove)

    def disown(self) -> None:
        """Let a running server outlive its owner: from now on it runs until somebody stops it."""
        with self._home.locked():
            state = self._home.read_state()
            if state is not None:
                self._home.write_state(replace(state, owner_pid=None, owner_started=None))

    def status(self) -> ServerStatus:
        """Return how the server does, changing nothing."""
        return inspect(self._home)

    def superuser_url(self, database: str = "postgres") -> URL:
        """Return the URL of the superuser; raises ServerError for a server that was never started."""
        state = self._home.read_state()
        if state is None or not state.ready:
            raise ServerError(f"server {self.name!r} has not been started yet, so it has no URL: start it first")
        return URL.create(DRIVER, SUPERUSER, state.password, HOST, state.port, database)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"EmbeddedServer(name={self.name!r}, directory={str(self.directory)!r}, ephemeral={self.ephemeral})"

    def _serves(self) -> bool:
        state, found = self._home.read_state(), find_postmaster(self._home.data)
        if state is None or found is None or is_orphaned(state):
            return False
        return state.ready and found.ready and found.port == state.port

    def _start(self, lock: int) -> None:
        home = self._home
        await_starters(home.data)
        if find_postmaster(home.data) is None:
            require_passage(home.directory.parent)
            # where they must be copied, the copy is kept with the data that stay, and not in memory
            binaries = usable_binaries(find_binaries(self._binaries), make_root(self._root))
            launch(home, self._prepared(binaries, lock), binaries)
        found = await_ready(home.data, home.log)
        state = home.read_state()
        if state is None:
            raise ServerError(f"{home.directory} has no server.json, {home.lost_password}")
        if state.port != found.port:
            # the caller that started it was killed, and somebody chose another port since
            home.write_state(replace(state, port=found.port))

    def _prepared(self, binaries: Path, lock: int) -> State:
        """Return the state of a server with a whole data directory, which is made where there is none."""
        home = self._home
        state = home.read_state()
        if state is None and home.data.exists():
            raise ServerError(f"{home.directory} has no server.json, {home.lost_password}")
        state = self._owned(state or new_state(ephemeral=self.ephemeral))
        if not state.ready or not home.data.exists():
            if self._copy_of is not None:
                return copy_data(home, state, self._copy_of)
            return make_data(home, state, binaries, lock)
        if not (home.data / "PG_VERSION").exists():
            raise ServerError(
                f"{home.data} holds no PostgreSQL data any more, and is not ours to empty: remove {home.directory}"
            )
        require_same_major(home, binaries)
        return state

    def _owned(self, state: State) -> State:
        if not state.ephemeral:
            return state
        owner = self._owner_pid or os.getpid()
        return replace(state, owner_pid=owner, owner_started=start_time(owner))
