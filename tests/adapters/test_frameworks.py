"""Each adapter inside its framework: waiting, failing, middleware and the way back, over sockets.

What must hold for all of them: no acknowledgement leaves before the handler returned, none at all
when it failed; and whatever stands before the view, a body it ate is never taken for a message.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import Depends
from flask import request as flask_request
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request

from tests.adapters import messages
from tests.adapters.servers import KINDS, MERCHANT, ORDERS, WAITING_KINDS, serving
from tests.adapters.shops import Answered, send
from tests.support.wire import gateway_key
from tillgate import AgreementEvent, Order, PaymentEvent, VerificationError
from tillgate.merchant.adapters import flask as flask_adapter
from tillgate.protocol.redirect import sign_return_url

RIGHT = messages.notification("A-1001")


def notify(url: str, raw: bytes = RIGHT, content_type: str = "application/json") -> Answered:
    return send(f"{url}/notify", "POST", raw, {"content-type": content_type})


def is_acknowledged(answer: Answered) -> bool:
    return answer.status == 200 and messages.is_acknowledgement(answer.body)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_acknowledged_before_the_handler_returned(kind: str) -> None:
    entered, may_return = threading.Event(), threading.Event()

    def handle(event: PaymentEvent) -> None:
        entered.set()
        assert may_return.wait(120)

    with serving(kind, handle=handle) as url, ThreadPoolExecutor(1) as other:
        asked = other.submit(notify, url)
        assert entered.wait(120)
        # A plain function holds a thread and never the loop: others are answered meanwhile.
        assert send(f"{url}/ping", "GET").body == b"pong"
        assert not asked.done()
        may_return.set()
        assert is_acknowledged(asked.result())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("failing", ["find_order", "handle"])
def test_an_app_that_fails_answers_500_and_is_told_again(kind: str, failing: str) -> None:
    seen: list[str] = []
    is_well = False

    def fail_once() -> None:
        if not is_well:
            message = "the database is away"
            raise OSError(message)

    def find_order(number: str) -> Order | None:
        if failing == "find_order":
            fail_once()
        return ORDERS.get(number)

    def handle(event: PaymentEvent) -> None:
        if failing == "handle":
            fail_once()
        seen.append(event.merchant_trans_id)

    with serving(kind, find_order=find_order, handle=handle) as url:
        failed = notify(url)
        assert failed.status == 500
        assert not messages.is_acknowledgement(failed.body)
        assert b"database" not in failed.body
        assert seen == []
        is_well = True
        assert is_acknowledged(notify(url))
    assert seen == ["A-1001"]


@pytest.mark.parametrize("kind", WAITING_KINDS)
def test_functions_may_be_asynchronous(kind: str) -> None:
    seen: list[str] = []

    async def find_order(number: str) -> Order | None:
        await asyncio.sleep(0)
        return ORDERS.get(number)

    async def handle(event: PaymentEvent) -> None:
        await asyncio.sleep(0)
        seen.append(event.merchant_trans_id)

    def handle_plainly(event: PaymentEvent) -> None:
        seen.append(threading.current_thread().name)

    with serving(kind, find_order=find_order, handle=handle) as url:
        assert is_acknowledged(notify(url))
        unknown = notify(url, messages.notification("A-1002"))
        assert unknown.status == 404
    assert seen == ["A-1001"]
    with serving(kind, find_order=find_order, handle=handle_plainly) as url:
        assert is_acknowledged(notify(url))
    assert len(seen) == 2


@pytest.mark.parametrize("which", ["find_order", "handle", "handle_agreement"])
def test_flask_refuses_what_it_could_not_wait_for(which: str) -> None:
    async def waits(argument: object) -> None:
        await asyncio.sleep(0)

    plain: dict[str, Any] = {"find_order": ORDERS.get, "handle": lambda _: None}
    with pytest.raises(TypeError, match="give a plain function"):
        flask_adapter.notification_view(MERCHANT, **{**plain, which: waits})


@pytest.mark.parametrize("kind", ["flask", "django"])
def test_a_handler_that_turns_out_to_be_asynchronous_is_no_handler_that_returned(kind: str) -> None:
    async def waits() -> None:
        await asyncio.sleep(0)

    with serving(kind, handle=lambda _: waits()) as url:
        answer = notify(url)
    assert answer.status == 500
    assert not messages.is_acknowledgement(answer.body)


@pytest.mark.parametrize("kind", KINDS)
def test_the_end_of_an_agreement_comes_to_the_same_url(kind: str) -> None:
    ended: list[AgreementEvent] = []
    paid: list[PaymentEvent] = []
    told: list[VerificationError] = []
    with serving(
        kind, handle=paid.append, handle_agreement=ended.append, report=told.append
    ) as url:
        assert is_acknowledged(notify(url, messages.agreement_end("G-1")))
        assert is_acknowledged(notify(url))
        forged = notify(url, messages.agreement_end("G-1").replace(b"G-1", b"G-2"))
        assert forged.status == 403
    assert [event.agreement_id for event in ended] == ["G-1"]
    assert [event.merchant_trans_id for event in paid] == ["A-1001"]
    assert [type(error).__name__ for error in told] == ["InvalidSignature"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_buyer_brings_back_is_read_undecoded(kind: str) -> None:
    url = sign_return_url(
        "https://shop.example/back?a=%41+b%2f&c", messages.PARAMETERS, gateway_key()
    )
    query = url.partition("?")[2]
    with serving(kind, handle=lambda _: None) as place:
        assert send(f"{place}/back?{query}", "GET").body == b"A-1001"
        for wrong in (query.replace("%41", "A"), query.replace("%2f", "%2F"), "a=1", "%FF"):
            assert send(f"{place}/back?{wrong}", "GET").status == 500, wrong


def test_django_exempts_the_notify_url_alone_from_the_check_of_forms() -> None:
    with serving("django", handle=lambda _: None) as url:
        assert is_acknowledged(notify(url))
        assert send(f"{url}/ping", "POST", b"").status == 403


class KeepsBody(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Any:
        assert await request.body()
        return await call_next(request)


async def keeps_body(request: Request) -> None:
    assert await request.body()


async def eats_body(request: Request) -> None:
    async for _ in request.stream():
        pass


def looks_at_json() -> None:
    assert flask_request.get_json()


def parses_a_form() -> None:
    assert flask_request.form is not None


def keeps_django_body(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def middleware(request: Any) -> Any:
        assert request.method == "GET" or request.body
        return get_response(request)

    return middleware


def parses_a_django_form(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def middleware(request: Any) -> Any:
        assert request.POST is not None
        return get_response(request)

    return middleware


@pytest.mark.parametrize(
    ("kind", "middleware"),
    [
        ("starlette", KeepsBody),
        ("fastapi", Depends(keeps_body)),
        ("flask", looks_at_json),
        ("flask", parses_a_form),
        ("django", f"{__name__}.keeps_django_body"),
        ("django", f"{__name__}.parses_a_django_form"),
        ("django on asgi", f"{__name__}.keeps_django_body"),
    ],
)
def test_a_body_that_was_read_and_kept_is_still_the_same(kind: str, middleware: Any) -> None:
    with serving(kind, handle=lambda _: None, middleware=[middleware]) as url:
        assert is_acknowledged(notify(url))


MULTIPART = b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n%b\r\n--x--\r\n'


@pytest.mark.parametrize(
    ("kind", "middleware", "raw", "status"),
    [
        ("fastapi", Depends(eats_body), RIGHT, 500),
        ("flask", parses_a_form, RIGHT, 400),
        ("flask", parses_a_form, MULTIPART % RIGHT, 400),
        ("django", f"{__name__}.parses_a_django_form", MULTIPART % RIGHT, 400),
    ],
)
def test_a_body_that_was_eaten_is_never_taken_for_a_message(
    kind: str, middleware: Any, raw: bytes, status: int
) -> None:
    handled: list[PaymentEvent] = []
    is_form = raw is RIGHT
    content_type = (
        "application/x-www-form-urlencoded" if is_form else "multipart/form-data; boundary=x"
    )
    with serving(kind, handle=handled.append, middleware=[middleware]) as url:
        answer = notify(url, raw, content_type)
    assert answer.status == status
    assert not messages.is_acknowledgement(answer.body)
    assert handled == []
