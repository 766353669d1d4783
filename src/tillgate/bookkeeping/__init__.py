"""Fact to entry: what a payment, a refund or a late approval is in the ledger.

The only module that knows both `acquiring` and `ledger`. It decides which accounts a fact moves
money between; it does not decide whether the fact is true. What must hold: every function is pure
and returns a balanced journal whose reference names the fact, so that no fact is booked twice.
"""

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import Attempt, AttemptPurpose
from tillgate.acquiring.payer import WALLET
from tillgate.acquiring.states import AttemptState
from tillgate.kernel.ids import MerchantId, PayerId
from tillgate.kernel.money import Money
from tillgate.ledger.chart import Account, AccountKind
from tillgate.ledger.entries import EntryKind, Journal, Leg, journal


def payer_account(payer_id: PayerId) -> Account:
    """Return the account in which the built-in wallet keeps a payer's money."""
    return Account(AccountKind.PAYER, payer_id)


def merchant_account(merchant_id: MerchantId) -> Account:
    """Return the account of what a merchant is owed."""
    return Account(AccountKind.MERCHANT, merchant_id)


def funds_account(issuer: str, payer_id: PayerId) -> Account:
    """Return where a payer's money comes from: the wallet's own account or the outside issuer."""
    if issuer == WALLET:
        return payer_account(payer_id)
    return Account(AccountKind.ISSUER, issuer)


def top_up(
    payer_id: PayerId, money: Money, *, operator: str, reference: str, at_ms: int
) -> Journal:
    """Book cash that an operator took from a payer."""
    leg = Leg(Account(AccountKind.FUNDING, operator), payer_account(payer_id), money)
    return journal(EntryKind.TOP_UP, [leg], book=payer_id, reference=reference, at_ms=at_ms)


def payment(order: Acquirement, *, issuer: str, payer_id: PayerId, at_ms: int) -> Journal:
    """Book a payment: the payer's funds become what the merchant is owed."""
    merchant = merchant_account(order.merchant_id)
    leg = Leg(funds_account(issuer, payer_id), merchant, order.amount)
    return journal(
        EntryKind.PAYMENT,
        [leg],
        book=order.merchant_id,
        reference=order.acquirement_id,
        at_ms=at_ms,
    )


def refund(
    order: Acquirement, money: Money, *, issuer: str, payer_id: PayerId, reference: str, at_ms: int
) -> Journal:
    """Book a refund: the wallet's at once, an outside issuer's as money on its way back."""
    back = payer_account(payer_id) if issuer == WALLET else Account(AccountKind.RETURNING, issuer)
    leg = Leg(merchant_account(order.merchant_id), back, money)
    return journal(
        EntryKind.REFUND, [leg], book=order.merchant_id, reference=reference, at_ms=at_ms
    )


def refund_declined(attempt: Attempt, *, reference: str, at_ms: int) -> Journal:
    """Book that an outside issuer would not take a refund: the merchant is owed it again."""
    leg = Leg(
        Account(AccountKind.RETURNING, attempt.issuer),
        merchant_account(attempt.merchant_id),
        attempt.amount,
    )
    return journal(
        EntryKind.REFUND_DECLINED,
        [leg],
        book=attempt.merchant_id,
        reference=reference,
        at_ms=at_ms,
    )


def late_approval(attempt: Attempt, *, at_ms: int) -> Journal:
    """Book a yes that came after the no: the money belongs to nobody here yet."""
    leg = Leg(
        Account(AccountKind.ISSUER, attempt.issuer),
        Account(AccountKind.SUSPENSE, attempt.issuer),
        attempt.amount,
    )
    return journal(
        EntryKind.LATE_APPROVAL,
        [leg],
        book=attempt.merchant_id,
        reference=attempt.reference,
        at_ms=at_ms,
    )


def returned(attempt: Attempt, *, at_ms: int) -> Journal:
    """Book that an outside issuer took money back; after its own no, at nobody's cost yet."""
    late = attempt.purpose is AttemptPurpose.LATE_APPROVAL or (
        attempt.purpose is AttemptPurpose.REFUND and attempt.state is AttemptState.DECLINED
    )
    kind = AccountKind.SUSPENSE if late else AccountKind.RETURNING
    leg = Leg(
        Account(kind, attempt.issuer), Account(AccountKind.ISSUER, attempt.issuer), attempt.amount
    )
    return journal(
        EntryKind.RETURNED,
        [leg],
        book=attempt.merchant_id,
        reference=attempt.reference,
        at_ms=at_ms,
    )
