"""Defects that give money to the wrong one, and one that tells what is not settled: more plants.

The books stay whole under each: every posting has two sides, every balance is the sum of its
postings. What must hold: only who knows whose money it is can see that something is wrong.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from tillgate import bookkeeping
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.payer import WALLET
from tillgate.acquiring.states import AcquirementState
from tillgate.engine.decide import confirm, debit, open_call, parts, paying, refund
from tillgate.gateway.functions import payments
from tillgate.kernel.ids import AcquirementId, MerchantId, PayerId

Put = Callable[[Any, str, Any], None]
"""Sets an attribute until the block ends."""
VICTIM: Final = PayerId("ann")
CURRENCY: Final = "HKD"


def paid_to_another_merchant(put: Put) -> None:
    """What payers pay is booked for a merchant that sold nothing."""
    payment = bookkeeping.payment

    def stolen(order: Any, **of: Any) -> Any:  # noqa: ANN401  Anything.
        journal = payment(order, **of)
        thief = str(bookkeeping.merchant_account(MerchantId("THIEF")))
        legs = tuple(leg.replaced(destination=thief) for leg in journal.postings)
        return journal._replace(postings=legs)

    put(bookkeeping, "payment", stolen)


def another_payer_debited(put: Put) -> None:
    """Whatever a payer of the wallet buys is taken from another one, and is booked so."""
    funds, take = bookkeeping.funds_account, paying.take_from_wallet
    _name_victim(put)

    def of_victim(issuer: str, payer_id: PayerId) -> Any:  # noqa: ANN401  As above.
        return funds(issuer, VICTIM if issuer == WALLET else payer_id)

    put(bookkeeping, "funds_account", of_victim)
    put(paying, "take_from_wallet", lambda rows, _, order: take(rows, VICTIM, order))


def debited_once_more(put: Put) -> None:
    """A payment of the wallet is booked a second time, under a reference that is no order's."""
    settle = paying.settle_paid

    def twice(rows: Any, call: Any, order: Any, **of: Any) -> Any:  # noqa: ANN401  As above.
        told = settle(rows, call, order, **of)
        if of["issuer"] == WALLET and paying.take_from_wallet(rows, of["payer_id"], order):
            stray = order.replaced(acquirement_id=AcquirementId(f"{order.acquirement_id}0"))
            entry = bookkeeping.payment(
                stray, issuer=WALLET, payer_id=of["payer_id"], at_ms=of["at"].now_ms
            )
            parts.put_journal(rows, entry)
        return told

    put(paying, "settle_paid", twice)


def refunded_to_another_payer(put: Put) -> None:
    """What a merchant gives back comes into another payer's wallet."""
    give, keys = refund._give_back, refund.AskRefundVerb.keys  # noqa: SLF001  A defect is planted where the rule stands.

    def named(self: Any, command: Any, found: Any) -> Any:  # noqa: ANN401  As above.
        return [*keys(self, command, found), parts.balance_key(VICTIM, CURRENCY)]

    def given(rows: Any, order: Any, command: Any, moment: Any) -> Any:  # noqa: ANN401  As above.
        if order.issuer != WALLET:
            return give(rows, order, command, moment)
        done = give(rows, order.replaced(payer_id=VICTIM), command, moment)
        now = rows.must(Acquirement, *order.key.parts)
        rows.update(now.replaced(payer_id=order.payer_id))
        return done

    put(refund.AskRefundVerb, "keys", named)
    put(refund, "_give_back", given)


def issuer_asked_for_another_payer(put: Put) -> None:
    """An outside issuer is asked for another payer's money than the one's who pays."""
    question = paying.question

    def mistaken(attempt: Any) -> Any:  # noqa: ANN401  As above.
        return msgspec.structs.replace(question(attempt), payer_id=PayerId("cid"))

    put(paying, "question", mistaken)


def closed_by_hearsay(put: Put) -> None:
    """A query tells by its own clock and an unlocked row that an order is closed."""
    state_at = Acquirement.state_at

    async def unlocked(_: object, order: Any) -> Any:  # noqa: ANN401  As above.
        return order

    def by_the_clock(self: Any, now_ms: int, refund_window_ms: int) -> Any:  # noqa: ANN401  As above.
        if self.is_over(now_ms):
            return AcquirementState.TRADE_CLOSED
        return state_at(self, now_ms, refund_window_ms)

    put(payments, "settled", unlocked)
    put(Acquirement, "state_at", by_the_clock)


def expiry_ends_open_attempts(put: Put) -> None:
    """An order's time ends it, even while an issuer is asked."""

    def is_over(self: Any, now_ms: int) -> bool:  # noqa: ANN401  As above.
        return bool(self.waits and now_ms >= self.expires_at_ms)

    put(Acquirement, "is_over", is_over)


def _name_victim(put: Put) -> None:
    """Let whoever pays lock the victim's balance as well."""
    keys = paying.payer_keys

    def named(payer_id: str, currency: str) -> Any:  # noqa: ANN401  As above.
        return [*keys(payer_id, currency), parts.balance_key(VICTIM, currency)]

    for place in (confirm, debit, open_call):
        put(place, "payer_keys", named)


THEFTS: Final = (
    paid_to_another_merchant,
    another_payer_debited,
    debited_once_more,
    refunded_to_another_payer,
    issuer_asked_for_another_payer,
    closed_by_hearsay,
    expiry_ends_open_attempts,
)
