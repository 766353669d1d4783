"""uvicorn's HTTP connections with the limits it lacks: on heads, on waiting, on how many there are.

Decides when a peer that sends too much, too slowly or nothing at all is let go, and when a request
is turned away unread; it knows no request. What must hold: a peer that has not sent a whole request
in time, or does not take its answer, holds no connection, whatever it trickles; when there are more
connections than may be, the one that has waited longest for its peer is closed, so that idle ones
keep nobody out; a connection whose request is being answered is never closed for another; a request
has the headers of its head alone, since what follows a body was judged by nobody.
"""

import asyncio
import logging
import resource
from typing import Any, Final, final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tillgate.edge.asgi import Receive, Scope, Send, reply_json
from tillgate.kernel.results import Result

HEAD_BYTES_MAX: Final = 32 * 1024
HEADER_MARKS: Final = 4
"""What stands around a header's name and value: a colon, a blank, the end of the line."""
HEAD_TOO_LARGE: Final = "The request's head is larger than 32 KiB."
PIPELINED_MAX: Final = 128
"""Requests that one connection may have waiting behind the one that is answered.

Each takes a hundred times the memory of its bytes, and one read brings thousands.
"""
PEERS: Final = "uvicorn.error.peers"
"""Who logs what uvicorn says of peers, errors alone: else what is no HTTP is a line each time."""
WAITING_MIN: Final = 256
"""Connections beside those that are answered: waiting for a peer, or told there are too many."""
OTHER_FILES_MAX: Final = 512
"""Files and sockets that are no peer's: the database, and messages on their way to merchants."""


async def too_many(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001  ASGI's shape.
    """Turn a request away without having read it."""
    result = Result.REQUEST_TRAFFIC_EXCEED_LIMIT
    memo = f"{result.name}: {result.sentence}"
    headers = ((b"retry-after", b"1"), (b"connection", b"close"))
    await reply_json(send, 503, {"resultCode": None, "memo": memo}, headers=headers)


@final
class Crowd:
    """The connections of a server: how many are answered, and who waits for its peer since when."""

    def __init__(self, connections_max: int) -> None:
        """Let so many requests be answered at once."""
        self._connections_max = connections_max
        self._answering: set[LimitedProtocol] = set()
        self._waiting: dict[LimitedProtocol, None] = {}

    def waits(self, connection: "LimitedProtocol") -> None:
        """Note that a connection begins to wait for its peer, if it did not before."""
        self._answering.discard(connection)
        self._waiting.setdefault(connection)

    def answers(self, connection: "LimitedProtocol") -> None:
        """Note that its request is here and is answered."""
        self._waiting.pop(connection, None)
        self._answering.add(connection)

    def lost(self, connection: "LimitedProtocol") -> None:
        """Forget a connection."""
        self._waiting.pop(connection, None)
        self._answering.discard(connection)

    def make_room(self) -> None:
        """Close who has waited longest, when there are more connections than may be."""
        connections = len(self._answering) + len(self._waiting)
        if self._waiting and connections > self._connections_max + WAITING_MIN:
            longest = next(iter(self._waiting))
            self.lost(longest)
            longest.transport.abort()

    def is_full(self, tasks: int) -> bool:
        """Tell whether one more request is one too many; tasks outlive the peers that left."""
        most = self._connections_max
        return len(self._answering) >= most or tasks >= 2 * most + WAITING_MIN


class LimitedProtocol(HttpToolsProtocol):
    """One connection; `limited` makes the class that a server uses."""

    request_wait_s_max: float
    crowd: Crowd

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  What uvicorn hands over.
        """Start with no request."""
        super().__init__(*args, **kwargs)
        self.logger = logging.getLogger(PEERS)
        self._pending_bytes = 0
        self._fault = ""
        self._is_in_head = True
        self._is_answering = False
        self._arriving: asyncio.TimerHandle | None = None
        self._leaving: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As uvicorn's own.
        """Begin to wait for a first request."""
        super().connection_made(transport)
        self._wait()
        self.crowd.waits(self)
        self.crowd.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._wait_no_more()
        self._is_taken()
        self.crowd.lost(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless what is neither a whole head nor a body grows beyond its limit."""
        self._pending_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        # Bytes that came with a head's last ones belong to the body, so this looks afterwards.
        if self._pending_bytes > HEAD_BYTES_MAX:
            self.send_400_response(HEAD_TOO_LARGE)
        elif self._arriving is None and not self._is_answering:
            self._wait()  # Whatever comes ends the wait of an idle connection: blank lines, too.

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong with a request that is none, and close.

        While an earlier one is answered nothing is said: it would be taken for that one's answer.
        """
        if self._is_answering:
            self.transport.close()
            return
        super().send_400_response(self._fault or msg)

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a request."""
        super().on_message_begin()
        # For whoever must close a connection without an answer.
        self.scope["extensions"] = {"tillgate.drop": {"close": self.transport.close}}
        self._is_in_head = True
        if self._arriving is None:
            self._wait()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of the head; one that comes after the body is dropped.

        uvicorn would add it to the others, and a caller would write behind what our proxy wrote.
        """
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Count no more, the doors limit a body; turn it away when too many are answered."""
        head = sum(len(name) + len(value) + HEADER_MARKS for name, value in self.headers)
        if head + len(self.url) > HEAD_BYTES_MAX:
            self._fault = HEAD_TOO_LARGE
        if self._fault or len(self.pipeline) >= PIPELINED_MAX:
            raise ValueError(self._fault)  # It ends the reading; `send_400_response` is next.
        self._is_in_head = False
        self._pending_bytes = 0
        self.app = too_many if self.crowd.is_full(len(self.tasks)) else self.config.loaded_app
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count anew: marks of chunks come with bytes of a body, which the doors limit."""
        self._pending_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for nothing more: the request is here."""
        super().on_message_complete()
        self._is_in_head = True
        self._pending_bytes = 0
        self._wait_no_more()
        if not self.cycle.response_complete:
            self._is_answering = True
            self.crowd.answers(self)

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of this one; or answer what came meanwhile."""
        is_next_here = bool(self.pipeline)
        super().on_response_complete()
        if not is_next_here:
            self._is_answering = False
            self.crowd.waits(self)

    def pause_writing(self) -> None:
        """Begin to wait for a peer that does not take its answer."""
        super().pause_writing()
        if self._leaving is None:
            self._leaving = self.loop.call_later(self.request_wait_s_max, self.transport.abort)

    def resume_writing(self) -> None:
        """Wait no more: the peer took what was written."""
        super().resume_writing()
        self._is_taken()

    def _wait(self) -> None:
        self._arriving = self.loop.call_later(self.request_wait_s_max, self.transport.abort)

    def _wait_no_more(self) -> None:
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None

    def _is_taken(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None


def limited(request_wait_s_max: float, connections_max: int = 1_000) -> type[LimitedProtocol]:
    """Return the class of connections that wait so long for a peer, and are answered so many."""
    logging.getLogger(PEERS).setLevel(logging.ERROR)
    own = {"request_wait_s_max": request_wait_s_max, "crowd": Crowd(connections_max)}
    return type("Limited", (LimitedProtocol,), own)


def allow_files(connections_max: int) -> int:
    """Let this process have a file for every connection and for the rest; return how many it has.

    A system's usual number is too small; it may be raised up to the hard limit without any right.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections_max + WAITING_MIN + OTHER_FILES_MAX
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed
