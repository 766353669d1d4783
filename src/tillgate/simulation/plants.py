"""Defects planted on purpose, by name, to see that the auditor finds them.

Each is what a hurried hand could write. They are put in for the length of a block and taken out
again; no product code knows of them. What must hold: a plant changes one thing, and a run without
plants is clean.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.call import final
from tillgate.acquiring.payer import WALLET
from tillgate.acquiring.states import AttemptState
from tillgate.edge import asking
from tillgate.engine.decide import (
    answer_attempt,
    at_cashier,
    end_order,
    parts,
    paying,
    refund,
)
from tillgate.engine.decide.debit import DebitVerb
from tillgate.engine.issuer import Declined
from tillgate.engine.operation import Operation
from tillgate.engine.working_set import Overlay
from tillgate.kernel.results import CallbackCode, Result
from tillgate.simulation.database import Database
from tillgate.simulation.thefts import THEFTS, Put
from tillgate.workers import attempts, delivery
from tillgate.workers.ack import Judgement


def lost_outbox_row(put: Put) -> None:
    """What an issuer approved is booked, and its message is forgotten."""
    notify = parts.notify

    def forgetful(rows: Any, order: Any, result: Result, *, now_ms: int) -> None:  # noqa: ANN401  Anything.
        if result is not Result.SUCCESS or order.issuer == WALLET:
            notify(rows, order, result, now_ms=now_ms)

    put(parts, "notify", forgetful)


def double_debit_on_retry(put: Put) -> None:
    """A debit that is sent again takes the money again."""
    decide = DebitVerb.decide

    def twice(self: Any, command: Any, rows: Any, found: Any, moment: Any) -> Any:  # noqa: ANN401, PLR0917  As above, and a verb's shape.
        order = rows.get(Acquirement, command.terms.merchant_id, command.terms.merchant_trans_id)
        if order is not None and order.was_paid and order.issuer == WALLET:
            paying.take_from_wallet(rows, command.payer_id, order)
        return decide(self, command, rows, found, moment)

    put(DebitVerb, "decide", twice)


def timeout_taken_for_no(put: Put) -> None:
    """Whoever does not answer in time has said no."""
    answered = asking._answered  # noqa: SLF001  A defect is planted where the rule stands.

    async def impatient(desk: Any, question: Any) -> Any:  # noqa: ANN401  As above.
        answer = await answered(desk, question)
        return Declined() if type(answer).__name__ == "Unknown" else answer

    put(asking, "_answered", impatient)


def late_yes_dropped(put: Put) -> None:
    """A yes that comes after the last word is nobody's business."""
    put(answer_attempt, "_take_contradiction", lambda *_, **__: None)


def duplicate_after_lost_commit(put: Put) -> None:
    """A commit whose answer was lost is decided again, and meets its own payment as another's."""
    arrive, get, insert = at_cashier.arrive, Overlay.get, Overlay.insert

    def arrived(rows: Any, found: Any, moment: Any) -> Any:  # noqa: ANN401  As above.
        place = arrive(rows, found, moment)
        is_paid = place.told is not None and place.told.result_code == CallbackCode.PAID.code
        return place._replace(told=final(CallbackCode.DUPLICATE)) if is_paid else place

    def unrecorded(self: Any, record: Any, *named: Any) -> Any:  # noqa: ANN401  As above.
        return None if record is Operation else get(self, record, *named)

    def once(self: Any, row: Any) -> None:  # noqa: ANN401  As above.
        if not (isinstance(row, Operation) and get(self, Operation, row.operation_id)):
            insert(self, row)

    put(at_cashier, "arrive", arrived)
    put(Overlay, "get", unrecorded)
    put(Overlay, "insert", once)


def cancel_forgotten(put: Put) -> None:
    """A cancel that was noted while an issuer was asked is forgotten when it says yes."""
    take = answer_attempt._take_yes  # noqa: SLF001  As above.

    def taken(rows: Any, attempt: Any, call: Any, moment: Any) -> Any:  # noqa: ANN401  As above.
        order = rows.must(Acquirement, attempt.merchant_id, attempt.merchant_trans_id)
        rows.update(order.replaced(cancel_requested=False))
        return take(rows, attempt, call, moment)

    put(answer_attempt, "_take_yes", taken)


def refund_counted_late(put: Put) -> None:
    """A refund counts against its payment only when the issuer has taken it."""
    ask = refund._ask_issuer  # noqa: SLF001  As above.

    def asked(rows: Any, order: Any, wanted: Any, moment: Any) -> Any:  # noqa: ANN401  As above.
        return ask(rows, order.replaced(refunded=order.refunded - wanted.amount), wanted, moment)

    put(refund, "_ask_issuer", asked)


def limits_not_kept(put: Put) -> None:
    """What is reserved of a day's limit is not written down."""
    put(paying, "_put", lambda *_: None)


def any_answer_acknowledges(put: Put) -> None:
    """Whatever a merchant's server says is taken for an acknowledgement."""

    def judge(*_: Any, **__: Any) -> Judgement:  # noqa: ANN401  As above.
        return Judgement(acknowledged=True, verdict="ACKNOWLEDGED", sentence="")

    put(delivery, "judge", judge)


def rows_not_locked(put: Put) -> None:
    """Rows are read and not locked, so two processes decide on the same."""

    async def lock(self: Any, key: Any, owner: object) -> Any:  # noqa: ANN401, ARG001  As above.
        return self.rows.row(key)

    put(Database, "lock", lock)


def cancel_gives_nothing_back(put: Put) -> None:
    """A cancel of a paid order books what goes back, and does not credit the payer."""
    undo = end_order._undo_payment  # noqa: SLF001  As above.

    def undone(rows: Any, order: Any, command: Any, moment: Any) -> Any:  # noqa: ANN401  As above.
        closed = undo(rows, order, command, moment)
        if order.issuer == WALLET:
            paying.take_from_wallet(rows, order.payer_id, order)
        return closed

    put(end_order, "_undo_payment", undone)


def unknown_never_asked_again(put: Put) -> None:
    """The worker asks only about what nobody has answered at all, not about what is unknown."""
    put(attempts, "UNANSWERED", (AttemptState.ASKED,))


PLANTS: Final[Mapping[str, Callable[[Put], None]]] = {
    plant.__name__.replace("_", "-"): plant
    for plant in (
        lost_outbox_row,
        double_debit_on_retry,
        timeout_taken_for_no,
        late_yes_dropped,
        duplicate_after_lost_commit,
        cancel_forgotten,
        refund_counted_late,
        limits_not_kept,
        any_answer_acknowledges,
        rows_not_locked,
        cancel_gives_nothing_back,
        unknown_never_asked_again,
        *THEFTS,
    )
}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Put a defect in, and take it out again; "" is none."""
    undo: list[tuple[Any, str, Any]] = []

    def put(place: ModuleType | type, attribute: str, value: object) -> None:
        undo.append((place, attribute, getattr(place, attribute)))
        setattr(place, attribute, value)

    try:
        if name:
            PLANTS[name](put)
        yield
    finally:
        for place, attribute, value in reversed(undo):
            setattr(place, attribute, value)
