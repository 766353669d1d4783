"""The one table of faults that a request may ask for by the header `X-Tillgate-Fault`.

Decides which faults there are and how the header is read; it does nothing itself. The documentation
and `tillgate scenario faults` read this table. What must hold: a header that is not understood is
told so, since a fault that silently does not happen would pass a test that should fail.
"""

from enum import Enum, unique
from typing import Final, final

import msgspec

from tillgate.kernel.clock import MINUTE_MS, duration_ms
from tillgate.kernel.errors import TillgateError
from tillgate.kernel.results import CallbackCode, Result

HEADER: Final = "x-tillgate-fault"
AFTER: Final = "after"
DELAY_MS_MAX: Final = MINUTE_MS
STATUSES: Final = range(400, 600)


@unique
class Where(Enum):
    """Which requests may ask for a fault: (word)."""

    ANYWHERE = "functions, tradePay"
    FUNCTIONS = "functions"
    TRADE_PAY = "tradePay"


@unique
class Fault(Enum):
    """A fault: (spelling, where, whether the request is executed, what happens, what to do).

    Whether it is executed is None where the request itself says so, with the word `after`.
    """

    DELAY = (
        "delay=3s",
        Where.ANYWHERE,
        True,
        "The answer comes so much later, at most a minute; any other fault may stand beside it.",
        "Have a time-out of your own, and take it for unknown.",
    )
    DROP = (
        "drop",
        Where.ANYWHERE,
        None,
        "The connection is closed without an answer.",
        "Query, or send the same again with the same business id; never take it for a no.",
    )
    STATUS = (
        "status=500",
        Where.ANYWHERE,
        None,
        "An HTML page with this HTTP status, 400 to 599, as a proxy sends it.",
        "As for no answer: it is unsigned, so it says nothing of the payment.",
    )
    RESULT = (
        "result=SYSTEM_ERROR",
        Where.ANYWHERE,
        None,
        "A signed answer with this result code; on tradePay 8000 for an unknown, 4000 for a no.",
        "Act by the code's status: F stop, U query or send the same again.",
    )
    CALLBACK = (
        "callback=6002",
        Where.TRADE_PAY,
        None,
        "The page's callback is given this code.",
        "Query, whatever the code: the callback is a hint only.",
    )
    BAD_SIGNATURE = (
        "bad-signature",
        Where.FUNCTIONS,
        True,
        "The answer's signature does not fit its bytes.",
        "Take the answer for unknown; believe nothing in it.",
    )
    OTHER_KEY = (
        "other-key",
        Where.FUNCTIONS,
        True,
        "The answer is signed well, by a key that is not the gateway's.",
        "Take the answer for unknown; compare the key's fingerprint with the gateway's.",
    )
    UNSIGNED = (
        "unsigned",
        Where.FUNCTIONS,
        True,
        "The answer has no signature.",
        "Take the answer for unknown, never for a refusal.",
    )
    WRONG_REQ_MSG_ID = (
        "wrong-req-msg-id",
        Where.FUNCTIONS,
        True,
        "A well-signed answer to another reqMsgId: somebody replays an old one.",
        "Compare head.reqMsgId with the one you sent; take the answer for unknown.",
    )
    WRONG_CLIENT_ID = (
        "wrong-client-id",
        Where.FUNCTIONS,
        True,
        "A well-signed answer to another clientId.",
        "Compare head.clientId; take the answer for unknown.",
    )
    WRONG_FUNCTION = (
        "wrong-function",
        Where.FUNCTIONS,
        True,
        "A well-signed answer of another function.",
        "Compare head.function; take the answer for unknown.",
    )
    WRONG_ORDER = (
        "wrong-order",
        Where.FUNCTIONS,
        True,
        "A well-signed answer about another order or refund.",
        "Compare the ids in the answer with those you asked for; take it for unknown.",
    )
    GARBAGE = (
        "garbage",
        Where.ANYWHERE,
        True,
        "The answer is HTTP 200 with bytes that are no JSON.",
        "As for no answer.",
    )
    CUT = (
        "cut",
        Where.ANYWHERE,
        True,
        "The answer ends in the middle of its JSON.",
        "As for no answer.",
    )
    EMPTY = (
        "empty",
        Where.ANYWHERE,
        True,
        "The answer is HTTP 200 without a body.",
        "As for no answer.",
    )

    def __init__(  # noqa: PLR0917  An enum unpacks the row that is its value.
        self,
        sample: str,
        where: Where,
        is_executed: bool | None,  # noqa: FBT001  As above.
        what: str,
        merchant: str,
    ) -> None:
        """Unpack a row of the table."""
        self.sample = sample
        self.where = where
        self.is_executed = is_executed
        self.what = what
        self.merchant = merchant

    @property
    def word(self) -> str:
        """Return its name in the header."""
        return self.sample.partition("=")[0]

    @property
    def takes_value(self) -> bool:
        """Tell whether it is written with a value."""
        return "=" in self.sample

    @property
    def executed(self) -> str:
        """Tell in words whether the request is executed."""
        return {True: "yes", False: "no", None: f"no; with `, {AFTER}` yes"}[self.is_executed]


