"""A payer pays an order: limits, risk, funds, in this order; with a PIN or by an agreement.

The one place where money leaves a payer. It knows which call and order it pays for, not who asked.
What must hold: money moves at most once per order; what an outside issuer is asked for counts
against the day's limit until it was declined; a refusal moves nothing and is a value (`No`), so
that its caller decides what follows.
"""

from typing import NamedTuple

import msgspec

from tillgate import bookkeeping
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.allowance import (
    Allowance,
    agreement_owner,
    allowance_key,
    payer_owner,
)
from tillgate.acquiring.attempt import Attempt, AttemptKind, AttemptPurpose
from tillgate.acquiring.call import Call, Final
from tillgate.acquiring.call import final as final_outcome
from tillgate.acquiring.payer import WALLET, Payer
from tillgate.acquiring.risk.evidence import Evidence
from tillgate.acquiring.risk.judge import Outcome
from tillgate.acquiring.states import AcquirementEvent, AttemptState
from tillgate.engine.decide import judging, parts
from tillgate.engine.issuer import Question
from tillgate.engine.verb import Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import MerchantId, MerchantTransId, PayerId
from tillgate.kernel.record import Key
from tillgate.kernel.results import CallbackCode, Result
from tillgate.ledger.entries import Balance

NEVER_MS = 2**53
"""An instant that no clock reaches: a review is decided by an operator, not by a timer."""


