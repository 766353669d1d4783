"""A view of each adapter behind a server of its framework, in this process, on a loopback socket.

A test hands over its functions and posts to the URL it gets. What must hold: a server ends with its
block; Django's settings, of which a process has one set, are the same for every test.
"""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import uvicorn
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.test.utils import override_settings
from django.urls import path
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from werkzeug.serving import make_server

from tests.support.gateway import CLIENT_ID, MERCHANT_ID
from tests.support.wire import gateway_key, merchant_key
from tillgate import Merchant, Order
from tillgate.merchant.adapters import django as django_adapter
from tillgate.merchant.adapters import flask as flask_adapter
from tillgate.merchant.adapters import starlette as starlette_adapter

KINDS: Final = ("starlette", "fastapi", "flask", "django", "django on asgi")
WAITING_KINDS: Final = tuple(kind for kind in KINDS if kind != "flask")
"""Those where a function may be asynchronous."""
MERCHANT: Final = Merchant(
    client_id=CLIENT_ID,
    merchant_id=MERCHANT_ID,
    private_key=merchant_key(),
    gateway_public_key=gateway_key().public,
)
ORDERS: Final = {"A-1001": Order(merchant_trans_id="A-1001", amount="10.00 HKD")}


@contextmanager
def serving(
    kind: str,
    *,
    find_order: Any = ORDERS.get,
    middleware: Sequence[Any] = (),
    **functions: Any,
) -> Iterator[str]:
    """Serve a view at /notify, /back for the way back and /ping; yield the address of them."""
    given = {"find_order": find_order, **functions}
    match kind:
        case "starlette" | "fastapi":
            app = _asgi_app(kind, given, middleware)
            with over_uvicorn(app) as url:
                yield url
        case "flask":
            with over_werkzeug(_flask_app(given, middleware)) as url:
                yield url
        case _:
            with _django_site(given, middleware):
                if kind == "django":
                    with over_werkzeug(get_wsgi_application()) as url:
                        yield url
                else:
                    with over_uvicorn(get_asgi_application()) as url:
                        yield url


def _asgi_app(kind: str, given: dict[str, Any], middleware: Sequence[Any]) -> Starlette:
    notify = starlette_adapter.notification_view(MERCHANT, **given)

    async def back(request: Request) -> Response:
        event = await starlette_adapter.payment_return(
            request, MERCHANT, find_order=given["find_order"]
        )
        return PlainTextResponse(event.merchant_trans_id)

    async def ping(request: Request) -> Response:
        return PlainTextResponse("pong")

    app = FastAPI() if kind == "fastapi" else Starlette()
    if isinstance(app, FastAPI):
        app.post("/notify", dependencies=list(middleware))(notify)
    else:
        app.add_route("/notify", notify, methods=["POST"])
        for each in middleware:
            app.add_middleware(each)
    app.add_route("/back", back)
    app.add_route("/ping", ping)
    return app


def _flask_app(given: dict[str, Any], middleware: Sequence[Any]) -> Flask:
    app = Flask(__name__)
    app.post("/notify")(flask_adapter.notification_view(MERCHANT, **given))

    @app.get("/back")
    def back() -> str:
        found = flask_adapter.payment_return(MERCHANT, find_order=given["find_order"])
        return found.merchant_trans_id

    @app.get("/ping")
    def ping() -> str:
        return "pong"

    for each in middleware:
        app.before_request(each)
    return app


@contextmanager
def _django_site(given: dict[str, Any], middleware: Sequence[Any]) -> Iterator[None]:
    configure_django()

    def back(request: HttpRequest) -> HttpResponse:
        event = django_adapter.payment_return(request, MERCHANT, find_order=ORDERS.get)
        return HttpResponse(event.merchant_trans_id)

    def ping(request: HttpRequest) -> HttpResponse:
        return HttpResponse("pong")

    notify = django_adapter.notification_view(MERCHANT, **given)
    site = (path("notify", notify), path("back", back), path("ping", ping))
    usual = (
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    )
    with override_settings(ROOT_URLCONF=site, MIDDLEWARE=[*usual, *middleware]):
        yield


@cache
def configure_django() -> None:
    """Give Django the settings that all tests of a process share."""
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        LOGGING_CONFIG=None,
        SECRET_KEY="for tests",
        ROOT_URLCONF=(),
    )


@contextmanager
def over_uvicorn(app: Callable[..., Any]) -> Iterator[str]:
    """Serve an ASGI app; yield its address."""
    door = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        door.close()


@contextmanager
def over_werkzeug(app: Any) -> Iterator[str]:
    """Serve a WSGI app; yield its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
