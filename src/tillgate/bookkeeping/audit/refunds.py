"""Refunds: what an order says went back, its refunds say part by part, and who was asked for it.

A refund of the built-in wallet is done at once; one of an outside issuer is what its attempt is.
What must hold: what was given back of an order is the sum of its refunds that did not fail, or the
cancellation, and an outside issuer is asked for each unit of it once.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum, unique

from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.attempt import Attempt, AttemptKind, AttemptPurpose
from tillgate.acquiring.payer import WALLET
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.states import AttemptState, RefundState
from tillgate.bookkeeping.audit.papers import Check, Papers, ascend, fault, name_of
from tillgate.ledger.audit import Finding

BORNE_OUT = {
    RefundState.ASKED: (AttemptState.ASKED, AttemptState.UNKNOWN),
    RefundState.DONE: (AttemptState.APPROVED,),
    RefundState.FAILED: (AttemptState.DECLINED,),
}
"""The states of its attempt that bear a refund's state out."""


@unique
class RefundFault(StrEnum):
    """What can be wrong with refunds."""

    REFUNDS_DIFFER = "REFUNDS_DIFFER"
    REFUNDS_OPEN_DIFFER = "REFUNDS_OPEN_DIFFER"
    REFUND_WITHOUT_PAYMENT = "REFUND_WITHOUT_PAYMENT"
    REFUND_STATE_DIFFERS = "REFUND_STATE_DIFFERS"
    REFUND_ATTEMPT_DIFFERS = "REFUND_ATTEMPT_DIFFERS"
    GIVING_BACK_DIFFERS = "GIVING_BACK_DIFFERS"
    GIVEN_TO_ANOTHER = "GIVEN_TO_ANOTHER"
    DEBT_DIFFERS = "DEBT_DIFFERS"


def check_sums(papers: Papers) -> Iterator[Finding]:
    """What an order says was given back is what its refunds or its cancellation gave back."""
    for name, order in papers.orders.items():
        refunds = papers.refunds_of.get(name, ())
        standing = sum(r.amount.minor for r in refunds if r.state is not RefundState.FAILED)
        cancelled = order.was_paid and order.close_reason is CloseReason.CANCELLED
        given = standing + (order.amount.minor if cancelled else 0)
        if given != order.refunded.minor:
            sentence = f"The order says {order.refunded} given back; its refunds sum to {given}."
            yield fault(RefundFault.REFUNDS_DIFFER, sentence, name)
        count = sum(1 for refund in refunds if refund.state is RefundState.ASKED)
        if count != order.refunds_open:
            sentence = f"The order says {order.refunds_open} refunds are open; {count} are."
            yield fault(RefundFault.REFUNDS_OPEN_DIFFER, sentence, name)


def check_refunds(papers: Papers) -> Iterator[Finding]:
    """Each refund is of a payment, and its times and code are those of its state."""
    for refund in papers.refunds:
        order = papers.orders.get(name_of(refund))
        subject = (refund.merchant_id, refund.merchant_refund_id)
        if order is None or not order.was_paid or order.acquirement_id != refund.acquirement_id:
            sentence = f"The refund is of {refund.acquirement_id}, which nobody paid."
            yield fault(RefundFault.REFUND_WITHOUT_PAYMENT, sentence, subject)
            continue
        for sentence, holds in _of_refund(refund, order).items():
            if not holds:
                yield fault(RefundFault.REFUND_STATE_DIFFERS, sentence, subject)


def check_attempts(papers: Papers) -> Iterator[Finding]:
    """A refund that an outside issuer is asked for has its attempt, and the attempt its refund."""
    asked = {
        (*name_of(attempt), attempt.attempt_no): attempt
        for attempt in papers.attempts
        if attempt.purpose is AttemptPurpose.REFUND or attempt.merchant_refund_id
    }
    for refund in papers.refunds:
        attempt = asked.pop((*name_of(refund), refund.attempt_no), None)
        if refund.attempt_no and not (attempt and _fits(attempt, refund)):
            sentence = f"Attempt {refund.attempt_no} does not bear out that it is {refund.state}."
            subject = (refund.merchant_id, refund.merchant_refund_id)
            yield fault(RefundFault.REFUND_ATTEMPT_DIFFERS, sentence, subject)
    for attempt in asked.values():
        sentence = f"No refund {attempt.merchant_refund_id!r} names this attempt."
        yield fault(RefundFault.REFUND_ATTEMPT_DIFFERS, sentence, attempt.reference)


