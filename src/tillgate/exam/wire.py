"""The door to one URL of the merchant: one request, one answer, each in a known measure of time.

It decides how bytes go out (whole, in drips, cut off in the middle) and what may come back; what
an answer means is `acks`' to say. What must hold: nothing is followed and no proxy is asked; an
exchange ends at its deadline even when the other side drips; of an answer no more is read than its
limit. A request is a connection of its own, as the gateway's first send is.
"""

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from enum import Enum, unique
from typing import Final, final
from urllib.parse import urlsplit

import msgspec

from tillgate.exam import handshake
from tillgate.exam.errors import ExamRefused
from tillgate.kernel.clock import SECOND_MS

ANSWER_BYTES_MAX: Final = 64 * 1024
JSON_TYPE: Final = "application/json;charset=utf-8"
DRIPS: Final = 8
DETAIL_MAX: Final = 200
URL_SHOWN_MAX: Final = 200
_USER: Final = re.compile(r"//.*@", re.DOTALL)
"""A user's name and password before a host, wherever the host may begin."""


@unique
class Manner(Enum):
    """How the bytes of a request go out."""

    WHOLE = "at once"
    DRIPPING = "in drips"
    CUT_OFF = "half of what was promised, then no more"


@unique
class End(Enum):
    """How an exchange ended: a sentence for people."""

    ANSWERED = "it answered"
    NOT_REACHED = "nobody took the connection"
    NOT_TRUSTED = "its certificate is not trusted"
    NO_TLS = "what answers there speaks no TLS; name it with http://, or the port that does"
    TLS_REFUSED = "it refused the TLS connection"
    TIMED_OUT = "no whole answer came in time"
    HUNG_UP = "it closed the connection without a whole answer"
    TOO_LARGE = f"its answer is larger than {ANSWER_BYTES_MAX // 1024} KiB"


UNSPOKEN: Final = frozenset({End.NOT_TRUSTED, End.NO_TLS, End.TLS_REFUSED})
"""How it ends when somebody is there with whom no TLS comes to stand."""


@final
class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it goes out."""

    method: str = "POST"
    body: bytes = b""
    content_type: str = JSON_TYPE
    manner: Manner = Manner.WHOLE


@final
class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back of a request.

    Attributes:
        end: how the exchange ended; the rest is empty unless it ended with an answer.
        content_type: what it calls its body.
        elapsed_ms: from the last byte sent to the end.
        detail: what the system said of a connection that could not be made.
    """

    end: End
    elapsed_ms: int
    status: int = 0
    body: bytes = b""
    content_type: str = ""
    detail: str = ""

    @property
    def ending(self) -> str:
        """Return how it ended, for people."""
        return f"{self.end.value}{f' ({self.detail})' if self.detail else ''}"

    @property
    def is_good(self) -> bool:
        """Tell whether the status is 2xx."""
        return self.end is End.ANSWERED and self.status // 100 == 2  # noqa: PLR2004  As in 2xx.


@final
class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long things may take.

    Attributes:
        answer_ms: what the gateway gives a merchant's server for its answer (U7: ten seconds).
        connect_ms: how long a connection may take.
        drip_ms: the pause between two drips.
    """

    answer_ms: int = 10 * SECOND_MS
    connect_ms: int = 5 * SECOND_MS
    drip_ms: int = 150

    @property
    def given_up_ms(self) -> int:
        """Return when an answer is waited for no more: late ones are still read, to be told."""
        return self.answer_ms * 3 // 2


@final
class Door:
    """One URL, as the developer typed it; loopback is as good as any."""

    def __init__(
        self,
        url: str,
        limits: Limits,
        *,
        trust: ssl.SSLContext | None = None,
        pace: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Read the address; nothing is opened yet. Without `trust` it is the system's.

        Raises:
            ExamRefused: it is no http or https address.
        """
        shown = _USER.sub("//(hidden)@", url)[:URL_SHOWN_MAX]
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            # What Python says of it would show a part of a password that looks like a port.
            raise ExamRefused(f"{shown!r} is no address of a server.") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise ExamRefused(
                f"{shown!r} is no address of a server; give http://127.0.0.1:8000/notify, or "
                "https://…, without a user name."
            )
        self.url = url
        self._is_tls = parts.scheme == "https"
        self._host, self._port = parts.hostname, port or (443 if self._is_tls else 80)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not self._path.isascii() or any(each <= " " or each == "\x7f" for each in url):
            raise ExamRefused(f"{shown!r} must be percent-encoded.")
        self._limits, self._pace, self._pause = limits, pace, pause
        self._trust = trust

    def send(self, sending: Sending) -> Answer:
        """Make one request and return what came of it; nothing is raised for what the peer does."""
        connection = self._connection()
        try:
            connection.connect()
        except ssl.SSLCertVerificationError as error:
            connection.close()
            detail = f"{error.verify_message.rstrip('.')}; name one to trust with --ca FILE"
            return Answer(end=End.NOT_TRUSTED, elapsed_ms=0, detail=detail[:DETAIL_MAX])
        except ssl.SSLError as error:
            connection.close()
            if handshake.speaks_none(error):
                return Answer(
                    end=End.NO_TLS, elapsed_ms=0, detail=(error.reason or "")[:DETAIL_MAX]
                )
            detail = handshake.refusal(error)[:DETAIL_MAX]
            return Answer(end=End.TLS_REFUSED, elapsed_ms=0, detail=detail)
        except (OSError, UnicodeError) as error:
            connection.close()
            is_late = isinstance(error, TimeoutError)
            otherwise = "not in time" if is_late else "the name cannot be resolved"
            detail = getattr(error, "strerror", None) or otherwise
            return Answer(end=End.NOT_REACHED, elapsed_ms=0, detail=str(detail)[:DETAIL_MAX])
        exchange = _Exchange(connection, sending, self._limits, pace=self._pace, pause=self._pause)
        try:
            return exchange.run(self._path)
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        timeout_s = self._limits.connect_ms / SECOND_MS
        if self._is_tls:
            context = self._trust or ssl.create_default_context()
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=timeout_s, context=context
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)


