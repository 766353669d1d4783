"""After the payment: refunds, agreements and their tokens, limits, marks of requests, risk.

Written from `storage.schema` as it stood then; it never changes. Four tables get columns; SQLite
cannot add one with a check or without a default that stays, so each is made anew around its rows.
What must hold: every row that 0001 kept reads as before, with nothing refunded, agreed or judged.
"""

from collections.abc import Mapping

import sqlalchemy as sa

from tillgate.storage.migrations.making import (
    anew,
    checks,
    flags,
    index,
    numbers,
    protect,
    table,
    texts,
)

revision = "0002"
down_revision = "0001"

JUDGED_ONCE = "A judgement of risk is never changed; what an operator decides is another row."
DAY_MS = 86_400_000
NEW_VALUES: Mapping[str, Mapping[str, str]] = {
    "acquirements": {"agreement_tried": "0", "refunds_open": "0", "failure": "''"},
    "attempts": {"merchant_refund_id": "''", "merchant_agreement_id": "''"},
    "merchants": {
        "redirect_url": "''",
        "debt_max": "'[]'",
        "refund_window_ms": str(365 * DAY_MS),
        "access_life_ms": str(365 * DAY_MS),
        "refresh_life_ms": str(730 * DAY_MS),
    },
    "notifications": {
        "kind": "'PAYMENT'",
        "merchant_agreement_id": "''",
        "happened_at_ms": "NULL",
    },
}
"""What the new columns hold for rows that were there before, as SQL."""


def upgrade() -> None:
    """Make the changed tables anew around their rows, and add the new ones."""
    _acquirements()
    _attempts()
    _merchants()
    _notifications()
    _refunds()
    _agreements()
    _grants()
    _allowances()
    _debts()
    _request_marks()
    _order_risks()
    _risk_decisions()
    _devices_seen()


def _acquirements() -> None:
    anew(
        "acquirements",
        NEW_VALUES["acquirements"],
        *texts("merchant_id", "merchant_trans_id", "acquirement_id", "client_id", "version"),
        *texts("state", "product_code"),
        *numbers("amount_minor", "refunded_minor"),
        *texts("title", "detail", "seller_id", "seller_name", "settle_contract_id", "extend_info"),
        *texts("notify_url", "return_url"),
        *numbers("created_at_ms", "expires_at_ms"),
        *numbers("paid_at_ms", "closed_at_ms", nullable=True),
        *texts("close_reason", "payer_id", "issuer", nullable=True),
        *numbers("paid_attempt", "attempt_count", "attempt_open"),
        *flags("cancel_requested", "agreement_tried"),
        *numbers("refunds_open"),
        *texts("failure", "amount_currency", "refunded_currency"),
        sa.PrimaryKeyConstraint("merchant_id", "merchant_trans_id", name="acquirements_key"),
        *checks(
            acquirement_has_a_price="amount_minor > 0"
            " OR (amount_minor = 0 AND state = 'TRADE_CLOSED')",
            acquirement_gives_back_no_more_than_it_took="refunded_minor >= 0"
            " AND refunded_minor <= amount_minor",
            acquirement_gives_back_what_it_took="refunded_currency = amount_currency",
            acquirement_waits_for_refunds_once_paid="refunds_open = 0"
            " OR (refunds_open > 0 AND paid_at_ms IS NOT NULL)",
            acquirement_says_why_it_was_declined="(failure <> '')"
            " = (COALESCE(close_reason, '') = 'DECLINED')",
        ),
    )
    index("acquirements", "alone_in_acquirement_id", "merchant_id", "acquirement_id", unique=True)
    index("acquirements", "by_acquirement_id", "acquirement_id")
    index("acquirements", "by_state_and_expires_at_ms", "state", "expires_at_ms")
    index(
        "acquirements",
        "by_payer_id_and_paid_at_ms",
        "payer_id",
        "paid_at_ms DESC NULLS LAST",
        where="payer_id IS NOT NULL",
    )
    index(
        "acquirements",
        "by_merchant_id_and_paid_at_ms",
        "merchant_id",
        "paid_at_ms DESC NULLS LAST",
        where="paid_at_ms IS NOT NULL",
    )


def _attempts() -> None:
    anew(
        "attempts",
        NEW_VALUES["attempts"],
        *texts("merchant_id", "merchant_trans_id"),
        *numbers("attempt_no"),
        *texts("kind", "purpose", "state", "issuer", "payer_id"),
        *numbers("amount_minor"),
        *texts("call_id"),
        *numbers("asked_at_ms", "next_ask_at_ms", "asks"),
        *numbers("answered_at_ms", nullable=True),
        *texts("declined_code"),
        *numbers("late_approved_at_ms", "contradicted_at_ms", nullable=True),
        *texts("merchant_refund_id", "merchant_agreement_id", "amount_currency"),
        sa.PrimaryKeyConstraint(
            "merchant_id", "merchant_trans_id", "attempt_no", name="attempts_key"
        ),
        *checks(
            attempt_names_its_refund="(merchant_refund_id <> '') = (purpose = 'REFUND')",
            attempt_by_agreement_is_a_debit="merchant_agreement_id = '' OR kind = 'DEBIT'",
        ),
    )
    index(
        "attempts",
        "alone_in_merchant_trans_id",
        "merchant_id",
        "merchant_trans_id",
        unique=True,
        where="kind IN ('DEBIT') AND state IN ('ASKED', 'REVIEW', 'UNKNOWN', 'APPROVED')",
    )
    index("attempts", "by_state_and_next_ask_at_ms", "state", "next_ask_at_ms")


