"""What is answered, decided without a framework: which function is called, when, and with what.

Conversations are held by hand or by the two that hold them. What must hold: a handler is called
after everything else was right and before the acknowledgement is made, and nothing an app's own
function raises ever becomes an acknowledgement.
"""

import asyncio
import logging
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.adapters import messages
from tests.adapters.shops import EXAMPLES
from tests.support.gateway import CLIENT_ID, MERCHANT_ID
from tests.support.wire import gateway_key, merchant_key, stranger_key
from tillgate import (
    UNCHECKED,
    AgreementEvent,
    AsyncMerchant,
    InvalidSignature,
    Merchant,
    Order,
    OrderMismatch,
    PaymentEvent,
    VerificationError,
)
from tillgate.merchant.adapters import answer
from tillgate.merchant.adapters.answer import Call, Receiver, Reply, run, run_async
from tillgate.protocol.envelope import MESSAGE_BYTES_MAX, Kind, cut
from tillgate.protocol.profile import Profile
from tillgate.protocol.redirect import sign_return_url
from tillgate.protocol.signature import verify

ORDER = Order(merchant_trans_id="A-1001", amount="10.00 HKD")
RIGHT = messages.notification("A-1001")


def merchant() -> Merchant:
    return Merchant(
        client_id=CLIENT_ID,
        merchant_id=MERCHANT_ID,
        private_key=merchant_key(),
        gateway_public_key=gateway_key().public,
    )


def receiver(**changes: Any) -> Receiver:
    return Receiver(**{"merchant": merchant(), "find_order": find, "handle": handled, **changes})


def find(number: str) -> Order | None:
    return ORDER if number == ORDER.merchant_trans_id else None


def handled(event: PaymentEvent) -> None:
    assert event.paid


def fails(argument: object) -> Any:
    message = f"the database is away, and {type(argument).__name__} with it"
    raise OSError(message)


def disguised(function: Callable[[Any], object]) -> Callable[[Any], object]:
    """Return the function behind a plain one, so that only its result tells it is asynchronous."""

    def plain(argument: object) -> object:
        return function(argument)

    return plain


async def in_thread(function: Callable[[Any], object], argument: object) -> object:
    return await asyncio.to_thread(function, argument)


def test_the_order_is_found_then_the_event_is_handled_then_it_is_acknowledged() -> None:
    asked = receiver().answer(RIGHT)
    assert next(asked) == Call(function=find, argument="A-1001")
    call = asked.send(ORDER)
    assert call.function is handled
    assert isinstance(call.argument, PaymentEvent)
    assert call.argument.merchant_trans_id == "A-1001"
    with pytest.raises(StopIteration) as ended:
        asked.send(None)
    reply: Reply = ended.value.value
    assert (reply.status, reply.content_type) == (200, "application/json;charset=utf-8")
    ack = verify(cut(reply.body, Kind.RESPONSE), [merchant_key().public], Profile.TILLGATE)
    assert ack.claims.req_msg_id == "n-1"


def test_what_is_not_verified_asks_the_app_nothing() -> None:
    asked = receiver(find_order=fails, handle=fails).answer(
        messages.notification("A-1001", stranger_key())
    )
    with pytest.raises(StopIteration) as ended:
        next(asked)
    assert ended.value.value.status == 403


async def test_a_merchant_of_either_colour_is_notified_alike() -> None:
    waiting = AsyncMerchant(
        client_id=CLIENT_ID,
        merchant_id=MERCHANT_ID,
        private_key=merchant_key(),
        gateway_public_key=gateway_key().public,
    )
    reply = await run_async(receiver(merchant=waiting).answer(RIGHT), in_thread)
    assert reply.status == 200


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (messages.notification("A-1001", stranger_key()), 403),
        (messages.notification("A-1002"), 404),
        (messages.notification("A-1001", merchantId="2160400000009999"), 409),
        (messages.notification("A-1001", orderAmount={"currency": "HKD", "value": "1001"}), 409),
        (messages.notification("A-1001", orderAmount=None), 400),
        (RIGHT.ljust(MESSAGE_BYTES_MAX + 1), 413),
    ],
)
def test_what_is_not_believed_is_answered_shortly_and_handled_never(
    raw: bytes, status: int
) -> None:
    reply = run(receiver(handle=fails, report=lambda _: None).answer(raw))
    assert reply.status == status
    assert reply.content_type.startswith("text/plain")
    assert reply.body.endswith(b".\n")
    assert len(reply.body) < 80
    assert not messages.is_acknowledgement(reply.body)


