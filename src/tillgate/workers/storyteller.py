"""The storyteller: what commits wrote of money, orders and attempts, as steps of the live story.

It hears of each commit of this process, after it and before its callers are answered, so its steps
stand before the answer they explain. What must hold: every entry is told once, with its postings,
and an order or attempt only when its state changed. It is used in the sandbox alone.
"""

from collections.abc import Mapping
from typing import Any, final

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.states import AcquirementState, AttemptState
from tillgate.edge.story import StepKind, Story
from tillgate.engine.committed import Committed
from tillgate.kernel.ids import AcquirementId, MerchantTransId

ATTEMPT_SENTENCES: Mapping[AttemptState, str] = {
    AttemptState.ASKED: "The question is written down before it is asked.",
    AttemptState.REVIEW: "An operator has to look at it first.",
    AttemptState.UNKNOWN: "No answer yet. That is not a no: it is asked again.",
    AttemptState.APPROVED: "The bank says yes.",
    AttemptState.DECLINED: "The bank says no; another account may pay while the order waits.",
}
VERDICTS: Mapping[AttemptState, str] = {
    AttemptState.APPROVED: "ok",
    AttemptState.DECLINED: "bad",
}


@final
class Storyteller:
    """Tells commits."""

    def __init__(self, story: Story) -> None:
        """Tell into `story`."""
        self._story = story

    def watch(self, committed: Committed) -> None:
        """Tell the entries, then what became of the orders they belong to."""
        for attempt, last in committed.of(Attempt):
            if last is None or last.state is not attempt.state:
                self._tell_attempt(attempt)
        orders = committed.of(Acquirement)
        numbers = {row.acquirement_id: row.merchant_trans_id for row, _ in orders}
        for entry, postings in committed.journals():
            self._tell_entry(
                entry.kind.value,
                _order_of(entry.book, entry.reference, numbers),
                [
                    {
                        "source": leg.source,
                        "destination": leg.destination,
                        "amount": {
                            "currency": leg.money.currency.code,
                            "value": str(leg.money.minor),
                        },
                    }
                    for leg in postings
                ],
            )
        for order, before in orders:
            if before is None or before.state is not order.state:
                self._tell_order(order, before.state if before else None)

    def _tell_attempt(self, attempt: Attempt) -> None:
        self._story.tell(
            StepKind.ISSUER_ASKED,
            f"{attempt.kind.capitalize()} at {attempt.issuer} is {attempt.state}",
            ATTEMPT_SENTENCES[attempt.state],
            merchant_trans_id=attempt.merchant_trans_id,
            detail={
                "issuer": attempt.issuer,
                "asked for": attempt.kind.value,
                "state": attempt.state.value,
                "asks": attempt.asks,
                "declined": attempt.declined_code or None,
            },
            verdict=VERDICTS.get(attempt.state, "info"),
        )

    def _tell_entry(
        self, kind: str, merchant_trans_id: str, postings: list[dict[str, Any]]
    ) -> None:
        legs = "; ".join(f"{leg['source']} to {leg['destination']}" for leg in postings)
        self._story.tell(
            StepKind.LEDGER_ENTRY,
            f"Ledger entry: {kind}",
            f"{legs}.",
            merchant_trans_id=merchant_trans_id,
            detail={"kind": kind, "merchantTransId": merchant_trans_id, "postings": postings},
            verdict="ok",
        )

    def _tell_order(self, order: Acquirement, before: AcquirementState | None) -> None:
        reason = order.close_reason.value if order.close_reason else None
        came = f"It was {before}." if before else "It is new."
        self._story.tell(
            StepKind.ACQUIREMENT,
            f"Order {order.merchant_trans_id} is {order.state}",
            f"{came} {reason}." if reason else came,
            merchant_trans_id=order.merchant_trans_id,
            detail={
                "acquirementId": order.acquirement_id,
                "merchantTransId": order.merchant_trans_id,
                "state": order.state.value,
                "stateBefore": before.value if before else None,
                "closeReason": reason,
                "amount": {
                    "currency": order.amount.currency.code,
                    "value": str(order.amount.minor),
                },
            },
        )


def _order_of(book: str, reference: str, numbers: Mapping[AcquirementId, MerchantTransId]) -> str:
    """Return the order an entry belongs to, or "" for one that belongs to none.

    A payment is named by the acquirement, a cancel by `cancel:` and it, both written with their
    order in one commit; an attempt is named by merchant/order/number, the merchant being the book.
    """
    acquirement_id = AcquirementId(reference.removeprefix("cancel:"))
    if acquirement_id in numbers:
        return numbers[acquirement_id]
    of_book = f"{book}/"
    if not reference.startswith(of_book):
        return ""
    return reference.removeprefix(of_book).rpartition("/")[0]
