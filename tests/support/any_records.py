"""Any record of a kind: hypothesis strategies made from the types of its fields.

What must hold: a strategy reaches each type that a field may have, with the values that are hardest
to keep, and every row that it makes is valid by every rule of the stores.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.agreement import Agreement, Grant, GrantKind
from tillgate.acquiring.allowance import Allowance
from tillgate.acquiring.attempt import Attempt, AttemptKind, AttemptPurpose
from tillgate.acquiring.debt import Debt
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.notification import Notification, NotificationKind
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.risk.records import DeviceSeen, RiskDecision
from tillgate.acquiring.states import AgreementState, RefundState
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Balance, Entry, Posting

R = TypeVar("R", bound=Record)

TEXT: Final = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
"""Any text but U+0000, which the wire refuses and PostgreSQL cannot keep."""
NUMBER: Final = st.integers(-(2**63), 2**63 - 1) | st.sampled_from((-(2**63), 0, 2**63 - 1))
CURRENCIES: Final = st.sampled_from(("HKD", "JPY", "KWD", "USD"))
MONEY: Final = st.builds(Money.of, NUMBER, CURRENCIES)


def records(record: type[R]) -> st.SearchStrategy[R]:
    """Return a strategy for valid rows of a kind of record."""
    hints = get_type_hints(record)
    fields = {name: _values(hints[name]) for name in record.__struct_fields__}
    return st.builds(record, **fields).map(_made_valid)


def _values(hint: Any) -> st.SearchStrategy[Any]:
    if isinstance(hint, NewType):
        return _values(hint.__supertype__)
    if get_origin(hint) in (UnionType, Union):
        return st.one_of(*(_values(part) for part in get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(TEXT, max_size=3).map(tuple)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    simple: dict[type, st.SearchStrategy[Any]] = {
        str: TEXT,
        int: NUMBER,
        bool: st.booleans(),
        bytes: st.binary(max_size=40),
        Money: MONEY,
        NoneType: st.none(),
    }
    return simple[hint]


def _made_valid(row: R) -> R:
    """Return the row with what breaks a rule of its kind put right."""
    kind: type[Record] = type(row)
    repair = _REPAIRS.get(kind)
    return row if repair is None else msgspec.structs.replace(row, **repair(row))


def _acquirement(row: Acquirement) -> dict[str, Any]:
    amount = _above_zero(row.amount)
    was_declined = row.close_reason is CloseReason.DECLINED
    return {
        "amount": amount,
        "refunded": Money(abs(row.refunded.minor) % (amount.minor + 1), amount.currency),
        "refunds_open": 0 if row.paid_at_ms is None else max(row.refunds_open, 0),
        "failure": (row.failure or "RISK_REJECT") if was_declined else "",
    }


def _agreement(row: Agreement) -> dict[str, Any]:
    """Put the times in order behind the first; the states take turns."""
    began_ms = row.created_at_ms // 2
    later_ms = began_ms + abs(row.expires_at_ms // 4)
    is_signed = row.state is AgreementState.ACTIVE or row.payer_id is not None
    is_signed = is_signed and row.state is not AgreementState.SIGNING
    is_over = row.state is AgreementState.CANCELED
    return {
        "created_at_ms": began_ms,
        "expires_at_ms": later_ms + 1,
        "payer_id": (row.payer_id or "") if is_signed else None,
        "signed_at_ms": later_ms if is_signed else None,
        "code_ends_at_ms": later_ms if is_signed else None,
        "cancelled_at_ms": later_ms if is_over else None,
        "cancelled_by": ("payer" if is_signed else "merchant") if is_over else "",
    }


def _allowance(row: Allowance) -> dict[str, Any]:
    most = [None if each is None else max(each, 0) for each in (row.single_max, row.daily_max)]
    return {
        "single_max": most[0],
        "daily_max": most[1],
        "spent": max(row.spent, 0) if row.day else 0,
        "count": max(row.count, 0) if row.day else 0,
    }


def _attempt(row: Attempt) -> dict[str, Any]:
    is_refund = row.purpose is AttemptPurpose.REFUND
    is_debit = row.kind is AttemptKind.DEBIT
    return {
        "merchant_refund_id": (row.merchant_refund_id or "r1") if is_refund else "",
        "merchant_agreement_id": row.merchant_agreement_id if is_debit else "",
    }


def _balance(row: Balance) -> dict[str, Any]:
    return {
        "currency": row.money.currency.code,
        "money": Money(max(row.money.minor, 0), row.money.currency),
    }


def _device_seen(row: DeviceSeen) -> dict[str, Any]:
    first_ms = min(row.first_seen_at_ms, row.last_seen_at_ms)
    return {"device": row.device or "d1", "first_seen_at_ms": first_ms}


def _grant(row: Grant) -> dict[str, Any]:
    ends_ms = max(row.expires_at_ms, row.issued_at_ms)
    is_code = row.kind is GrantKind.CODE
    return {
        "issued_at_ms": min(row.issued_at_ms, 2**63 - 2),
        "expires_at_ms": max(ends_ms, min(row.issued_at_ms, 2**63 - 2) + 1),
        "generation": 0 if is_code else max(row.generation, 1),
    }


def _merchant(row: Merchant) -> dict[str, Any]:
    return {
        "refund_window_ms": max(row.refund_window_ms, 0),
        "access_life_ms": max(row.access_life_ms, 1),
        "refresh_life_ms": max(row.refresh_life_ms, 1),
    }


def _notification(row: Notification) -> dict[str, Any]:
    if row.kind is NotificationKind.PAYMENT:
        return {
            "merchant_trans_id": row.merchant_trans_id or "t1",
            "merchant_agreement_id": "",
            "happened_at_ms": None,
        }
    return {
        "merchant_trans_id": "",
        "acquirement_id": "",
        "merchant_agreement_id": row.merchant_agreement_id or "g1",
        "happened_at_ms": row.happened_at_ms or 0,
        "paid_at_ms": None,
    }


def _refund(row: Refund) -> dict[str, Any]:
    is_asked = row.state is RefundState.ASKED
    least_no = 0 if row.state is RefundState.DONE else 1
    ended_ms = max(row.ended_at_ms or 0, row.created_at_ms)
    return {
        "amount": _above_zero(row.amount),
        "attempt_no": max(row.attempt_no, least_no),
        "ended_at_ms": None if is_asked else ended_ms,
        "failure": (row.failure or "PROCESS_FAIL") if row.state is RefundState.FAILED else "",
    }


_REPAIRS: Final[Mapping[type[Record], Callable[[Any], dict[str, Any]]]] = {
    Acquirement: _acquirement,
    Agreement: _agreement,
    Allowance: _allowance,
    Attempt: _attempt,
    Balance: _balance,
    Debt: lambda row: {"given_minor": max(row.given_minor, 1)},
    DeviceSeen: _device_seen,
    Entry: lambda row: {"legs": max(row.legs, 1)},
    Grant: _grant,
    Merchant: _merchant,
    Notification: _notification,
    Payer: lambda row: {
        "pin_tries_used": max(row.pin_tries_used, 0),
        "pin_tries_open": min(max(row.pin_tries_open, 0), max(row.pin_tries_used, 0)),
        "pin_tries_outlived": 0,
    },
    Posting: lambda row: {"money": _above_zero(row.money), "destination": row.source + "'"},
    Refund: _refund,
    RiskDecision: lambda row: {
        "decision_no": max(row.decision_no, 1),
        "amount": _above_zero(row.amount),
    },
}
"""What to change in a row of each kind so that it breaks no rule."""


def _above_zero(money: Money) -> Money:
    return Money(max(money.minor, 1), money.currency)
