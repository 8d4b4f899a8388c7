"""A TCP proxy on the loopback that counts what a client of PostgreSQL says, and can slow down, stall and break.

with CountingProxy(host, port) as proxy:
    connect to 127.0.0.1:proxy.port …
    assert proxy.queries == ["BEGIN", "select 1", "COMMIT"] and proxy.round_trips == 3
"""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import struct
import threading
import time
from typing import Self

from wire import Conversation, Message

CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)  # for SO_LINGER: to close is to send RST


class CountingProxy:
    """Passes connections on to a server, one pair of threads each, and counts.

    Whatever a client has had an answer to has been counted. `delay` is what a round trip takes longer, in seconds.
    """

    def __init__(self, host: str, port: int, *, delay: float = 0) -> None:
        self.delay = delay
        self._server = (host, port)
        self._lock = threading.Lock()
        self._messages: list[Message] = []
        self._round_trips = 0
        self._links: list[_Link] = []
        self._numbers = itertools.count()
        self._refusing = False
        self._flowing = threading.Event()
        self._flowing.set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._listener.settimeout(0.05)
        self._open = True
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def messages(self) -> list[Message]:
        """Everything that clients said, in the order of arrival."""
        with self._lock:
            return list(self._messages)

    @property
    def queries(self) -> list[str]:
        """The SQL of what clients said, simple and extended protocol alike."""
        return [message.text for message in self.messages if message.kind in {"Q", "P"}]

    @property
    def round_trips(self) -> int:
        """How often a client said something and waited until the server was ready again; logins not counted."""
        with self._lock:
            return self._round_trips

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        with self._lock:
            return sum(link.is_alive for link in self._links)

    def reset(self) -> None:
        """Forget what was counted; connections stay."""
        with self._lock:
            self._messages, self._round_trips = [], 0

    def drop(self) -> None:
        """Break every connection, as a crashed machine does: both ends are sent RST."""
        for link in self._all_links():
            link.break_off()
        self.resume()

    def half_close(self) -> None:
        """Tell clients that the server will say no more (FIN), and go on listening to them."""
        for link in self._all_links():
            link.end_answers()

    def stall(self) -> None:
        """Pass nothing on any more, keeping every connection, as a firewall does that forgot them."""
        self._flowing.clear()

    def resume(self) -> None:
        """Undo `stall`."""
        self._flowing.set()

    def refuse(self, *, refusing: bool = True) -> None:
        """Break off whoever connects from now on, as a machine does where nobody listens any more."""
        self._refusing = refusing

    def close(self) -> None:
        """End everything."""
        self._open = False
        self._acceptor.join()
        self._listener.close()
        self.drop()

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def count(self, data: bytes, conversation: Conversation, *, to_server: bool) -> None:
        """Count what arrived, before it is sent on: a client that has its answer finds it counted."""
        with self._lock:
            if to_server:
                self._messages += conversation.from_client(data)
            else:
                self._round_trips += conversation.from_server(data)

    def hold(self) -> None:
        """Wait for as long as a byte is on its way."""
        if self.delay:
            time.sleep(self.delay / 2)
        self._flowing.wait()

    def _accept(self) -> None:
        while self._open:
            with contextlib.suppress(TimeoutError):
                client, _ = self._listener.accept()
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        if self._refusing:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            client.close()
            return
        try:
            server = socket.create_connection(self._server, timeout=10)
        except OSError:
            client.close()
            return
        with self._lock:
            self._links = [link for link in self._links if link.is_alive]
            self._links.append(_Link(self, Conversation(next(self._numbers)), client, server))
            self._links[-1].start()

    def _all_links(self) -> list[_Link]:
        with self._lock:
            return list(self._links)


class _Link:
    """One connection: the client's socket, the server's, and a thread for each direction."""

    def __init__(
        self, proxy: CountingProxy, conversation: Conversation, client: socket.socket, server: socket.socket
    ) -> None:
        self._proxy, self._conversation = proxy, conversation
        self._client, self._server = client, server
        for end in (client, server):
            end.settimeout(None)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._waker, self._woken = socket.socketpair()
        self._broken = False
        self._running = 2
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._pump, args=(client, server), kwargs={"to_server": True}, daemon=True),
            threading.Thread(target=self._pump, args=(server, client), kwargs={"to_server": False}, daemon=True),
        ]

    @property
    def is_alive(self) -> bool:
        return self._running > 0

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def break_off(self) -> None:
        """Have both ends sent RST, and return when they were."""
        self._tell_to_break()
        self._proxy.resume()
        for thread in self._threads:
            thread.join(timeout=5)

    def end_answers(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_WR)

    def _tell_to_break(self) -> None:
        with self._lock:
            if self.is_alive and not self._broken:
                self._broken = True
                for end in (self._client, self._server):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                self._waker.send(b"!")

    def _pump(self, source: socket.socket, sink: socket.socket, *, to_server: bool) -> None:
        try:
            while data := self._receive(source):
                self._proxy.count(data, self._conversation, to_server=to_server)
                self._proxy.hold()
                if self._broken:
                    break
                sink.sendall(data)
            if not self._broken:
                sink.shutdown(socket.SHUT_WR)
        except OSError:  # one end is gone, so the other one is told
            self._tell_to_break()
        finally:
            self._leave()

    def _receive(self, source: socket.socket) -> bytes:
        """Wait for data; none at the end of the stream and when the link is broken off."""
        poller = select.poll()
        for end in (source, self._woken):
            poller.register(end, select.POLLIN)
        poller.poll()
        return b"" if self._broken else source.recv(CHUNK)

    def _leave(self) -> None:
        with self._lock:
            self._running -= 1
            if self._running == 0:
                for end in (self._client, self._server, self._waker, self._woken):
                    end.close()
