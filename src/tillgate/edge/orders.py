"""From an orderStr to the terms of an order: cut, client, key, signature, content, rights.

The order of the checks is the result codes' (U3). What must hold: nothing of the message is
believed before its signature fits; a client acts only for its merchants and functions (U16); in
production the addresses of an order are https on a host registered for its merchant (U6).
"""

from typing import final

import msgspec

from tillgate.acquiring.acquirement import Terms
from tillgate.acquiring.risk.signals import Signals
from tillgate.edge.addresses import check_hosts, check_schemes
from tillgate.edge.desk import Desk
from tillgate.edge.evidence import signals_of
from tillgate.edge.story import StepKind
from tillgate.kernel.clock import heard_ms
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import ClientId, MerchantId, MerchantTransId
from tillgate.kernel.results import Result
from tillgate.protocol import order_string
from tillgate.protocol.envelope import Cut
from tillgate.protocol.functions import Request, open_request_as
from tillgate.protocol.messages import wap_pay
from tillgate.protocol.messages.agreement_pay import AgreementPayBody
from tillgate.protocol.signature import verify


@final
class SignedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that a known client signed and may sign."""

    terms: Terms
    signals: Signals
    key_fingerprint: str


async def read_order(desk: Desk, order_str: str) -> SignedOrder:
    """Return the verified order in an orderStr.

    Raises:
        Refused: with the first fault in the declared order of checks.
    """
    taken = order_string.read(order_str)
    known = await desk.directory.client(taken.claims.client_id)
    if known is None:
        raise Refused(Result.INVALID_CLIENT, path="head.clientId")
    keys = known.keys_at(desk.clock.now_ms())
    if not keys:
        raise Refused(Result.KEY_NOT_FOUND, path="head.clientId")
    try:
        verified = verify(taken, keys, known.profile)
    except Refused as refused:
        _tell(desk, taken, order_str, verdict="bad", summary=refused.message)
        raise
    request = open_request_as(verified, wap_pay.PayBody, wap_pay.FUNCTION)
    check_schemes(desk, request.body)
    terms = order_terms(desk, request)
    _check_rights(known.client.functions, known.client.merchant_ids, terms)
    await check_hosts(desk, request.body, terms.merchant_id)
    fits = f"The signature fits key {verified.key_fingerprint[:16]} of client {terms.client_id}."
    _tell(desk, taken, order_str, verdict="ok", summary=fits)
    return SignedOrder(
        terms=terms,
        signals=order_signals(desk, request.body.risk_info),
        key_fingerprint=verified.key_fingerprint,
    )


def order_signals(desk: Desk, risk_info: object) -> Signals:
    """Return what riskInfo said, with its device known to this house alone."""
    return signals_of(risk_info, device_key=desk.secret.derived("device").raw())


def order_terms(desk: Desk, request: Request[wap_pay.PayBody]) -> Terms:
    """Return the content of an order that was asked for by `cashier.wap.pay`."""
    return msgspec.structs.replace(
        debit_terms(desk, request), return_url=request.body.return_address or ""
    )


def debit_terms(desk: Desk, request: Request[wap_pay.PayBody] | Request[AgreementPayBody]) -> Terms:
    """Return the content of an order, as far as a debit and a page have it in common."""
    body, order = request.body, request.body.order
    seller = order.seller
    return Terms(
        merchant_id=MerchantId(body.merchant_id),
        merchant_trans_id=MerchantTransId(body.merchant_trans_id),
        client_id=ClientId(request.head.client_id),
        version=request.head.version,
        product_code=body.product_code,
        amount=order.order_amount.money,
        title=order.order_title or "",
        detail=order.order_detail or "",
        seller_id=(seller.seller_id or "") if seller else "",
        seller_name=(seller.seller_name or "") if seller else "",
        settle_contract_id=body.settle_contract_id or "",
        extend_info=body.extend_info or "",
        notify_url=body.notify_address or "",
        req_time_ms=heard_ms(desk.clock, request.head.req_time_ms),
    )


def _check_rights(functions: tuple[str, ...], merchant_ids: tuple[str, ...], terms: Terms) -> None:
    if functions and wap_pay.FUNCTION.name not in functions:
        raise Refused(Result.API_IS_INVALID, path="head.function")
    if terms.merchant_id not in merchant_ids:
        raise Refused(Result.ACCESS_DENIED, path="body.merchantId")


def _tell(desk: Desk, taken: Cut, order_str: str, *, verdict: str, summary: str) -> None:
    body = taken.unverified.get("body")
    trans_id = body.get("merchantTransId") if isinstance(body, dict) else ""
    desk.story.tell(
        StepKind.SIGNATURE_CHECKED,
        "The gateway checked the signature",
        summary,
        merchant_trans_id=trans_id if isinstance(trans_id, str) else "",
        detail={"clientId": taken.claims.client_id, "function": taken.claims.function},
        raw=order_str,
        verdict=verdict,
    )
