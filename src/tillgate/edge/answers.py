"""Answers of the doors for people: a status, JSON, headers; and how refusals become them.

What must hold: every refusal has a sentence that says what to do next; a defect of ours says only
that the result is not known.
"""

from typing import Any, NamedTuple

import structlog

from tillgate.edge.asgi import Headers
from tillgate.edge.sessions import WrongPinLeft
from tillgate.edge.signing_in import No
from tillgate.kernel.errors import Refused, TillgateError, Unavailable, Unsettled
from tillgate.kernel.results import CallbackCode, Result

STATUSES = {
    Result.ORDER_NOT_EXIST: 404,
    Result.TARGET_NOT_FOUND: 404,
    Result.AGREEMENT_STATUS_INVALID: 409,
    Result.ACCESS_DENIED: 403,
    Result.REQUEST_TOO_LARGE: 413,
    Result.REQUEST_TRAFFIC_EXCEED_LIMIT: 429,
    Result.USER_STATUS_ABNORMAL: 403,
    Result.USER_NOT_EXIST: 403,
}


class Answer(NamedTuple):
    """A status, a JSON body and headers."""

    status: int
    body: dict[str, Any]
    headers: Headers = ()


def refused(error: TillgateError) -> Answer:
    """Return the answer to a request that was refused or could not be carried out."""
    if isinstance(error, Refused):
        status = STATUSES.get(error.result, 400)
        return Answer(status, _said(f"{error.result.name}: {error.message}"))
    if isinstance(error, Unsettled):
        return _unknown(error.sentence)
    if isinstance(error, Unavailable):
        retry = (b"retry-after", str(error.retry_after_s).encode())
        return Answer(503, _said(f"{Result.SYSTEM_ERROR.name}: {error.sentence}"), (retry,))
    structlog.get_logger("tillgate.doors").error("broken", exc_info=error)
    return _unknown(Result.SYSTEM_ERROR.sentence)


def other_method(allowed: str) -> Answer:
    """Return the answer to a method that an address does not take."""
    memo = f"This address takes {allowed}."
    return Answer(405, {"memo": memo}, ((b"allow", allowed.encode()),))


NOT_SIGNED_IN = (
    "WRONG_PIN: This payer and this PIN do not fit, or no try is left here; try again from a"
    " browser that you signed in from before, or ask the operator."
)


def not_signed_in(no: No, headers: Headers = (), *, status: int = 200) -> Answer:
    """Return the answer to a try to sign in that failed."""
    if isinstance(no, WrongPinLeft):
        return wrong_pin(no, headers, status=status)
    return Answer(status, _said(NOT_SIGNED_IN), headers)


def wrong_pin(wrong: WrongPinLeft, headers: Headers = (), *, status: int = 200) -> Answer:
    """Return the answer to a wrong PIN."""
    tries = "one try is" if wrong.tries_left == 1 else f"{wrong.tries_left} tries are"
    memo = f"WRONG_PIN: The PIN is wrong; {tries} left before the account is locked."
    if not wrong.tries_left:
        memo = f"{Result.USER_STATUS_ABNORMAL.name}: {Result.USER_STATUS_ABNORMAL.sentence}"
    return Answer(status, {**_said(memo), "triesLeft": wrong.tries_left}, headers)


def _unknown(sentence: str) -> Answer:
    body = _said(f"{Result.SYSTEM_ERROR.name}: {sentence}")
    body["resultCode"] = CallbackCode.PROCESSING.code
    return Answer(200, body)


def _said(memo: str) -> dict[str, Any]:
    return {"resultCode": None, "memo": memo}
