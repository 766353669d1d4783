"""The audit of payments: every code is produced by a corruption planted into books that were clean.

The clean books come from a real run of the engine: one order paid from the wallet, one by the bank
and cancelled, one declined and approved too late. What must hold: they give no fault, each planted
change gives its code, and every code is planted.
"""

# ruff: noqa: E501  A row of a table is as wide as what it says.

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.engine.score import Score
from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Call
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.operator import OperatorAction
from tillgate.acquiring.states import AcquirementState, AttemptState
from tillgate.bookkeeping.audit import audit_books
from tillgate.bookkeeping.audit.money import MoneyFault
from tillgate.bookkeeping.audit.notes import Note
from tillgate.bookkeeping.audit.orders import OrderFault
from tillgate.bookkeeping.audit.told import ToldFault
from tillgate.kernel.clock import DAY_MS
from tillgate.kernel.ids import CallId, MerchantTransId, PayerId
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record
from tillgate.ledger.audit import Books, Finding
from tillgate.ledger.entries import Balance, Entry, EntryKind, Posting

Rows = dict[type[Record], list[Any]]
WALLET, CANCELLED, LATE, OPEN = "wallet", "cancelled", "late", "open"


@pytest.fixture
async def papers() -> Rows:
    """Return all records of a run in which everything happened once."""
    score = Score()
    await score.set_up()
    await score.calls("B", "poor", merchant_trans_id=MerchantTransId(WALLET))
    for name, payer in ((WALLET, "rich"), (CANCELLED, "slow"), (LATE, "slow"), (OPEN, "slow")):
        await score.calls("A", payer, merchant_trans_id=MerchantTransId(name))
        await score.confirms("A", order=name)
    await score.confirms("B", order=WALLET)
    await score.bank_says("yes", order=CANCELLED)
    await score.merchant_cancels(CANCELLED)
    await score.bank_says("no", order=LATE)
    await score.bank_says("yes", order=LATE)
    await score.money_goes_back()
    rows = {record: list(found) for record, found in (await score.everything()).items()}
    await score.engine.stop()
    return rows


def _audit(rows: Mapping[type[Record], Sequence[Any]]) -> Sequence[Finding]:
    books = Books(entries=rows[Entry], postings=rows[Posting], balances=rows[Balance])
    return audit_books(
        books,
        acquirements=rows[Acquirement],
        attempts=rows[Attempt],
        calls=rows[Call],
        notifications=rows[Notification],
        actions=rows[OperatorAction],
        now_ms=rows[Acquirement][0].created_at_ms,
    )


def _change(rows: Rows, record: type[Record], wanted: dict[str, Any], **changes: Any) -> None:
    """Change the first row that has these values."""
    for index, row in enumerate(rows[record]):
        if all(getattr(row, name) == value for name, value in wanted.items()):
            rows[record][index] = type(row)(
                **{name: getattr(row, name) for name in row.__struct_fields__} | changes
            )
            return
    raise AssertionError((record, wanted))


def _drop(rows: Rows, record: type[Record], **wanted: Any) -> None:
    """Lose every row that has these values."""
    kept = [row for row in rows[record] if any(getattr(row, n) != v for n, v in wanted.items())]
    assert len(kept) < len(rows[record])
    rows[record] = kept


def _order(name: str, **changes: Any) -> Callable[[Rows], None]:
    return lambda rows: _change(rows, Acquirement, {"merchant_trans_id": name}, **changes)


def _attempt(name: str, number: int, **changes: Any) -> Callable[[Rows], None]:
    wanted = {"merchant_trans_id": name, "attempt_no": number}
    return lambda rows: _change(rows, Attempt, wanted, **changes)


def _call(name: str, page: str, **changes: Any) -> Callable[[Rows], None]:
    wanted = {"merchant_trans_id": name, "call_id": page}
    return lambda rows: _change(rows, Call, wanted, **changes)


def _entry(kind: EntryKind, **changes: Any) -> Callable[[Rows], None]:
    return lambda rows: _change(rows, Entry, {"kind": kind}, **changes)


def _lose(record: type[Record], **wanted: Any) -> Callable[[Rows], None]:
    return lambda rows: _drop(rows, record, **wanted)


