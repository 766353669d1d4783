"""Each fault of the header's table does what it says, at the doors of a whole sandbox gateway."""

import asyncio
import contextlib
import json
import socket
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.scenarios.inside import at, pay, post
from tests.support import asgi
from tests.support.gateway import CLIENT_ID, merchant_of, order
from tests.support.wire import stranger_key, text_of
from tillgate import NotFound
from tillgate.acquiring.refund import Refund
from tillgate.bootstrap import House
from tillgate.edge.asgi import Receive, Scope, Send
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import CallbackCode, Result
from tillgate.protocol.envelope import Kind, cut, wrap_unsigned
from tillgate.protocol.keys import load_public_key
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import verify
from tillgate.sandbox.chosen.fault_door import CHANGES, DELAYED_MAX, FaultDoor
from tillgate.sandbox.chosen.faults import Fault, NotAFault, Where, read_faults
from tillgate.sandbox.identities import MERCHANT_ID
from tillgate.sandbox.testing import Sandbox

NOT_EXECUTED = ("drop", "status=500", "result=SYSTEM_ERROR")
SIGNING = (Fault.RESULT, Fault.OTHER_KEY, *CHANGES)
"""The faults that have a key sign something."""
PAY_QUERY = "alipay.intl.acquiring.common.payQuery"
DOORS = ("/api/alipay/intl/acquiring/common/payQuery.htm", "/cashier/trade-pay")
LEFT_S_MAX = 120


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bang", "no fault 'bang'"),
        ("drop=1", "written as in 'drop'"),
        ("status", "written as in 'status=500'"),
        ("status=200", "400 to 599"),
        ("status=five", "400 to 599"),
        ("delay=soon", "not a duration"),
        ("delay=2m", "a minute at most"),
        ("result=NO_SUCH", "no result code"),
        ("drop, garbage", "one fault too many"),
        ("garbage, after", "stands beside"),
        ("after", "stands beside"),
        ("callback=6001", "for tradePay alone"),
        ("", "no fault ''"),
    ],
)
def test_what_is_no_fault_is_told(text: str, says: str) -> None:
    """A header that is not understood names what is wrong with it."""
    with pytest.raises(NotAFault, match=says):
        read_faults(text, Where.FUNCTIONS)


@pytest.mark.parametrize("text", ["unsigned", "bad-signature", "wrong-order"])
def test_the_page_has_no_signature_to_spoil(text: str) -> None:
    """Faults of signed answers are for functions alone."""
    with pytest.raises(NotAFault, match="for functions alone"):
        read_faults(text, Where.TRADE_PAY)


async def test_every_fault_of_a_function(tmp_path: Path) -> None:
    """Each does what its row says, and executes what its row says."""
    async with at(tmp_path) as house:
        paid = await pay(house, "F-1", "100.00 HKD")
        assert paid.order is not None
        faults = [fault for fault in Fault if fault.where is not Where.TRADE_PAY]
        for number, fault in enumerate(fault for fault in faults if fault is not Fault.DROP):
            text = fault.sample.replace("3s", "1s")
            began_s = time.monotonic()
            reply = await refund(house, paid.order.acquirement_id, f"R-{number}", text)
            check_answer(house, fault, reply, took_s=time.monotonic() - began_s)
            done = await house.desk.reader.get(Refund, MERCHANT_ID, f"R-{number}")
            assert (done is not None) == (fault.is_executed is True), fault
        for number, text in enumerate(NOT_EXECUTED[1:]):
            await refund(house, paid.order.acquirement_id, f"A-{number}", f"{text}, after")
            assert await house.desk.reader.get(Refund, MERCHANT_ID, f"A-{number}"), text


