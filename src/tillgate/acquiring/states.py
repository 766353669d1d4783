"""States as literal tables: what is not in a table is refused and changes nothing.

The diagrams in the docs and the exhaustive tests are made from these same tables. What must hold:
no other module compares a state to decide what may come next; it asks `after`.
"""

from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Any, TypeVar

from tillgate.kernel.errors import Broken


@unique
class AcquirementState(StrEnum):
    """What an acquirement is (PROTOCOL 1.5)."""

    WAIT_BUYER_PAY = "WAIT_BUYER_PAY"
    TRADE_SUCCESS = "TRADE_SUCCESS"
    TRADE_FINISHED = "TRADE_FINISHED"
    TRADE_CLOSED = "TRADE_CLOSED"


@unique
class AcquirementEvent(StrEnum):
    """What can happen to an acquirement."""

    PAID = "paid"
    PAID_AND_GIVEN_BACK = "paid and given back"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED_IN_FULL = "refunded in full"
    DEBIT_DECLINED = "automatic debit declined"
    REFUND_PERIOD_OVER = "refund period over"


@unique
class AttemptState(StrEnum):
    """What is known of an attempt: everything that asks somebody (DESIGN section 1)."""

    ASKED = "ASKED"
    REVIEW = "REVIEW"
    UNKNOWN = "UNKNOWN"
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"


@unique
class AttemptEvent(StrEnum):
    """What can happen to an attempt."""

    APPROVED = "approved"
    DECLINED = "declined"
    NO_ANSWER = "no answer"
    RELEASED = "released by the operator"


@unique
class NotificationState(StrEnum):
    """Whether a merchant has been told."""

    PENDING = "PENDING"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    EXHAUSTED = "EXHAUSTED"
    WITHDRAWN = "WITHDRAWN"


@unique
class NotificationEvent(StrEnum):
    """What can happen to a notification."""

    ACKNOWLEDGED = "acknowledged"
    FAILED = "not acknowledged"
    GIVEN_UP = "last try not acknowledged"
    WITHDRAWN = "withdrawn by a cancel"
    RESENT = "resent by the operator"


@unique
class RefundState(StrEnum):
    """What became of a refund."""

    ASKED = "ASKED"
    DONE = "DONE"
    FAILED = "FAILED"


@unique
class RefundEvent(StrEnum):
    """What can happen to a refund."""

    APPROVED = "approved by the issuer"
    DECLINED = "declined by the issuer"


@unique
class AgreementState(StrEnum):
    """What an agreement is; CANCELED is spelt as on the wire (U9)."""

    SIGNING = "SIGNING"
    ACTIVE = "ACTIVE"
    CANCELED = "CANCELED"


@unique
class AgreementEvent(StrEnum):
    """What can happen to an agreement."""

    SIGNED = "signed by the payer"
    CANCELLED = "cancelled by either side"


S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)
A, AE = AcquirementState, AcquirementEvent
T, TE = AttemptState, AttemptEvent
N, NE = NotificationState, NotificationEvent
R, RE = RefundState, RefundEvent
G, GE = AgreementState, AgreementEvent

ACQUIREMENT: Mapping[tuple[AcquirementState, AcquirementEvent], AcquirementState] = {
    (A.WAIT_BUYER_PAY, AE.PAID): A.TRADE_SUCCESS,
    (A.WAIT_BUYER_PAY, AE.PAID_AND_GIVEN_BACK): A.TRADE_CLOSED,
    (A.WAIT_BUYER_PAY, AE.EXPIRED): A.TRADE_CLOSED,
    (A.WAIT_BUYER_PAY, AE.CANCELLED): A.TRADE_CLOSED,
    (A.WAIT_BUYER_PAY, AE.DEBIT_DECLINED): A.TRADE_CLOSED,
    (A.TRADE_SUCCESS, AE.CANCELLED): A.TRADE_CLOSED,
    (A.TRADE_SUCCESS, AE.REFUNDED_IN_FULL): A.TRADE_CLOSED,
    (A.TRADE_SUCCESS, AE.REFUND_PERIOD_OVER): A.TRADE_FINISHED,
}

ATTEMPT: Mapping[tuple[AttemptState, AttemptEvent], AttemptState] = {
    (T.ASKED, TE.APPROVED): T.APPROVED,
    (T.ASKED, TE.DECLINED): T.DECLINED,
    (T.ASKED, TE.NO_ANSWER): T.UNKNOWN,
    (T.UNKNOWN, TE.APPROVED): T.APPROVED,
    (T.UNKNOWN, TE.DECLINED): T.DECLINED,
    (T.UNKNOWN, TE.NO_ANSWER): T.UNKNOWN,
    (T.REVIEW, TE.RELEASED): T.ASKED,
    (T.REVIEW, TE.DECLINED): T.DECLINED,
}

NOTIFICATION: Mapping[tuple[NotificationState, NotificationEvent], NotificationState] = {
    (N.PENDING, NE.ACKNOWLEDGED): N.ACKNOWLEDGED,
    (N.PENDING, NE.FAILED): N.PENDING,
    (N.PENDING, NE.GIVEN_UP): N.EXHAUSTED,
    (N.PENDING, NE.WITHDRAWN): N.WITHDRAWN,
    (N.PENDING, NE.RESENT): N.PENDING,
    (N.ACKNOWLEDGED, NE.RESENT): N.PENDING,
    (N.EXHAUSTED, NE.RESENT): N.PENDING,
    (N.EXHAUSTED, NE.ACKNOWLEDGED): N.ACKNOWLEDGED,
    (N.EXHAUSTED, NE.WITHDRAWN): N.WITHDRAWN,
}

REFUND: Mapping[tuple[RefundState, RefundEvent], RefundState] = {
    (R.ASKED, RE.APPROVED): R.DONE,
    (R.ASKED, RE.DECLINED): R.FAILED,
}

AGREEMENT: Mapping[tuple[AgreementState, AgreementEvent], AgreementState] = {
    (G.SIGNING, GE.SIGNED): G.ACTIVE,
    (G.SIGNING, GE.CANCELLED): G.CANCELED,
    (G.ACTIVE, GE.CANCELLED): G.CANCELED,
}

TABLES: Mapping[str, Mapping[tuple[Any, Any], Any]] = {
    "acquirement": ACQUIREMENT,
    "attempt": ATTEMPT,
    "notification": NOTIFICATION,
    "refund": REFUND,
    "agreement": AGREEMENT,
}


def after(table: Mapping[tuple[S, E], S], state: S, event: E) -> S:
    """Return the state that follows; raise `Broken` when the table has no such step."""
    following = table.get((state, event))
    if following is None:
        message = f"{type(state).__name__} {state} has no step for '{event}'"
        raise Broken(message)
    return following


def diagram(name: str) -> str:
    """Draw a table as a Mermaid state diagram; the docs carry the same text, a test compares."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {start} --> {end}: {event}" for (start, event), end in TABLES[name].items()]
    return "\n".join(lines)
