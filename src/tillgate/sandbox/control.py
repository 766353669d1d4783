"""The frame of `/sandbox/…`: who may enter, what is read of a request, how its answer is written.

It knows no door; `doors` hands it a table of them, one `Route` each. What must hold: a door for
control opens for a peer on this machine that knows the token of `DIR/control.token`, and for nobody
else; a signed door says so and verifies what it is sent before it believes it; nothing is read past
its limit, and whoever waits for an answer and leaves is waited for no longer.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar, final
from urllib.parse import parse_qsl

import msgspec
import structlog

from tillgate.edge.asgi import Incoming, Receive, Scope, Send, reply_json
from tillgate.gateway.control import is_local, refusal
from tillgate.kernel.errors import Refused, TillgateError, Unavailable
from tillgate.kernel.results import Result

PREFIX: Final = "/sandbox"
BODY_BYTES_MAX: Final = 256 * 1024
BODY_WAIT_S_MAX: Final = 5
QUERY_MEMBERS_MAX: Final = 16

T = TypeVar("T")


class NotUnderstood(TillgateError):
    """What was sent to a sandbox door is not what it takes; the text says what it takes."""


@final
class Asked(NamedTuple):
    """One request to a sandbox door.

    Attributes:
        path: the whole path, for a route that ends in "/" and takes what follows.
        query: the members of the query, the last of each name.
        headers: the headers, with lower-case names.
        body: what was sent.
    """

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def read(self, kind: type[T]) -> T:
        """Return the body as a value; an empty body is an empty object.

        Raises:
            NotUnderstood: it is none, and what it should be.
        """
        try:
            return msgspec.json.decode(self.body or b"{}", type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NotUnderstood(f"The body is not what this door takes: {error}.") from error

    def whole(self, name: str, usual: int, *, most: int) -> int:
        """Return a member of the query as a whole number from 0 to `most`.

        Raises:
            NotUnderstood: it is none.
        """
        text = self.query.get(name, str(usual))
        if not (text.isascii() and text.isdigit()) or len(text) > len(str(most)):
            raise NotUnderstood(f"{name} is a whole number of at most {most}.")
        if int(text) > most:
            raise NotUnderstood(f"{name} is a whole number of at most {most}.")
        return int(text)


Handler = Callable[[Asked], Awaitable[object]]
"""Answers with what is written as JSON; `msgspec.Raw` goes out as it is.

It may raise `NotUnderstood` (400), `Refused` (422) and `Unavailable` (503).
"""


@final
class Route(NamedTuple):
    """A sandbox door.

    Attributes:
        method: GET or POST.
        path: all of it, as in "/sandbox/clock"; one that ends in "/" also takes what follows.
        handler: what answers.
        is_control: whether it opens with the token, from this machine alone. A door that is not
            for control verifies a signature over what it is sent.
        may_wait: whether it waits for something to happen, so that it ends when its caller leaves.
    """

    method: str
    path: str
    handler: Handler
    is_control: bool = True
    may_wait: bool = False


@final
class SandboxDoor:
    """The doors as one ASGI application."""

    def __init__(self, routes: Sequence[Route], *, control_token: str) -> None:
        """Open these doors; those for control open with the token."""
        self._routes = routes
        self._authorization = f"Bearer {control_token}".encode()
        self._log = structlog.get_logger("tillgate.sandbox")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        incoming = Incoming(scope, receive)
        try:
            status, answer = await self._answer(scope, incoming, receive)
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001  A defect here is told without the request's content.
            self._log.exception("sandbox_door_broken", path=incoming.path)
            status, answer = 500, {"error": "The sandbox failed at this; see its log."}
        await reply_json(send, status, answer)

    async def _answer(
        self, scope: Scope, incoming: Incoming, receive: Receive
    ) -> tuple[int, object]:
        found = [route for route in self._routes if _leads(route.path, incoming.path)]
        is_open = any(not route.is_control for route in found)
        if not is_open and not is_local(scope):
            return 404, {"error": "There is nothing here."}
        given = incoming.headers.get("authorization", "").encode("latin-1")
        if not is_open and not hmac.compare_digest(given, self._authorization):
            return 401, {"error": "The token in DIR/control.token opens this door."}
        if not found:
            named = ", ".join(f"{route.method} {route.path}" for route in self._routes)
            return 404, {"error": f"There is no such sandbox door; there are {named}."}
        route = next((route for route in found if route.method == incoming.method), None)
        if route is None:
            methods = " or ".join(sorted({route.method for route in found}))
            return 405, {"error": f"This door takes {methods}."}
        return await _told(route, incoming, receive)


async def _told(route: Route, incoming: Incoming, receive: Receive) -> tuple[int, object]:
    try:
        async with asyncio.timeout(BODY_WAIT_S_MAX):
            body = await incoming.body(BODY_BYTES_MAX)
    except TimeoutError:
        return 408, {"error": "The request did not arrive in time."}
    except Refused as refused:
        status = 413 if refused.result is Result.REQUEST_TOO_LARGE else 400
        return status, {"error": refused.sentence}
    try:
        asked = Asked(incoming.path, _query(incoming.query), incoming.headers, body)
        answering = route.handler(asked)
        if route.may_wait:
            return 200, await _unless_left(answering, receive)
        return 200, await answering
    except NotUnderstood as error:
        return 400, {"error": str(error)}
    except Refused as refused:
        return 422, {"error": refused.message, **refusal(refused)}
    except Unavailable as error:
        return 503, {"error": error.sentence}


async def _unless_left(answering: Awaitable[object], receive: Receive) -> object:
    """Return the answer, unless the caller leaves or the server stops first.

    Raises:
        Unavailable: nobody waits for it any more.
    """
    answer, leaving = asyncio.ensure_future(answering), asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({answer, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        raise Unavailable("The server stops; ask again when it is back.")
    finally:
        for task in (answer, leaving):
            task.cancel()
        await asyncio.gather(answer, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


def _leads(path: str, to: str) -> bool:
    return to == path or (path.endswith("/") and to.startswith(path))


def _query(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, max_num_fields=QUERY_MEMBERS_MAX, keep_blank_values=True))
    except ValueError as error:
        raise NotUnderstood(f"A query has at most {QUERY_MEMBERS_MAX} members.") from error