class NotAFault(TillgateError):
    """The header names no fault, or two; the text says what it may be."""


@final
class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The faults that one request asks for.

    Attributes:
        fault: what is wrong with the answer, or None when it is only late.
        value: what stands behind the fault's `=`.
        delay_ms: how much later the answer comes.
        is_after: whether the request is executed before the fault.
    """

    fault: Fault | None = None
    value: str = ""
    delay_ms: int = 0
    is_after: bool = False


_WORDS: Final = {fault.word: fault for fault in Fault}


def read_faults(text: str, where: Where) -> Asked:
    """Read the header of a request that goes there.

    Raises:
        NotAFault: it is not understood, and what it may be.
    """
    asked = Asked()
    for part in text.split(","):
        word, _, value = part.strip().partition("=")
        if word == AFTER and not value:
            asked = msgspec.structs.replace(asked, is_after=True)
        elif word == Fault.DELAY.word:
            asked = msgspec.structs.replace(asked, delay_ms=_delay(value))
        elif asked.fault is not None:
            raise NotAFault(f"{part.strip()!r} is one fault too many; ask for one, and a delay.")
        else:
            fault = _fault(word, value, where)
            asked = msgspec.structs.replace(asked, fault=fault, value=value)
    if asked.is_after and (asked.fault is None or asked.fault.is_executed):
        raise NotAFault(f"{AFTER!r} stands beside drop, status, result or callback alone.")
    return asked


def _fault(word: str, value: str, where: Where) -> Fault:
    fault = _WORDS.get(word)
    if fault is None:
        raise NotAFault(f"There is no fault {word!r}; there are {', '.join(_WORDS)} and {AFTER}.")
    if fault.where not in {Where.ANYWHERE, where}:
        raise NotAFault(f"{word} is for {fault.where.value} alone.")
    if fault.takes_value != bool(value):
        raise NotAFault(f"{word} is written as in {fault.sample!r}.")
    _check_value(fault, value)
    return fault


def _check_value(fault: Fault, value: str) -> None:
    if fault is Fault.STATUS and not (value.isdecimal() and int(value) in STATUSES):
        raise NotAFault("status is an HTTP status from 400 to 599, as in 'status=500'.")
    if fault is Fault.RESULT and value not in Result.__members__:
        raise NotAFault(f"{value!r} is no result code; they are listed at /docs.")
    if fault is Fault.CALLBACK and value not in {code.code for code in CallbackCode}:
        raise NotAFault(f"{value!r} is no callback code; 9000, 8000, 4000, 6001 and so on are.")


def _delay(value: str) -> int:
    try:
        length_ms = duration_ms(value)
    except ValueError as error:
        raise NotAFault(f"delay: {error}.") from error
    if length_ms > DELAY_MS_MAX:
        raise NotAFault("An answer is delayed by a minute at most, as in 'delay=3s'.")
    return length_ms
