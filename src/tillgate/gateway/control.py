"""`/control`: the loopback door by which operators' commands reach a running server.

Decides who may enter: a peer on this machine that knows the token of `DIR/control.token`. It knows
which commands there are (`operators`) and not what they do. What must hold: a proxy in front of the
server never opens this door, whatever it forwards; the token is compared in constant time.
"""

import asyncio
import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol, final

import msgspec

from tillgate.edge.asgi import SAFE_HEADERS
from tillgate.engine.commands import Command
from tillgate.gateway.operators import read_command
from tillgate.kernel.errors import Refused, TillgateError, Unavailable, Unsettled
from tillgate.kernel.results import Result

Scope = Mapping[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

PATH: Final = "/control"
UNSETTLED: Final = 504
"""The status of a command that may have been executed; 503 says that it was not."""
BODY_BYTES_MAX: Final = 64 * 1024
BODY_WAIT_S_MAX: Final = 5
_HERE: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_FORWARDED: Final = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})


class Executes(Protocol):
    """Whatever decides commands: the engine."""

    async def execute(self, command: Command) -> Any:  # noqa: ANN401  Each command has its own outcome.
        """Return the command's outcome."""
        ...


@final
class ControlApp:
    """The door as an ASGI application."""

    def __init__(self, engine: Executes, token: str) -> None:
        """Open the door for who knows the token, which is new at each start of a server."""
        self._engine = engine
        self._authorization = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        status, answer = await self._answer(scope, receive)
        body = msgspec.json.encode(answer)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *SAFE_HEADERS,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, object]:
        if not is_local(scope):
            return 404, {"error": "There is nothing here."}
        given = _header(scope, b"authorization")
        if not hmac.compare_digest(given, self._authorization):
            return 401, {"error": "The token in DIR/control.token opens this door."}
        if scope["method"] != "POST":
            return 405, {"error": "Commands are sent with POST."}
        try:
            async with asyncio.timeout(BODY_WAIT_S_MAX):
                body = await _body(receive)
            outcome = await self._engine.execute(read_command(body))
        except Refused as refused:
            return 422, refusal(refused)
        except Unsettled as error:
            return UNSETTLED, {"error": error.sentence}
        except Unavailable as error:
            return 503, {"error": error.sentence}
        except TimeoutError:
            return 408, {"error": "The command did not arrive in time."}
        except TillgateError:
            # The engine has logged it with its cause; the operator reads it there.
            return 500, {"error": "The gateway failed on this command; see its log."}
        return 200, {"outcome": outcome}


def refusal(refused: Refused) -> Mapping[str, str]:
    """Return how a refusal is written."""
    return {
        "result": refused.result.name,
        "sentence": refused.sentence,
        "path": refused.path,
    }


def is_local(scope: Scope) -> bool:
    """Tell whether the peer is on this machine and speaks to it directly."""
    peer = scope.get("client")
    try:
        near = peer is not None and ipaddress.ip_address(peer[0]).is_loopback
    except ValueError:
        near = False
    named = {name for name, _ in scope["headers"]}
    host = _header(scope, b"host").decode("latin-1").rpartition(":")
    return near and not named & _FORWARDED and (host[0] or host[2]) in _HERE


def _header(scope: Scope, name: bytes) -> bytes:
    found: bytes = next((value for each, value in scope["headers"] if each == name), b"")
    return found


async def _body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Unavailable("The caller left before its command had arrived.")
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            raise Refused(Result.REQUEST_TOO_LARGE)
        if not message.get("more_body", False):
            return body