def check_answer(house: House, fault: Fault, reply: asgi.Reply, *, took_s: float) -> None:
    """Hold an answer to the row of its fault."""
    match fault:
        case Fault.DELAY:
            assert took_s >= 1
            verified(house, reply)
        case Fault.STATUS:
            assert (reply.status, reply.body[:5]) == (500, b"<!doc")
        case Fault.RESULT:
            info = verified(house, reply)["body"]["resultInfo"]
            assert (info["resultCode"], info["resultStatus"]) == ("SYSTEM_ERROR", "U")
        case Fault.BAD_SIGNATURE | Fault.OTHER_KEY:
            with pytest.raises(Refused, match=Result.INVALID_SIGNATURE.name):
                verified(house, reply)
        case Fault.UNSIGNED:
            assert "signature" not in reply.json()
        case Fault.WRONG_REQ_MSG_ID:
            assert verified(house, reply)["head"]["reqMsgId"].startswith("01234567")
        case Fault.WRONG_CLIENT_ID:
            assert verified(house, reply)["head"]["clientId"] == "SOMEBODYELSE0000"
        case Fault.WRONG_FUNCTION:
            assert verified(house, reply)["head"]["function"].endswith("queryByAuthInfo")
        case Fault.WRONG_ORDER:
            assert verified(house, reply)["body"]["merchantRefundId"].endswith("other")
        case Fault.GARBAGE | Fault.CUT:
            assert reply.status == 200
            with pytest.raises(ValueError, match=r"."):
                json.loads(reply.body)
        case Fault.EMPTY:
            assert (reply.status, reply.body) == (200, b"")
        case _:
            raise AssertionError(fault)


async def test_every_fault_of_a_page_s_call(tmp_path: Path) -> None:
    """On tradePay a code is told, and what is not executed opens no cashier."""
    async with at(tmp_path) as house:
        assert (await trade_pay(house, "T-1", "callback=7001")).json()["resultCode"] == "7001"
        assert (await trade_pay(house, "T-2", "result=RISK_REJECT")).json()["resultCode"] == "4000"
        assert (await trade_pay(house, "T-3", "result=SYSTEM_ERROR")).json()["resultCode"] == "8000"
        assert (await trade_pay(house, "T-4", "status=503")).status == 503
        assert (await trade_pay(house, "T-5", "empty")).body == b""
        wrong = await trade_pay(house, "T-6", "unsigned")
        assert wrong.status == 400
        assert "unsigned is for functions alone" in wrong.json()["memo"]
        codes = {code.code for code in CallbackCode}
        assert codes
        for code in codes:
            told = await trade_pay(house, f"T-{code}", f"callback={code}")
            assert told.json()["resultCode"] == code


async def trade_pay(house: House, number: str, fault: str) -> asgi.Reply:
    """Call tradePay with the header."""
    text = merchant_of(house.folder.path).order_str(order(number))
    call = {"orderStr": text, "callId": f"call-of-{number}-0123456789"}
    header = (b"x-tillgate-fault", fault.encode())
    return await asgi.ask(house, "POST", "/cashier/trade-pay", call, headers=(header,))


async def refund(house: House, acquirement_id: str, refund_id: str, fault: str) -> asgi.Reply:
    """Refund one dollar with the header."""
    body = {
        "acquirementId": acquirement_id,
        "merchantRefundId": refund_id,
        "refundAmount": {"currency": "HKD", "value": "100"},
    }
    return await post(house, "refund", body, fault=fault)


def verified(house: House, reply: asgi.Reply) -> dict[str, Any]:
    """Return the content of an answer once its signature fits the gateway's key."""
    key = load_public_key((house.folder.keys / "gateway.public.pem").read_bytes())
    return verify(cut(reply.body, Kind.RESPONSE), [key], Profile.TILLGATE).cut.unverified


async def test_what_is_too_large_is_the_door_s_to_refuse(tmp_path: Path) -> None:
    """Whoever stands before a door to read a request leaves its limits to the door."""
    async with at(tmp_path) as house:
        large = b"x" * 300_000
        said = await asgi.ask(house, "POST", "/cashier/trade-pay", b"", parts=[large])
        assert said.status == 200
        assert said.json()["resultCode"] == "6005"
        fault = (b"x-tillgate-fault", b"garbage")
        path = "/api/alipay/intl/acquiring/common/payQuery.htm"
        refused = await asgi.ask(house, "POST", path, b"", parts=[large], headers=(fault,))
        assert refused.status == 413


@pytest.mark.parametrize("fault", ["result=SYSTEM_ERROR", "bad-signature", "wrong-client-id"])
async def test_who_gets_no_signed_answer_gets_the_door_s(tmp_path: Path, fault: str) -> None:
    """A client that is not known, and bytes that are no envelope, are answered as ever."""
    async with at(tmp_path) as house:
        reply = await post(house, "payQuery", {}, fault=fault, client="NOBODY0000000000")
        assert reply.json()["response"]["body"]["resultInfo"]["resultCode"] == "INVALID_CLIENT"
        assert "signature" not in reply.json()
        path = "/api/alipay/intl/acquiring/common/payQuery.htm"
        header = (b"x-tillgate-fault", fault.encode())
        said = await asgi.ask(house, "POST", path, b"no envelope", headers=(header,))
        assert said.status == 400
        assert "MSG_PARSE_ERROR" in said.json()["memo"]