def _merchants() -> None:
    anew(
        "merchants",
        NEW_VALUES["merchants"],
        *texts("merchant_id", "name", "notify_url", "hosts", "origins", "contracts", "currencies"),
        *flags("active"),
        *texts("debt_max", "redirect_url"),
        *numbers("refund_window_ms", "access_life_ms", "refresh_life_ms"),
        sa.PrimaryKeyConstraint("merchant_id", name="merchants_key"),
        *checks(
            merchant_tokens_live="refund_window_ms >= 0 AND access_life_ms > 0"
            " AND refresh_life_ms > 0"
        ),
    )


def _notifications() -> None:
    anew(
        "notifications",
        NEW_VALUES["notifications"],
        *texts("merchant_id", "notification_id", "merchant_trans_id", "acquirement_id"),
        *texts("client_id", "version", "url", "result", "pay_status"),
        *numbers("amount_minor"),
        *numbers("paid_at_ms", nullable=True),
        *texts("extend_info", "state"),
        *numbers("created_at_ms", "due_at_ms", "sends", "lease_until_ms"),
        *numbers("ended_at_ms", nullable=True),
        *texts("kind", "merchant_agreement_id"),
        *numbers("happened_at_ms", nullable=True),
        *texts("amount_currency"),
        sa.PrimaryKeyConstraint("merchant_id", "notification_id", name="notifications_key"),
        *checks(
            notification_is_of_one_thing="(kind = 'PAYMENT' AND merchant_trans_id <> ''"
            " AND merchant_agreement_id = '')"
            " OR (kind = 'AGREEMENT_CANCELLED' AND merchant_trans_id = ''"
            " AND acquirement_id = '' AND merchant_agreement_id <> '')",
            notification_of_an_agreement_has_its_own_time="(kind = 'PAYMENT'"
            " AND happened_at_ms IS NULL)"
            " OR (kind = 'AGREEMENT_CANCELLED' AND happened_at_ms IS NOT NULL"
            " AND paid_at_ms IS NULL)",
        ),
    )
    index(
        "notifications",
        "alone_in_merchant_trans_id_and_pay_status",
        "merchant_id",
        "merchant_trans_id",
        "pay_status",
        unique=True,
        where="kind IN ('PAYMENT')",
    )
    index("notifications", "by_state_and_due_at_ms", "state", "due_at_ms")


def _refunds() -> None:
    table(
        "refunds",
        *texts("merchant_id", "merchant_refund_id", "merchant_trans_id", "acquirement_id"),
        *texts("client_id"),
        *numbers("amount_minor"),
        *texts("reason", "state"),
        *numbers("created_at_ms", "attempt_no"),
        *numbers("ended_at_ms", nullable=True),
        *texts("failure", "amount_currency"),
        sa.PrimaryKeyConstraint("merchant_id", "merchant_refund_id", name="refunds_key"),
        *checks(
            refund_gives_something="amount_minor > 0",
            refund_ends_with_its_question="(state = 'ASKED') = (ended_at_ms IS NULL)",
            refund_ends_after_it_began="ended_at_ms IS NULL OR ended_at_ms >= created_at_ms",
            refund_says_why_it_failed="(failure <> '') = (state = 'FAILED')",
            refund_without_a_question_is_done="attempt_no > 0"
            " OR (attempt_no = 0 AND state = 'DONE')",
        ),
    )
    index(
        "refunds",
        "by_merchant_id_and_merchant_trans_id_and_created_at_ms",
        "merchant_id",
        "merchant_trans_id",
        "created_at_ms DESC",
    )


