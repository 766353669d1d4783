"""What is read of a message that is written down: its order, its result, and nothing else.

It believes nothing: what it reads is shown to people beside the verdict on the signature. What must
hold: whatever a stranger sends is read without a fault, and only what is printable and short is
taken from it.
"""

from typing import Final

import msgspec

from tillgate.kernel.errors import Refused
from tillgate.protocol.envelope import Cut

NUMBER_CHARACTERS_MAX: Final = 64
FUNCTION_CHARACTERS_MAX: Final = 128
ORDER_NAMES: Final = ("merchantTransId", "merchantAgreementId")


class _Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """As much of a message as is looked at."""


class _Posted(_Wire, frozen=True, kw_only=True):
    order_str: str


class _Info(_Wire, frozen=True, kw_only=True):
    result_code: str
    result_msg: str | None = None


class _Body(_Wire, frozen=True, kw_only=True):
    result_info: _Info


class _Content(_Wire, frozen=True, kw_only=True):
    body: _Body


class _Said(_Wire, frozen=True, kw_only=True):
    response: _Content | None = None
    cashier_url: str | None = None
    result_code: str | None = None
    memo: str | None = None


def order_string(raw: bytes) -> bytes:
    """Return the orderStr in what a page posted, or all of it when there is none."""
    try:
        posted = msgspec.json.decode(raw, type=_Posted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return raw
    return posted.order_str.encode(errors="replace")


def order_of(taken: Cut | Refused) -> str:
    """Return the number that a message is about, as far as it may be written."""
    body = taken.unverified.get("body") if isinstance(taken, Cut) else None
    if not isinstance(body, dict):
        return ""
    found = (body.get(name) for name in ORDER_NAMES)
    number = next((each for each in found if isinstance(each, str) and each), "")
    return word(number, NUMBER_CHARACTERS_MAX)


def said(answer: bytes) -> tuple[str, str]:
    """Return the result code of an answer to a server or to a page, and its sentence."""
    try:
        read = msgspec.json.decode(answer, type=_Said)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "", ""
    if read.response is not None:
        info = read.response.body.result_info
        return word(info.result_code, NUMBER_CHARACTERS_MAX), info.result_msg or ""
    if read.cashier_url:
        return "", "The cashier is open."
    return read.result_code or "", read.memo or ""


def result_of(sent: Cut | Refused) -> str:
    """Return the result code that a notification of a payment tells."""
    try:
        told = msgspec.json.decode(sent.signed, type=_Content) if isinstance(sent, Cut) else None
    except msgspec.DecodeError:
        return ""
    return told.body.result_info.result_code if told else ""


def function_of(taken: Cut | Refused) -> str:
    """Return the function that a head names."""
    return word(taken.claims.function, FUNCTION_CHARACTERS_MAX) if isinstance(taken, Cut) else ""


def word(text: str, length: int) -> str:
    """Return the beginning of a text that may be shown, or ""."""
    return text[:length] if text.isprintable() else ""