async def test_nothing_is_signed_for_who_did_not_sign(tmp_path: Path) -> None:
    """Whoever merely names a client is refused by the door, in the door's own words."""
    async with at(tmp_path) as house:
        for text in (*(fault.sample for fault in SIGNING), "result=SUCCESS, after"):
            reply = await post(house, "payQuery", {}, fault=text, key=stranger_key())
            said = verified(house, reply)
            assert said["body"]["resultInfo"]["resultCode"] == "INVALID_SIGNATURE", text
            head = said["head"]
            assert (head["clientId"], head["function"]) == (CLIENT_ID, PAY_QUERY), text
            assert not head["reqMsgId"].startswith("01234567")


async def test_an_envelope_without_a_signature_is_the_door_s_to_refuse(tmp_path: Path) -> None:
    """The door hears it once, whether it was to be executed before the fault or not."""
    async with at(tmp_path) as house:
        head = {"version": "2.0.0", "function": PAY_QUERY, "clientId": CLIENT_ID}
        raw = wrap_unsigned(Kind.REQUEST, text_of({"head": head, "body": {}}))
        heard = 0

        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal heard
            heard += 1
            left = [each for each in scope["headers"] if each[0] != b"x-tillgate-fault"]
            await house.app({**scope, "headers": left}, receive, send)

        faulty = FaultDoor(door, house.desk, asyncio.Semaphore())
        behind = msgspec.structs.replace(house, app=faulty)
        for number, text in enumerate(("result=SUCCESS", "result=SUCCESS, after"), start=1):
            header = (b"x-tillgate-fault", text.encode())
            reply = await asgi.ask(behind, "POST", DOORS[0], raw, headers=(header,))
            info = verified(house, reply)["body"]["resultInfo"]
            assert (info["resultCode"], heard) == ("INVALID_SIGNATURE", number)


def test_so_many_answers_are_delayed_at_once_and_no_more() -> None:
    """At both doors together; who leaves makes room, and answers without a delay go on."""
    with Sandbox() as gateway, contextlib.ExitStack() as held:
        port = int(gateway.origin.rpartition(":")[2])
        late = [
            held.enter_context(called(port, DOORS[number % 2], "delay=60s"))
            for number in range(DELAYED_MAX)
        ]
        for path in DOORS:
            refused = until(port, path, 429)
            assert b"32 answers are being delayed already" in refused
            assert b"nothing was executed" in refused
        assert isinstance(gateway.merchant.query("A-1001"), NotFound)
        late[0].close()
        assert b"MSG_PARSE_ERROR" in until(port, DOORS[0], 400)


def called(port: int, path: str, fault: str) -> socket.socket:
    """Send what nobody signed, with the header, and wait for nothing."""
    line = socket.create_connection(("127.0.0.1", port), timeout=LEFT_S_MAX)
    said = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: 2\r\n"
    line.sendall(f"{said}connection: close\r\nx-tillgate-fault: {fault}\r\n\r\n{{}}".encode())
    return line


def until(port: int, path: str, status: int) -> bytes:
    """Ask for a short delay until it is answered so."""
    ends_s = time.monotonic() + LEFT_S_MAX
    while True:
        with called(port, path, "delay=1s") as line:
            said = b"".join(iter(lambda: line.recv(65_536), b""))
        if said.startswith(b"HTTP/1.1 %d " % status):
            return said
        assert time.monotonic() < ends_s, said
        time.sleep(0.05)


async def test_a_page_of_another_site_may_send_the_header(tmp_path: Path) -> None:
    """A browser asks beforehand which headers a page may send."""
    async with at(tmp_path) as house:
        reply = await asgi.ask(house, "OPTIONS", "/cashier/trade-pay")
        allowed = reply.headers["access-control-allow-headers"].split(", ")
        assert {"content-type", "x-tillgate-fault"} <= set(allowed)