def check_giving_back(papers: Papers) -> Iterator[Finding]:
    """An outside issuer is asked to take back what an order refunds and what came too late."""
    for name, order in papers.orders.items():
        attempts = papers.attempts_of.get(name, ())
        outside = order.was_paid and order.issuer != WALLET
        late = sum(a.amount.minor for a in attempts if _is_late_debit(a))
        for wanted, asked, what in (
            (order.refunded.minor if outside else 0, _asked_back(attempts), "refunds"),
            (late, _asked_back(attempts, late=True), "late approvals"),
        ):
            if wanted != asked:
                sentence = f"{wanted} minor units of {what} must go back; {asked} were asked for."
                yield fault(RefundFault.GIVING_BACK_DIFFERS, sentence, name)


def check_receivers(papers: Papers) -> Iterator[Finding]:
    """What goes back goes to the payer and the issuer that it came from."""
    for name, order in papers.orders.items():
        attempts = papers.attempts_of.get(name, ())
        late = {(a.payer_id, a.issuer, a.amount) for a in attempts if _is_late_debit(a)}
        for attempt in attempts:
            if attempt.kind is not AttemptKind.REFUND:
                continue
            to = (attempt.payer_id, attempt.issuer)
            is_late = attempt.purpose is AttemptPurpose.LATE_APPROVAL
            fits = (
                (*to, attempt.amount) in late if is_late else to == (order.payer_id, order.issuer)
            )
            if not fits:
                sentence = f"{attempt.amount} goes to {to[0]} at {to[1]}, where it came not from."
                yield fault(RefundFault.GIVEN_TO_ANOTHER, sentence, attempt.reference)


def check_debts(papers: Papers) -> Iterator[Finding]:
    """What a merchant's row counts as given back was: some of its refunds and cancels, or all.

    The row begins with the first under a limit, and nothing says which that was.
    """
    given = _given(papers)
    for row in papers.debts:
        amounts = given.get((row.merchant_id, row.currency), [0])
        least, most = min(amounts), sum(amounts)
        if not least <= row.given_minor <= most or not most:
            sentence = (
                f"The row counts {row.given_minor} minor units given back; it must be"
                f" {least} at least and {most} at most."
            )
            yield fault(RefundFault.DEBT_DIFFERS, sentence, (row.merchant_id, row.currency))


CHECKS: Sequence[Check] = (
    check_sums,
    check_refunds,
    check_attempts,
    check_giving_back,
    check_receivers,
    check_debts,
)


def _given(papers: Papers) -> Mapping[tuple[str, str], list[int]]:
    """Return each amount that a merchant gave back of a payment it had; a refund may fail later."""
    given: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for refund in papers.refunds:
        given[refund.merchant_id, refund.amount.currency.code].append(refund.amount.minor)
    for order in papers.acquirements:
        if order.was_paid and order.close_reason is CloseReason.CANCELLED:
            given[order.merchant_id, order.amount.currency.code].append(order.amount.minor)
    return given


def _of_refund(refund: Refund, order: Acquirement) -> Mapping[str, bool]:
    """Return sentences that must hold, each with whether it does."""
    is_open = refund.state is RefundState.ASKED
    by_wallet = order.issuer == WALLET
    return {
        "A refund has ended exactly if it is not open.": is_open == (refund.ended_at_ms is None),
        "A refund has a code of failure exactly if it failed.": (
            (refund.state is RefundState.FAILED) == bool(refund.failure)
        ),
        "The wallet's refund is done at once and asks nobody; another's names its attempt.": (
            (refund.attempt_no == 0) == by_wallet
            and (not by_wallet or refund.state is RefundState.DONE)
        ),
        "The amount is above zero and in the currency of the payment.": (
            refund.amount.is_positive and refund.amount.currency == order.amount.currency
        ),
        "Times follow each other: paid, asked, ended.": ascend(
            order.paid_at_ms, refund.created_at_ms, refund.ended_at_ms
        ),
    }


def _fits(attempt: Attempt, refund: Refund) -> bool:
    same = (attempt.merchant_refund_id, attempt.amount, attempt.purpose)
    is_its = same == (refund.merchant_refund_id, refund.amount, AttemptPurpose.REFUND)
    return is_its and attempt.state in BORNE_OUT[refund.state]


def _is_late_debit(attempt: Attempt) -> bool:
    return attempt.kind is AttemptKind.DEBIT and attempt.late_approved_at_ms is not None


def _asked_back(attempts: Sequence[Attempt], *, late: bool = False) -> int:
    """Return what issuers were asked to take back; a merchant's refund they declined is undone."""
    return sum(
        attempt.amount.minor
        for attempt in attempts
        if attempt.kind is AttemptKind.REFUND
        and (attempt.purpose is AttemptPurpose.LATE_APPROVAL) is late
        and not (
            attempt.purpose is AttemptPurpose.REFUND and attempt.state is AttemptState.DECLINED
        )
    )
