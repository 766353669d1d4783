"""Carries notifications to a tester's app in this process, and all others to their URLs.

Decides whether an app is called as WSGI, as ASGI, or through a test client that was given. What
must hold: an app that fails is a merchant's server that fails, so the gateway is told HTTP 500 and
the log why; a send that is lost on purpose never reaches the app.
"""

import asyncio
import inspect
import io
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, final
from urllib.parse import urlsplit
from wsgiref.util import setup_testing_defaults

from tillgate.sandbox.testing_loop import LoopThread
from tillgate.workers.outgoing.port import Sender, SendFailure, SendResult

JSON: Final = "application/json;charset=utf-8"
ROOM: Final = 4
"""As many sends at once as to any merchant's host."""
BODY_BYTES_MAX: Final = 64 * 1024


class Reply(NamedTuple):
    """What an app answers."""

    status: int
    body: bytes


Deliver = Callable[[str, bytes], Reply]
"""Hands a message for a URL to an app."""


class _Way(NamedTuple):
    origin: str
    deliver: Deliver


@final
class Carrier:
    """The sandbox's sender: apps in this process first, then the network."""

    def __init__(self, thread: LoopThread) -> None:
        """Call apps in threads that wait for this one."""
        self._thread = thread
        self._network: Sender | None = None
        self._sending: set[asyncio.Task[SendResult]] = set()
        self._ways: list[_Way] = []
        self._lost = 0
        self._is_closed = False

    def before(self, network: Sender) -> "Carrier":
        """Send over this network what is for no app."""
        self._network = network
        return self

    def deliver(self, app: object, *, at: str = "") -> None:
        """Hand to an app what is sent to URLs of an origin, or all that is sent."""
        self._ways.insert(0, _Way(_origin(at) if at else "", way_to(app)))

    def has_way(self, url: str) -> bool:
        """Tell whether what is sent to a URL is handed to an app."""
        return self._way(url) is not None

    def lose(self, sends: int) -> None:
        """Let the next sends fail as if the merchant's server were down.

        Raises:
            ValueError: there are less than none.
        """
        if sends < 0:
            raise ValueError(f"So many sends are lost, from 0 on; not {sends}.")
        self._lost = sends

    def close(self) -> None:
        """Wait no longer for whom the network reaches, and begin nothing more."""
        self._is_closed = True
        for each in self._sending:
            each.cancel()

    def room(self, url: str) -> int:
        """Return how many more messages to the URL's host would go out without waiting."""
        if self._lost or self._network is None or self._way(url):
            return ROOM
        return self._network.room(url)

    async def send(self, url: str, body: bytes) -> SendResult:
        """Send one message and return what became of it."""
        if self._is_closed:
            raise asyncio.CancelledError
        began_s = time.perf_counter()
        if self._lost:
            self._lost -= 1
            return _result(began_s, failure=SendFailure.CONNECT)
        deliver = self._way(url)
        if deliver is None:
            return await self._sent(url, body)
        reply = await self._thread.errand(lambda: _tried(deliver, url, body))
        return _result(began_s, reply=reply)

    async def _sent(self, url: str, body: bytes) -> SendResult:
        if self._network is None:
            raise RuntimeError("no network was named")
        sending = asyncio.ensure_future(self._network.send(url, body))
        self._sending.add(sending)
        try:
            return await sending
        finally:
            self._sending.discard(sending)

    def _way(self, url: str) -> Deliver | None:
        fits = (way.deliver for way in self._ways if way.origin in ("", _origin(url)))
        return next(fits, None)


def way_to(app: object) -> Deliver:
    """Return how an app is given a message.

    Raises:
        TypeError: it is neither a test client nor a WSGI or ASGI application.
    """
    post = getattr(app, "post", None)
    if not callable(app):  # Apps are called, and some of them have a `post`, too: for their routes.
        if callable(post):
            return _by_client(post)
    elif inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(app.__call__):
        return _by_asgi(app)
    else:
        return _by_wsgi(app)
    sentence = f"{app!r} is neither a WSGI or ASGI app nor a test client with post()"
    raise TypeError(f"{sentence}; an app on a port needs only its address as the notify_url.")


