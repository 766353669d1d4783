"""The doors of our own: what pages and wallets post to the cashier, and the answers.

PROTOCOL 11.4. Plain JSON without an envelope; the order string inside carries the only signature.
What must hold: every final answer has a `resultCode` of the seed's eight, as a string, and a `memo`
that is the result's name and a sentence.
"""

from typing import Annotated, Self, TypeVar, final

import msgspec

from tillgate.kernel.errors import Refused
from tillgate.kernel.results import CallbackCode, Result
from tillgate.protocol import scan
from tillgate.protocol.envelope import MESSAGE_BYTES_MAX, checked_text
from tillgate.protocol.members import Message, member, part, secret
from tillgate.protocol.messages.common import WireMoney
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


@final
class Session(Message, frozen=True, kw_only=True):
    """The answer to signing in."""

    token: Annotated[str, secret("bearer token of the session")]
    expires_in: Annotated[int, part("seconds until it ends", sample="1800")]


@final
class CashierPage(Message, frozen=True, kw_only=True):
    """The next step: the page at which the buyer confirms."""

    cashier_url: Annotated[str, member("address of the cashier page")]


@final
class CashierView(Message, frozen=True, kw_only=True):
    """What a cashier page shows, as JSON."""

    title: Annotated[str, member("title of the order", sample="Women Summer Dress")]
    order_amount: Annotated[WireMoney, part("what the order asks for")]
    pay_amount: Annotated[WireMoney, part("what the payer's account is charged")]
    payee: Annotated[str, member("who is paid", sample="COD")]
    seconds_left: Annotated[int, part("seconds until the order closes", sample="180")]
    state: Annotated[str, member("state of the order", sample="WAIT_BUYER_PAY")]


@final
class Final(Message, frozen=True, kw_only=True):
    """A final answer: the object that `tradePay`'s callback is given, and where to go after it."""

    result_code: Annotated[str, member("callback code of the seed", sample="9000")]
    memo: Annotated[str, member("name of the result and a sentence", sample="SUCCESS: Done.")]
    return_url: Annotated[str, member("signed address to go to; 9000 and 8000 only")] | None = None

    @classmethod
    def of(
        cls,
        code: CallbackCode,
        result: Result,
        sentence: str = "",
        *,
        return_url: str | None = None,
    ) -> Self:
        """Return the answer for a callback code and the result behind it."""
        return cls(result_code=code.code, memo=memo_of(result, sentence), return_url=return_url)


@final
class TryAgain(Message, frozen=True, kw_only=True):
    """The answer to a wrong PIN while tries are left; it is not final."""

    result_code: Annotated[None, part("null: nothing is decided")] = msgspec.field(
        default_factory=lambda: None
    )
    memo: Annotated[str, member("name of the result and a sentence")]
    tries_left: Annotated[int, part("how often the payer may still try", sample="2")]


def memo_of(result: Result, sentence: str = "") -> str:
    """Return the name of a result and a sentence, its own unless another is given."""
    return f"{result.name}: {sentence or result.sentence}"


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
