"""`/api/…htm`: the door for merchants' servers. Signed envelopes in, signed envelopes out.

It knows which answers are signed and for whom (U12), and no function's meaning. What must hold: an
unknown client is answered unsigned and an unreadable body with HTTP 400, since neither proves who
sent it; every other answer is signed; a caller that leaves does not end what it began.
"""

import asyncio
from typing import Final, final

import msgspec
import structlog

from tillgate.edge.asgi import Incoming, Receive, Scope, Send, reply, reply_json
from tillgate.edge.desk import Desk
from tillgate.edge.directory import KnownClient
from tillgate.edge.following import follow
from tillgate.edge.peers import counted
from tillgate.edge.posted import Posted, check_replay, read_posted
from tillgate.edge.rates import Rate
from tillgate.edge.story import StepKind
from tillgate.gateway.functions.table import HANDLERS
from tillgate.kernel.clock import rfc3339
from tillgate.kernel.errors import Refused, TillgateError, Unavailable
from tillgate.kernel.results import Check, Result
from tillgate.protocol.envelope import (
    MESSAGE_BYTES_MAX,
    Claims,
    Cut,
    Kind,
    cut,
    wrap_unsigned,
)
from tillgate.protocol.function import Function
from tillgate.protocol.functions import function_of_path, write_raw
from tillgate.protocol.messages.common import ResultInfo
from tillgate.protocol.messages.head import VERSIONS, ResponseHead
from tillgate.protocol.signature import seal

BAD_SIGNATURES_PER_S_MAX: Final = 10
BODY_WAIT_S_MAX: Final = 10
KIND: Final = b"application/json;charset=utf-8"


class _Refusal(msgspec.Struct, frozen=True, rename="camel"):
    """The body of an answer that refuses."""

    result_info: ResultInfo


@final
class _TooMany(Exception):
    """More bad signatures in a second than are answered."""


