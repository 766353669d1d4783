"""The frame of `/sandbox`: who may enter, and what each refusal says."""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.security.production import production
from tests.support.asgi import HOST, ask, bearer, sandbox
from tillgate.bootstrap import House
from tillgate.bootstrap.virtual import keep_offset
from tillgate.edge.asgi import App
from tillgate.kernel.clock import SystemClock, VirtualClock
from tillgate.kernel.errors import Refused, Unavailable
from tillgate.kernel.results import Result
from tillgate.sandbox.control import BODY_BYTES_MAX, Asked, NotUnderstood, Route, SandboxDoor


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with sandbox(tmp_path / "data") as house:
        yield house


def control(house: House) -> tuple[bytes, bytes]:
    return bearer(house.folder.control_token.read_text())


async def test_the_clock_opens_with_the_token_alone(house: House) -> None:
    reply = await ask(house, "GET", "/sandbox/clock")
    assert (reply.status, reply.json()["error"]) == (
        401,
        "The token in DIR/control.token opens this door.",
    )
    reply = await ask(house, "GET", "/sandbox/clock", headers=[control(house)])
    assert reply.status == 200
    assert reply.json()["aheadMs"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", "/sandbox/weather", b"", 404, "GET /sandbox/clock"),
        ("DELETE", "/sandbox/clock", b"", 405, "This door takes GET or POST."),
        ("POST", "/sandbox/clock", b"{", 400, "not what this door takes"),
        ("POST", "/sandbox/clock", b"{}", 400, "Name one length"),
        ("POST", "/sandbox/clock", {"advanceMs": -1}, 400, "advanceMs"),
        ("POST", "/sandbox/clock", {"advance": "soon"}, 400, "such as 90s, 15m, 25h, 2d"),
        ("POST", "/sandbox/clock", {"advance": "1s", "advanceMs": 1}, 400, "Name one length"),
        ("POST", "/sandbox/clock", {"advanceS": 1}, 400, "advanceS"),
        ("POST", "/sandbox/clock", b" " * (BODY_BYTES_MAX + 1), 413, "larger"),
    ],
)
async def test_each_refusal_says_what_the_door_takes(  # noqa: PLR0917  The table's columns.
    house: House, method: str, path: str, body: object, status: int, says: str
) -> None:
    reply = await ask(house, method, path, body, headers=[control(house)])
    assert reply.status == status
    assert says in reply.json()["error"]


async def test_a_proxy_never_opens_the_doors(house: House) -> None:
    forwarded = (b"x-forwarded-for", b"203.0.113.9")
    reply = await ask(house, "GET", "/sandbox/clock", headers=[control(house), forwarded])
    assert reply.status == 404


async def asked(
    app: App, path: str, *, peer: str = "127.0.0.1", token: str = "", stays: bool = True
) -> tuple[int, Any]:
    """Send a GET to a door on its own."""
    coming = iter([{"type": "http.request", "body": b""}])
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        for message in coming:
            return message
        if stays:
            await asyncio.sleep(3_600)
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1:1"), *([bearer(token)] if token else [])]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "headers": headers}
    scope |= {"path": path.partition("?")[0]}
    scope |= {"client": (peer, 1), "query_string": path.partition("?")[2].encode()}
    await app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.fixture
def frame() -> SandboxDoor:
    async def whole(asked: Asked) -> object:
        return {"after": asked.whole("after", 7, most=100), "path": asked.path}

    async def fail(asked: Asked) -> object:
        errors = {
            "refused": Refused(Result.REQUEST_EXPIRED),
            "unavailable": Unavailable("Later."),
            "not-understood": NotUnderstood("Words."),
        }
        raise errors.get(asked.path.rpartition("/")[2], ZeroDivisionError())

    async def wait(asked: Asked) -> object:
        await asyncio.sleep(0 if asked.query.get("now") else 3_600)
        return msgspec.Raw(b'{"as":  "it is"}')

    routes = (
        Route("GET", "/sandbox/whole", whole),
        Route("GET", "/sandbox/under/", whole, is_control=False),
        Route("GET", "/sandbox/fail/", fail),
        Route("GET", "/sandbox/wait", wait, may_wait=True),
    )
    return SandboxDoor(routes, control_token="known")


async def test_who_is_elsewhere_finds_only_signed_doors(frame: SandboxDoor) -> None:
    elsewhere = await asked(frame, "/sandbox/whole", peer="192.0.2.1", token="known")
    unknown = await asked(frame, "/sandbox/nothing", peer="192.0.2.1", token="known")
    signed = await asked(frame, "/sandbox/under/here", peer="192.0.2.1")

    assert elsewhere == unknown == (404, {"error": "There is nothing here."})
    assert signed == (200, {"after": 7, "path": "/sandbox/under/here"})


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("whole?after=100", 200, None),
        ("whole?after=101", 400, "after is a whole number of at most 100."),
        ("whole?after=x", 400, "after is a whole number of at most 100."),
        ("whole?" + "a=1&" * 20, 400, "A query has at most 16 members."),
        ("fail/not-understood", 400, "Words."),
        ("fail/refused", 422, Result.REQUEST_EXPIRED.sentence),
        ("fail/unavailable", 503, "Later."),
        ("fail/otherwise", 500, "The sandbox failed at this; see its log."),
    ],
)
async def test_a_handlers_errors_have_statuses(
    frame: SandboxDoor, path: str, status: int, error: str | None
) -> None:
    told, answer = await asked(frame, f"/sandbox/{path}", token="known")
    assert (told, answer.get("error")) == (status, error)


async def test_a_long_wait_ends_when_nobody_waits(frame: SandboxDoor) -> None:
    async with asyncio.timeout(120):
        status, _ = await asked(frame, "/sandbox/wait", token="known", stays=False)
    assert status == 503
    assert await asked(frame, "/sandbox/wait?now=1", token="known") == (200, {"as": "it is"})


async def test_production_has_none_of_these_doors(tmp_path: Path) -> None:
    async with production(tmp_path / "data") as made:
        token = made.house.folder.control_token.read_text()
        for method, path in (("GET", "/sandbox/clock"), ("POST", "/sandbox/clock")):
            reply = await ask(
                made.house, method, path, {"advance": "1s"}, headers=[bearer(token)], host=HOST
            )
            assert reply.status == 404
            assert reply.json() == {"memo": "There is nothing at this address."}
        assert not isinstance(made.house.desk.clock, VirtualClock)
        assert not (tmp_path / "data" / "clock").exists()


async def test_a_file_of_a_sandboxs_clock_moves_no_production(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    keep_offset(tmp_path / "data", 90_000_000)
    async with production(tmp_path / "data") as made:
        assert abs(made.house.desk.clock.now_ms() - SystemClock().now_ms()) < 60_000
