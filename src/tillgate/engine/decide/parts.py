"""Pieces that several verbs share: what a call is told of its order, how an order is closed.

What must hold: a call's outcome is derived here and nowhere else, so that the answer to tradePay,
to confirm and to a repeat of either is the same.
"""

import msgspec

from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.attempt import Attempt, AttemptKind, AttemptPurpose
from tillgate.acquiring.call import Call, Final, final
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.notification import Notification, NotificationKind
from tillgate.acquiring.operator import OperatorAction
from tillgate.acquiring.states import (
    NOTIFICATION,
    AcquirementEvent,
    AcquirementState,
    AttemptState,
    NotificationEvent,
    NotificationState,
    after,
)
from tillgate.bookkeeping import payer_account
from tillgate.engine.commands import AddPayer, OperatorCommand
from tillgate.engine.ports import Lookup
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Broken
from tillgate.kernel.ids import AcquirementId, MerchantTransId, NotificationId, PayerId
from tillgate.kernel.money import Money, zero
from tillgate.kernel.record import Key
from tillgate.kernel.results import CallbackCode, Result
from tillgate.ledger.entries import Balance, Journal

CLOSING = {
    CloseReason.EXPIRED: AcquirementEvent.EXPIRED,
    CloseReason.CANCELLED: AcquirementEvent.CANCELLED,
    CloseReason.DECLINED: AcquirementEvent.DEBIT_DECLINED,
}
"""What happens to an unpaid order that is closed for a reason."""
EXPIRED = "The order expired before it was paid; start a new one with a new merchantTransId."
"""What people are told of an order that nobody closed; the code is the same."""


def attempt_lookup(merchant_id: str, merchant_trans_id: str, attempt_no: int) -> Lookup:
    """Resolve an attempt to what never changes of it."""
    return Lookup(
        Attempt,
        (
            ("merchant_id", merchant_id),
            ("merchant_trans_id", merchant_trans_id),
            ("attempt_no", attempt_no),
        ),
    )


def order_keys(merchant_id: str, merchant_trans_id: str) -> list[Key]:
    """Name the rows that belong to an order: itself, its merchant and its two notifications."""
    return [
        Key(Acquirement, (merchant_id, merchant_trans_id)),
        Key(Merchant, (merchant_id,)),
        Key(Notification, (merchant_id, _paid_id(merchant_trans_id))),
        Key(Notification, (merchant_id, _closed_id(merchant_trans_id))),
    ]


def balance_key(payer_id: str, currency: str) -> Key:
    """Name the balance row of a payer of the built-in wallet."""
    return Key(Balance, (str(payer_account(PayerId(payer_id))), currency))


def recorded(call: Call, order: Acquirement) -> Final:
    """Return the outcome that a call was told once and for all."""
    if not call.result_code:
        message = f"call {call.call_id} has no outcome yet"
        raise Broken(message)
    paid = call.result_code == CallbackCode.PAID.code
    url = order.return_url if paid else ""
    return Final(result_code=call.result_code, memo=call.result_memo, return_url=url)


def unknown(order: Acquirement) -> Final:
    """Return 8000: somebody was asked and has not answered."""
    told = final(CallbackCode.PROCESSING, result=Result.PAYMENT_IN_PROCESS)
    return Final(result_code=told.result_code, memo=told.memo, return_url=order.return_url)


def end_call(rows: Rows, call: Call, order: Acquirement, outcome: Final) -> Final:
    """Record a call's final outcome, and return it as every repeat will get it."""
    ended = call.replaced(result_code=outcome.result_code, result_memo=outcome.memo)
    rows.update(ended)
    return recorded(ended, order)


def outcome_of_order(order: Acquirement) -> Final | None:
    """Return what another call is told by the order's state, or None when it may still pay."""
    if order.attempt_open:
        return unknown(order)
    if order.was_paid:
        return final(CallbackCode.DUPLICATE)
    if order.state is AcquirementState.TRADE_CLOSED:
        sentence = EXPIRED if order.close_reason is CloseReason.EXPIRED else ""
        return final(CallbackCode.FAILED, result=Result.ORDER_IS_CLOSED, sentence=sentence)
    return None


def put_journal(rows: Rows, journal: Journal) -> None:
    """Write an entry with its postings."""
    rows.insert(journal.entry)
    for posting in journal.postings:
        rows.insert(posting)


def credit(rows: Rows, payer_id: PayerId, money: Money) -> Money:
    """Add to a wallet payer's balance row and return the new balance."""
    account = str(payer_account(payer_id))
    before = rows.get(Balance, account, money.currency.code)
    if before is None:
        row = Balance(account=account, currency=money.currency.code, money=money)
        rows.insert(row)
        return row.money
    row = before.replaced(money=before.money + money)
    rows.update(row)
    return row.money


