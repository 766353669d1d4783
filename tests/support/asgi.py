"""A sandbox gateway inside the test's own process, and requests to it without a socket.

For tests that ask ten thousand things or look behind the doors. What must hold: a request reaches
the very application that the server calls, and its answer is checked to be well-formed ASGI.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from tests.support import databases
from tests.support.gateway import PATIENT
from tillgate.bootstrap import House, open_house
from tillgate.cli.operate import settings_of
from tillgate.config.folder import Folder
from tillgate.kernel.clock import Clock
from tillgate.sandbox.chosen.play import play
from tillgate.sandbox.doors import sandbox_doors
from tillgate.sandbox.identities import make_keys, register

PORT = 8080
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"
MESSAGES_MAX = 1_000
Headers = Iterable[tuple[bytes, bytes]]


class Reply(NamedTuple):
    """What came back; of a header that came more than once, `headers` has the last."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@asynccontextmanager
async def sandbox(data: Path, *, clock: Clock | None = None) -> AsyncIterator[House]:
    """Bring up a whole sandbox gateway in a folder, workers included, without a socket."""
    databases.furnish(data)
    settings = settings_of(str(data), mode="sandbox", **PATIENT)
    make_keys(Folder(data))
    shop = sandbox_doors(Folder(data))
    opening = open_house(settings, port=PORT, clock=clock, more_doors=shop, play=play())
    async with opening as house:
        await register(house)
        yield house


async def ask(
    house: House,
    method: str,
    target: str,
    content: object = b"",
    *,
    headers: Headers = (),
    host: str = HOST,
    parts: Iterable[bytes] = (),
) -> Reply:
    """Send one request and return the answer; content that is no bytes is sent as JSON."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    url = urlsplit(target)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(url.path).decode(errors="replace"),
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": [
            (b"host", host.encode()),
            (b"content-length", str(len(body)).encode()),
            *headers,
        ],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", PORT),
    }
    coming = [*parts, body]
    return await _answered(house, scope, coming)


async def _answered(house: House, scope: dict[str, Any], coming: list[bytes]) -> Reply:
    sent: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if coming:
            part = coming.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(coming)}
        await asyncio.sleep(3_600)  # The client keeps the connection until it is answered.
        return {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        assert len(sent) < MESSAGES_MAX, "an answer without an end"
        sent.append(message)

    await house.app(scope, receive, send)
    assert sent, "no answer"
    assert sent[0]["type"] == "http.response.start"
    assert not sent[-1].get("more_body", False), "an answer cut short"
    names = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in sent[1:])
    stated = names.get("content-length")
    assert scope["method"] == "HEAD" or stated is None or int(stated) == len(body)
    set_ = [value.decode() for name, value in sent[0]["headers"] if name == b"set-cookie"]
    return Reply(sent[0]["status"], names, body, tuple(set_))


def bearer(token: str) -> tuple[bytes, bytes]:
    """Return the header of a payer session."""
    return b"authorization", f"Bearer {token}".encode()


async def signed_in(house: House, payer: str, pin: str = "123456") -> str:
    """Return the token of a payer's session."""
    reply = await ask(house, "POST", "/wallet/session", {"payer": payer, "pin": pin})
    assert reply.status == 200, reply
    token: str = reply.json()["token"]
    return token
