"""What is planted into books that were clean, each with the code that finds it.

Every plant takes the rows by kind and changes some of them, as a defect or a thief would.
"""

# ruff: noqa: E501  A row of a table is as wide as what it says.

from collections.abc import Callable
from typing import Any

from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.agreement import Agreement, Grant, GrantKind
from tillgate.acquiring.allowance import Allowance
from tillgate.acquiring.attempt import Attempt, AttemptPurpose
from tillgate.acquiring.call import Call
from tillgate.acquiring.debt import Debt
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.operator import OperatorAction
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.risk.judge import Outcome
from tillgate.acquiring.risk.records import RiskDecision
from tillgate.acquiring.states import (
    AcquirementState,
    AgreementState,
    AttemptState,
    NotificationState,
    RefundState,
)
from tillgate.bookkeeping.audit.agreements import AgreementFault
from tillgate.bookkeeping.audit.allowances import AllowanceFault
from tillgate.bookkeeping.audit.money import MoneyFault
from tillgate.bookkeeping.audit.notes import Note
from tillgate.bookkeeping.audit.orders import OrderFault
from tillgate.bookkeeping.audit.refunds import RefundFault
from tillgate.bookkeeping.audit.risk import RiskFault
from tillgate.bookkeeping.audit.told import ToldFault
from tillgate.kernel.clock import DAY_MS
from tillgate.kernel.ids import CallId, PayerId
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Entry, EntryKind, Posting

Rows = dict[type[Record], list[Any]]
WALLET, CANCELLED, LATE, OPEN = "wallet", "cancelled", "late", "open"


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


def _named(record: type[Record], field: str) -> Callable[..., Callable[[Rows], None]]:
    """Return what changes the row of a kind that has this name."""

    def changed(name: str, **changes: Any) -> Callable[[Rows], None]:
        return lambda rows: _change(rows, record, {field: name}, **changes)

    return changed


_refund = _named(Refund, "merchant_refund_id")
_told = _named(Notification, "notification_id")
_agreement = _named(Agreement, "merchant_agreement_id")
_allowance = _named(Allowance, "owner")
_logged = _named(OperatorAction, "subject")
_decision = _named(RiskDecision, "merchant_trans_id")


def _grant(kind: GrantKind, number: int, /, **changes: Any) -> Callable[[Rows], None]:
    return lambda rows: _change(rows, Grant, {"kind": kind, "generation": number}, **changes)


def _posting(to: str, /, **changes: Any) -> Callable[[Rows], None]:
    return lambda rows: _change(rows, Posting, {"destination": to}, **changes)


def _debt(given_minor: int) -> Callable[[Rows], None]:
    return lambda rows: _change(rows, Debt, {"currency": "HKD"}, given_minor=given_minor)


def _old_token_lives_on(rows: Rows) -> None:
    access = [row for row in rows[Grant] if row.kind is GrantKind.ACCESS]
    lasting = max(row.expires_at_ms for row in access)
    _change(rows, Grant, {"kind": GrantKind.ACCESS, "generation": 2}, issued_at_ms=lasting - DAY_MS)
    first = next(
        row for row in access if row.merchant_agreement_id == "G-1" and row.generation == 1
    )
    _change(rows, Grant, {"token_hash": first.token_hash}, expires_at_ms=lasting)


