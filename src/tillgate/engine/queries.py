"""Named reads: what doors and workers ask of the `Reader`, as functions.

Nothing is decided from what they return; whatever decides locks its rows in a command.
"""

from collections.abc import Sequence

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.agreement import Agreement, Grant, GrantKind
from tillgate.acquiring.allowance import Allowance
from tillgate.acquiring.call import Call
from tillgate.acquiring.debt import Debt, Owed
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.risk.records import RiskDecision
from tillgate.acquiring.states import AgreementState
from tillgate.bookkeeping import merchant_account
from tillgate.engine.decide.parts import balance_key
from tillgate.engine.ports import Reader, Select
from tillgate.kernel.ids import MerchantId, PayerId
from tillgate.kernel.money import Money, zero
from tillgate.ledger.entries import Balance

PAYERS_SHOWN_MAX = 50
AGREEMENTS_SHOWN_MAX = 200
OWED_READS_MAX = 5
"""How often a merchant's sum is read until no refund came between it and the debt row."""


async def call_of_token(reader: Reader, token_hash: str) -> Call | None:
    """Return the call whose cashier a token opens."""
    query = Select(record=Call, equals=(("token_hash", token_hash),), limit=1)
    found: Sequence[Call] = await reader.select(query)
    return found[0] if found else None


async def wallet_balance(reader: Reader, payer_id: PayerId, currency: str) -> Money:
    """Return what a payer of the built-in wallet holds in a currency."""
    row = await reader.get(Balance, *balance_key(payer_id, currency).parts)
    return row.money if row is not None else zero(currency)


async def first_payers(reader: Reader) -> Sequence[Payer]:
    """Return the first payers that were registered, for a sandbox's sign-in pages."""
    found: Sequence[Payer] = await reader.select(
        Select(record=Payer, order_by=("created_at_ms",), limit=PAYERS_SHOWN_MAX)
    )
    return found


async def agreement_of_token(reader: Reader, token_hash: str) -> Agreement | None:
    """Return the agreement whose signing page a token opens."""
    query = Select(record=Agreement, equals=(("token_hash", token_hash),), limit=1)
    found: Sequence[Agreement] = await reader.select(query)
    return found[0] if found else None


async def agreements_of_payer(reader: Reader, payer_id: PayerId) -> Sequence[Agreement]:
    """Return what stands of what a payer signed, then what ended; each the newest first."""
    found: list[Agreement] = []
    for state in (AgreementState.ACTIVE, AgreementState.CANCELED):
        query = Select(
            record=Agreement,
            equals=(("payer_id", payer_id), ("state", state)),
            order_by=("-signed_at_ms",),
            limit=AGREEMENTS_SHOWN_MAX,
        )
        found += await reader.select(query)
    return found


async def allowances_of(reader: Reader, owners: Sequence[str]) -> Sequence[Allowance]:
    """Return the limits of these owners."""
    if not owners:
        return ()
    found: Sequence[Allowance] = await reader.select(
        Select(record=Allowance, equals=(("owner", tuple(owners)),))
    )
    return found


async def payments_of_payer(
    reader: Reader, payer_id: PayerId, *, until_ms: int | None, limit: int
) -> Sequence[Acquirement]:
    """Return what a payer paid until an instant, the newest first."""
    found: Sequence[Acquirement] = await reader.select(
        Select(
            record=Acquirement,
            equals=(("payer_id", payer_id),),
            at_most=() if until_ms is None else (("paid_at_ms", until_ms),),
            order_by=("-paid_at_ms",),
            limit=limit,
        )
    )
    return found


async def refunds_of_orders(reader: Reader, orders: Sequence[Acquirement]) -> Sequence[Refund]:
    """Return the refunds of these orders, the oldest first; of other orders perhaps, too."""
    if not orders:
        return ()
    found: Sequence[Refund] = await reader.select(
        Select(
            record=Refund,
            equals=(
                ("merchant_id", tuple({order.merchant_id for order in orders})),
                ("merchant_trans_id", tuple({order.merchant_trans_id for order in orders})),
            ),
            order_by=("created_at_ms",),
        )
    )
    return found


async def newest_grant(
    reader: Reader, of: Agreement | Grant, kind: GrantKind, *, before_ms: int | None = None
) -> Grant | None:
    """Return the newest token of an agreement, of this kind; of those issued before an instant."""
    query = Select(
        record=Grant,
        equals=(
            ("merchant_id", of.merchant_id),
            ("merchant_agreement_id", of.merchant_agreement_id),
            ("kind", kind),
        ),
        at_most=() if before_ms is None else (("issued_at_ms", before_ms - 1),),
        order_by=("-generation",),
        limit=1,
    )
    found: Sequence[Grant] = await reader.select(query)
    return found[0] if found else None


async def generation_after(reader: Reader, given: Grant) -> int:
    """Return the generation that a code or a refresh token yields.

    A code's follows what was issued before it was signed for, the last time if it was signed again.
    """
    if given.kind is not GrantKind.CODE:
        return given.generation + 1
    before = await newest_grant(reader, given, GrantKind.ACCESS, before_ms=given.issued_at_ms)
    return before.generation + 1 if before else 1


async def stands(reader: Reader, agreement: Agreement, now_ms: int) -> bool:
    """Tell whether an agreement may still be debited: by its code, or by a token that can be had.

    The newest refresh token outlives every access token.
    """
    newest = await newest_grant(reader, agreement, GrantKind.REFRESH)
    ends_ms = max(agreement.code_ends_at_ms or 0, newest.expires_at_ms if newest else 0)
    return agreement.is_active and now_ms < ends_ms


async def owed(reader: Reader, merchant_id: MerchantId, currency: str) -> int:
    """Return what a merchant is owed in minor units, summed from its postings; may be negative."""
    return await reader.total(str(merchant_account(merchant_id)), currency, book=merchant_id)


async def owed_if_limited(reader: Reader, merchant: Merchant, currency: str) -> Owed | None:
    """Return what a merchant is owed if its debt has a limit: the debt row first, then the sum.

    In this order a refund between the two counts twice, which refuses early; in the other it would
    not count at all. It is seen by the row, so both are read again a few times.
    """
    if merchant.debt_max_of(currency) is None:
        return None
    given_minor = await _given(reader, merchant.merchant_id, currency)
    for _ in range(OWED_READS_MAX):
        owed_minor = await owed(reader, merchant.merchant_id, currency)
        seen = Owed(owed_minor=owed_minor, given_minor=given_minor)
        given_minor = await _given(reader, merchant.merchant_id, currency)
        if given_minor == seen.given_minor:
            break
    return seen


async def _given(reader: Reader, merchant_id: MerchantId, currency: str) -> int:
    row = await reader.get(Debt, merchant_id, currency)
    return row.given_minor if row is not None else 0


async def decisions_of_orders(
    reader: Reader, orders: Sequence[Acquirement]
) -> Sequence[RiskDecision]:
    """Return the judgements of risk on these orders; on other orders perhaps, too."""
    if not orders:
        return ()
    found: Sequence[RiskDecision] = await reader.select(
        Select(
            record=RiskDecision,
            equals=(
                ("merchant_id", tuple({order.merchant_id for order in orders})),
                ("merchant_trans_id", tuple({order.merchant_trans_id for order in orders})),
            ),
        )
    )
    return found
