"""What is known when somebody is about to pay: the evidence, and an agreement that stands.

Read without locks; verbs lock and judge again. What must hold: an agreement is named only for a
payer with a session, on a page whose origin is registered for the merchant (PROTOCOL 11.4).
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from tillgate.acquiring.acquirement import Acquirement, Terms
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.risk.evidence import Evidence
from tillgate.acquiring.risk.records import OrderRisk
from tillgate.acquiring.risk.signals import Signals
from tillgate.acquiring.states import AgreementState
from tillgate.edge.desk import Desk
from tillgate.edge.evidence import gather
from tillgate.edge.orders import SignedOrder
from tillgate.engine.ports import Select
from tillgate.engine.queries import stands
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import PayerId
from tillgate.kernel.results import Result


class Standing(NamedTuple):
    """An agreement that may be debited without a PIN, with what risk needs; "" is none."""

    agreement_id: str = ""
    evidence: Evidence | None = None


NONE_STANDS = Standing()


async def of_order(desk: Desk, order: Acquirement, payer_id: PayerId) -> Evidence:
    """Return the evidence on this payer paying this order with a PIN."""
    row, payer = await asyncio.gather(
        desk.reader.get(OrderRisk, order.merchant_id, order.merchant_trans_id),
        must_payer(desk, payer_id),
    )
    signals = Signals.of_text(row.signals) if row is not None else Signals()
    return await _gathered(desk, payer, order, signals, is_agreement=False)


async def of_debit(desk: Desk, terms: Terms, payer_id: PayerId, signals: Signals) -> Evidence:
    """Return the evidence on a debit of an agreement, without a PIN."""
    payer = await must_payer(desk, payer_id)
    return await _gathered(desk, payer, terms, signals, is_agreement=True)


async def standing(
    desk: Desk, signed: SignedOrder, payer_id: PayerId, *, page_origin: str
) -> Standing:
    """Return the payer's agreement with the merchant that this page may lead to being debited."""
    terms = signed.terms
    if not page_origin:
        return NONE_STANDS
    merchant = await desk.directory.merchant(terms.merchant_id)
    if merchant is None or page_origin not in merchant.origins:
        return NONE_STANDS
    query = Select(
        record=Agreement,
        equals=(
            ("payer_id", payer_id),
            ("merchant_id", terms.merchant_id),
            ("state", AgreementState.ACTIVE),
            ("currency", terms.amount.currency.code),
        ),
        order_by=("-signed_at_ms",),
        limit=1,
    )
    found: Sequence[Agreement] = await desk.reader.select(query)
    if not found or not await stands(desk.reader, found[0], desk.clock.now_ms()):
        return NONE_STANDS
    evidence = await of_debit(desk, terms, payer_id, signed.signals)
    return Standing(found[0].merchant_agreement_id, evidence)


async def must_payer(desk: Desk, payer_id: PayerId) -> Payer:
    """Return the payer; raise `Refused` when there is none."""
    payer = await desk.reader.get(Payer, payer_id)
    if payer is None:
        raise Refused(Result.USER_NOT_EXIST)
    return payer


async def _gathered(
    desk: Desk, payer: Payer, of: Acquirement | Terms, signals: Signals, *, is_agreement: bool
) -> Evidence:
    return await gather(
        desk.reader,
        payer=payer,
        merchant_id=of.merchant_id,
        amount=of.amount,
        signals=signals,
        now_ms=desk.clock.now_ms(),
        is_agreement=is_agreement,
        totals=desk.totals,
    )
