"""Pages and static files: templates by name, files from a package, a strict policy on each.

What must hold: every page carries a Content-Security-Policy that allows nothing inline and nothing
from outside, but for what a page names itself.
"""

from collections.abc import Mapping, MutableMapping
from importlib import resources
from typing import Any, final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Router
from starlette.staticfiles import StaticFiles

from tillgate.edge.asgi import (
    App,
    Headers,
    Incoming,
    Receive,
    Scope,
    Send,
    reply,
    reply_json,
    safely,
)

LANGUAGES = ("en", "zh-Hant-HK", "zh-Hans-CN")
STATIC_HEADERS = ((b"cache-control", b"no-cache"),)
"""A browser keeps files and asks each time whether they are still right."""


@final
class Pages:
    """The templates and static files of one package."""

    def __init__(self, package: str) -> None:
        """Find `templates` and `static` in `package`."""
        self._templates = Environment(
            loader=PackageLoader(package),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
        )
        self._static = resources.files(package) / "static"

    async def page(
        self,
        send: Send,
        name: str,
        *,
        status: int = 200,
        policy: bytes,
        context: Mapping[str, Any],
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        """Send a template as an HTML page."""
        body = self._templates.get_template(name).render(**context).encode()
        kind = b"text/html; charset=utf-8"
        safe = ((b"content-security-policy", policy), (b"vary", b"accept-language"), *headers)
        await reply(send, status, body, kind=kind, headers=safe)

    async def script(self, send: Send, name: str, *, headers: Headers = ()) -> None:
        """Send one script of the package that is served at an address of its own."""
        body = self._static.joinpath(name).read_bytes()
        kind = b"text/javascript; charset=utf-8"
        anyone = ((b"cross-origin-resource-policy", b"cross-origin"), *headers)
        await reply(send, 200, body, kind=kind, headers=anyone)


def static_files(prefix: str, package: str) -> App:
    """Return the door below `prefix` that serves the `static` folder of a package."""
    files = StaticFiles(packages=[(package, "static")])
    router = Router([Mount(prefix, files)])

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *safely(STATIC_HEADERS)]
            await send(message)

        try:
            await router(scope, receive, send_safely)
        except HTTPException as error:
            memo = "There is no such file."
            await reply_json(send, error.status_code, {"memo": memo})

    return serve


def policy(
    *, ancestors: str = "'self'", frames: str = "'none'", scripts: str = "", connects: str = ""
) -> bytes:
    """Return a Content-Security-Policy; a page says what it frames, runs and asks besides."""
    return (
        f"default-src 'none'; script-src {_sources(scripts)}; style-src 'self'; "
        f"img-src 'self' data:; font-src 'self'; connect-src {_sources(connects)}; "
        f"frame-src {frames}; frame-ancestors {ancestors}; form-action 'self'; base-uri 'none'"
    ).encode()


def language(incoming: Incoming) -> str:
    """Return the page language that the browser asks for first among ours."""
    for wanted in incoming.headers.get("accept-language", "").split(","):
        tag = wanted.partition(";")[0].strip().lower()
        if tag.startswith("zh"):
            traditional = ("hant" in tag) or tag.endswith(("hk", "tw", "mo"))
            return LANGUAGES[1] if traditional else LANGUAGES[2]
        if tag.startswith("en"):
            return LANGUAGES[0]
    return LANGUAGES[0]


def _sources(more: str) -> str:
    return f"'self' {more}".strip()
