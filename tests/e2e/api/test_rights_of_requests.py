"""Who is believed at all: keys, signatures, replays and ages of requests (U10, U12).

What must hold: an unknown client is answered unsigned, a known one with a bad signature signed and
at most ten times a second; a key that was retired ends everywhere when the command says so; other
bytes under a reqMsgId are refused; and a request that is refused changes nothing.
"""

import secrets
import time
from collections.abc import Iterator

import pytest

from tests.e2e.api.posting import (
    CANCEL,
    DEBIT,
    END,
    PREPARE,
    QUERY,
    REFUND,
    STATUS,
    WAP_PAY,
    Server,
    operate,
    path_of,
    registered,
    rows,
    signed_at,
)
from tests.support.gateway import MERCHANT_ID, PROGRAM, Gateway, running
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.replay import RequestMark
from tillgate.protocol.keys import PrivateKey

KNOWN_EVERYWHERE_S = 6
"""A door keeps what it knows of a client for five seconds."""
ONE_SECOND = f"""
from tillgate.edge.rates import Rate
counted = Rate.allows
Rate.allows = lambda rate, *name, now_ms: counted(rate, *name, now_ms=0)
{PROGRAM}"""
"""The command, for whose rates no second ever passes, however slow the machine is."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("requests") / "gateway") as started:
        yield started


@pytest.fixture
def me(gateway: Gateway) -> Server:
    return Server(gateway)


def a_number() -> str:
    return secrets.token_hex(16)


def test_an_unknown_client_is_answered_unsigned(gateway: Gateway) -> None:
    nobody = Server(gateway, client_id="NOBODY", key=PrivateKey.generate())

    told = nobody.ask(QUERY, nobody.named(merchantTransId="A-1"))

    assert (told.status, told.code, told.is_signed) == (200, "INVALID_CLIENT", False)


def test_bad_signatures_are_answered_signed_and_then_with_429(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running(tmp_path_factory.mktemp("one") / "gateway", program=ONE_SECOND) as gateway:
        forger = Server(gateway, key=PrivateKey.generate())
        raw = forger.sealed(QUERY, forger.named(merchantTransId="A-1"))
        with forger.connected() as http:
            told = [forger.told(http.post(path_of(QUERY), content=raw), raw) for _ in range(60)]
        honest = Server(gateway).ask(QUERY, forger.named(merchantTransId="A-1"))

    said = [(each.status, each.is_signed) for each in told]
    assert said == [(200, True)] * 10 + [(429, False)] * 50
    assert {each.code for each in told[:10]} == {"INVALID_SIGNATURE"}
    assert honest.code == "ORDER_NOT_EXIST"


def test_a_retired_key_ends_when_the_command_says(
    gateway: Gateway, tmp_path_factory: pytest.TempPathFactory
) -> None:
    at = tmp_path_factory.mktemp("keys")
    key = registered(gateway, "LEAVING", "--merchant", MERCHANT_ID, at=at)
    leaving = Server(gateway, client_id="LEAVING", key=key)
    ask = leaving.named(merchantTransId="A-1")
    assert leaving.ask(QUERY, ask).code == "ORDER_NOT_EXIST"
    newer = PrivateKey.generate()
    (at / "newer.pem").write_text(newer.public.pem())
    operate(gateway, "client", "add-key", "LEAVING", str(at / "newer.pem"))

    operate(gateway, "client", "retire-key", "LEAVING", key.public.fingerprint)
    time.sleep(KNOWN_EVERYWHERE_S)

    assert leaving.ask(QUERY, ask).code == "INVALID_SIGNATURE"
    moved = Server(gateway, client_id="LEAVING", key=newer)
    assert moved.ask(QUERY, ask).code == "ORDER_NOT_EXIST"
    operate(gateway, "client", "retire-key", "LEAVING", newer.public.fingerprint)
    time.sleep(KNOWN_EVERYWHERE_S)
    assert moved.ask(QUERY, ask).code == "KEY_NOT_FOUND"


async def test_the_same_bytes_are_decided_again_and_other_bytes_are_refused(
    gateway: Gateway, me: Server
) -> None:
    number = a_number()
    raw = me.sealed(PREPARE, me.page("g-replay"), reqMsgId=number)
    first = me.post(path_of(PREPARE), raw)
    kept = await rows(gateway, RequestMark)

    again = me.post(path_of(PREPARE), raw)
    other = me.ask(PREPARE, me.page("g-other"), reqMsgId=number)
    another = me.ask(CANCEL, me.named(merchantTransId="A-9"), reqMsgId=number)

    assert first.code == again.code == "SUCCESS"
    assert again.body == first.body
    assert other.code == another.code == "REPEATED_REQ_MSG_ID"
    found = await rows(gateway, RequestMark, Agreement)
    assert found[RequestMark] == kept[RequestMark]
    assert "g-other" not in {row.merchant_agreement_id for row in found[Agreement]}
    anew = me.ask(PREPARE, me.page("g-replay"))
    assert anew.body == first.body, "a new number for the same thing is the same thing"


def test_a_number_of_a_refused_request_is_free(me: Server) -> None:
    number = a_number()
    assert me.ask(END, me.agreement("g-none"), reqMsgId=number).code == "TARGET_NOT_FOUND"

    assert me.ask(PREPARE, me.page("g-free"), reqMsgId=number).code == "SUCCESS"


@pytest.mark.parametrize(
    "function", [QUERY, STATUS, WAP_PAY], ids=["payQuery", "queryByAuthInfo", "order string"]
)
def test_queries_and_order_strings_are_exempt_from_replay(me: Server, function: str) -> None:
    number, trans = a_number(), f"E-{secrets.token_hex(4)}"
    bodies = {
        QUERY: (me.named(merchantTransId="A-1"), me.named(merchantTransId="A-2")),
        STATUS: (me.agreement("g-1"), me.agreement("g-2")),
        WAP_PAY: (me.order(f"{trans}-1"), me.order(f"{trans}-2")),
    }

    told = {me.ask(function, body, reqMsgId=number).code for body in bodies[function]}

    assert "REPEATED_REQ_MSG_ID" not in told


AGES = (
    (-14.5, True),
    (-15.5, False),
    (-60 * 24, False),
    (4.5, True),
    (5.5, False),
)


@pytest.mark.parametrize(("minutes", "is_taken"), AGES)
@pytest.mark.parametrize("function", [CANCEL, END, PREPARE, REFUND, DEBIT])
def test_what_changes_something_is_taken_while_it_is_fresh(
    me: Server, function: str, minutes: float, *, is_taken: bool
) -> None:
    token = {"accessToken": "none"} if function == DEBIT else {}
    body = {
        CANCEL: me.named(acquirementId="none"),
        END: me.agreement("g-none"),
        PREPARE: me.page(f"g-{secrets.token_hex(8)}"),
        REFUND: me.refund("none", "R", 1),
        DEBIT: me.debit("NEW"),
    }[function]

    told = me.ask(function, body, reqTime=signed_at(minutes), **token)

    assert (told.code != "REQUEST_EXPIRED") == is_taken


@pytest.mark.parametrize("minutes", [-60 * 24 * 365, 60 * 24 * 365])
def test_a_query_is_never_too_old(me: Server, minutes: float) -> None:
    told = me.ask(QUERY, me.named(merchantTransId="A-1"), reqTime=signed_at(minutes))

    assert told.code == "ORDER_NOT_EXIST"


@pytest.mark.parametrize(
    ("minutes", "code"),
    [(-2.5, "SUCCESS"), (-3.5, "REQUEST_EXPIRED"), (4.5, "SUCCESS"), (5.5, "REQUEST_EXPIRED")],
)
def test_a_posted_order_opens_within_three_minutes(me: Server, minutes: float, code: str) -> None:
    body = me.order(f"OLD-{secrets.token_hex(4)}")

    assert me.ask(WAP_PAY, body, reqTime=signed_at(minutes)).code == code