class Ask(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    """The intent is committed: now ask this issuer, then answer the attempt."""

    merchant_id: MerchantId
    merchant_trans_id: MerchantTransId
    attempt_no: int
    issuer: str
    question: Question


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    """A cashier is open for this call; the order waits for its buyer until `expires_at_ms`."""

    expires_at_ms: int


class No(NamedTuple):
    """The payment was not made, and why."""

    result: Result
    sentence: str = ""


class Try(NamedTuple):
    """One try to pay: the call and its order, who pays, and what is known of the risk.

    `agreement` is None when the payer gave the PIN. `holds` tells whether a payment that risk would
    have reviewed is held for an operator; otherwise it is refused.
    """

    call: Call
    order: Acquirement
    payer: Payer
    evidence: Evidence
    agreement: Agreement | None = None
    holds: bool = True


def payer_keys(payer_id: str, currency: str) -> list[Key]:
    """Name the rows that a payment by this payer may change."""
    return [
        Key(Payer, (payer_id,)),
        parts.balance_key(payer_id, currency),
        allowance_key(payer_owner(payer_id), currency),
    ]


def agreement_keys(merchant_id: str, merchant_agreement_id: str, currency: str) -> list[Key]:
    """Name the rows that a debit of this agreement may change."""
    owner = agreement_owner(merchant_id, merchant_agreement_id)
    return [
        Key(Agreement, (merchant_id, merchant_agreement_id)),
        allowance_key(owner, currency),
    ]


def pay(rows: Rows, of: Try, moment: Moment) -> Ask | Final | No:
    """Pay, ask an issuer, hold for an operator, or say why not; a `No` has counted the try."""
    signed_at_ms = of.agreement.signed_at_ms if of.agreement else None
    moment = moment.following(of.order.created_at_ms, signed_at_ms)
    order = of.order.replaced(
        attempt_count=of.order.attempt_count + 1,
        agreement_tried=of.order.agreement_tried or of.agreement is not None,
    )
    rows.update(order)
    evidence = of.evidence
    if evidence.is_agreement is not (of.agreement is not None):
        evidence = msgspec.structs.replace(evidence, is_agreement=of.agreement is not None)
    of = of._replace(order=order, evidence=evidence)
    try:
        allowances = _reserved(rows, of, moment)
        judging.check_approximate(order, of.evidence, moment)
    except Refused as refused:
        return No(refused.result, refused.sentence)
    outcome = judging.judge_here(rows, order, of.payer, of.evidence, moment=moment)
    if outcome is Outcome.REVIEW and of.holds:
        _put(rows, allowances)
        return _hold(rows, of, moment)
    if outcome is Outcome.REJECT or (of.agreement and outcome is not Outcome.ACCEPT):
        return No(Result.RISK_REJECT)
    judging.remember_device(rows, of.payer, of.evidence, moment.now_ms)
    if of.payer.issuer != WALLET:
        _put(rows, allowances)
        return _ask(rows, of, moment)
    if not take_from_wallet(rows, of.payer.payer_id, order):
        return No(Result.USER_BALANCE_NOT_ENOUGH)
    _put(rows, allowances)
    return settle_paid(rows, of.call, order, payer_id=of.payer.payer_id, issuer=WALLET, at=moment)


def take_from_wallet(rows: Rows, payer_id: PayerId, order: Acquirement) -> bool:
    """Take the order's amount from a wallet payer's balance row; tell whether it was there."""
    key = parts.balance_key(payer_id, order.amount.currency.code)
    balance = rows.get(Balance, *key.parts)
    if balance is None or balance.money < order.amount:
        return False
    rows.update(balance.replaced(money=balance.money - order.amount))
    return True


def settle_paid(
    rows: Rows, call: Call, order: Acquirement, *, payer_id: PayerId, issuer: str, at: Moment
) -> Final:
    """Book a payment, close the call with 9000 and owe the merchant the good news."""
    now_ms = at.now_ms
    paid = order.stepped(
        AcquirementEvent.PAID,
        paid_at_ms=now_ms,
        payer_id=payer_id,
        issuer=issuer,
        paid_attempt=order.attempt_open,
        attempt_open=0,
    )
    rows.update(paid)
    entry = bookkeeping.payment(paid, issuer=issuer, payer_id=payer_id, at_ms=now_ms)
    parts.put_journal(rows, entry)
    parts.notify(rows, paid, Result.SUCCESS, now_ms=now_ms)
    told = final_outcome(CallbackCode.PAID, result=Result.SUCCESS, sentence="The order is paid.")
    return parts.end_call(rows, call, paid, told)


def question(attempt: Attempt) -> Question:
    """Return what the issuer is asked for this attempt."""
    return Question(
        reference=attempt.reference,
        payer_id=attempt.payer_id,
        amount=attempt.amount,
        asked_at_ms=attempt.asked_at_ms,
        asks=attempt.asks,
        lease_until_ms=attempt.next_ask_at_ms,
    )


def ask_of(attempt: Attempt) -> Ask:
    """Return the question to put to an attempt's issuer now."""
    return Ask(
        merchant_id=attempt.merchant_id,
        merchant_trans_id=attempt.merchant_trans_id,
        attempt_no=attempt.attempt_no,
        issuer=attempt.issuer,
        question=question(attempt),
    )


def release_allowances(rows: Rows, attempt: Attempt) -> None:
    """Give the day's limits back what a declined try had reserved."""
    for key in allowance_keys(attempt):
        row = rows.get(Allowance, *key.parts)
        if row is not None:
            rows.update(row.released(attempt.amount, asked_at_ms=attempt.asked_at_ms))


def allowance_keys(attempt: Attempt) -> list[Key]:
    """Name the allowances that an attempt's amount is reserved in."""
    currency = attempt.amount.currency.code
    owners = [payer_owner(attempt.payer_id)]
    if attempt.merchant_agreement_id:
        owners.append(agreement_owner(attempt.merchant_id, attempt.merchant_agreement_id))
    return [allowance_key(owner, currency) for owner in owners]


def _reserved(rows: Rows, of: Try, moment: Moment) -> list[Allowance]:
    """Return the allowances with this payment counted; nothing is written yet.

    Every limit of one payment comes before any of a day, as the result codes are declared.
    """
    amount = of.order.amount
    owners = [(payer_owner(of.payer.payer_id), Result.USER_AMOUNT_EXCEED_LIMIT)]
    if of.agreement is not None:
        owner = agreement_owner(of.agreement.merchant_id, of.agreement.merchant_agreement_id)
        owners.append((owner, Result.PAYMENT_AMOUNT_EXCEED_LIMIT))
    held = []
    for owner, single in owners:
        row = rows.get(Allowance, owner, amount.currency.code)
        row = row or Allowance(owner=owner, currency=amount.currency.code)
        row.check_single(amount, single)
        held.append(row)
    return [row.reserved(amount, now_ms=moment.now_ms) for row in held]


def _put(rows: Rows, allowances: list[Allowance]) -> None:
    for row in allowances:
        if rows.get(Allowance, *row.key.parts) is None:
            rows.insert(row)
        else:
            rows.update(row)


def _ask(rows: Rows, of: Try, moment: Moment) -> Ask:
    wait_ms = moment.settings.issuer_wait_ms_max + moment.settings.issuer_ask_again_ms
    attempt = _attempt(of, moment).replaced(next_ask_at_ms=moment.now_ms + wait_ms)
    _open(rows, of.order, attempt)
    return ask_of(attempt)


def _hold(rows: Rows, of: Try, moment: Moment) -> Final:
    """Keep the payment for an operator to decide; until then its result is not known."""
    held = _attempt(of, moment).replaced(state=AttemptState.REVIEW, asks=0, next_ask_at_ms=NEVER_MS)
    return parts.unknown(_open(rows, of.order, held))


def _open(rows: Rows, order: Acquirement, attempt: Attempt) -> Acquirement:
    rows.insert(attempt)
    order = order.replaced(attempt_open=attempt.attempt_no)
    rows.update(order)
    return order


def _attempt(of: Try, moment: Moment) -> Attempt:
    return Attempt(
        merchant_id=of.order.merchant_id,
        merchant_trans_id=of.order.merchant_trans_id,
        attempt_no=of.order.attempt_count,
        kind=AttemptKind.DEBIT,
        purpose=AttemptPurpose.PAYMENT,
        state=AttemptState.ASKED,
        issuer=of.payer.issuer,
        payer_id=of.payer.payer_id,
        amount=of.order.amount,
        call_id=of.call.call_id,
        asked_at_ms=moment.now_ms,
        next_ask_at_ms=moment.now_ms,
        merchant_agreement_id=of.agreement.merchant_agreement_id if of.agreement else "",
    )
