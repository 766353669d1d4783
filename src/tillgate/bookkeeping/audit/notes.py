"""Notes: what is no fault but wants an operator's eye.

An attempt nobody has answered for a day is listed, never closed by a timer (DESIGN section 1); so
is a review that waits for a decision, money that lies between two owners, what a merchant owes us,
an issuer that took its word back, and a notification that is put off.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum, unique

from tillgate.acquiring.attempt import AttemptKind, AttemptPurpose
from tillgate.acquiring.notification import LADDER_MS
from tillgate.acquiring.states import AttemptState, NotificationState
from tillgate.bookkeeping.audit.papers import Check, Papers, note
from tillgate.kernel.clock import DAY_MS, HOUR_MS
from tillgate.ledger.audit import CLOCKS_APART_MS, Finding, sums
from tillgate.ledger.chart import AccountKind


@unique
class Note(StrEnum):
    """What an operator should look at."""

    UNKNOWN_FOR_A_DAY = "UNKNOWN_FOR_A_DAY"
    SUSPENSE_NOT_EMPTY = "SUSPENSE_NOT_EMPTY"
    CONTRADICTED = "CONTRADICTED"
    REFUND_DECLINED = "REFUND_DECLINED"
    REVIEW_FOR_A_DAY = "REVIEW_FOR_A_DAY"
    MERCHANT_BELOW_ZERO = "MERCHANT_BELOW_ZERO"
    NOTIFICATION_FAR_OFF = "NOTIFICATION_FAR_OFF"


def note_attempts(papers: Papers) -> Iterator[Finding]:
    """List attempts nobody answered for a day, contradicted ones, and declined refunds."""
    for attempt in papers.attempts:
        age_ms = papers.now_ms - attempt.asked_at_ms
        declined = attempt.state is AttemptState.DECLINED and attempt.late_approved_at_ms is None
        if attempt.state is AttemptState.REVIEW and age_ms >= DAY_MS:
            sentence = (
                f"Risk has held this payment of {attempt.payer_id} for {age_ms // HOUR_MS} hours;"
                f" decide it with `tillgate risk decide`."
            )
            yield note(Note.REVIEW_FOR_A_DAY, sentence, attempt.reference)
        elif attempt.is_open and age_ms >= DAY_MS:
            sentence = (
                f"{attempt.issuer} has not said yes or no to this {attempt.kind} for"
                f" {age_ms // HOUR_MS} hours; ask the issuer."
            )
            yield note(Note.UNKNOWN_FOR_A_DAY, sentence, attempt.reference)
        if attempt.contradicted_at_ms is not None:
            sentence = f"{attempt.issuer} said no after it had said yes; the payment stands."
            yield note(Note.CONTRADICTED, sentence, attempt.reference)
        if attempt.kind is AttemptKind.REFUND and declined:
            lies = (
                "the merchant is owed it again"
                if attempt.purpose is AttemptPurpose.REFUND
                else "it lies here still"
            )
            sentence = f"{attempt.issuer} declined to take back {attempt.amount}; {lies}."
            yield note(Note.REFUND_DECLINED, sentence, attempt.reference)


def note_accounts(papers: Papers) -> Iterator[Finding]:
    """List suspense accounts that are not empty, and merchants who owe us."""
    for (account, currency), minor in sums(papers.books.postings).items():
        subject = f"{account} {currency}"
        if minor and account.startswith(f"{AccountKind.SUSPENSE.prefix}:"):
            sentence = (
                f"{minor} minor units of {currency} belong to nobody here and go back."
                if minor > 0
                else f"{-minor} minor units of {currency} went back that nobody here had given."
            )
            yield note(Note.SUSPENSE_NOT_EMPTY, sentence, subject)
        if minor < 0 and account.startswith(f"{AccountKind.MERCHANT.prefix}:"):
            sentence = f"The merchant owes {-minor} minor units of {currency}: a receivable."
            yield note(Note.MERCHANT_BELOW_ZERO, sentence, subject)


def note_notifications(papers: Papers) -> Iterator[Finding]:
    """List notifications that nobody sends before long: further off than the ladder's last wait.

    A clock that was ahead and was put right can do this, so it is no fault.
    """
    for row in papers.notifications:
        known_ms = max(papers.now_ms, row.created_at_ms)
        wait_ms = max(row.due_at_ms, row.lease_until_ms) - known_ms
        if row.state is NotificationState.PENDING and wait_ms > max(LADDER_MS) + CLOCKS_APART_MS:
            sentence = (
                f"It is due in {wait_ms // HOUR_MS} hours, later than any send of the ladder;"
                f" send it with `tillgate notification resend`."
            )
            yield note(
                Note.NOTIFICATION_FAR_OFF, sentence, f"{row.merchant_id}/{row.notification_id}"
            )


CHECKS: Sequence[Check] = (note_attempts, note_accounts, note_notifications)