@final
class _Exchange:
    """One request and its answer over a connection that is open."""

    def __init__(
        self,
        connection: http.client.HTTPConnection,
        sending: Sending,
        limits: Limits,
        *,
        pace: Callable[[], float],
        pause: Callable[[float], None],
    ) -> None:
        self._connection, self._sending, self._limits = connection, sending, limits
        self._pace, self._pause = pace, pause
        self._is_over = threading.Event()
        self._sent_s = pace()

    def run(self, path: str) -> Answer:
        """Send, and read until the answer is whole or the deadline has come."""
        wait_ms = self._limits.given_up_ms + DRIPS * self._limits.drip_ms
        self._connection.sock.settimeout(wait_ms / SECOND_MS)
        # A timeout of the socket starts anew with each byte; this one does not.
        deadline = threading.Timer(wait_ms / SECOND_MS, self._give_up)
        deadline.daemon = True
        deadline.start()
        try:
            self._send(path)
            return self._read()
        except TimeoutError:
            return self._ended(End.TIMED_OUT)
        except (http.client.HTTPException, OSError) as error:
            if isinstance(error, ssl.SSLError) and handshake.was_refused(error):
                detail = handshake.refusal(error)[:DETAIL_MAX]
                return msgspec.structs.replace(self._ended(End.TLS_REFUSED), detail=detail)
            over = self._is_over.is_set()
            return self._ended(End.TIMED_OUT if over else End.HUNG_UP)
        finally:
            deadline.cancel()

    def _send(self, path: str) -> None:
        """Write the request; a server may answer, and hang up, before it has read everything."""
        sending = self._sending
        self._connection.putrequest(sending.method, path, skip_accept_encoding=True)
        self._connection.putheader("User-Agent", "Tillgate")
        self._connection.putheader("Connection", "close")
        if sending.method != "GET":
            self._connection.putheader("Content-Type", sending.content_type)
            self._connection.putheader("Content-Length", str(len(sending.body)))
        try:
            self._connection.endheaders()
            for number, piece in enumerate(_pieces(sending)):
                if number:
                    self._pause(self._limits.drip_ms / SECOND_MS)
                self._connection.send(piece)
            if sending.manner is Manner.CUT_OFF:
                self._connection.sock.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        self._sent_s = self._pace()

    def _read(self) -> Answer:
        response = self._connection.getresponse()
        body = response.read(ANSWER_BYTES_MAX + 1)
        if self._is_over.is_set():
            return self._ended(End.TIMED_OUT)
        if len(body) > ANSWER_BYTES_MAX:
            return self._ended(End.TOO_LARGE)
        if response.length:
            return self._ended(End.HUNG_UP)  # Fewer bytes came than its Content-Length says.
        answer = self._ended(End.ANSWERED)
        kind = response.headers.get("Content-Type", "")
        return msgspec.structs.replace(
            answer, status=response.status, body=body, content_type=str(kind)
        )

    def _ended(self, end: End) -> Answer:
        elapsed_ms = int((self._pace() - self._sent_s) * SECOND_MS)
        return Answer(end=end, elapsed_ms=elapsed_ms)

    def _give_up(self) -> None:
        self._is_over.set()
        opened = self._connection.sock
        if opened is not None:
            try:
                opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # It is closed already.


def trusting(pem: bytes) -> ssl.SSLContext:
    """Return what trusts these certificates, besides those that the system trusts.

    Raises:
        ExamRefused: there is no certificate in them.
    """
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cadata=pem.decode("ascii"))
    except (ssl.SSLError, UnicodeDecodeError, ValueError):
        raise ExamRefused("it holds no certificate in PEM form") from None
    # A certificate that was named need not be an authority's, nor have the extensions that newer
    # Pythons ask of those; its name, its dates and the signatures up to it are checked as ever.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _pieces(sending: Sending) -> Sequence[bytes]:
    body = sending.body
    match sending.manner:
        case Manner.WHOLE:
            return (body,)
        case Manner.CUT_OFF:
            return (body[: len(body) // 2],)
        case Manner.DRIPPING:
            size = max(1, -(-len(body) // DRIPS))
            return [body[start : start + size] for start in range(0, len(body), size)]
