"""Agreements: signed once by one payer, with tokens of which only hashes are kept (U22).

Which agreement a payment of the built-in wallet was taken by is kept nowhere, so such a payment
needs one that stood; an attempt names its own. What must hold: nothing is taken without an
agreement that stood at that instant, and generations of tokens leave no gap.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum, unique
from itertools import pairwise
from string import hexdigits

from tillgate.acquiring.agreement import OLD_TOKEN_LIFE_MS, Agreement, Grant, GrantKind
from tillgate.acquiring.notification import Notification, NotificationKind
from tillgate.acquiring.states import AgreementState
from tillgate.bookkeeping.audit.papers import Check, Name, Papers, ascend, fault
from tillgate.bookkeeping.audit.tries import Spent, tries
from tillgate.ledger.audit import Finding

HASH_DIGITS = 64
"""Hexadecimal digits of a SHA-256; a token has another length and other letters."""


@unique
class AgreementFault(StrEnum):
    """What can be wrong with agreements."""

    AGREEMENT_STATE_DIFFERS = "AGREEMENT_STATE_DIFFERS"
    GRANT_WITHOUT_AGREEMENT = "GRANT_WITHOUT_AGREEMENT"
    TOKEN_KEPT = "TOKEN_KEPT"  # noqa: S105  It says that a token was kept; it is none.
    CODE_DIFFERS = "CODE_DIFFERS"
    GENERATIONS_DIFFER = "GENERATIONS_DIFFER"
    OLD_TOKEN_LIVES_ON = "OLD_TOKEN_LIVES_ON"  # noqa: S105  As above.
    DEBIT_WITHOUT_AGREEMENT = "DEBIT_WITHOUT_AGREEMENT"
    CANCEL_TOLD_WRONGLY = "CANCEL_TOLD_WRONGLY"


def check_agreements(papers: Papers) -> Iterator[Finding]:
    """An agreement's payer and times are those of its state, and it has the code it yielded."""
    for agreement in papers.agreements:
        name = (agreement.merchant_id, agreement.merchant_agreement_id)
        for sentence, holds in _of_agreement(agreement).items():
            if not holds:
                yield fault(AgreementFault.AGREEMENT_STATE_DIFFERS, sentence, name)
        if not _is_hash(agreement.token_hash):
            sentence = "What is kept of the signing page's token is no hash of it."
            yield fault(AgreementFault.TOKEN_KEPT, sentence, name)
        grants = papers.grants_of.get(name, ())
        codes = [
            (row.generation, row.expires_at_ms) for row in grants if row.kind is GrantKind.CODE
        ]
        wanted = [(0, agreement.code_ends_at_ms)] if agreement.signed_at_ms is not None else []
        if codes != wanted:
            sentence = f"Its codes are {codes}; signed as it is, it must have {wanted}."
            yield fault(AgreementFault.CODE_DIFFERS, sentence, name)


def check_tokens(papers: Papers) -> Iterator[Finding]:
    """Each token is a hash, belongs to an agreement, and follows the one before it."""
    signed: Mapping[Name, Agreement] = {
        (row.merchant_id, row.merchant_agreement_id): row
        for row in papers.agreements
        if row.signed_at_ms is not None
    }
    for row in papers.grants:
        agreement = signed.get((row.merchant_id, row.merchant_agreement_id))
        subject = f"{row.merchant_id}/{row.merchant_agreement_id} {row.kind} {row.generation}"
        if not _is_hash(row.token_hash):
            sentence = "What is kept of the token is no hash of it."
            yield fault(AgreementFault.TOKEN_KEPT, sentence, subject)
        if agreement is None or agreement.client_id != row.client_id:
            sentence = "The token belongs to no agreement that was signed for its client."
            yield fault(AgreementFault.GRANT_WITHOUT_AGREEMENT, sentence, subject)
    for name, grants in papers.grants_of.items():
        yield from _check_generations(name, grants)


def check_debits(papers: Papers) -> Iterator[Finding]:
    """What was taken without a PIN was taken by an agreement that stood."""
    for spent in tries(papers):
        if spent.is_agreement and not any(_stood(row, spent) for row in papers.agreements):
            sentence = f"{spent.money} was taken from {spent.payer_id} with no agreement to it."
            yield fault(AgreementFault.DEBIT_WITHOUT_AGREEMENT, sentence, spent.order)


