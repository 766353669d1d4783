"""The storyteller: what commits wrote in the ledger and of orders, as steps of the live story.

It hears of each commit of this process, after it and before its callers are answered, so its steps
stand before the answer they explain. What must hold: every entry is told once, with its postings,
and an order only when its state changed. It is used in the sandbox alone.
"""

from collections.abc import Mapping
from typing import Any, final

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.states import AcquirementState
from tillgate.edge.story import StepKind, Story
from tillgate.engine.committed import Committed
from tillgate.kernel.ids import AcquirementId, MerchantTransId


@final
class Storyteller:
    """Tells commits."""

    def __init__(self, story: Story) -> None:
        """Tell into `story`."""
        self._story = story

    def watch(self, committed: Committed) -> None:
        """Tell the entries, then what became of the orders they belong to."""
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
