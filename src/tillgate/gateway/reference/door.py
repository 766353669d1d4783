"""The routes of `/docs…` and `/openapi.json`: pages, samples to download, the document.

What must hold: all of it is read without a session and asks the store nothing, so it costs the
gateway no more than its bytes.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, final

import msgspec

from tillgate.acquiring.notification import LADDER_MS
from tillgate.edge.asgi import Incoming, Receive, Scope, Send, reply, reply_json
from tillgate.edge.described import EMITTED, Door
from tillgate.edge.desk import Desk
from tillgate.edge.pages import Pages, language, policy, static_files
from tillgate.gateway.reference import samples
from tillgate.gateway.reference.codes import SHARED, in_order, own_codes
from tillgate.gateway.reference.notes import on_repeating
from tillgate.gateway.reference.openapi import DOOR_STATUSES, document
from tillgate.gateway.reference.shown import pretty
from tillgate.gateway.reference.tables import names, rows
from tillgate.gateway.reference.words import all_words, marked
from tillgate.kernel.clock import HOUR_MS, MINUTE_MS
from tillgate.kernel.results import CallbackCode, Result
from tillgate.protocol.envelope import Kind
from tillgate.protocol.function import Direction, Function
from tillgate.protocol.functions import ALL_FUNCTIONS, FUNCTIONS
from tillgate.protocol.messages.head import RequestHead, ResponseHead

PACKAGE = "tillgate.gateway.reference"
HOME = "/docs"
SAMPLES = f"{HOME}/samples/"
PAGES = {f"{HOME}/codes": "codes.html", f"{HOME}/callback": "callback.html", HOME: "index.html"}
PAGES[f"{HOME}/doors"] = "doors.html"
ANYONE = ((b"access-control-allow-origin", b"*"),)
READING = (b"allow", b"GET, HEAD")


class Download(NamedTuple):
    """A part of a sample, to be checked with other tools."""

    kind: bytes
    content: bytes


@final
class ReferenceDoor:
    """Answers at `/docs`, below it, and at `/openapi.json`."""

    def __init__(self, desk: Desk, doors: Sequence[Door]) -> None:
        """Serve for the gateway of this desk, which has these doors of our own."""
        self._doors = doors
        self._origin = desk.settings.wallet_origin
        self._pages = Pages(PACKAGE)
        self._static = static_files("/static/reference", PACKAGE)
        self._words = all_words()
        self._document: bytes = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        incoming = Incoming(scope, receive)
        if incoming.path.startswith("/static/"):
            await self._static(scope, receive, send)
        elif incoming.method not in {"GET", "HEAD"}:
            memo = "This address is only read."
            await reply_json(send, 405, {"memo": memo}, headers=(READING,))
        elif incoming.path == "/openapi.json":
            await reply(send, 200, self._openapi(), headers=ANYONE)
        elif incoming.path.startswith(SAMPLES):
            await self._sample(incoming, send)
        else:
            await self._page(incoming, send)

    def _openapi(self) -> bytes:
        """Return the document, made on first use."""
        if not self._document:
            self._document = msgspec.json.encode(document(self._origin, self._doors))
        return self._document

    async def _sample(self, incoming: Incoming, send: Send) -> None:
        found = _download(incoming.path.removeprefix(SAMPLES))
        if found is None:
            await reply_json(send, 404, {"memo": "There is no such sample."})
        else:
            await reply(send, 200, found.content, kind=found.kind, headers=ANYONE)

    async def _page(self, incoming: Incoming, send: Send) -> None:
        path = incoming.path.rstrip("/")
        name = path.removeprefix(f"{HOME}/")
        function = FUNCTIONS.get(name)
        if function is not None and function.name != name:
            to = (b"location", f"{HOME}/{function.name}".encode())
            await reply(send, 302, b"", kind=b"text/plain", headers=(to,))
            return
        template = "function.html" if function else PAGES.get(path, "missing.html")
        more = _function(function, self._origin) if function else _tables(self._doors)
        lang = language(incoming)
        context = {"lang": lang, "say": self._words[lang], "here": path, **_frame(), **more}
        status = 404 if template == "missing.html" else 200
        await self._pages.page(send, template, status=status, policy=policy(), context=context)


def _download(path: str) -> Download | None:
    """Return what `key.pem` or `FUNCTION/KIND.PART` names, or None."""
    if path == "key.pem":
        return Download(b"application/x-pem-file", samples.key().public.pem().encode())
    name, _, file = path.partition("/")
    kind, _, part = file.partition(".")
    function = FUNCTIONS.get(name)
    if function is None or kind not in set(Kind):
        return None
    sample = samples.sample(function, Kind(kind))
    if sample is None:
        return None
    parts = {
        "json": Download(b"application/json", sample.envelope),
        "signed": Download(b"application/octet-stream", sample.signed),
        "signature": Download(b"text/plain; charset=us-ascii", sample.signature.encode()),
    }
    return parts.get(part)


def _frame() -> Mapping[str, Any]:
    """Return what every page shows: the functions, in groups."""
    groups: dict[str, list[Function]] = {"payments": [], "agreements": [], "sent": []}
    for function in ALL_FUNCTIONS:
        groups[_group(function)].append(function)
    return {"groups": groups, "rows": rows, "marked": marked}


def _group(function: Function) -> str:
    if function.direction is Direction.TO_MERCHANT:
        return "sent"
    by_agreement = any(word in function.name for word in (".agreement.", ".oauth."))
    return "agreements" if by_agreement else "payments"


def _function(function: Function, origin: str) -> Mapping[str, Any]:
    """Return what the page of a function shows."""
    signed = [samples.sample(function, kind) for kind in Kind]
    return {
        "function": function,
        "names_this": partial(names, value=function.name),
        "is_sent": function.direction is Direction.TO_MERCHANT,
        "request_head": RequestHead,
        "response_head": ResponseHead,
        "own": in_order(own_codes(function)),
        "shared": in_order(SHARED) if function.direction is Direction.TO_GATEWAY else (),
        "repeating": on_repeating(function),
        "samples": [each for each in signed if each is not None],
        "pretty": pretty,
        "origin": origin,
        "key_pem": samples.key().public.pem(),
    }


def _tables(doors: Sequence[Door]) -> Mapping[str, Any]:
    """Return what the pages of tables show, and the first page."""
    return {
        "codes": in_order(frozenset(Result)),
        "callback_codes": tuple(CallbackCode),
        "emitted": EMITTED,
        "doors": doors,
        "door_statuses": DOOR_STATUSES,
        "ladder": [_duration(wait_ms) for wait_ms in LADDER_MS],
        "key_pem": samples.key().public.pem(),
    }


def _duration(wait_ms: int) -> str:
    hours, minutes = divmod(wait_ms // MINUTE_MS, HOUR_MS // MINUTE_MS)
    return f"{hours} h" if hours else f"{minutes} min"