def _lose_entry(kind: EntryKind) -> Callable[[Rows], None]:
    def lose(rows: Rows) -> None:
        entry = next(row for row in rows[Entry] if row.kind is kind)
        _drop(rows, Entry, entry_id=entry.entry_id)
        _drop(rows, Posting, entry_id=entry.entry_id)

    return lose


def _posting(to: str, /, **changes: Any) -> Callable[[Rows], None]:
    return lambda rows: _change(rows, Posting, {"destination": to}, **changes)


MORE = Money.parse("11.00 HKD")
M, S, T = MoneyFault, OrderFault, ToldFault
# A table reads best a row at a time.
# fmt: off
PLANTED = (
    # what is changed                                                        the code that finds it
    (_lose_entry(EntryKind.PAYMENT),                                        M.NOT_BOOKED),
    (_lose_entry(EntryKind.LATE_APPROVAL),                                  M.NOT_BOOKED),
    (_lose_entry(EntryKind.RETURNED),                                       M.NOT_BOOKED),
    (_lose(Acquirement, merchant_trans_id=WALLET),                          M.ENTRY_WITHOUT_CAUSE),
    (_entry(EntryKind.PAYMENT, reference="somebody else's"),                M.ENTRY_WITHOUT_CAUSE),
    (_entry(EntryKind.REFUND, reference="cancel:nothing"),                  M.ENTRY_WITHOUT_CAUSE),
    (_attempt(LATE, 1, late_approved_at_ms=None),                           M.ENTRY_WITHOUT_CAUSE),
    (_posting("merchant:shop", money=MORE),                                 M.ENTRY_DIFFERS),
    (_posting("merchant:shop", destination="merchant:other"),               M.ENTRY_DIFFERS),
    (_posting("returning:bank", destination="payer:slow"),                  M.ENTRY_DIFFERS),
    (_entry(EntryKind.PAYMENT, at_ms=1),                                    M.ENTRY_DIFFERS),
    (_order(CANCELLED, refunded=Money.parse("4.00 HKD")),                   M.REFUNDS_DIFFER),
    (_lose_entry(EntryKind.REFUND),                                         M.REFUNDS_DIFFER),
    (_attempt(CANCELLED, 1, amount=MORE),                                   M.PAID_BY_NO_ATTEMPT),
    (_attempt(CANCELLED, 1, payer_id=PayerId("other")),                     M.PAID_BY_NO_ATTEMPT),
    (_order(CANCELLED, paid_attempt=7),                                     M.APPROVAL_WITHOUT_PAYMENT),
    (_attempt(OPEN, 1, state=AttemptState.APPROVED),                        M.APPROVAL_WITHOUT_PAYMENT),
    (_lose(Attempt, merchant_trans_id=CANCELLED, attempt_no=2),             M.GIVING_BACK_DIFFERS),
    (_lose(Attempt, merchant_trans_id=LATE, attempt_no=2),                  M.GIVING_BACK_DIFFERS),
    (_lose(OperatorAction, action="payer top-up"),                          M.TOP_UP_NOT_LOGGED),
    (_posting("payer:rich", source="funding:eve"),                          M.TOP_UP_NOT_LOGGED),
    (_lose_entry(EntryKind.TOP_UP),                                         M.TOP_UP_NOT_BOOKED),
    (_order(WALLET, paid_at_ms=None),                                       S.ORDER_STATE_DIFFERS),
    (_order(WALLET, paid_at_ms=1),                                          S.ORDER_STATE_DIFFERS),
    (_order(WALLET, payer_id=None),                                         S.ORDER_STATE_DIFFERS),
    (_order(WALLET, state=AcquirementState.WAIT_BUYER_PAY),                 S.ORDER_STATE_DIFFERS),
    (_order(WALLET, closed_at_ms=10**15),                                   S.ORDER_STATE_DIFFERS),
    (_order(WALLET, refunded=MORE),                                         S.ORDER_STATE_DIFFERS),
    (_order(WALLET, paid_attempt=1),                                        S.ORDER_STATE_DIFFERS),
    (_order(CANCELLED, close_reason=CloseReason.EXPIRED),                   S.ORDER_STATE_DIFFERS),
    (_order(CANCELLED, close_reason=None),                                  S.ORDER_STATE_DIFFERS),
    (_attempt(LATE, 1, declined_code=""),                                   S.ATTEMPT_STATE_DIFFERS),
    (_attempt(OPEN, 1, answered_at_ms=10**15),                              S.ATTEMPT_STATE_DIFFERS),
    (_attempt(OPEN, 1, amount=Money.parse("0 HKD")),                        S.ATTEMPT_STATE_DIFFERS),
    (_attempt(LATE, 1, contradicted_at_ms=10**15),                          S.ATTEMPT_STATE_DIFFERS),
    (_lose(Acquirement, merchant_trans_id=OPEN),                            S.ATTEMPT_WITHOUT_ORDER),
    (_order(LATE, attempt_count=1),                                         S.ATTEMPT_NOT_COUNTED),
    (_order(OPEN, attempt_open=0),                                          S.ATTEMPT_OPEN_DIFFERS),
    (_order(LATE, attempt_open=1),                                          S.ATTEMPT_OPEN_DIFFERS),
    (_lose(Acquirement, merchant_trans_id=LATE),                            T.CALL_WITHOUT_ORDER),
    (_call(WALLET, "A", result_code="8000"),                                T.CALL_TOLD_UNKNOWN),
    (_call(OPEN, "A", result_code="9000"),                                  T.CALL_TOLD_PAID_WRONGLY),
    (_call(WALLET, "B", result_code="9000"),                                T.CALL_TOLD_PAID_WRONGLY),
    (_call(WALLET, "B", result_code="9000", payer_id=PayerId("rich")),      T.SEVERAL_CALLS_TOLD_PAID),
    (_call(OPEN, "A", result_code="5000"),                                  T.CALL_TOLD_DUPLICATE_WRONGLY),
    (_lose(Notification, merchant_trans_id=WALLET),                         T.NOTIFICATION_MISSING),
    (_lose(Notification, merchant_trans_id=CANCELLED),                      T.NOTIFICATION_MISSING),
    (lambda rows: _change(rows, Notification, {"merchant_trans_id": WALLET}, amount=MORE), T.NOTIFICATION_WITHOUT_CAUSE),
    (lambda rows: _change(rows, Notification, {"merchant_trans_id": WALLET}, result="ORDER_IS_CLOSED"), T.NOTIFICATION_WITHOUT_CAUSE),
    (lambda rows: _change(rows, Notification, {"merchant_trans_id": WALLET}, ended_at_ms=1), T.NOTIFICATION_STATE_DIFFERS),
    (_attempt(OPEN, 1, asked_at_ms=-DAY_MS),                                Note.UNKNOWN_FOR_A_DAY),
    (_attempt(CANCELLED, 1, contradicted_at_ms=10**15),                     Note.CONTRADICTED),
    (_attempt(CANCELLED, 2, state=AttemptState.DECLINED, declined_code="PROCESS_FAIL"), Note.REFUND_DECLINED),
    (_posting("issuer:bank", source="suspense:other"),                      Note.SUSPENSE_NOT_EMPTY),
)
# fmt: on


