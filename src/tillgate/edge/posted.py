"""A request that a merchant's server posted: from raw bytes to a message that may be acted on.

The faults come in the order of U3: client, signature, function, content, freshness, replay, rights.
What must hold: nothing of the message is believed before its signature fits; whose key an answer is
signed for follows from the client that was found, never from what the message says of itself.
"""

import hashlib
from typing import Any, final

import msgspec

from tillgate.acquiring.replay import Mark, RequestMark
from tillgate.edge.addresses import check_hosts, check_schemes
from tillgate.edge.desk import Desk
from tillgate.edge.directory import KnownClient
from tillgate.kernel.clock import MINUTE_MS, SECOND_MS, heard_ms
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import ClientId, ReqMsgId
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import Cut
from tillgate.protocol.function import Function
from tillgate.protocol.functions import Request, function_of, open_request
from tillgate.protocol.signature import verify


@final
class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A verified request of a client that may make it.

    Attributes:
        merchant_id: the merchant it is for, by merchantId or authMerchantId.
        mark: what names the system request, or None where the replay rule does not hold (U10).
    """

    request: Request[Any]
    client: KnownClient
    merchant_id: str
    mark: Mark | None


async def read_posted(
    desk: Desk, taken: Cut, raw: bytes, *, client: KnownClient, function: Function | None
) -> Posted:
    """Return the request in an envelope, verified and permitted.

    Args:
        desk: whose clock and settings judge.
        taken: the envelope, cut and not yet believed.
        raw: the bytes as they arrived; their digest is the replay mark.
        client: the client that the head names.
        function: the function of the path, or None when there is none.

    Raises:
        Refused: with the first fault in the declared order of checks.
    """
    now_ms = desk.clock.now_ms()
    keys = client.keys_at(now_ms)
    if not keys:
        raise Refused(Result.KEY_NOT_FOUND, path="head.clientId")
    verified = verify(taken, keys, client.profile)
    if function is None:
        raise Refused(Result.NO_INTERFACE_DEF, "There is no function at this address.")
    if function_of(verified.claims.function) is not function:
        sentence = f"head.function must be {function.name} at this address."
        raise Refused(Result.FUNCTION_NOT_MATCH, sentence, path="head.function")
    request = open_request(verified)
    check_schemes(desk, request.body)
    mark = None
    if function.is_marked:
        _check_fresh(desk, heard_ms(desk.clock, request.head.req_time_ms), now_ms)
        mark = Mark(
            client_id=ClientId(client.client.client_id),
            req_msg_id=ReqMsgId(request.head.req_msg_id),
            digest=hashlib.sha256(raw).hexdigest(),
        )
    merchant_id = _merchant_id(request.body)
    try:
        _check_rights(client, function, merchant_id, request.body)
        await check_hosts(desk, request.body, merchant_id)
    except Refused:
        await check_replay(desk, mark)
        raise
    return Posted(request=request, client=client, merchant_id=merchant_id, mark=mark)


def _check_fresh(desk: Desk, req_time_ms: int, now_ms: int) -> None:
    age_ms, settings = now_ms - req_time_ms, desk.settings
    if age_ms > settings.req_time_behind_ms_max:
        sentence = (
            f"reqTime is {age_ms // SECOND_MS} s old, and"
            f" {settings.req_time_behind_ms_max // MINUTE_MS} minutes are taken; sign the request"
            " anew and check the clock."
        )
        raise Refused(Result.REQUEST_EXPIRED, sentence, path="head.reqTime")
    if -age_ms > settings.req_time_ahead_ms_max:
        sentence = "reqTime lies ahead of the gateway's time; check the clock that signs."
        raise Refused(Result.REQUEST_EXPIRED, sentence, path="head.reqTime")


def _check_rights(client: KnownClient, function: Function, merchant_id: str, body: object) -> None:
    functions = client.client.functions
    if functions and function.name not in functions:
        raise Refused(Result.API_IS_INVALID, path="head.function")
    if merchant_id not in client.client.merchant_ids:
        name = "merchantId" if hasattr(body, "merchant_id") else "authMerchantId"
        raise Refused(Result.ACCESS_DENIED, path=f"body.{name}")


async def check_replay(desk: Desk, mark: Mark | None) -> None:
    """Refuse a replay where a later check has refused; a verb that decides checks it, locked."""
    if mark is None:
        return
    known = await desk.reader.get(RequestMark, mark.client_id, mark.req_msg_id)
    if known is not None:
        known.check(mark.digest, desk.clock.now_ms())


def _merchant_id(body: object) -> str:
    found: str = getattr(body, "merchant_id", "") or getattr(body, "auth_merchant_id", "")
    return found
