"""What merchants' servers were sent, as the gateway's own records tell it.

It keeps nothing itself: each look reads the rows of the outbox and of every send. What must hold:
what is shown was really sent, with the bytes that went out and the answer that came back.
"""

from collections.abc import Coroutine, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar, final, overload

import msgspec

from tillgate.acquiring.notification import Notification, NotificationSend
from tillgate.bootstrap.books import OURSELVES
from tillgate.bootstrap.house import House
from tillgate.engine.commands import ResendNotification
from tillgate.engine.ports import Select
from tillgate.kernel.clock import HONG_KONG, SECOND_MS
from tillgate.sandbox.testing_carrier import Carrier
from tillgate.workers.ack import Verdict
from tillgate.workers.outgoing.port import SendFailure

ROWS_MAX: Final = 10_000
ACKNOWLEDGED: Final = frozenset({"ACKNOWLEDGED", "ACKNOWLEDGED_UNSIGNED"})

NOT_REACHED: Final = frozenset({SendFailure.DNS.name, SendFailure.CONNECT.name})
HANDED: Final = "gateway.deliver_to(app) hands it to your app."
_ANSWER: Final = "Answer with the bytes of merchant.acknowledge(event) as they are."
STEPS: Final[Mapping[str, str]] = {
    Verdict.WRONG_STATUS.name: "Is that path a route of your app, and what does its log say?",
    Verdict.NOT_AN_ENVELOPE.name: _ANSWER,
    Verdict.WRONG_SIGNATURE.name: _ANSWER,
    Verdict.UNREADABLE.name: _ANSWER,
    Verdict.OTHER_FUNCTION.name: _ANSWER,
    Verdict.OTHER_MESSAGE.name: _ANSWER,
}
"""What to do about an answer that is no acknowledgement."""

T = TypeVar("T")


@final
class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One send of a notification.

    Attributes:
        number: 1 for the first send of this notification, 2 for its first repeat, and so on.
        merchant_trans_id: the order it tells of, or "" when it tells of an agreement.
        pay_status: what it tells: TRADE_SUCCESS, TRADE_CLOSED.
        url: where it was sent.
        at: when, by the gateway's clock.
        raw: the exact bytes.
        status: the HTTP status that came back, or None when no answer did.
        answer: the bytes that came back.
        acknowledged: whether the answer ends the repeats.
        verdict: ACKNOWLEDGED, or the name of what was wrong with the answer.
        sentence: the same for people.
    """

    number: int
    merchant_trans_id: str
    pay_status: str
    url: str
    at: datetime
    raw: bytes
    status: int | None
    answer: bytes
    acknowledged: bool
    verdict: str
    sentence: str


class Inside(Protocol):
    """What a view needs of the sandbox it looks into."""

    @property
    def house(self) -> House:
        """The gateway."""
        ...

    @property
    def carrier(self) -> Carrier:
        """What carries its notifications."""
        ...

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the coroutine returns in the gateway's loop."""
        ...

    def settle(self) -> None:
        """Do everything that is due now."""
        ...


@final
class Notifications(Sequence[Sent]):
    """All sends of all notifications, in their order; a look has what is due sent first."""

    def __init__(self, inside: Inside) -> None:
        """Look into this sandbox."""
        self._inside = inside

    def of(self, merchant_trans_id: str) -> list[Sent]:
        """Return the sends that tell of an order."""
        return [sent for sent in self if sent.merchant_trans_id == merchant_trans_id]

    def sent_to(self, url: str) -> list[Sent]:
        """Return the sends to an address, or to all that begin with it."""
        return [sent for sent in self if sent.url.startswith(url)]

    @property
    def acknowledged(self) -> list[Sent]:
        """Return the sends whose answers end the repeats."""
        return [sent for sent in self if sent.acknowledged]

    def lose(self, sends: int = 1) -> None:
        """Have the next sends fail, as if the merchant's server were down."""
        self._inside.carrier.lose(sends)

    def resend(self, merchant_trans_id: str) -> Sent:
        """Send an order's notification once more, acknowledged or not, and return that send.

        Raises:
            LookupError: nothing was to be told of this order.
        """
        self._inside.settle()
        self._inside.call(self._ask_resend(merchant_trans_id))
        self._inside.settle()
        return self.of(merchant_trans_id)[-1]

    def __len__(self) -> int:
        """Count the sends."""
        return len(self._read())

    def __iter__(self) -> Iterator[Sent]:
        """Go over the sends as they are now."""
        return iter(self._read())

    @overload
    def __getitem__(self, index: int) -> Sent: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sent]: ...
    def __getitem__(self, index: int | slice) -> Sent | list[Sent]:
        """Return a send, or some."""
        return self._read()[index]

    def __repr__(self) -> str:
        """Show a line each, for a failing assertion."""
        return "<Notifications\n  {}>".format("\n  ".join(self.lines()))

    def lines(self) -> list[str]:
        """Return a line for each send that was made, and make none."""
        return [self._line(each) for each in self._inside.call(self._rows())]

    def _line(self, sent: Sent) -> str:
        """Tell of a send; of one that failed, why, and what to do about it."""
        what = f"{sent.at:%d %H:%M:%S} {sent.merchant_trans_id} {sent.pay_status} #{sent.number}"
        parts = [f"{what} -> {sent.url} {sent.status} {sent.verdict}"]
        if sent.sentence and not sent.acknowledged:
            parts.append(sent.sentence)
        if sent.verdict in NOT_REACHED and not self._inside.carrier.has_way(sent.url):
            parts.append(HANDED)
        if step := STEPS.get(sent.verdict):
            parts.append(step)
        return " ".join(parts)

    def _read(self) -> list[Sent]:
        self._inside.settle()
        return self._inside.call(self._rows())

    async def _rows(self) -> list[Sent]:
        reader = self._inside.house.books.reader
        told = {
            (row.merchant_id, row.notification_id): row
            for row in await reader.select(Select(record=Notification, limit=ROWS_MAX))
        }
        sends = await reader.select(Select(record=NotificationSend, limit=ROWS_MAX))
        ordered = sorted(sends, key=lambda row: (row.sent_at_ms, row.send_no))
        return [_sent(row, told[row.merchant_id, row.notification_id]) for row in ordered]

    async def _ask_resend(self, merchant_trans_id: str) -> None:
        books = self._inside.house.books
        of_order = (("merchant_trans_id", merchant_trans_id),)
        rows = await books.reader.select(
            Select(record=Notification, equals=of_order, limit=ROWS_MAX)
        )
        if not rows:
            raise LookupError(f"Nothing was to be told of order {merchant_trans_id!r}.")
        newest: Notification = max(rows, key=lambda row: row.created_at_ms)
        command = ResendNotification(
            operation_id=books.operation(),
            operator=OURSELVES,
            merchant_id=newest.merchant_id,
            notification_id=newest.notification_id,
        )
        await books.engine.execute(command)


def _sent(row: NotificationSend, told: Notification) -> Sent:
    return Sent(
        number=row.send_no,
        merchant_trans_id=told.merchant_trans_id,
        pay_status=told.pay_status.value,
        url=told.url,
        at=datetime.fromtimestamp(row.sent_at_ms / SECOND_MS, tz=HONG_KONG),
        raw=row.request,
        status=row.status,
        answer=row.response,
        acknowledged=row.verdict in ACKNOWLEDGED,
        verdict=row.verdict,
        sentence=row.sentence,
    )
