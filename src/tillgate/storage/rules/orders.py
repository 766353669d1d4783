"""Rules of orders and of what belongs to one: attempts, refunds, what is told of them, risk.

What must hold: a rule looks at one row alone; that rows fit together is the verbs' and the audit's.
"""

from typing import Final

from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.attempt import Attempt, AttemptKind, AttemptPurpose
from tillgate.acquiring.notification import Notification, NotificationKind
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.risk.records import RiskDecision
from tillgate.acquiring.states import AcquirementState, RefundState
from tillgate.storage.rules.rule import Rule, Rules

ORDERS: Final[Rules] = {
    Acquirement: (
        Rule(
            "acquirement_has_a_price",
            "An order that can be paid asks for money above zero.",
            lambda row: (
                row.amount.minor > 0
                or (row.amount.minor == 0 and row.state is AcquirementState.TRADE_CLOSED)
            ),
            "amount_minor > 0 OR (amount_minor = 0 AND state = 'TRADE_CLOSED')",
        ),
        Rule(
            "acquirement_gives_back_no_more_than_it_took",
            "What is given back is never below zero and never more than was paid.",
            lambda row: 0 <= row.refunded.minor <= row.amount.minor,
            "refunded_minor >= 0 AND refunded_minor <= amount_minor",
        ),
        Rule(
            "acquirement_gives_back_what_it_took",
            "What is given back is money of the currency that was paid.",
            lambda row: row.refunded.currency == row.amount.currency,
            "refunded_currency = amount_currency",
        ),
        Rule(
            "acquirement_waits_for_refunds_once_paid",
            "An issuer is asked for as many refunds as there are, and only of a paid order.",
            lambda row: (
                row.refunds_open == 0 or (row.refunds_open > 0 and row.paid_at_ms is not None)
            ),
            "refunds_open = 0 OR (refunds_open > 0 AND paid_at_ms IS NOT NULL)",
        ),
        Rule(
            "acquirement_says_why_it_was_declined",
            "An order that a declined debit closed says why, and no other does.",
            lambda row: (row.failure != "") == (row.close_reason is CloseReason.DECLINED),
            "(failure <> '') = (COALESCE(close_reason, '') = 'DECLINED')",
        ),
    ),
    Attempt: (
        Rule(
            "attempt_names_its_refund",
            "A question about a merchant's refund names the refund, and no other does.",
            lambda row: (row.merchant_refund_id != "") == (row.purpose is AttemptPurpose.REFUND),
            "(merchant_refund_id <> '') = (purpose = 'REFUND')",
        ),
        Rule(
            "attempt_by_agreement_is_a_debit",
            "Only a debit is made by an agreement.",
            lambda row: row.merchant_agreement_id == "" or row.kind is AttemptKind.DEBIT,
            "merchant_agreement_id = '' OR kind = 'DEBIT'",
        ),
    ),
    Notification: (
        Rule(
            "notification_is_of_one_thing",
            "A notification is of an order or of an agreement, never of both or of neither.",
            lambda row: (
                row.merchant_trans_id != "" and row.merchant_agreement_id == ""
                if row.kind is NotificationKind.PAYMENT
                else row.merchant_trans_id == ""
                and row.acquirement_id == ""
                and row.merchant_agreement_id != ""
            ),
            "(kind = 'PAYMENT' AND merchant_trans_id <> '' AND merchant_agreement_id = '')"
            " OR (kind = 'AGREEMENT_CANCELLED' AND merchant_trans_id = ''"
            " AND acquirement_id = '' AND merchant_agreement_id <> '')",
        ),
        Rule(
            "notification_of_an_agreement_has_its_own_time",
            "When it happened is said of an agreement, when it was paid of an order.",
            lambda row: (
                row.happened_at_ms is None
                if row.kind is NotificationKind.PAYMENT
                else row.happened_at_ms is not None and row.paid_at_ms is None
            ),
            "(kind = 'PAYMENT' AND happened_at_ms IS NULL)"
            " OR (kind = 'AGREEMENT_CANCELLED' AND happened_at_ms IS NOT NULL"
            " AND paid_at_ms IS NULL)",
        ),
    ),
    Refund: (
        Rule(
            "refund_gives_something",
            "A refund gives money above zero back.",
            lambda row: row.amount.minor > 0,
            "amount_minor > 0",
        ),
        Rule(
            "refund_ends_with_its_question",
            "A refund has an end when it is done or declined, and not while it is asked.",
            lambda row: (row.state is RefundState.ASKED) == (row.ended_at_ms is None),
            "(state = 'ASKED') = (ended_at_ms IS NULL)",
        ),
        Rule(
            "refund_ends_after_it_began",
            "A refund does not end before it began.",
            lambda row: row.ended_at_ms is None or row.ended_at_ms >= row.created_at_ms,
            "ended_at_ms IS NULL OR ended_at_ms >= created_at_ms",
        ),
        Rule(
            "refund_says_why_it_failed",
            "A declined refund says why, and no other does.",
            lambda row: (row.failure != "") == (row.state is RefundState.FAILED),
            "(failure <> '') = (state = 'FAILED')",
        ),
        Rule(
            "refund_without_a_question_is_done",
            "A refund that no issuer is asked for is done at once.",
            lambda row: (
                row.attempt_no > 0 or (row.attempt_no == 0 and row.state is RefundState.DONE)
            ),
            "attempt_no > 0 OR (attempt_no = 0 AND state = 'DONE')",
        ),
    ),
    RiskDecision: (
        Rule(
            "risk_decision_is_numbered",
            "The judgements of an order are numbered from one.",
            lambda row: row.decision_no > 0,
            "decision_no > 0",
        ),
        Rule(
            "risk_decision_is_about_money",
            "What is judged would move money above zero.",
            lambda row: row.amount.minor > 0,
            "amount_minor > 0",
        ),
    ),
}