MORE = Money.parse("11.00 HKD")
M, S, T, R = MoneyFault, OrderFault, ToldFault, RefundFault
G, L, K = AgreementFault, AllowanceFault, RiskFault
N = NotificationState
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
    (_refund("R-1", amount=MORE),                                           M.ENTRY_DIFFERS),
    (_refund("R-1", created_at_ms=10**15),                                  M.ENTRY_DIFFERS),
    (_lose_entry(EntryKind.REFUND),                                         M.NOT_BOOKED),
    (_lose_entry(EntryKind.REFUND_DECLINED),                                M.NOT_BOOKED),
    (_refund("R-3", state=RefundState.FAILED),                              M.NOT_BOOKED),
    (_lose(Refund, merchant_refund_id="R-1"),                               M.ENTRY_WITHOUT_CAUSE),
    (_refund("R-2", state=RefundState.DONE),                                M.ENTRY_WITHOUT_CAUSE),
    (_order(CANCELLED, refunded=Money.parse("4.00 HKD")),                   R.REFUNDS_DIFFER),
    (_order("part", refunded=Money.parse("4.01 HKD")),                      R.REFUNDS_DIFFER),
    (_lose(Refund, merchant_refund_id="R-1"),                               R.REFUNDS_DIFFER),
    (_debt(0),                                                              R.DEBT_DIFFERS),
    (_debt(1),                                                              R.DEBT_DIFFERS),
    (_debt(10**6),                                                          R.DEBT_DIFFERS),
    (_refund("R-2", state=RefundState.DONE),                                R.REFUNDS_DIFFER),
    (_order("back", refunds_open=0),                                        R.REFUNDS_OPEN_DIFFER),
    (_order("part", refunds_open=1),                                        R.REFUNDS_OPEN_DIFFER),
    (_refund("R-1", merchant_trans_id="nothing"),                           R.REFUND_WITHOUT_PAYMENT),
    (_refund("R-1", merchant_trans_id=OPEN),                                R.REFUND_WITHOUT_PAYMENT),
    (_refund("R-1", acquirement_id="another"),                              R.REFUND_WITHOUT_PAYMENT),
    (_refund("R-1", ended_at_ms=None),                                      R.REFUND_STATE_DIFFERS),
    (_refund("R-1", attempt_no=1),                                          R.REFUND_STATE_DIFFERS),
    (_refund("R-1", amount=Money.parse("4.00 USD")),                        R.REFUND_STATE_DIFFERS),
    (_refund("R-1", created_at_ms=1),                                       R.REFUND_STATE_DIFFERS),
    (_refund("R-2", failure=""),                                            R.REFUND_STATE_DIFFERS),
    (_refund("R-3", attempt_no=0),                                          R.REFUND_STATE_DIFFERS),
    (_refund("R-3", attempt_no=4),                                          R.REFUND_ATTEMPT_DIFFERS),
    (_refund("R-4", state=RefundState.ASKED),                               R.REFUND_ATTEMPT_DIFFERS),
    (_lose(Refund, merchant_refund_id="R-3"),                               R.REFUND_ATTEMPT_DIFFERS),
    (_attempt("back", 3, state=AttemptState.APPROVED),                      R.REFUND_ATTEMPT_DIFFERS),
    (_attempt("back", 3, amount=MORE),                                      R.REFUND_ATTEMPT_DIFFERS),
    (_attempt("back", 3, merchant_refund_id="R-4"),                         R.REFUND_ATTEMPT_DIFFERS),
    (_attempt(CANCELLED, 1, amount=MORE),                                   M.PAID_BY_NO_ATTEMPT),
    (_attempt(CANCELLED, 1, payer_id=PayerId("other")),                     M.PAID_BY_NO_ATTEMPT),
    (_order(CANCELLED, paid_attempt=7),                                     M.APPROVAL_WITHOUT_PAYMENT),
    (_attempt(OPEN, 1, state=AttemptState.APPROVED),                        M.APPROVAL_WITHOUT_PAYMENT),
    (_lose(Attempt, merchant_trans_id=CANCELLED, attempt_no=2),             R.GIVING_BACK_DIFFERS),
    (_lose(Attempt, merchant_trans_id=LATE, attempt_no=2),                  R.GIVING_BACK_DIFFERS),
    (_lose(Attempt, merchant_trans_id="back", attempt_no=3),                R.GIVING_BACK_DIFFERS),
    (_attempt("back", 3, payer_id=PayerId("rich")),                         R.GIVEN_TO_ANOTHER),
    (_attempt("back", 3, issuer="another"),                                 R.GIVEN_TO_ANOTHER),
    (_attempt(CANCELLED, 2, payer_id=PayerId("rich")),                      R.GIVEN_TO_ANOTHER),
    (_attempt(LATE, 2, payer_id=PayerId("rich")),                           R.GIVEN_TO_ANOTHER),
    (_attempt(LATE, 2, issuer="another"),                                   R.GIVEN_TO_ANOTHER),
    (_order("decided", paid_attempt=0),                                     M.APPROVAL_WITHOUT_PAYMENT),
    (_lose(Attempt, merchant_trans_id="decided"),                           M.PAID_BY_NO_ATTEMPT),
    (_lose(OperatorAction, action="payer top-up"),                          M.TOP_UP_NOT_LOGGED),
    (_posting("payer:rich", source="funding:eve"),                          M.TOP_UP_NOT_LOGGED),
    (lambda rows: _change(rows, Posting, {"source": "funding:ada"}, money=MORE), M.TOP_UP_NOT_LOGGED),
    (lambda rows: _change(rows, Entry, {"kind": EntryKind.TOP_UP}, at_ms=1), M.TOP_UP_NOT_LOGGED),
    (_logged("Payer(rich)", subject="Payer(poor)"),                         M.TOP_UP_NOT_LOGGED),
    (_logged("Payer(rich)", detail="{}"),                                   M.TOP_UP_NOT_LOGGED),
    (_logged("Payer(rich)", detail="nothing"),                              M.TOP_UP_NOT_LOGGED),
    (_logged("Payer(rich)", detail="[" * 100_000),                          M.TOP_UP_NOT_LOGGED),
    (_logged("Payer(rich)", detail='{"more":' * 100_000),                   M.TOP_UP_NOT_LOGGED),
    (_logged("Payer(rich)", detail="\ud800"),                               M.TOP_UP_NOT_LOGGED),
    (_lose_entry(EntryKind.TOP_UP),                                         M.TOP_UP_NOT_BOOKED),
    (_order(WALLET, paid_at_ms=None),                                       S.ORDER_STATE_DIFFERS),
    (_order(WALLET, paid_at_ms=1),                                          S.ORDER_STATE_DIFFERS),
    (_order(WALLET, payer_id=None),                                         S.ORDER_STATE_DIFFERS),
    (_order(WALLET, state=AcquirementState.WAIT_BUYER_PAY),                 S.ORDER_STATE_DIFFERS),
    (_order(WALLET, closed_at_ms=10**15),                                   S.ORDER_STATE_DIFFERS),
    (_order(WALLET, refunded=MORE),                                         S.ORDER_STATE_DIFFERS),
    (_order(WALLET, paid_attempt=1),                                        M.PAID_BY_NO_ATTEMPT),
    (_order(CANCELLED, close_reason=CloseReason.EXPIRED),                   S.ORDER_STATE_DIFFERS),
    (_order(CANCELLED, close_reason=None),                                  S.ORDER_STATE_DIFFERS),
    (_order("part", state=AcquirementState.TRADE_CLOSED, close_reason=CloseReason.REFUNDED, closed_at_ms=10**15), S.ORDER_STATE_DIFFERS),
    (_order("back", refunded=Money.parse("10.00 HKD"), refunds_open=0),     S.ORDER_STATE_DIFFERS),
    (_order("short", failure=""),                                           S.ORDER_STATE_DIFFERS),
    (_order("part", failure="PROCESS_FAIL"),                                S.ORDER_STATE_DIFFERS),
    (_order("short", attempt_count=0),                                      S.ORDER_STATE_DIFFERS),
    (_order(CANCELLED, paid_attempt=0),                                     S.ORDER_STATE_DIFFERS),
    (_order(WALLET, cancel_requested=True),                                 S.ORDER_STATE_DIFFERS),
    (_order("short", cancel_requested=True),                                S.ORDER_STATE_DIFFERS),
    (_attempt("held", 1, asks=1),                                           S.ATTEMPT_STATE_DIFFERS),
    (_attempt(OPEN, 1, purpose=AttemptPurpose.REFUND),                      S.ATTEMPT_STATE_DIFFERS),
    (_attempt(LATE, 1, declined_code=""),                                   S.ATTEMPT_STATE_DIFFERS),
    (_attempt(OPEN, 1, answered_at_ms=10**15),                              S.ATTEMPT_STATE_DIFFERS),
    (_attempt(OPEN, 1, amount=Money.parse("0 HKD")),                        S.ATTEMPT_STATE_DIFFERS),
    (_attempt(LATE, 1, contradicted_at_ms=10**15),                          S.ATTEMPT_STATE_DIFFERS),
    (_lose(Acquirement, merchant_trans_id=OPEN),                            S.ATTEMPT_WITHOUT_ORDER),
    (_order(LATE, attempt_count=1),                                         S.ATTEMPT_NOT_COUNTED),
    (_order(OPEN, attempt_open=0),                                          S.ATTEMPT_OPEN_DIFFERS),
    (_order(LATE, attempt_open=1),                                          S.ATTEMPT_OPEN_DIFFERS),
    (_lose(Call, merchant_trans_id=OPEN),                                   S.ATTEMPT_CALL_DIFFERS),
    (_lose(Call, merchant_trans_id="asked"),                                S.ATTEMPT_CALL_DIFFERS),
    (_call("held", "page of rich", payer_id=PayerId("poor")),               S.ATTEMPT_CALL_DIFFERS),
    (_call(OPEN, "A", result_code="4000"),                                  S.ATTEMPT_CALL_DIFFERS),
    (_attempt(OPEN, 1, call_id=CallId("B")),                                S.ATTEMPT_CALL_DIFFERS),
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
    (_told("wallet.paid", state=N.ACKNOWLEDGED, ended_at_ms=1),             T.NOTIFICATION_NOT_SENT),
    (_told("wallet.paid", state=N.EXHAUSTED, ended_at_ms=1, sends=7),       T.NOTIFICATION_NOT_SENT),
    (_told("wallet.paid", client_id="another"),                             T.NOTIFICATION_WITHOUT_CAUSE),
    (_told("wallet.paid", extend_info="another"),                           T.NOTIFICATION_WITHOUT_CAUSE),
    (_told("wallet.paid", version="1.0.0"),                                 T.NOTIFICATION_WITHOUT_CAUSE),
    (_told("wallet.paid", url="https://thief.example/"),                    T.NOTIFICATION_GOES_ELSEWHERE),
    (_call(WALLET, "A", result_code=""),                                    T.PAID_AND_NO_CALL_TOLD),
    (_lose(Call, merchant_trans_id=WALLET, call_id="A"),                    T.PAID_AND_NO_CALL_TOLD),
    (_lose(Call, merchant_trans_id="debited"),                              T.PAID_AND_NO_CALL_TOLD),
    (_call("debited", "agreement.pay", call_id="another"),                  T.SERVER_CALL_DIFFERS),
    (_lose(Call, merchant_trans_id="short"),                                T.SERVER_CALL_DIFFERS),
    (_order("short", state=AcquirementState.WAIT_BUYER_PAY),                T.SERVER_CALL_DIFFERS),
    (_agreement("G-1", payer_id=None),                                      G.AGREEMENT_STATE_DIFFERS),
    (_agreement("G-1", state=AgreementState.SIGNING),                       G.AGREEMENT_STATE_DIFFERS),
    (_agreement("G-1", state=AgreementState.CANCELED),                      G.AGREEMENT_STATE_DIFFERS),
    (_agreement("G-1", signed_at_ms=1),                                     G.AGREEMENT_STATE_DIFFERS),
    (_agreement("G-1", expires_at_ms=1),                                    G.AGREEMENT_STATE_DIFFERS),
    (_agreement("G-3", cancelled_by="nobody"),                              G.AGREEMENT_STATE_DIFFERS),
    (_agreement("G-3", payer_id=None, signed_at_ms=None, code_ends_at_ms=None), G.AGREEMENT_STATE_DIFFERS),
    (_agreement("G-1", token_hash="M9WkKnmRGFflrgEp2ORH5sMIkH9L59AX"),      G.TOKEN_KEPT),
    (_grant(GrantKind.ACCESS, 1, token_hash="M9WkKnmRGFflrgEp2ORH5sMIkH9L59AX"), G.TOKEN_KEPT),
    (_agreement("G-1", code_ends_at_ms=10**15),                             G.CODE_DIFFERS),
    (_lose(Grant, kind=GrantKind.CODE),                                     G.CODE_DIFFERS),
    (_grant(GrantKind.CODE, 0, generation=1),                               G.CODE_DIFFERS),
    (_lose(Agreement, merchant_agreement_id="G-1"),                         G.GRANT_WITHOUT_AGREEMENT),
    (_grant(GrantKind.ACCESS, 2, client_id="another"),                      G.GRANT_WITHOUT_AGREEMENT),
    (_lose(Grant, kind=GrantKind.ACCESS, generation=1),                     G.GENERATIONS_DIFFER),
    (_lose(Grant, kind=GrantKind.REFRESH, generation=2),                    G.GENERATIONS_DIFFER),
    (_grant(GrantKind.ACCESS, 2, generation=3),                             G.GENERATIONS_DIFFER),
    (_grant(GrantKind.ACCESS, 2, issued_at_ms=1),                           G.GENERATIONS_DIFFER),
    (_grant(GrantKind.ACCESS, 2, expires_at_ms=1),                          G.GENERATIONS_DIFFER),
    (_old_token_lives_on,                                                   G.OLD_TOKEN_LIVES_ON),
    (_attempt("asked", 1, merchant_agreement_id="G-1"),                     G.DEBIT_WITHOUT_AGREEMENT),
    (_agreement("G-2", cancelled_at_ms=1),                                  G.DEBIT_WITHOUT_AGREEMENT),
    (_agreement("G-1", signed_at_ms=10**15),                                G.DEBIT_WITHOUT_AGREEMENT),
    (_agreement("G-1", payer_id=PayerId("poor")),                           G.DEBIT_WITHOUT_AGREEMENT),
    (_agreement("G-3", cancelled_at_ms=10**15),                             G.CANCEL_TOLD_WRONGLY),
    (_lose(Agreement, merchant_agreement_id="G-3"),                         G.CANCEL_TOLD_WRONGLY),
    (_told("G-3.agreement", version="1.0.0"),                               G.CANCEL_TOLD_WRONGLY),
    (_allowance("payer:rich", spent=0),                                     L.ALLOWANCE_DIFFERS),
    (_allowance("payer:rich", count=1),                                     L.ALLOWANCE_DIFFERS),
    (_allowance("payer:slow", spent=10**6),                                 L.ALLOWANCE_DIFFERS),
    (_allowance("agreement:shop/G-1", spent=99),                            L.ALLOWANCE_DIFFERS),
    (_allowance("agreement:shop/G-2", spent=0, count=0),                    L.ALLOWANCE_DIFFERS),
    (_lose(Allowance, owner="payer:rich"),                                  L.ALLOWANCE_MISSING),
    (_allowance("payer:rich", day="2026-03-01"),                            L.ALLOWANCE_MISSING),
    (_lose(Allowance, owner="agreement:shop/G-3"),                          L.ALLOWANCE_MISSING),
    (_lose(RiskDecision, merchant_trans_id="part"),                         K.TRY_NOT_JUDGED),
    (_lose(RiskDecision, merchant_trans_id="asked"),                        K.TRY_NOT_JUDGED),
    (_decision("asked", is_agreement=False),                                K.TRY_NOT_JUDGED),
    (_decision("asked", payer_id=PayerId("other")),                         K.TRY_NOT_JUDGED),
    (_decision("part", outcome=Outcome.REJECT),                             K.TRY_NOT_JUDGED),
    (_decision("debited", outcome=Outcome.ASK_PIN),                         K.TRY_NOT_JUDGED),
    (_decision("asked", outcome=Outcome.REJECT),                            K.DECISION_IGNORED),
    (_decision("asked", outcome=Outcome.ASK_PIN),                           K.DECISION_IGNORED),
    (_decision("held", outcome=Outcome.ACCEPT),                             K.DECISION_IGNORED),
    (_decision("decided", outcome=Outcome.ACCEPT),                          K.DECISION_IGNORED),
    (_decision("part", amount=MORE),                                        K.DECISION_WITHOUT_TRY),
    (_decision("part", decision_no=9),                                      K.DECISION_WITHOUT_TRY),
    (_decision("part", merchant_trans_id="nothing"),                        K.DECISION_WITHOUT_TRY),
    (_decision("part", at_ms=1),                                            K.DECISIONS_OUT_OF_ORDER),
    (_lose(OperatorAction, action="risk decide"),                           K.REVIEW_NOT_LOGGED),
    (_attempt("held", 1, state=AttemptState.DECLINED),                      K.REVIEW_NOT_LOGGED),
    (_attempt("decided", 1, state=AttemptState.REVIEW),                     K.REVIEW_NOT_LOGGED),
    (_told("wallet.paid", due_at_ms=4_102_444_800_000),                     Note.NOTIFICATION_FAR_OFF),
    (_told("wallet.paid", lease_until_ms=4_102_444_800_000),                Note.NOTIFICATION_FAR_OFF),
    (_attempt("held", 1, asked_at_ms=-DAY_MS),                              Note.REVIEW_FOR_A_DAY),
    (lambda rows: _change(rows, Posting, {"source": "merchant:shop"}, money=Money.parse("9999.00 HKD")), Note.MERCHANT_BELOW_ZERO),
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
KNOWN = {code for codes in (M, S, T, R, G, L, K, Note) for code in codes}
"""Every code of the audit of payments."""
