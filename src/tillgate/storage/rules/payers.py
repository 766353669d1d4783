"""Rules of payers and what they allow: agreements, tokens, limits, devices; and of merchants.

What must hold: a rule looks at one row alone.
"""

from typing import Final

from tillgate.acquiring.agreement import Agreement, Grant, GrantKind
from tillgate.acquiring.allowance import Allowance
from tillgate.acquiring.debt import Debt
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.risk.records import DeviceSeen
from tillgate.acquiring.states import AgreementState
from tillgate.storage.rules.rule import Rule, Rules

SIDES: Final = ("payer", "merchant")
"""Who may cancel an agreement."""

PAYERS: Final[Rules] = {
    Agreement: (
        Rule(
            "agreement_is_signed_by_a_payer",
            "A signing leaves its payer, its time and the time of its code, or none of them.",
            lambda row: (
                (row.payer_id is None)
                == (row.signed_at_ms is None)
                == (row.code_ends_at_ms is None)
            ),
            "(payer_id IS NULL) = (signed_at_ms IS NULL)"
            " AND (signed_at_ms IS NULL) = (code_ends_at_ms IS NULL)",
        ),
        Rule(
            "agreement_stands_once_signed",
            "An agreement that stands was signed; one that waits was not.",
            lambda row: (
                row.state is AgreementState.CANCELED
                or (row.state is AgreementState.ACTIVE) == (row.signed_at_ms is not None)
            ),
            "state = 'CANCELED' OR (state = 'ACTIVE') = (signed_at_ms IS NOT NULL)",
        ),
        Rule(
            "agreement_is_cancelled_by_a_side",
            "A cancelled agreement says when and by which side, and no other does.",
            lambda row: (
                row.cancelled_at_ms is not None and row.cancelled_by in SIDES
                if row.state is AgreementState.CANCELED
                else row.cancelled_at_ms is None and row.cancelled_by == ""
            ),
            "(state = 'CANCELED' AND cancelled_at_ms IS NOT NULL"
            " AND cancelled_by IN ('payer', 'merchant'))"
            " OR (state <> 'CANCELED' AND cancelled_at_ms IS NULL AND cancelled_by = '')",
        ),
        Rule(
            "agreement_is_signed_in_time",
            "An agreement is signed after it was prepared and before its page is over.",
            lambda row: (
                row.created_at_ms <= row.expires_at_ms
                if row.signed_at_ms is None
                else row.created_at_ms <= row.signed_at_ms < row.expires_at_ms
            ),
            "created_at_ms <= COALESCE(signed_at_ms, created_at_ms)"
            " AND created_at_ms <= expires_at_ms"
            " AND (signed_at_ms IS NULL OR signed_at_ms < expires_at_ms)",
        ),
        Rule(
            "agreement_has_its_times_in_order",
            "The code of an agreement ends, and it is cancelled, only after it was signed.",
            lambda row: (
                _follows(row.code_ends_at_ms, row.signed_at_ms)
                and _follows(row.cancelled_at_ms, row.created_at_ms)
                and _follows(row.cancelled_at_ms, row.signed_at_ms)
            ),
            "(code_ends_at_ms IS NULL OR signed_at_ms IS NULL OR code_ends_at_ms >= signed_at_ms)"
            " AND (cancelled_at_ms IS NULL OR (cancelled_at_ms >= created_at_ms"
            " AND (signed_at_ms IS NULL OR cancelled_at_ms >= signed_at_ms)))",
        ),
    ),
    Allowance: (
        Rule(
            "allowance_is_not_below_zero",
            "What an owner may spend is never below zero.",
            lambda row: (row.single_max or 0) >= 0 and (row.daily_max or 0) >= 0,
            "COALESCE(single_max, 0) >= 0 AND COALESCE(daily_max, 0) >= 0",
        ),
        Rule(
            "allowance_is_used_up",
            "What an owner spent in a day is never below zero.",
            lambda row: row.spent >= 0 and row.count >= 0,
            "spent >= 0 AND count >= 0",
        ),
        Rule(
            "allowance_is_used_on_a_day",
            "What was spent was spent on a day.",
            lambda row: row.day != "" or (row.spent == 0 and row.count == 0),
            "day <> '' OR (spent = 0 AND count = 0)",
        ),
    ),
    Debt: (
        Rule(
            "debt_begins_with_something",
            "A debt row begins with the first money that its merchant gives back.",
            lambda row: row.given_minor > 0,
            "given_minor > 0",
        ),
    ),
    DeviceSeen: (
        Rule(
            "device_seen_has_a_name",
            "A device that is remembered has a name.",
            lambda row: row.device != "",
            "device <> ''",
        ),
        Rule(
            "device_seen_never_goes_back",
            "A device was not last seen before it was first seen.",
            lambda row: row.first_seen_at_ms <= row.last_seen_at_ms,
            "first_seen_at_ms <= last_seen_at_ms",
        ),
    ),
    Grant: (
        Rule(
            "grant_lives",
            "A token ends after it was issued.",
            lambda row: row.issued_at_ms < row.expires_at_ms,
            "issued_at_ms < expires_at_ms",
        ),
        Rule(
            "grant_counts_its_generations",
            "A code is of generation zero, every token of one above it.",
            lambda row: row.generation == 0 if row.kind is GrantKind.CODE else row.generation > 0,
            "(kind = 'CODE' AND generation = 0) OR (kind <> 'CODE' AND generation > 0)",
        ),
    ),
    Merchant: (
        Rule(
            "merchant_tokens_live",
            "A merchant's tokens live for some time, and its refunds have no negative window.",
            lambda row: (
                row.refund_window_ms >= 0 and row.access_life_ms > 0 and row.refresh_life_ms > 0
            ),
            "refund_window_ms >= 0 AND access_life_ms > 0 AND refresh_life_ms > 0",
        ),
    ),
    Payer: (
        Rule(
            "payer_tries_are_counted_up",
            "A payer has used no PIN try or some, never fewer than none.",
            lambda row: row.pin_tries_used >= 0,
            "pin_tries_used >= 0",
        ),
        Rule(
            "payer_open_tries_are_used",
            "A PIN try that is being checked is one of those that are used.",
            lambda row: not row.pin_tries_open or 1 <= row.pin_tries_open <= row.pin_tries_used,
            "pin_tries_open = 0 OR pin_tries_open BETWEEN 1 AND pin_tries_used",
        ),
        Rule(
            "payer_outlived_tries_are_open",
            "A PIN try that a right PIN came after is one of those that are being checked.",
            lambda row: (
                not row.pin_tries_outlived or 1 <= row.pin_tries_outlived <= row.pin_tries_open
            ),
            "pin_tries_outlived = 0 OR pin_tries_outlived BETWEEN 1 AND pin_tries_open",
        ),
    ),
}


def _follows(later_ms: int | None, earlier_ms: int | None) -> bool:
    """Tell whether two instants are in order; one that there is not is in order with any."""
    return later_ms is None or earlier_ms is None or later_ms >= earlier_ms