def check_told(papers: Papers) -> Iterator[Finding]:
    """A merchant is told that an agreement was cancelled exactly as it was."""
    agreements: Mapping[Name, Agreement] = {
        (row.merchant_id, row.merchant_agreement_id): row for row in papers.agreements
    }
    for row in papers.notifications:
        if row.kind is not NotificationKind.AGREEMENT_CANCELLED:
            continue
        agreement = agreements.get((row.merchant_id, row.merchant_agreement_id))
        if agreement is None or not _bears_out(agreement, row):
            sentence = f"It tells that {row.merchant_agreement_id} was cancelled, which is not so."
            subject = f"{row.merchant_id}/{row.notification_id}"
            yield fault(AgreementFault.CANCEL_TOLD_WRONGLY, sentence, subject)


CHECKS: Sequence[Check] = (check_agreements, check_tokens, check_debits, check_told)


def _of_agreement(row: Agreement) -> Mapping[str, bool]:
    """Return sentences that must hold, each with whether it does."""
    signed, cancelled = row.signed_at_ms is not None, row.cancelled_at_ms is not None
    return {
        "A signed agreement names its payer and its code's end, and no other does.": (
            signed == (row.payer_id is not None) == (row.code_ends_at_ms is not None)
        ),
        "An agreement that waits to be signed is not, and one that stands is.": (
            row.state is AgreementState.CANCELED or signed == row.is_active
        ),
        "An agreement is cancelled exactly if it has a time and a side of cancelling.": (
            (row.state is AgreementState.CANCELED)
            == cancelled
            == (row.cancelled_by in {"payer", "merchant"})
        ),
        "Only a payer who signed may cancel.": row.cancelled_by != "payer" or signed,
        "Times follow each other: prepared, signed, cancelled.": ascend(
            row.created_at_ms, row.signed_at_ms, row.cancelled_at_ms
        ),
        "It was signed before its time was over.": (
            row.signed_at_ms is None or row.signed_at_ms < row.expires_at_ms
        ),
    }


def _check_generations(name: Name, grants: Sequence[Grant]) -> Iterator[Finding]:
    """Access and refresh tokens come in pairs from 1 on, each pair after the one before."""
    pairs = {kind: _of_kind(grants, kind) for kind in (GrantKind.ACCESS, GrantKind.REFRESH)}
    access, refresh = pairs.values()
    issued = [(row.generation, row.issued_at_ms) for row in access]
    numbers = [row.generation for row in access]
    ends = all(row.issued_at_ms < row.expires_at_ms for row in grants)
    in_pairs = issued == [(row.generation, row.issued_at_ms) for row in refresh]
    is_gapless = numbers == list(range(1, len(numbers) + 1))
    if not (in_pairs and is_gapless and ends and ascend(*(at_ms for _, at_ms in issued))):
        sentence = f"Access tokens are of generations {numbers}; pairs must follow without a gap."
        yield fault(AgreementFault.GENERATIONS_DIFFER, sentence, name)
    for old, new in pairwise(access):
        if old.expires_at_ms > new.issued_at_ms + OLD_TOKEN_LIFE_MS:
            sentence = f"Access token {old.generation} lives on long after {new.generation}."
            yield fault(AgreementFault.OLD_TOKEN_LIVES_ON, sentence, name)


def _of_kind(grants: Sequence[Grant], kind: GrantKind) -> Sequence[Grant]:
    return sorted((row for row in grants if row.kind is kind), key=lambda row: row.generation)


def _is_hash(text: str) -> bool:
    return len(text) == HASH_DIGITS and set(text) <= set(hexdigits)


def _stood(row: Agreement, spent: Spent) -> bool:
    """Tell whether the payer's agreement with the merchant stood when this was taken or asked."""
    same = (row.merchant_id, row.payer_id, row.currency)
    is_named = spent.agreement_id in {"", row.merchant_agreement_id}
    if same != (spent.order[0], spent.payer_id, spent.money.currency.code) or not is_named:
        return False
    return ascend(row.signed_at_ms, spent.at_ms, row.cancelled_at_ms)


def _bears_out(agreement: Agreement, row: Notification) -> bool:
    ended = agreement.cancelled_at_ms is not None and agreement.signed_at_ms is not None
    same = (row.client_id, row.version, row.happened_at_ms, row.created_at_ms)
    at_ms = agreement.cancelled_at_ms
    return ended and same == (agreement.client_id, agreement.version, at_ms, at_ms)