@final
class ApiDoor:
    """Answers at `/api/`."""

    def __init__(self, desk: Desk) -> None:
        """Serve from this desk."""
        self._desk = desk
        self._bad_signatures = Rate(BAD_SIGNATURES_PER_S_MAX)
        self._log = structlog.get_logger("tillgate.doors")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        incoming = Incoming(scope, receive)
        if incoming.method != "POST":
            memo = "Functions are called with POST and a signed envelope; see /docs."
            await reply_json(send, 405, {"memo": memo}, headers=((b"allow", b"POST"),))
            return
        try:
            async with asyncio.timeout(BODY_WAIT_S_MAX):
                raw = await incoming.body(MESSAGE_BYTES_MAX)
            taken = cut(raw, Kind.REQUEST)
        except TimeoutError:
            await reply_json(send, 408, {"memo": "The message did not arrive in time."})
            return
        except Refused as refused:
            status = 413 if refused.result is Result.REQUEST_TOO_LARGE else 400
            await reply_json(send, status, {"memo": f"{refused.result.name}: {refused.message}"})
            return
        try:
            answer = await self._answer(incoming, taken, raw)
        except _TooMany:
            memo = "Too many requests with a bad signature; check the key before you go on."
            await reply_json(send, 429, {"memo": memo}, headers=((b"retry-after", b"1"),))
            return
        await reply(send, 200, answer, kind=KIND)

    async def _answer(self, incoming: Incoming, taken: Cut, raw: bytes) -> bytes:
        client = await self._desk.directory.client(taken.claims.client_id)
        function = function_of_path(incoming.path)
        if client is None:
            refused = Refused(Result.INVALID_CLIENT, path="head.clientId")
            return self._unsigned(taken.claims, function, refused)
        try:
            posted = await read_posted(self._desk, taken, raw, client=client, function=function)
            self._follow(posted)
            going_on = asyncio.ensure_future(self._done(posted))
            body = await asyncio.shield(going_on)
        except Refused as refused:
            self._count_bad(refused, client, incoming.peer)
            body = msgspec.json.encode(_Refusal(_info(refused)))
        except TillgateError as error:
            body = msgspec.json.encode(_Refusal(self._unknown(error)))
        self._tell(taken, function, body)
        head = self._head(taken.claims, function)
        return seal(
            Kind.RESPONSE, write_raw(head, body), self._desk.key_ring.private, client.profile
        )

    async def _done(self, posted: Posted) -> bytes:
        handler = HANDLERS.get(posted.request.function.name)
        if handler is None:
            sentence = "This function is one that the gateway sends; it takes none."
            raise Refused(Result.NO_INTERFACE_DEF, sentence, path="head.function")
        try:
            return msgspec.json.encode(await handler(self._desk, posted, posted.request.body))
        except Refused as refused:
            # A door may refuse before the verb that guards against replays is asked.
            if refused.result.check > Check.REPLAY:
                await check_replay(self._desk, posted.mark)
            raise

    def _follow(self, posted: Posted) -> None:
        """Name the payment that a verified message is about, as far as it says which."""
        body = posted.request.body
        number = getattr(body, "merchant_trans_id", "") or getattr(
            body, "merchant_agreement_id", ""
        )
        follow(self._desk, posted.merchant_id, number or "")

    def _count_bad(self, refused: Refused, client: KnownClient, peer: str) -> None:
        if refused.result is not Result.INVALID_SIGNATURE:
            return
        name = (client.client.client_id, counted(peer) or peer)
        if not self._bad_signatures.allows(*name, now_ms=self._desk.clock.now_ms()):
            raise _TooMany

    def _unknown(self, error: TillgateError) -> ResultInfo:
        if isinstance(error, Unavailable):
            return ResultInfo.of(Result.SYSTEM_ERROR, error.sentence)
        self._log.error("broken", exc_info=error)
        return ResultInfo.of(Result.SYSTEM_ERROR)

    def _unsigned(self, claims: Claims, function: Function | None, refused: Refused) -> bytes:
        body = msgspec.json.encode(_Refusal(_info(refused)))
        return wrap_unsigned(Kind.RESPONSE, write_raw(self._head(claims, function), body))

    def _head(self, claims: Claims, function: Function | None) -> ResponseHead:
        """Return a head that echoes the request's, as far as that may be written at all."""
        return ResponseHead(
            version=claims.version if claims.version in VERSIONS else VERSIONS[0],
            function=_echo(claims.function, 128) or (function.name if function else "-"),
            client_id=_echo(claims.client_id, 32) or "-",
            resp_time=rfc3339(self._desk.clock.now_ms()),
            req_msg_id=_echo(claims.req_msg_id, 64) or "-",
            reserve="{}",
        )

    def _tell(self, taken: Cut, function: Function | None, body: bytes) -> None:
        """Tell the story of a function that was called, without any token of it."""
        if function is None:
            return
        info = msgspec.json.decode(body)["resultInfo"]
        self._desk.meters.called(function.name, info["resultCode"])
        self._log.info("function_answered", function=function.name, result=info["resultCode"])
        said = taken.unverified.get("body")
        trans_id = said.get("merchantTransId") if isinstance(said, dict) else ""
        self._desk.story.tell(
            StepKind.FUNCTION_CALLED,
            function.title,
            f"{info['resultCode']}: {info.get('resultMsg', '')}",
            merchant_trans_id=trans_id if isinstance(trans_id, str) else "",
            detail={"function": function.name, "resultCode": info["resultCode"]},
            verdict={"S": "ok", "U": "info"}.get(info["resultStatus"], "bad"),
        )


def _info(refused: Refused) -> ResultInfo:
    return ResultInfo.of(refused.result, refused.message)


def _echo(text: str, length: int) -> str:
    """Return a member of the request's head if it keeps the rule of its place, else ""."""
    # A lone surrogate is not printable, so what passes can be written.
    return text if len(text) <= length and text.isprintable() else ""
