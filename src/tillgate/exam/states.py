"""What the merchant's test server offers beside its notify URL: to see what stands, to refund.

A state is JSON with status and amount. The words are the merchant's own: which one means paid is
learned from what the right notification does. What must hold: an answer that cannot be read is
told, never taken for "unchanged".
"""

import ssl
from typing import Any, Final, final
from urllib.parse import quote

import msgspec

from tillgate.exam.errors import ExamRefused
from tillgate.exam.wire import Door, End, Limits, Sending
from tillgate.kernel.errors import Unavailable

PLACE: Final = "{merchant_trans_id}"
PLACE_OF_AGREEMENT: Final = "{merchant_agreement_id}"
WORD_LENGTH_MAX: Final = 64
_DELIVERED: Final = {0: "not delivered", 1: "delivered once"}


@final
class State(msgspec.Struct, frozen=True, kw_only=True):
    """An order or an agreement, as its merchant tells it.

    Attributes:
        status: the merchant's word for how it stands.
        amount: what is to be paid, in whatever form the merchant writes it.
        shipped: how often it was delivered, or None when the merchant does not say.
    """

    status: str
    amount: str
    shipped: int | None = None

    def without_deliveries(self) -> "State":
        """Return it as a merchant tells it who does not say how often it delivered."""
        return msgspec.structs.replace(self, shipped=None)

    def __str__(self) -> str:
        """Write it for people."""
        told = [self.status, self.amount]
        if self.shipped is not None:
            told.append(_DELIVERED.get(self.shipped, f"delivered {self.shipped} times"))
        return ", ".join(each for each in told if each)


@final
class StateUrl:
    """Asks the merchant how an order or an agreement stands."""

    def __init__(
        self,
        template: str,
        limits: Limits,
        *,
        place: str = PLACE,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Take the address, with a place in it where the number goes.

        Raises:
            ExamRefused: it has no such place, or is no address.
        """
        self._url = _Url("state", template, place, limits=limits, trust=trust)

    def read(self, number: str) -> State:
        """Return how the order or the agreement of this number stands.

        Raises:
            Unavailable: nobody answers.
            ExamRefused: the answer is not what it should be.
        """
        address = self._url.of(number)
        wanted = f'{address} should answer 200 and {{"status": "…", "amount": "…"}}'
        body = self._url.asked(address, "GET", wanted)
        try:
            plain = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ExamRefused(f"{wanted}; what it answers is not JSON.") from None
        return _state(plain, wanted)


@final
class RefundUrl:
    """Has the merchant book that an order was given back, as if it had been asked to refund it."""

    def __init__(
        self, template: str, limits: Limits, *, trust: ssl.SSLContext | None = None
    ) -> None:
        """Take the address, as `StateUrl` does.

        Raises:
            ExamRefused: it has no place for the number, or is no address.
        """
        self._url = _Url("refund", template, PLACE, limits=limits, trust=trust)

    def book(self, merchant_trans_id: str) -> None:
        """Have a refund booked.

        Raises:
            Unavailable: nobody answers.
            ExamRefused: the merchant did not.
        """
        address = self._url.of(merchant_trans_id)
        wanted = f"{address} should book the refund of the order and answer 200"
        self._url.asked(address, "POST", wanted)


@final
class _Url:
    """An address of the merchant's with a place for a number."""

    def __init__(
        self, what: str, template: str, place: str, *, limits: Limits, trust: ssl.SSLContext | None
    ) -> None:
        if place not in template:
            raise ExamRefused(f"The {what} URL needs {place} where the number goes.")
        self._template, self._place = template, place
        self._limits, self._trust = limits, trust
        Door(self.of("1"), limits)

    def of(self, number: str) -> str:
        """Return the address of a number."""
        return self._template.replace(self._place, quote(number, safe=""))

    def asked(self, address: str, method: str, wanted: str) -> bytes:
        """Return what is answered there."""
        answer = Door(address, self._limits, trust=self._trust).send(Sending(method=method))
        if answer.end is not End.ANSWERED:
            raise Unavailable(f"{address}: {answer.ending}.")
        if not answer.is_good:
            raise ExamRefused(f"{wanted}, not {answer.status}.")
        return answer.body


def _state(plain: Any, wanted: str) -> State:  # noqa: ANN401  Whatever JSON a merchant answers.
    if not isinstance(plain, dict) or not isinstance(plain.get("status"), str | int | bool):
        raise ExamRefused(f"{wanted}; it answers no status.")
    shipped = plain.get("shipped")
    amount = plain.get("amount", "")
    return State(
        status=str(plain["status"])[:WORD_LENGTH_MAX],
        amount=_text(amount)[:WORD_LENGTH_MAX],
        shipped=shipped if type(shipped) is int else None,
    )


def _text(amount: Any) -> str:  # noqa: ANN401  Text, a number or an object, as the merchant likes.
    return amount if isinstance(amount, str) else msgspec.json.encode(amount).decode()
