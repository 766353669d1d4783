"""Ten thousand mutated envelopes at `POST /cashier/trade-pay`, in process and through a socket.

Spoilt bytes, spoilt members, and spoilt members under a good signature, which reach the engine.
What must hold: always HTTP 200 with one of the eight codes or a cashier's address, within a second;
no traceback; an order only where the signature fits the bytes.
"""

import copy
import json
import os
import random
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.conftest import Inside
from tests.fuzz.mutations import VALUES, bytes_spoilt, members_spoilt
from tests.support.gateway import order, running
from tests.support.wire import CONTENT
from tillgate.protocol.envelope import Kind, wrap
from tillgate.protocol.keys import PrivateKey, load_private_key
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal

EIGHT = {"9000", "8000", "4000", "5000", "6001", "6002", "6005", "7001"}
BYTES, MEMBERS, SIGNED, CHOSEN, SOCKET = 4_000, 1_500, 2_000, 1_000, 1_500
SEED = int(os.environ.get("FUZZ_SEED", time.time_ns() % 1_000_000))
NUMBER = "fuzz-1"


def checked(status: int, body: bytes) -> dict[str, Any]:
    """Return the answer of trade-pay, which always has one of two shapes."""
    assert status == 200, (status, body)
    answer: dict[str, Any] = json.loads(body)
    if "cashierUrl" in answer:
        assert set(answer) == {"cashierUrl"}
    else:
        assert answer["resultCode"] in EIGHT, answer
        name, _, sentence = answer["memo"].partition(": ")
        assert name.isupper(), answer
        assert sentence, answer
    return answer


def test_the_numbers_add_up_to_ten_thousand() -> None:
    assert BYTES + MEMBERS + SIGNED + CHOSEN + SOCKET == 10_000


def post(inside: Inside, order_str: object, call_id: str = "c") -> dict[str, Any]:
    """Call tradePay with an order string."""
    body = json.dumps({"orderStr": order_str, "callId": call_id}).encode()
    reply = inside.ask("POST", "/cashier/trade-pay", body)
    return checked(reply.status, reply.body)


def report(inside: Inside, capsys: pytest.CaptureFixture[str], what: str) -> None:
    """Say the seed and the slowest answer."""
    with capsys.disabled():
        slowest_ms = inside.slowest_s * 1_000
        print(f"\n  {what}: {inside.asked} asked, slowest {slowest_ms:.0f} ms, seed {SEED}")  # noqa: T201  Wanted in every run.


def private_key(inside: Inside) -> PrivateKey:
    return load_private_key((inside.data / "keys" / "merchant.private.pem").read_bytes())


def fresh() -> dict[str, Any]:
    """Return the seed's request, as of now."""
    return {
        "head": {**CONTENT["head"], "reqTime": datetime.now(UTC).isoformat(timespec="seconds")},
        "body": {**CONTENT["body"], "merchantTransId": NUMBER},
    }


def text_of(content: object) -> bytes:
    """Return content as JSON, lone surrogates as escapes."""
    return json.dumps(content, separators=(",", ":")).encode()


