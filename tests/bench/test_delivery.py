"""`deliver_to`: each kind of app and test client is handed the bytes, and its answer is heard."""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import django.http
import django.test
import django.urls
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test.utils import override_settings
from fastapi import FastAPI, Request, Response
from flask import Flask
from flask import request as flask_request
from starlette.testclient import TestClient

from tests.adapters.servers import configure_django
from tests.bench.shop import Shop, order
from tillgate.bootstrap import house
from tillgate.cli.wallet import Wallet
from tillgate.kernel.clock import DAY_MS
from tillgate.sandbox.testing import Sandbox
from tillgate.sandbox.testing_carrier import Reply, way_to
from tillgate.workers.outgoing.sender import HttpSender, SendLimits
from tillgate.workers.settings import WorkerSettings

URL = "https://shop.example/notify?of=A-1"
BODY = '{"request":"é"}'.encode()


def heard(path: str, query: str, host: str, body: bytes) -> bytes:
    return b"|".join((path.encode(), query.encode(), host.encode(), body))


def flask_app() -> Flask:
    app = Flask("shop")

    @app.post("/notify")
    def notify() -> tuple[bytes, int]:
        query = flask_request.query_string.decode()
        got = (flask_request.path, query, flask_request.host, flask_request.get_data())
        return heard(*got), 202

    return app


def fastapi_app() -> FastAPI:
    app = FastAPI()

    @app.post("/notify")
    async def notify(request: Request) -> Response:
        url = request.url
        body = heard(url.path, url.query, url.netloc, await request.body())
        return Response(body, status_code=202)

    return app


def django_view(request: django.http.HttpRequest) -> django.http.HttpResponse:
    body = heard(request.path, request.META["QUERY_STRING"], request.get_host(), request.body)
    return django.http.HttpResponse(body, status=202)


urlpatterns = [django.urls.path("notify", django_view)]


@pytest.fixture(scope="module", autouse=True)
def django_settings() -> None:
    configure_django()
    django.setup()


def wsgi(environ: dict[str, Any], start: Callable[..., Callable[[bytes], None]]) -> list[bytes]:
    write = start("202 Accepted", [])
    write(heard(environ["PATH_INFO"], environ["QUERY_STRING"], environ["HTTP_HOST"], b""))
    return [environ["wsgi.input"].read()]


