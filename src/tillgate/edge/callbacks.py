"""What a page's callback is given: the final object, with a signed returnUrl for 9000 and 8000.

What must hold: every refusal becomes a callback code of the seed with the result's name in the
memo; "unknown" is never turned into "failed" (U6, PROTOCOL 5.1).
"""

from typing import Any

import structlog

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.call import Final, final
from tillgate.edge.desk import Desk
from tillgate.edge.story import StepKind
from tillgate.kernel.clock import rfc3339
from tillgate.kernel.errors import Broken, Refused, TillgateError, Unavailable
from tillgate.kernel.results import CallbackCode, Result, Status
from tillgate.protocol.messages.common import ResultInfo, WireMoney
from tillgate.protocol.redirect import ReturnParameters, sign_return_url

RESULTS = {
    CallbackCode.PAID.code: Result.SUCCESS,
    CallbackCode.PROCESSING.code: Result.SYSTEM_ERROR,
}
"""What the redirect says of the payment; only these two codes send the buyer on."""


def refusal(error: TillgateError) -> Final:
    """Return the final outcome that tells a page of an error."""
    if isinstance(error, Refused) and error.result.status is not Status.UNKNOWN:
        return final(CallbackCode.FAILED, result=error.result, sentence=error.message)
    if isinstance(error, Broken):
        structlog.get_logger("tillgate.doors").error("broken", exc_info=error)
    if isinstance(error, Refused | Unavailable | Broken):
        return final(CallbackCode.PROCESSING, result=Result.SYSTEM_ERROR)
    raise error


async def callback(desk: Desk, told: Final, order: Acquirement | None = None) -> dict[str, Any]:
    """Return the JSON of a final outcome, and tell the story of it."""
    answer = {"resultCode": told.result_code, "memo": told.memo}
    result = RESULTS.get(told.result_code)
    if told.return_url and order is not None and result is not None:
        answer["returnUrl"] = signed_return_url(desk, told.return_url, order, result)
    trans_id = order.merchant_trans_id if order is not None else ""
    desk.meters.told(told.result_code, told.memo.partition(":")[0])
    structlog.get_logger("tillgate.doors").info(
        "page_called_back", code=told.result_code, result=told.memo.partition(":")[0]
    )
    verdict = {"9000": "ok", "8000": "info", "6001": "info"}.get(told.result_code, "bad")
    desk.story.tell(
        StepKind.CALLBACK,
        f"The page is called back with {told.result_code}",
        told.memo,
        merchant_trans_id=trans_id,
        detail=answer,
        verdict=verdict,
    )
    if "returnUrl" in answer:
        desk.story.tell(
            StepKind.RETURN_REDIRECT,
            "The buyer goes back to the merchant",
            "The address is signed by the gateway.",
            merchant_trans_id=trans_id,
            detail={"url": told.return_url},
            raw=answer["returnUrl"],
        )
    return answer


def signed_return_url(desk: Desk, url: str, order: Acquirement, result: Result) -> str:
    """Return the merchant's returnUrl with our parameters and signature."""
    parameters = ReturnParameters(
        merchant_id=order.merchant_id,
        merchant_trans_id=order.merchant_trans_id,
        result_info=ResultInfo.of(result),
        acquirement_id=order.acquirement_id,
        order_amount=WireMoney.of(order.amount),
        create_time=rfc3339(order.created_at_ms),
        extend_info=order.extend_info or None,
        resp_time=rfc3339(desk.clock.now_ms()),
    )
    return sign_return_url(url, parameters, desk.key_ring.private)