def _second_debit(rows: Rows) -> None:
    wanted = {"merchant_trans_id": OPEN}
    _change(rows, Acquirement, wanted, attempt_count=2)
    first = next(row for row in rows[Attempt] if row.merchant_trans_id == OPEN)
    values = {name: getattr(first, name) for name in first.__struct_fields__}
    rows[Attempt].append(Attempt(**values | {"attempt_no": 2, "call_id": CallId("B")}))


ALL_PLANTED = (*PLANTED, (_second_debit, OrderFault.SEVERAL_DEBITS))


async def test_books_in_which_everything_happened_are_clean(papers: Rows) -> None:
    assert not _audit(papers)
    assert {entry.kind for entry in papers[Entry]} == set(EntryKind)


@pytest.mark.parametrize(("plant", "code"), ALL_PLANTED)
async def test_a_planted_change_is_found(
    papers: Rows, plant: Callable[[Rows], None], code: str
) -> None:
    plant(papers)

    found = {finding.code: finding for finding in _audit(papers)}
    assert code in found
    assert found[code].is_fault is not isinstance(code, Note)
    assert found[code].subject
    assert found[code].sentence.endswith(".")


def test_every_code_is_planted() -> None:
    known = {code for codes in (MoneyFault, OrderFault, ToldFault, Note) for code in codes}

    assert {code for _, code in ALL_PLANTED} == known
