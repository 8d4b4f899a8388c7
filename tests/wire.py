"""PostgreSQL's protocol 3 as far as counting needs it: where messages begin and end, and the SQL in them.

See the PostgreSQL manual, "Message Formats".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
_STARTUP_KINDS = {SSL_REQUEST: "SSLRequest", GSS_REQUEST: "GSSENCRequest", CANCEL_REQUEST: "CancelRequest"}


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the client's: its type byte (or its name, where it has none) and its SQL, where it has any."""

    connection: int
    kind: str
    text: str = ""


class Frames:
    """Cuts a stream into (type byte, payload); a message is complete with its last byte and not before."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """Take what arrived and yield the messages that are complete now."""
        self._bytes += data
        while len(self._bytes) >= 5:
            (length,) = struct.unpack_from("!i", self._bytes, 1)
            if len(self._bytes) < length + 1:
                return
            yield chr(self._bytes[0]), bytes(self._bytes[5 : length + 1])
            del self._bytes[: length + 1]

    def feed_untyped(self, data: bytes) -> tuple[int, bytes] | None:
        """As `feed`, for a first message, which has no type byte: its code, and what came after it."""
        self._bytes += data
        if len(self._bytes) < 8:
            return None
        length, code = struct.unpack_from("!ii", self._bytes)
        if len(self._bytes) < length:
            return None
        rest, self._bytes = bytes(self._bytes[length:]), bytearray()
        return code, rest


class Conversation:
    """One connection's two streams, in step: what the client sent, and when the server was ready again.

    Not thread-safe: the caller holds a lock.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._client, self._server = Frames(), Frames()
        self._started = False  # the client has sent its StartupMessage
        self._ready = False  # the server has answered it: the login is over
        self._negotiating = False  # the server's next byte is its answer to SSLRequest or GSSENCRequest
        self._opaque = False  # it agreed, so that the rest is encrypted
        self._asked = False

    def from_client(self, data: bytes) -> list[Message]:
        """Return the messages that the client completed."""
        if self._opaque:
            return []
        if not self._started:
            return self._start(data)
        found = [Message(self._number, kind, _sql(kind, payload)) for kind, payload in self._client.feed(data)]
        self._asked = self._asked or bool(found)
        return found

    def from_server(self, data: bytes) -> int:
        """Return how many round trips ended: ReadyForQuery after something was asked, the login apart."""
        if self._negotiating:
            self._opaque, self._negotiating, data = data[:1] != b"N", False, data[1:]
        if self._opaque:
            return 0
        return sum(self._ends_round_trip() for kind, _ in self._server.feed(data) if kind == "Z")

    def _start(self, data: bytes) -> list[Message]:
        found = self._client.feed_untyped(data)
        if found is None:
            return []
        code, rest = found
        self._negotiating = code in (SSL_REQUEST, GSS_REQUEST)
        self._started = not self._negotiating
        return [Message(self._number, _STARTUP_KINDS.get(code, "StartupMessage")), *self.from_client(rest)]

    def _ends_round_trip(self) -> bool:
        counts = self._ready and self._asked
        self._ready, self._asked = True, False
        return counts


def _sql(kind: str, payload: bytes) -> str:
    if kind == "Q":
        return payload.rstrip(b"\0").decode(errors="replace")
    if kind == "P":  # Parse: the statement's name, its text, its parameters' types
        return payload.split(b"\0", 2)[1].decode(errors="replace")
    return ""