def test_each_reason_has_a_reply_of_its_own_and_none_tells_what_was_expected() -> None:
    replies = answer.REFUSALS
    assert set(replies) == set(VerificationError.__subclasses__())
    assert len({reply.body for reply in replies.values()}) == len(replies)
    assert all(400 <= reply.status < 500 for reply in replies.values())
    told: list[VerificationError] = []
    raw = messages.notification("A-1001", orderAmount={"currency": "HKD", "value": "1"})
    reply = run(receiver(report=told.append).answer(raw))
    [mismatch] = told
    assert isinstance(mismatch, OrderMismatch)
    assert mismatch.ordered == "10.00 HKD"
    assert mismatch.ordered.encode() not in reply.body


def test_a_handler_that_fails_is_not_answered_for() -> None:
    with pytest.raises(OSError, match="PaymentEvent"):
        run(receiver(handle=fails).answer(RIGHT))
    with pytest.raises(OSError, match="str"):
        run(receiver(find_order=fails).answer(RIGHT))


def test_a_handler_that_does_not_believe_the_event_itself_is_no_refusal_of_ours() -> None:
    def doubts(event: PaymentEvent) -> None:
        raise InvalidSignature(event.merchant_trans_id)

    with pytest.raises(InvalidSignature):
        run(receiver(handle=doubts, find_order=UNCHECKED).answer(RIGHT))


def test_unchecked_leaves_the_amount_to_the_handler() -> None:
    seen: list[PaymentEvent] = []
    raw = messages.notification("anything", orderAmount={"currency": "HKD", "value": "7"})
    reply = run(receiver(find_order=UNCHECKED, handle=seen.append).answer(raw))
    assert reply.status == 200
    assert [str(event.amount) for event in seen] == ["0.07 HKD"]


def test_one_url_takes_the_end_of_an_agreement_too() -> None:
    seen: list[AgreementEvent] = []
    both = receiver(find_order=fails, handle=fails, handle_agreement=seen.append)
    reply = run(both.answer(messages.agreement_end("G-1")))
    assert reply.status == 200
    ack = verify(cut(reply.body, Kind.RESPONSE), [merchant_key().public], Profile.TILLGATE)
    assert ack.claims.function == "alipay.intl.oauth.auth.notify.cancel"
    assert ack.claims.req_msg_id == "n-1"
    assert [event.agreement_id for event in seen] == ["G-1"]
    paid = receiver(handle_agreement=fails).answer(RIGHT)
    assert run(paid).status == 200


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (messages.agreement_end("G-1", stranger_key()), 403),
        (messages.agreement_end("G-1").replace(b"G-1", b"G-2"), 403),
        (RIGHT.replace(b"acquiring.common.notify.pay", b"oauth.auth.notify.cancel"), 403),
        (messages.agreement_end("G-1").replace(b"oauth.auth.notify.cancel",
                                               b"acquiring.common.notify.pay"), 403),
        (messages.agreement_end("G-1", authMerchantId="2160400000009999"), 409),
        (messages.agreement_end("G-1", head={"clientId": "4Q5XSH6SSG02T007"}), 409),
        (messages.agreement_end("G-1", merchantAgreementId=""), 400),
    ],
)  # fmt: skip
def test_an_end_that_is_not_believed_ends_nothing(raw: bytes, status: int) -> None:
    both = receiver(handle=fails, handle_agreement=fails, report=lambda _: None)
    assert run(both.answer(raw)).status == status


