"""`POST /sandbox/notifications`: signed, fresh, never answered twice; nothing to strangers."""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.asgi import Reply, ask, sandbox
from tillgate.bootstrap import House
from tillgate.kernel.clock import MINUTE_MS, SystemClock
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.keys import PrivateKey, load_private_key
from tillgate.protocol.messages.head import request_head
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal, verify
from tillgate.sandbox import listening_door
from tillgate.sandbox.identities import CLIENT_ID
from tillgate.sandbox.listening_wire import FUNCTION, PATH


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with sandbox(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
async def run(house: House) -> str:
    """Return what the gateway calls its run."""
    reply = await _posted(house, _signed(house, req_msg_id="first"))
    return str(cut(reply.body, Kind.RESPONSE).unverified["body"]["run"])


def _signed(house: House, **changes: Any) -> bytes:
    """Return what a listener posts; `changes` are of its head, its body or how it signs."""
    now_ms = SystemClock().now_ms() + changes.pop("after_ms", 0)
    key = changes.pop("key", None) or load_private_key(
        (house.folder.keys / "merchant.private.pem").read_bytes()
    )
    head = request_head(
        changes.pop("function", FUNCTION),
        client_id=changes.pop("client_id", CLIENT_ID),
        req_msg_id=changes.pop("req_msg_id", "m-1"),
        now_ms=now_ms,
    )
    body = {"listener": "one", **changes}
    content = b'{"head":%b,"body":%b}' % (msgspec.json.encode(head), json.dumps(body).encode())
    return seal(Kind.REQUEST, content, key, Profile.TILLGATE)


async def _posted(house: House, raw: bytes, **more: Any) -> Reply:
    return await ask(house, "POST", PATH, raw, **more)


async def test_what_is_signed_and_fresh_is_answered_with_the_gateways_signature(
    house: House,
) -> None:
    reply = await _posted(house, _signed(house))

    assert reply.status == 200
    taken = cut(reply.body, Kind.RESPONSE)
    verify(taken, [house.desk.key_ring.private.public], Profile.TILLGATE)
    assert taken.claims.req_msg_id == "m-1"
    assert taken.unverified["body"]["resultInfo"]["resultCode"] == "SUCCESS"


async def test_the_same_request_is_never_answered_twice(house: House) -> None:
    raw = _signed(house)
    other = _signed(house, waitS=0, take=1)

    assert (await _posted(house, raw)).status == 200
    assert (await _posted(house, raw)).json()["result"] == "REPEATED_REQ_MSG_ID"
    assert (await _posted(house, other)).json()["result"] == "REPEATED_REQ_MSG_ID"


TRIES_MAX = 500
REFUSED: Sequence[tuple[dict[str, Any], str]] = [
    ({"client_id": "4Q5XSH6SSG02T999"}, "INVALID_CLIENT"),
    ({"key": PrivateKey.generate()}, "INVALID_SIGNATURE"),
    ({"function": "alipay.intl.acquiring.common.payQuery"}, "FUNCTION_NOT_MATCH"),
    ({"after_ms": -16 * MINUTE_MS}, "REQUEST_EXPIRED"),
    ({"after_ms": 6 * MINUTE_MS}, "REQUEST_EXPIRED"),
    ({"req_msg_id": "m" * 65}, "PARAM_ILLEGAL"),
    ({"listener": "a listener"}, "PARAM_ILLEGAL"),
    ({"listener": ""}, "PARAM_ILLEGAL"),
    ({"waitS": 26}, "PARAM_ILLEGAL"),
    ({"take": 9}, "PARAM_ILLEGAL"),
    ({"take": True}, "PARAM_ILLEGAL"),
    ({"holding": ["1"] * 65}, "PARAM_ILLEGAL"),
    ({"answer": {"parcelId": "1", "elapsedMs": 1}}, "PARAM_MISSING"),
    ({"answer": {"parcelId": "1", "elapsedMs": 1, "failure": "BUSY"}}, "PARAM_ILLEGAL"),
    ({"answer": {"parcelId": "1", "elapsedMs": -1, "status": 200}}, "PARAM_ILLEGAL"),
    (
        {"answer": {"parcelId": "1", "elapsedMs": 1, "status": 200, "body": "no base64"}},
        "PARAM_ILLEGAL",
    ),
]


async def test_what_must_not_be_believed_is_refused(house: House, run: str) -> None:
    for number, (changes, result) in enumerate(REFUSED):
        asked = {"req_msg_id": f"r-{number}", "run": run, **changes}
        reply = await _posted(house, _signed(house, **asked))

        assert (reply.status, reply.json()["result"]) == (422, result), changes


ANSWER = {"parcelId": "run-1", "elapsedMs": 1, "status": 200, "body": ""}


@pytest.mark.parametrize(
    "asked", [{}, {"take": 1}, {"answer": ANSWER}, {"ends": True}, {"run": "another", "take": 1}]
)
async def test_what_may_have_been_heard_by_an_earlier_run_does_nothing(
    house: House, run: str, asked: dict[str, Any]
) -> None:
    here = await _posted(house, _signed(house, run=run))
    other = await _posted(house, _signed(house, req_msg_id="m-2", listener="two", **asked))
    again = await _posted(house, _signed(house, req_msg_id="m-3", run=run))

    assert (here.status, again.status) == (200, 200)  # No newer one has taken over from "one".
    told = cut(other.body, Kind.RESPONSE).unverified["body"]
    assert (told["run"], set(told)) == (run, {"resultInfo", "run"})


async def test_a_laptop_that_is_a_minute_behind_may_listen_at_once(house: House, run: str) -> None:
    reply = await _posted(house, _signed(house, run=run, after_ms=-MINUTE_MS))

    assert reply.status == 200


async def test_one_client_shuts_nobody_else_out() -> None:
    marks = listening_door._Marks()  # noqa: SLF001  Fifty thousand signatures would take a minute.
    for number in range(listening_door.MARKS_OF_CLIENT_MAX):
        marks.hear("one", f"m-{number}", now_ms=0, ends_ms=10)

    with pytest.raises(Refused) as refused:
        marks.hear("one", "m", now_ms=10, ends_ms=20)
    assert refused.value.result is Result.REQUEST_TRAFFIC_EXCEED_LIMIT
    marks.hear("two", "m", now_ms=10, ends_ms=20)
    marks.hear("one", "m", now_ms=11, ends_ms=20)
    assert listening_door.MARKS_OF_CLIENT_MAX * 10 <= listening_door.MARKS_MAX


async def test_bytes_that_were_changed_are_refused(house: House) -> None:
    raw = _signed(house).replace(b'"one"', b'"two"')

    assert (await _posted(house, raw)).json()["result"] == "INVALID_SIGNATURE"
    assert (await _posted(house, b"[]")).status == 422
    assert (await _posted(house, b"x" * 70_000)).json()["result"] == "REQUEST_TOO_LARGE"


async def test_somebody_who_tries_keys_is_turned_away_for_a_while(house: House) -> None:
    stranger = PrivateKey.generate()
    for _ in range(TRIES_MAX):  # A slow machine takes more of them to come to so many a second.
        reply = await _posted(house, _signed(house, key=stranger))
        if reply.json()["result"] == "REQUEST_TRAFFIC_EXCEED_LIMIT":
            break

    assert reply.json()["result"] == "REQUEST_TRAFFIC_EXCEED_LIMIT"
    assert (await _posted(house, _signed(house))).status == 200


async def test_an_answer_that_nobody_waits_for_is_late_and_not_taken(
    house: House, run: str
) -> None:
    reply = await _posted(house, _signed(house, run=run, answer=ANSWER))

    assert cut(reply.body, Kind.RESPONSE).unverified["body"]["verdict"]["isLate"] is True


async def test_the_tape_is_read_with_the_token_alone(house: House) -> None:
    token = house.folder.control_token.read_text()
    right = ((b"authorization", f"Bearer {token}".encode()),)

    assert (await ask(house, "GET", "/sandbox/logs")).status == 401
    assert (await ask(house, "GET", "/sandbox/logs?after=0", headers=right)).status == 200
    for query in ("after=-1", "after=x", "waitS=31", f"after={'9' * 40}"):
        assert (await ask(house, "GET", f"/sandbox/logs?{query}", headers=right)).status == 400


async def test_one_unsigned_request_costs_the_tape_no_more_than_its_size(house: House) -> None:
    token = house.folder.control_token.read_text()
    right = ((b"authorization", f"Bearer {token}".encode()),)
    body = b'{"%b":[%b]}' % (b"n" * 30_000, b",".join([b'{"pin":1}'] * 3_200))
    assert len(body) < 65_536
    await ask(house, "POST", "/cashier/trade-pay", body)
    reply = await ask(house, "GET", "/sandbox/logs?after=0", headers=right)

    [heard] = reply.json()["exchanges"]
    assert heard["request"] == {"size": len(body), "masked": ["*"]}
    assert len(reply.body) < len(body)
