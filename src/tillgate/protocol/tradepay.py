"""The doors of our own: what pages and wallets post to the cashier (PROTOCOL 11.4).

Plain JSON without an envelope; the order string inside carries the only signature. What must hold:
a body is read by its description alone, and a PIN is never repeated in what is said of it.
"""

from typing import Annotated, TypeVar, final

import msgspec

from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol import scan
from tillgate.protocol.envelope import MESSAGE_BYTES_MAX, checked_text
from tillgate.protocol.members import Message, member, secret
from tillgate.protocol.rules import IDENTIFIER, Rule
from tillgate.protocol.validation import read

TRADE_PAY_BYTES_MAX = 3 * MESSAGE_BYTES_MAX
"""An order string at its limit, escaped once more inside JSON, and the members beside it."""
DOOR_BYTES_MAX = 4 * 1024
PIN = Rule(must_be="6 ASCII digits", pattern=r"^[0-9]{6}\Z")

M = TypeVar("M", bound=msgspec.Struct)


@final
class TradePay(Message, frozen=True, kw_only=True):
    """`POST /cashier/trade-pay`: one `tradePay` call of one page."""

    order_str: Annotated[str, member("the order string, as JSON text", length=MESSAGE_BYTES_MAX)]
    version: (
        Annotated[
            str,
            member("API version; absent or head.version (U13)", sample="2.0.0", length=8),
        ]
        | None
    ) = None
    call_id: Annotated[
        str,
        member(
            "made by the bridge once per call; the same callId gets its recorded outcome",
            sample="0f6d2c3f5f0b4b7d8e1a9c2d3e4f5a6b",
            length=64,
            rule=IDENTIFIER,
        ),
    ]


@final
class SignIn(Message, frozen=True, kw_only=True):
    """`POST /wallet/session`: a payer signs in."""

    payer: Annotated[str, member("the payer's name", sample="rich", length=64, rule=IDENTIFIER)]
    pin: Annotated[str, secret("the payer's PIN", length=6, rule=PIN)]


@final
class Confirm(Message, frozen=True, kw_only=True):
    """`POST /cashier/{token}/confirm`: the payer agrees to pay."""

    pin: Annotated[str, secret("the payer's PIN", length=6, rule=PIN)]


@final
class Nothing(Message, frozen=True, kw_only=True):
    """`{}`: the body of a door that needs none."""


def read_door(message: type[M], raw: bytes, *, bytes_max: int = DOOR_BYTES_MAX) -> M:
    """Read what was posted to a door of ours.

    Raises:
        NotAnEnvelope: it is too large, not UTF-8, not JSON or too deep.
        Refused: PARAM_MISSING or PARAM_ILLEGAL, with the path of the first fault.
    """
    text = checked_text(raw, bytes_max=bytes_max)
    try:
        tree = scan.plain(text)
    except scan.DuplicateMember as fault:
        raise Refused(Result.PARAM_ILLEGAL, "A member is given twice; give it once.") from fault
    except ValueError as fault:
        raise Refused(Result.MSG_PARSE_ERROR) from fault
    if scan.has_nul(text):
        raise Refused(Result.PARAM_ILLEGAL, "A string holds the character U+0000; leave it out.")
    return read(message, raw, lambda: tree)


def read_trade_pay(raw: bytes) -> TradePay:
    """Read a `tradePay` call; `read_door` with the room an order string needs."""
    return read_door(TradePay, raw, bytes_max=TRADE_PAY_BYTES_MAX)


def check_version(call: TradePay, head_version: str) -> None:
    """Refuse a call whose version is neither absent nor the head's (U13); its callback is 6005.

    Raises:
        Refused: PARAM_ILLEGAL.
    """
    if call.version is not None and call.version != head_version:
        raise Refused(
            Result.PARAM_ILLEGAL,
            "version must be absent, or equal to head.version of the order string.",
            path="version",
        )