def close_order(rows: Rows, order: Acquirement, reason: CloseReason, *, now_ms: int) -> Acquirement:
    """Close an unpaid order; the merchant is told when somebody had tried to pay it (U21)."""
    now_ms = max(now_ms, order.created_at_ms)
    closed = order.stepped(CLOSING[reason], closed_at_ms=now_ms, close_reason=reason)
    rows.update(closed)
    if closed.attempt_count:
        notify(rows, closed, Result.ORDER_IS_CLOSED, now_ms=now_ms)
    return closed


def notify(rows: Rows, order: Acquirement, result: Result, *, now_ms: int) -> None:
    """Owe the merchant a message about the order, if there is an address to send it to (C14)."""
    url = order.notify_url or rows.must(Merchant, order.merchant_id).notify_url
    if not url:
        return
    trans_id = order.merchant_trans_id
    identifier = _paid_id(trans_id) if result is Result.SUCCESS else _closed_id(trans_id)
    row = Notification(
        merchant_id=order.merchant_id,
        notification_id=identifier,
        merchant_trans_id=trans_id,
        acquirement_id=order.acquirement_id,
        client_id=order.client_id,
        version=order.version,
        url=url,
        result=result.name,
        pay_status=order.state,
        amount=order.amount,
        paid_at_ms=order.paid_at_ms,
        extend_info=order.extend_info,
        state=NotificationState.PENDING,
        created_at_ms=now_ms,
        due_at_ms=now_ms,
    )
    rows.insert(row)


def withdraw_success(rows: Rows, order: Acquirement, *, now_ms: int) -> None:
    """Withdraw a success that the merchant has not acknowledged: a cancel undid it (U21)."""
    told = rows.get(Notification, order.merchant_id, _paid_id(order.merchant_trans_id))
    if told is None or (told.state, NotificationEvent.WITHDRAWN) not in NOTIFICATION:
        return
    state = after(NOTIFICATION, told.state, NotificationEvent.WITHDRAWN)
    rows.update(told.replaced(state=state, ended_at_ms=now_ms))


def cancelled_agreement_key(merchant_id: str, merchant_agreement_id: str) -> Key:
    """Name the notification of an agreement's end."""
    return Key(Notification, (merchant_id, _cancelled_id(merchant_agreement_id)))


def notify_cancelled(rows: Rows, agreement: Agreement, *, now_ms: int) -> None:
    """Owe the merchant the news that an agreement ended, if an address is registered (U8)."""
    merchant = rows.must(Merchant, agreement.merchant_id)
    if not merchant.notify_url:
        return
    row = Notification(
        merchant_id=agreement.merchant_id,
        notification_id=_cancelled_id(agreement.merchant_agreement_id),
        merchant_trans_id=MerchantTransId(""),
        acquirement_id=AcquirementId(""),
        client_id=agreement.client_id,
        version=agreement.version,
        url=merchant.notify_url,
        result=Result.SUCCESS.name,
        pay_status=AcquirementState.TRADE_CLOSED,
        amount=zero(agreement.currency),
        paid_at_ms=None,
        extend_info="",
        state=NotificationState.PENDING,
        created_at_ms=now_ms,
        due_at_ms=now_ms,
        kind=NotificationKind.AGREEMENT_CANCELLED,
        merchant_agreement_id=agreement.merchant_agreement_id,
        happened_at_ms=now_ms,
    )
    rows.insert(row)


def refund_attempt(
    paid: Attempt, number: int, *, money: Money, purpose: AttemptPurpose, now_ms: int
) -> Attempt:
    """Return the question to an outside issuer to take back money that an attempt brought."""
    return Attempt(
        merchant_id=paid.merchant_id,
        merchant_trans_id=paid.merchant_trans_id,
        attempt_no=number,
        kind=AttemptKind.REFUND,
        purpose=purpose,
        state=AttemptState.ASKED,
        issuer=paid.issuer,
        payer_id=paid.payer_id,
        amount=money,
        call_id=paid.call_id,
        asked_at_ms=now_ms,
        next_ask_at_ms=now_ms,
        asks=0,
    )


def logged(command: OperatorCommand, action: str, subject: str, *, now_ms: int) -> OperatorAction:
    """Return the row that keeps what an operator did, without names of its own and secrets.

    The log is kept for ever, so a payer's name, which may have to be erased, never stands in it.
    """
    said = msgspec.to_builtins(command, enc_hook=str)
    personal = ("name", "about") if isinstance(command, AddPayer) else ()
    for name in ("operation_id", "operator", "pin_hash", *personal):
        said.pop(name, None)
    return OperatorAction(
        operation_id=command.operation_id,
        at_ms=now_ms,
        operator=command.operator,
        action=action,
        subject=subject,
        detail=msgspec.json.encode(said).decode(),
    )


def _cancelled_id(merchant_agreement_id: str) -> NotificationId:
    return NotificationId(f"{merchant_agreement_id}.agreement")


def _paid_id(merchant_trans_id: str) -> NotificationId:
    return NotificationId(f"{merchant_trans_id}.paid")


def _closed_id(merchant_trans_id: str) -> NotificationId:
    return NotificationId(f"{merchant_trans_id}.closed")
