"""uvicorn's HTTP connections with the limits it lacks: on the size of a head, on a request's time.

Decides when a peer that sends too much or too slowly is let go; it knows no request. What must
hold: a peer that has not sent a whole request in time holds no connection, whatever it trickles.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX: Final = 32 * 1024


class LimitedProtocol(HttpToolsProtocol):
    """One connection; `limited` makes the class that a server uses."""

    request_wait_s_max: float = 30.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  What uvicorn hands over.
        """Start with no request."""
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._is_in_head = True
        self._ending: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As uvicorn's own.
        """Begin to wait for a first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless a head grows beyond its limit."""
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        # Bytes that came with a head's last ones belong to the body, so this looks afterwards.
        if (
            self._is_in_head
            and self._head_bytes > HEAD_BYTES_MAX
            and not self.transport.is_closing()
        ):
            self.send_400_response("The request's head is larger than 32 KiB.")

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a request."""
        super().on_message_begin()
        self._is_in_head = True
        if self._ending is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """Count no more; the doors limit a body."""
        self._is_in_head = False
        self._head_bytes = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait for nothing more: the request is here."""
        super().on_message_complete()
        self._is_in_head = True
        self._wait_no_more()

    def _wait(self) -> None:
        self._ending = self.loop.call_later(self.request_wait_s_max, self._end)

    def _wait_no_more(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    def _end(self) -> None:
        self._ending = None
        self.transport.abort()


def limited(request_wait_s_max: float) -> type[LimitedProtocol]:
    """Return the class of connections that wait so long for a whole request."""
    return type("Limited", (LimitedProtocol,), {"request_wait_s_max": request_wait_s_max})
