"""What can be seen of the gateway and what the model expects there, in one shape.

What must hold: both sides say balances, states, refunds, what is used of limits, and every question
to a bank; a difference is a fault of one of them.
"""

from collections.abc import Mapping
from typing import Any

from tests.stateful.after import Day
from tests.stateful.gateway import MERCHANT, Gateway
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.allowance import Allowance
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.refund import Refund
from tillgate.engine.ports import Select
from tillgate.engine.queries import owed, wallet_balance
from tillgate.kernel.ids import MerchantId, PayerId

WORDS = {"PAYMENT": "debit", "CANCELLATION": "cancel", "REFUND": "refund", "LATE_APPROVAL": "late"}
STATES = {"UNKNOWN": "ASKED", "APPROVED": "YES", "DECLINED": "NO"}
REFUNDS = {"DONE": "SUCCESS", "ASKED": "PROCESSING", "FAILED": "FAIL"}
ALL = 1_000_000


async def seen(gateway: Gateway, payers: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    """Return what can be seen of the gateway."""
    store, now_ms = gateway.store, gateway.clock.now_ms()

    async def rows(kind: Any) -> Any:
        return await store.select(Select(record=kind, limit=ALL))

    wallets = [name for name, (issuer, _) in payers.items() if issuer == "wallet"]
    refunds = {
        (row.merchant_trans_id, row.merchant_refund_id, row.amount.minor, REFUNDS[row.state])
        for row in await rows(Refund)
    }
    window_ms = 365 * 86_400_000
    spent = {row.owner: row.on(now_ms).spent for row in await rows(Allowance)}
    asks: dict[str, list[tuple[str, str]]] = {}
    for row in sorted(await rows(Attempt), key=lambda one: one.attempt_no):
        state = STATES.get(row.state, row.state)
        asks.setdefault(row.merchant_trans_id, []).append((WORDS[row.purpose], str(state)))
    return {
        "cash": {
            name: (await wallet_balance(store, PayerId(name), "HKD")).minor for name in wallets
        },
        "owed": await owed(store, MerchantId(MERCHANT), "HKD"),
        "orders": {
            row.merchant_trans_id: (
                "TRADE_CLOSED" if row.is_over(now_ms) else str(row.state_at(now_ms, window_ms)),
                row.paid_at_ms,
                row.refunded.minor,
            )
            for row in await rows(Acquirement)
        },
        "refunds": refunds,
        "agreements": {row.merchant_agreement_id: str(row.state) for row in await rows(Agreement)},
        "spent": {
            owner.replace(f"agreement:{MERCHANT}/", "").replace("payer:", ""): minor
            for owner, minor in spent.items()
            if minor
        },
        "asks": asks,
    }


def expected(day: Day) -> dict[str, Any]:
    """Return what the model expects to be seen."""
    paid = [order for order in day.orders.values() if order.paid is not None]
    owners = {owner for owner, _ in day.spent}
    return {
        "cash": day.cash,
        "owed": sum(order.amount - order.refunded for order in paid),
        "orders": {trans: day.status(trans)[:3] for trans in day.orders},
        "refunds": {
            (refund.trans, name, refund.amount, refund.state)
            for name, refund in day.refunds.items()
        },
        "agreements": {gid: agreement.state for gid, agreement in day.agreements.items()},
        "spent": {owner: day.spent_today(owner) for owner in owners if day.spent_today(owner)},
        "asks": {
            trans: [(ask.what, ask.state) for ask in order.asks]
            for trans, order in day.orders.items()
            if order.asks
        },
    }
