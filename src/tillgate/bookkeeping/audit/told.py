"""What was told: pages by the outcome of a call, merchants by a notification.

Somebody acts on each of these, so none may say what did not happen. What must hold: 9000 was told
to one call of a paid order at most, 8000 is never recorded, and an address is owed a word.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum, unique

from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.call import Form
from tillgate.acquiring.notification import SENDS_MAX, Notification, NotificationKind
from tillgate.acquiring.states import AcquirementState, NotificationState
from tillgate.bookkeeping.audit.papers import Check, Papers, fault, name_of
from tillgate.kernel.clock import DAY_MS
from tillgate.kernel.results import CallbackCode, Result
from tillgate.ledger.audit import Finding

SERVER_CALL_ID = "agreement.pay"
"""The id of the one call of an order that has no page."""
CALLS_KEPT_MS = 30 * DAY_MS
"""How long calls are there for certain once their order is paid or closed (`docs/scaling.md`)."""
SENDS_OF_STATE = {
    NotificationState.ACKNOWLEDGED: 1,
    NotificationState.EXHAUSTED: SENDS_MAX,
}
"""How many sends there were at least before a notification could come to this."""


@unique
class ToldFault(StrEnum):
    """What can be wrong with what was told."""

    CALL_WITHOUT_ORDER = "CALL_WITHOUT_ORDER"
    CALL_TOLD_UNKNOWN = "CALL_TOLD_UNKNOWN"
    CALL_TOLD_PAID_WRONGLY = "CALL_TOLD_PAID_WRONGLY"
    PAID_AND_NO_CALL_TOLD = "PAID_AND_NO_CALL_TOLD"
    SEVERAL_CALLS_TOLD_PAID = "SEVERAL_CALLS_TOLD_PAID"
    CALL_TOLD_DUPLICATE_WRONGLY = "CALL_TOLD_DUPLICATE_WRONGLY"
    SERVER_CALL_DIFFERS = "SERVER_CALL_DIFFERS"
    NOTIFICATION_MISSING = "NOTIFICATION_MISSING"
    NOTIFICATION_WITHOUT_CAUSE = "NOTIFICATION_WITHOUT_CAUSE"
    NOTIFICATION_STATE_DIFFERS = "NOTIFICATION_STATE_DIFFERS"
    NOTIFICATION_NOT_SENT = "NOTIFICATION_NOT_SENT"
    NOTIFICATION_GOES_ELSEWHERE = "NOTIFICATION_GOES_ELSEWHERE"


def check_calls(papers: Papers) -> Iterator[Finding]:
    """Each outcome told to a call is one that its order bears out."""
    for call in papers.calls:
        order = papers.orders.get(name_of(call))
        subject = f"{call.merchant_id}/{call.merchant_trans_id}/{call.call_id}"
        if order is None:
            sentence = "The call belongs to an order that is not there."
            yield fault(ToldFault.CALL_WITHOUT_ORDER, sentence, subject)
        elif call.result_code == CallbackCode.PROCESSING.code:
            sentence = "The call's final outcome is unknown, which is never final."
            yield fault(ToldFault.CALL_TOLD_UNKNOWN, sentence, subject)
        elif call.result_code == CallbackCode.PAID.code and (
            not order.was_paid or call.payer_id != order.payer_id
        ):
            sentence = "The call was told 9000, but its payer did not pay the order."
            yield fault(ToldFault.CALL_TOLD_PAID_WRONGLY, sentence, subject)
        elif call.result_code == CallbackCode.DUPLICATE.code and not order.was_paid:
            sentence = "The call was told 5000, but the order was not paid."
            yield fault(ToldFault.CALL_TOLD_DUPLICATE_WRONGLY, sentence, subject)


def check_single(papers: Papers) -> Iterator[Finding]:
    """One payment is told to one call; to none, if a cancel noted in time undid it."""
    for name, order in papers.orders.items():
        calls = papers.calls_of.get(name, ())
        paid = [call.call_id for call in calls if call.result_code == CallbackCode.PAID.code]
        if len(paid) > 1:
            sentence = f"The calls {paid} were all told 9000."
            yield fault(ToldFault.SEVERAL_CALLS_TOLD_PAID, sentence, name)
        is_owed = order.was_paid and not order.cancel_requested and _has_calls(order, papers)
        if is_owed and not paid:
            sentence = "The order was paid, but none of its calls was told 9000."
            yield fault(ToldFault.PAID_AND_NO_CALL_TOLD, sentence, name)


def check_server(papers: Papers) -> Iterator[Finding]:
    """A debit that a merchant's server asked is the one call of its order, and leaves it no rest.

    Such an order has no cashier, so it must not wait for a buyer; and no other order is closed
    since an automatic debit was declined.
    """
    for name, order in papers.orders.items():
        calls = papers.calls_of.get(name, ())
        is_server = any(call.form is Form.SERVER for call in calls)
        is_declined = order.close_reason is CloseReason.DECLINED and _has_calls(order, papers)
        if is_server and (len(calls) > 1 or calls[0].call_id != SERVER_CALL_ID):
            sentence = f"An order debited by a server has {len(calls)} calls."
            yield fault(ToldFault.SERVER_CALL_DIFFERS, sentence, name)
        elif is_server and order.waits and not order.attempt_open:
            sentence = "The order waits for a buyer, though a server debited it and no page did."
            yield fault(ToldFault.SERVER_CALL_DIFFERS, sentence, name)
        elif is_declined and not is_server:
            sentence = "The order is closed by a declined debit that no server asked for."
            yield fault(ToldFault.SERVER_CALL_DIFFERS, sentence, name)


def check_owed(papers: Papers) -> Iterator[Finding]:
    """A merchant who named an address is owed a word of a payment and of a closing after a try.

    Orders that leave the address to the merchant's registration are not judged: it may have been
    registered later.
    """
    for name, order in papers.orders.items():
        owed = _owed(order)
        results = {row.result for row in papers.notifications_of.get(name, ())}
        if order.notify_url and owed is not None and owed.name not in results:
            sentence = f"The merchant is owed a notification with {owed.name}."
            yield fault(ToldFault.NOTIFICATION_MISSING, sentence, name)


def check_notifications(papers: Papers) -> Iterator[Finding]:
    """Each notification tells what happened to its order."""
    for row in papers.notifications:
        if row.kind is not NotificationKind.PAYMENT:
            continue
        subject = f"{row.merchant_id}/{row.notification_id}"
        order = papers.orders.get(name_of(row))
        if order is None or not _bears_out(order, row):
            sentence = f"The notification says {row.result} and {row.pay_status}, which is not so."
            yield fault(ToldFault.NOTIFICATION_WITHOUT_CAUSE, sentence, subject)
        elif order.notify_url and row.url != order.notify_url:
            sentence = f"The notification goes to {row.url}; its order names {order.notify_url}."
            yield fault(ToldFault.NOTIFICATION_GOES_ELSEWHERE, sentence, subject)


def check_ends(papers: Papers) -> Iterator[Finding]:
    """Each notification has ended exactly if it says so, and after as many sends as that takes."""
    for row in papers.notifications:
        subject = f"{row.merchant_id}/{row.notification_id}"
        if (row.state is NotificationState.PENDING) != (row.ended_at_ms is None):
            sentence = f"The notification is {row.state}, its end is {row.ended_at_ms}."
            yield fault(ToldFault.NOTIFICATION_STATE_DIFFERS, sentence, subject)
        if row.sends < SENDS_OF_STATE.get(row.state, 0):
            sentence = f"The notification is {row.state}, but was sent {row.sends} times only."
            yield fault(ToldFault.NOTIFICATION_NOT_SENT, sentence, subject)


CHECKS: Sequence[Check] = (
    check_calls,
    check_single,
    check_server,
    check_owed,
    check_notifications,
    check_ends,
)


def _has_calls(order: Acquirement, papers: Papers) -> bool:
    """Tell whether an order that has ended did so lately enough to have its calls still."""
    ended_at_ms = order.closed_at_ms if order.paid_at_ms is None else order.paid_at_ms
    return ended_at_ms is not None and papers.now_ms - ended_at_ms < CALLS_KEPT_MS


def _owed(order: Acquirement) -> Result | None:
    """Return what the merchant is owed (U21); a cancel noted in time makes it a closing."""
    if order.was_paid and not order.cancel_requested:
        return Result.SUCCESS
    closed = order.state is AcquirementState.TRADE_CLOSED
    return Result.ORDER_IS_CLOSED if closed and order.attempt_count else None


def _content(row: Acquirement | Notification) -> tuple[object, ...]:
    """Return what a message says, and for whom it is signed, as its order has it."""
    return (row.acquirement_id, row.amount, row.client_id, row.version, row.extend_info)


def _bears_out(order: Acquirement, row: Notification) -> bool:
    same = _content(row) == _content(order)
    if row.result == Result.SUCCESS.name:
        paid = order.was_paid and row.paid_at_ms == order.paid_at_ms
        return same and paid and row.pay_status is AcquirementState.TRADE_SUCCESS
    closed = AcquirementState.TRADE_CLOSED
    return same and row.result == Result.ORDER_IS_CLOSED.name and order.state is closed