async def asgi(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    message = await receive()
    host = dict(scope["headers"])[b"host"].decode()
    body = heard(scope["path"], scope["query_string"].decode(), host, message["body"])
    await send({"type": "http.response.start", "status": 202, "headers": []})
    await send({"type": "http.response.body", "body": body[:3], "more_body": True})
    await send({"type": "http.response.body", "body": body[3:]})


APPS: dict[str, Callable[[], object]] = {
    "a WSGI function": lambda: wsgi,
    "an ASGI function": lambda: asgi,
    "Flask": flask_app,
    "FastAPI": fastapi_app,
    "Django": WSGIHandler,
}
CLIENTS: dict[str, tuple[Callable[[], object], str]] = {
    "Flask's client": (lambda: flask_app().test_client(), "localhost"),
    "Starlette's client": (lambda: TestClient(fastapi_app()), "testserver"),
    "Django's client": (django.test.Client, "testserver"),
}


@pytest.fixture
def _these_urls() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"]):
        django.urls.clear_url_caches()
        django.urls.set_urlconf(__name__)
        yield
    django.urls.clear_url_caches()
    django.urls.set_urlconf(None)


@pytest.mark.usefixtures("_these_urls")
@pytest.mark.parametrize("name", APPS)
def test_an_app_is_handed_the_very_bytes_at_its_own_address(name: str) -> None:
    reply = way_to(APPS[name]())(URL, BODY)

    assert reply == Reply(202, heard("/notify", "of=A-1", "shop.example", BODY))


@pytest.mark.usefixtures("_these_urls")
@pytest.mark.parametrize("name", CLIENTS)
def test_a_test_client_is_handed_them_at_the_clients_address(name: str) -> None:
    make, host = CLIENTS[name]
    reply = way_to(make())(URL, BODY)

    assert reply == Reply(202, heard("/notify", "of=A-1", host, BODY))


async def test_an_asgi_app_is_called_from_a_test_that_is_a_coroutine() -> None:
    assert way_to(asgi)(URL, BODY).status == 202


async def test_an_asgi_app_is_called_in_the_loop_of_a_test_that_does_not_block_it() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def app(*call: Any) -> None:
        loops.append(asyncio.get_running_loop())
        await asgi(*call)

    reply = await asyncio.to_thread(way_to(app), URL, BODY)

    assert reply.status == 202
    assert loops == [asyncio.get_running_loop()]


@pytest.mark.parametrize("nothing", [None, "shop:app", object()])
def test_what_is_no_app_is_refused(nothing: object) -> None:
    with pytest.raises(TypeError, match="neither a WSGI or ASGI app nor a test client") as error:
        way_to(nothing)

    assert "needs only its address as the notify_url" in str(error.value)


def test_less_than_no_send_cannot_be_lost(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="from 0 on; not -1"):
        sandbox.notifications.lose(-1)


def test_an_app_is_called_in_the_thread_of_the_test(sandbox: Sandbox) -> None:
    shop, threads = Shop(sandbox.merchant), []

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> object:
        threads.append(threading.current_thread())
        return shop(environ, start)

    sandbox.deliver_to(app)
    sandbox.wallet().pay(shop.sell("A-1"))
    sandbox.notifications.resend("A-1")

    assert threads == [threading.current_thread()] * 2


def test_several_threads_pay_at_once(sandbox: Sandbox) -> None:
    shop = Shop(sandbox.merchant)
    sandbox.deliver_to(shop)
    told: list[str] = []

    def pay(number: int) -> None:
        told.append(sandbox.wallet().pay(shop.sell(f"A-{number}")).result_code)

    threads = [threading.Thread(target=pay, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert told == ["9000"] * 8
    assert sorted(event.merchant_trans_id for event in shop.events) == [f"A-{n}" for n in range(8)]
    assert len(sandbox.notifications.acknowledged) == 8


def test_an_app_gets_what_is_for_its_origin(sandbox: Sandbox) -> None:
    here, there = Shop(sandbox.merchant), Shop(sandbox.merchant)
    sandbox.deliver_to(there)
    sandbox.deliver_to(here, at="https://here.example")
    for number, host in (("A-1", "here"), ("A-2", "there")):
        sold = order(number, notify_url=f"https://{host}.example/notify")
        sandbox.wallet().pay(sandbox.merchant.order_str(sold))

    assert [event.merchant_trans_id for event in here.events] == ["A-1"]
    assert [event.merchant_trans_id for event in there.events] == ["A-2"]


def test_an_app_may_ask_the_gateway_while_it_is_told(sandbox: Sandbox) -> None:
    shop = Shop(sandbox.merchant)
    found: list[str] = []

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> object:
        found.append(type(sandbox.merchant.query("A-1")).__name__)
        return shop(environ, start)

    sandbox.deliver_to(app)
    sandbox.wallet().pay(shop.sell("A-1"))

    assert found == ["Paid"]


def paid_elsewhere(sandbox: Sandbox, order_str: str) -> None:
    """Pay as a browser does: nobody of this test waits for what follows."""
    call = {"orderStr": order_str, "callId": uuid4().hex}
    told = Wallet(sandbox.origin, wait=time.sleep).pay(call, payer="rich", pin="123456")
    assert told["resultCode"] == "9000"


def test_a_delivery_that_nobody_waits_for_is_made_when_somebody_settles(sandbox: Sandbox) -> None:
    shop = Shop(sandbox.merchant)
    sandbox.deliver_to(shop)
    paid_elsewhere(sandbox, shop.sell("A-1"))
    assert not shop.events

    sandbox.settle()

    assert [event.merchant_trans_id for event in shop.events] == ["A-1"]


def test_a_delivery_that_was_left_behind_reaches_no_later_test(sandbox: Sandbox) -> None:
    shop = Shop(sandbox.merchant)
    sandbox.deliver_to(shop)
    paid_elsewhere(sandbox, shop.sell("A-1"))
    sandbox.reset()
    sandbox.deliver_to(shop)
    sandbox.wallet().pay(shop.sell("A-2"))

    assert [event.merchant_trans_id for event in shop.events] == ["A-2"]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Return a sandbox in which neither a send nor a stop comes to an end by its own limit."""
    limits = SendLimits(exchange_ms_max=DAY_MS)
    monkeypatch.setattr(house, "HttpSender", partial(HttpSender, limits=limits))
    monkeypatch.setattr(house, "WorkerSettings", partial(WorkerSettings, drain_ms=DAY_MS))
    with Sandbox() as patient:
        yield patient


def test_a_server_that_hangs_holds_up_no_later_test(patient: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hangs:
        url = f"http://127.0.0.1:{hangs.getsockname()[1]}/notify"
        paid_elsewhere(patient, patient.merchant.order_str(order("A-1", notify_url=url)))
        hangs.accept()[0].close()
        paid_elsewhere(patient, patient.merchant.order_str(order("A-2", notify_url=url)))
        connection, _ = hangs.accept()
        with connection:
            patient.reset()  # It comes back before the server answers, which it never does.
            assert not patient.notifications


def test_a_look_at_what_was_sent_has_what_is_due_sent_first(sandbox: Sandbox) -> None:
    shop = Shop(sandbox.merchant)
    sandbox.deliver_to(shop)
    paid_elsewhere(sandbox, shop.sell("A-1"))

    assert [sent.acknowledged for sent in sandbox.notifications] == [True]
    assert [event.merchant_trans_id for event in shop.events] == ["A-1"]
    assert "A-1 TRADE_SUCCESS #1" in repr(sandbox.notifications)