def test_spoilt_bytes_create_no_order_but_the_one_that_was_signed(
    inside: Inside, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(SEED)
    good = inside.merchant.order_str(order(NUMBER)).encode()
    opened = 0
    for number in range(BYTES):
        if number % 4:
            text = bytes_spoilt(good, dice).decode(errors="surrogateescape")
            answer = post(inside, text, f"call-{number}")
        else:
            whole = text_of({"orderStr": good.decode(), "callId": f"call-{number}"})
            reply = inside.ask("POST", "/cashier/trade-pay", bytes_spoilt(whole, dice))
            answer = checked(reply.status, reply.body)
        opened += "cashierUrl" in answer
    assert {each.merchant_trans_id for each in inside.orders()} <= {NUMBER}
    assert all(str(each.amount) == "10.00 HKD" for each in inside.orders())
    assert opened < BYTES / 4
    report(inside, capsys, f"spoilt bytes, {opened} still good")


def test_spoilt_members_without_a_good_signature_create_nothing(
    inside: Inside, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(SEED)
    good = json.loads(seal(Kind.REQUEST, text_of(fresh()), private_key(inside), Profile.TILLGATE))
    for _ in range(MEMBERS):
        spoilt = members_spoilt(good, dice)
        if spoilt.get("request") != good["request"]:
            assert "cashierUrl" not in post(inside, text_of(spoilt).decode())
        post(inside, wrap(Kind.REQUEST, text_of(members_spoilt(fresh(), dice)), "XXX").decode())
    assert list(inside.orders()) == []
    report(inside, capsys, "spoilt members")


def test_spoilt_members_under_a_good_signature_are_orders_or_refusals(
    inside: Inside, capsys: pytest.CaptureFixture[str]
) -> None:
    dice, key = random.Random(SEED), private_key(inside)
    expected = set()
    for number in range(SIGNED):
        content = fresh()
        content["body"]["merchantTransId"] = f"fuzz-{number}"
        spoilt = members_spoilt(content, dice)
        text = seal(Kind.REQUEST, text_of(spoilt), key, Profile.TILLGATE).decode()
        answer = post(inside, text, f"call-{number}")
        if "cashierUrl" in answer:
            expected.add(spoilt["body"]["merchantTransId"])
            assert "cashierUrl" in post(inside, text, f"call-{number}")
    found = {each.merchant_trans_id for each in inside.orders()}
    assert found == expected
    report(inside, capsys, f"spoilt members, signed, {len(found)} orders")


def test_any_value_in_any_member_is_taken_or_refused_by_name(
    inside: Inside, capsys: pytest.CaptureFixture[str]
) -> None:
    key = private_key(inside)
    paths = [
        *("head", "body", "head.version", "head.reqTime", "head.reserve", "head.signType"),
        *("head.clientId", "head.function", "head.reqMsgId", "body.merchantTransId"),
        *("body.merchantId", "body.productCode", "body.order", "body.order.orderAmount"),
        *("body.order.orderAmount.value", "body.order.orderAmount.currency", "body.order.seller"),
        *("body.order.orderTitle", "body.riskInfo", "body.extendInfo", "body.notifyUrl"),
        *("body.notify_url", "body.returnUrl", "body.settleContractId", "body.order.seller.mcc"),
    ]
    texts = st.text(max_size=300)
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | texts | st.sampled_from(VALUES),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=8,
    )

    @settings(
        max_examples=CHOSEN,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.dictionaries(st.sampled_from(paths), anything, min_size=1, max_size=3))
    def try_values(changes: dict[str, Any]) -> None:
        content = copy.deepcopy(fresh())
        for path, value in changes.items():
            *parents, name = path.split(".")
            place: Any = content
            for parent in parents:
                place = place.get(parent) if isinstance(place, dict) else None
            if isinstance(place, dict):
                place[name] = copy.deepcopy(value)
        text = seal(Kind.REQUEST, text_of(content), key, Profile.TILLGATE).decode()
        post(inside, text)

    try_values()
    report(inside, capsys, "any value in any member")


def test_through_a_socket_that_stays_open_it_is_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(SEED)
    slowest_s = 0.0
    with running(tmp_path / "gateway") as gateway:
        good = gateway.merchant().order_str(order(NUMBER)).encode()
        client = httpx2.Client(base_url=gateway.origin, trust_env=False, timeout=120)
        with client:
            for number in range(SOCKET):
                text = bytes_spoilt(good, dice).decode(errors="surrogateescape")
                body = text_of({"orderStr": text, "callId": f"c{number}"})
                if number % 3 == 0:
                    body = bytes_spoilt(body, dice)
                began_s = time.perf_counter()
                reply = client.post("/cashier/trade-pay", content=body)
                slowest_s = max(slowest_s, time.perf_counter() - began_s)
                checked(reply.status_code, reply.content)
        audit = gateway.audit()
        assert audit["clean"]
        assert audit["read"]["orders"] <= 1
    assert "Traceback" not in gateway.logged()
    with capsys.disabled():
        figures = f"slowest {slowest_s * 1_000:.0f} ms, seed {SEED}"
        print(f"\n  through a socket: {SOCKET} asked, {figures}")  # noqa: T201  Wanted in every run.