def test_an_end_that_nobody_handles_is_refused_and_reported() -> None:
    told: list[VerificationError] = []
    reply = run(receiver(handle=fails, report=told.append).answer(messages.agreement_end("G-1")))
    assert reply.status == 400
    assert "handle_agreement" in str(told[0])


def test_a_refusal_is_logged_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    raw = b'{"request":{},"a\\nFATAL: all is lost":1,"a\\nFATAL: all is lost":2}'
    with caplog.at_level(logging.WARNING, logger="tillgate.merchant"):
        assert run(receiver().answer(raw)).status == 400
    [record] = caplog.records
    assert record.name == "tillgate.merchant"
    assert record.getMessage().startswith("A message was refused: InvalidMessage: ")
    assert "FATAL" in record.getMessage()
    assert "\n" not in record.getMessage()


async def test_plain_and_asynchronous_functions_are_held_alike_on_a_loop() -> None:
    seen: list[str] = []

    async def find_async(number: str) -> Order | None:
        await asyncio.sleep(0)
        return find(number)

    async def handle_async(event: PaymentEvent) -> None:
        await asyncio.sleep(0)
        seen.append(event.merchant_trans_id)

    for given in (
        receiver(find_order=find_async, handle=handle_async),
        receiver(find_order=disguised(find_async), handle=disguised(handle_async)),
        receiver(handle=handle_async),
        receiver(find_order=find_async, handle=lambda event: seen.append(event.merchant_trans_id)),
    ):
        assert (await run_async(given.answer(RIGHT), in_thread)).status == 200
    assert seen == ["A-1001"] * 4


def test_an_asynchronous_handler_is_never_taken_for_done_where_nobody_waits() -> None:
    async def handle_async(event: PaymentEvent) -> None:
        await asyncio.sleep(0)

    for handle in (handle_async, disguised(handle_async)):
        with pytest.raises(TypeError, match="give a plain function"):
            run(receiver(handle=handle).answer(RIGHT))


def test_what_a_buyer_brings_back_is_verified_as_it_came_and_matched() -> None:
    url = sign_return_url("https://shop.example/back?a=%41+b", messages.PARAMETERS, gateway_key())
    query = url.partition("?")[2]
    assert run(answer.returned(merchant(), answer.as_text(query.encode()), find)).paid
    no_text = answer.as_text(b"\xff&signature=AAAA")
    for wrong in (query.replace("%41", "A"), "", no_text, query + "&a=1"):
        with pytest.raises(InvalidSignature):
            run(answer.returned(merchant(), wrong, find))
    others = {"A-1001": Order(merchant_trans_id="A-1001", amount="11.00 HKD")}
    with pytest.raises(OrderMismatch):
        run(answer.returned(merchant(), query, others.get))


def test_no_framework_is_loaded_before_its_adapter_is() -> None:
    script = (
        "import sys, tillgate, tillgate.merchant, tillgate.merchant.adapters.answer;"
        "tillgate.Merchant;"
        "print({name.partition('.')[0] for name in sys.modules}"
        "& {'starlette', 'fastapi', 'flask', 'werkzeug', 'django', 'asgiref'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_the_page_tells_the_statuses_that_are_answered() -> None:
    page = (Path(__file__).parents[2] / "docs/notifications.md").read_text()
    answers = page.partition("## What is answered")[2].partition("\n##")[0]
    told = set(re.findall(r"\| (\d{3})[ ,|]", answers))
    given = {reply.status for reply in answer.REFUSALS.values()} | {answer.TOO_LARGE.status}
    assert told == {str(status) for status in given | {200, 500}}


def test_the_handler_on_the_page_is_the_one_of_the_shops() -> None:
    page = (Path(__file__).parents[2] / "docs/notifications.md").read_text()
    lines = page.partition("```python\n")[2].partition("```")[0].splitlines()
    for shop in EXAMPLES.glob("*_shop.py"):
        assert "\n".join(lines[1:4]) in shop.read_text(), shop