def _by_client(post: Callable[..., Any]) -> Deliver:
    """Post with a test client: those like httpx take `content`, Flask's and Django's `data`."""
    takes_content = "content" in inspect.signature(post).parameters

    def deliver(url: str, body: bytes) -> Reply:
        path = _target(url)
        if takes_content:
            answer = post(path, content=body, headers={"content-type": JSON})
        else:
            answer = post(path, data=body, content_type=JSON)
        content = answer.content if hasattr(answer, "content") else answer.data
        return Reply(int(answer.status_code), bytes(content))

    return deliver


def _by_wsgi(app: Callable[..., Any]) -> Deliver:
    def deliver(url: str, body: bytes) -> Reply:
        parts = urlsplit(url)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": parts.path or "/",
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": JSON,
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": parts.netloc,
            "SERVER_NAME": parts.hostname or "localhost",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": parts.scheme,
            "wsgi.input": io.BytesIO(body),
        }
        setup_testing_defaults(environ)
        statuses: list[str] = []
        written: list[bytes] = []

        def start(status: str, headers: object, exc_info: object = None) -> Callable[..., None]:  # noqa: ARG001  WSGI's shape.
            statuses.append(status)
            return written.append

        answer = app(environ, start)
        try:
            written.extend(answer)
        finally:
            getattr(answer, "close", lambda: None)()
        return Reply(int(statuses[-1].split()[0]), b"".join(written))

    return deliver


def _by_asgi(app: Any) -> Deliver:  # noqa: ANN401  Each framework types its application its own way.
    home = _loop_here()  # Of a test that is a coroutine: what its app has open belongs to it.

    def deliver(url: str, body: bytes) -> Reply:
        here = _loop_here()
        if home is not None and home is not here and home.is_running():
            return asyncio.run_coroutine_threadsafe(_asked(app, url, body), home).result()
        if here is None:
            return asyncio.run(_asked(app, url, body))
        # The loop of this thread waits for the gateway, so the app has one of its own meanwhile.
        with ThreadPoolExecutor(1) as aside:
            return aside.submit(lambda: asyncio.run(_asked(app, url, body))).result()

    return deliver


def _loop_here() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _asked(app: Any, url: str, body: bytes) -> Reply:  # noqa: ANN401  As above.
    parts = urlsplit(url)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": parts.scheme,
        "path": parts.path or "/",
        "raw_path": (parts.path or "/").encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [
            (b"host", parts.netloc.encode()),
            (b"content-type", JSON.encode()),
            (b"content-length", str(len(body)).encode()),
        ],
        "client": ("127.0.0.1", 50_000),
        "server": (parts.hostname, parts.port or 80),
        "state": {},
    }
    coming = [{"type": "http.request", "body": body, "more_body": False}]
    status, written = 500, []

    async def receive() -> dict[str, Any]:
        return coming.pop() if coming else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)
        written.append(message.get("body", b""))

    await app(scope, receive, send)
    return Reply(status, b"".join(written))


def _tried(deliver: Deliver, url: str, body: bytes) -> Reply:
    """Return the app's answer; one that fails answers as its server would."""
    try:
        return deliver(url, body)
    except Exception:
        logging.getLogger("tillgate.testing").exception("The app failed at %s", urlsplit(url).path)
        return Reply(500, b"")


def _result(
    began_s: float, *, reply: Reply | None = None, failure: SendFailure | None = None
) -> SendResult:
    return SendResult(
        status=reply.status if reply else None,
        body=reply.body[:BODY_BYTES_MAX] if reply else b"",
        elapsed_ms=round((time.perf_counter() - began_s) * 1_000),
        connected_address=None,
        failure=failure,
        sentence=failure.sentence if failure else "",
    )


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