def _agreements() -> None:
    table(
        "agreements",
        *texts("merchant_id", "merchant_agreement_id", "client_id", "version", "auth_site"),
        *texts("scopes", "terminal_type", "redirect_url", "state_text", "token_hash", "currency"),
        *texts("state"),
        *numbers("created_at_ms", "expires_at_ms"),
        *texts("payer_id", nullable=True),
        *numbers("signed_at_ms", "code_ends_at_ms", "cancelled_at_ms", nullable=True),
        *texts("cancelled_by"),
        sa.PrimaryKeyConstraint("merchant_id", "merchant_agreement_id", name="agreements_key"),
        *checks(
            agreement_is_signed_by_a_payer="(payer_id IS NULL) = (signed_at_ms IS NULL)"
            " AND (signed_at_ms IS NULL) = (code_ends_at_ms IS NULL)",
            agreement_stands_once_signed="state = 'CANCELED'"
            " OR (state = 'ACTIVE') = (signed_at_ms IS NOT NULL)",
            agreement_is_cancelled_by_a_side="(state = 'CANCELED' AND cancelled_at_ms IS NOT NULL"
            " AND cancelled_by IN ('payer', 'merchant'))"
            " OR (state <> 'CANCELED' AND cancelled_at_ms IS NULL AND cancelled_by = '')",
            agreement_is_signed_in_time="created_at_ms <= COALESCE(signed_at_ms, created_at_ms)"
            " AND created_at_ms <= expires_at_ms"
            " AND (signed_at_ms IS NULL OR signed_at_ms < expires_at_ms)",
            agreement_has_its_times_in_order="(code_ends_at_ms IS NULL OR signed_at_ms IS NULL"
            " OR code_ends_at_ms >= signed_at_ms)"
            " AND (cancelled_at_ms IS NULL OR (cancelled_at_ms >= created_at_ms"
            " AND (signed_at_ms IS NULL OR cancelled_at_ms >= signed_at_ms)))",
        ),
    )
    index("agreements", "alone_in_token_hash", "token_hash", unique=True)
    index(
        "agreements",
        "by_payer_id_and_merchant_id_and_signed_at_ms",
        "payer_id",
        "merchant_id",
        "signed_at_ms DESC NULLS LAST",
        where="payer_id IS NOT NULL",
    )


def _grants() -> None:
    table(
        "grants",
        *texts("merchant_id", "token_hash", "kind", "merchant_agreement_id", "client_id"),
        *numbers("generation", "issued_at_ms", "expires_at_ms"),
        sa.PrimaryKeyConstraint("merchant_id", "token_hash", name="grants_key"),
        *checks(
            grant_lives="issued_at_ms < expires_at_ms",
            grant_counts_its_generations="(kind = 'CODE' AND generation = 0)"
            " OR (kind <> 'CODE' AND generation > 0)",
        ),
    )
    index(
        "grants",
        "by_merchant_id_and_merchant_agreement_id_and_generation",
        "merchant_id",
        "merchant_agreement_id",
        "generation DESC",
    )


def _allowances() -> None:
    table(
        "allowances",
        *texts("owner", "currency"),
        *numbers("single_max", "daily_max", nullable=True),
        *texts("day"),
        *numbers("spent", "count"),
        sa.PrimaryKeyConstraint("owner", "currency", name="allowances_key"),
        *checks(
            allowance_is_not_below_zero="COALESCE(single_max, 0) >= 0"
            " AND COALESCE(daily_max, 0) >= 0",
            allowance_is_used_up="spent >= 0 AND count >= 0",
            allowance_is_used_on_a_day="day <> '' OR (spent = 0 AND count = 0)",
        ),
    )


def _debts() -> None:
    table(
        "debts",
        *texts("merchant_id", "currency"),
        *numbers("given_minor"),
        sa.PrimaryKeyConstraint("merchant_id", "currency", name="debts_key"),
        *checks(debt_begins_with_something="given_minor > 0"),
    )


def _request_marks() -> None:
    table(
        "request_marks",
        *texts("client_id", "req_msg_id", "digest"),
        *numbers("at_ms"),
        sa.PrimaryKeyConstraint("client_id", "req_msg_id", name="request_marks_key"),
    )
    index("request_marks", "by_at_ms", "at_ms")


def _order_risks() -> None:
    table(
        "order_risks",
        *texts("merchant_id", "merchant_trans_id", "device", "signals"),
        sa.PrimaryKeyConstraint("merchant_id", "merchant_trans_id", name="order_risks_key"),
    )


def _risk_decisions() -> None:
    table(
        "risk_decisions",
        *texts("merchant_id", "merchant_trans_id"),
        *numbers("decision_no"),
        *texts("payer_id"),
        *numbers("at_ms", "amount_minor"),
        *texts("outcome"),
        *numbers("score"),
        *texts("rules"),
        *flags("is_agreement"),
        *texts("signals", "device", "amount_currency"),
        sa.PrimaryKeyConstraint(
            "merchant_id", "merchant_trans_id", "decision_no", name="risk_decisions_key"
        ),
        *checks(
            risk_decision_is_numbered="decision_no > 0",
            risk_decision_is_about_money="amount_minor > 0",
        ),
    )
    index(
        "risk_decisions",
        "by_device_and_outcome_and_at_ms",
        "device",
        "outcome",
        "at_ms DESC",
        where="device <> ''",
    )
    protect("risk_decisions", JUDGED_ONCE)


def _devices_seen() -> None:
    table(
        "devices_seen",
        *texts("payer_id", "device"),
        *numbers("first_seen_at_ms", "last_seen_at_ms"),
        sa.PrimaryKeyConstraint("payer_id", "device", name="devices_seen_key"),
        *checks(
            device_seen_has_a_name="device <> ''",
            device_seen_never_goes_back="first_seen_at_ms <= last_seen_at_ms",
        ),
    )
    index("devices_seen", "by_device", "device")
