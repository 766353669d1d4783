"""Records for tests: plain samples, and hypothesis strategies made from any record's field types.

A sample is valid by every rule of the stores and takes changes by name. What must hold: a strategy
reaches each type that a field may have, with the values that are hardest to keep.
"""

from collections.abc import Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import Attempt, AttemptKind, AttemptPurpose
from tillgate.acquiring.call import Call, Form
from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.notification import Notification, NotificationSend
from tillgate.acquiring.operator import Fact, OperatorAction
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.states import AcquirementState, AttemptState, NotificationState
from tillgate.engine.operation import Operation
from tillgate.kernel.ids import (
    AcquirementId,
    CallId,
    ClientId,
    EntryId,
    MerchantId,
    MerchantTransId,
    NotificationId,
    OperationId,
    PayerId,
)
from tillgate.kernel.money import Money, zero
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Balance, Entry, EntryKind, Posting

R = TypeVar("R", bound=Record)
HKD_10: Final = Money.of(1_000, "HKD")
M: Final = MerchantId("M")
T: Final = MerchantTransId("t1")
A: Final = AcquirementId("20231115194010800100160000000000001")

SAMPLES: Final[Sequence[Record]] = (
    Acquirement(
        merchant_id=M,
        merchant_trans_id=T,
        acquirement_id=A,
        client_id=ClientId("C"),
        version="2.0.0",
        state=AcquirementState.WAIT_BUYER_PAY,
        product_code="CASHIER_PAY",
        amount=HKD_10,
        refunded=zero("HKD"),
        title="連衣裙",
        detail="",
        seller_id="",
        seller_name="",
        settle_contract_id="",
        extend_info="",
        notify_url="https://shop.example/notify",
        return_url="",
        created_at_ms=1_700_000_000_000,
        expires_at_ms=1_700_000_180_000,
    ),
    Attempt(
        merchant_id=M,
        merchant_trans_id=T,
        attempt_no=1,
        kind=AttemptKind.DEBIT,
        purpose=AttemptPurpose.PAYMENT,
        state=AttemptState.ASKED,
        issuer="sandbox",
        payer_id=PayerId("slow"),
        amount=HKD_10,
        call_id=CallId("c1"),
        asked_at_ms=1_700_000_000_000,
        next_ask_at_ms=1_700_000_013_000,
    ),
    Balance(account="payer:rich", currency="HKD", money=HKD_10),
    Call(
        merchant_id=M,
        merchant_trans_id=T,
        call_id=CallId("c1"),
        token_hash="0f" * 32,
        currency="HKD",
        form=Form.WALLET,
        created_at_ms=1_700_000_000_000,
    ),
    Client(client_id=ClientId("C"), name="COD", profile="TILLGATE", merchant_ids=("M", "N")),
    ClientKey(client_id=ClientId("C"), fingerprint="aa", public_pem="PEM", valid_from_ms=0),
    Entry(
        book="M",
        entry_id=EntryId("PAYMENT-1"),
        kind=EntryKind.PAYMENT,
        reference="1",
        at_ms=1_700_000_000_000,
        legs=1,
    ),
    Fact(name="mode", value="sandbox"),
    Merchant(merchant_id=M, name="COD", hosts=("shop.example",)),
    Notification(
        merchant_id=M,
        notification_id=NotificationId("t1.paid"),
        merchant_trans_id=T,
        acquirement_id=A,
        client_id=ClientId("C"),
        version="2.0.0",
        url="https://shop.example/notify",
        result="SUCCESS",
        pay_status=AcquirementState.TRADE_SUCCESS,
        amount=HKD_10,
        paid_at_ms=1_700_000_000_000,
        extend_info="",
        state=NotificationState.PENDING,
        created_at_ms=1_700_000_000_000,
        due_at_ms=1_700_000_000_000,
    ),
    NotificationSend(
        merchant_id=M,
        notification_id=NotificationId("t1.paid"),
        send_no=1,
        sent_at_ms=1_700_000_000_000,
        elapsed_ms=12,
        request=b"{}",
        status=None,
        response=b"",
        verdict="TIMEOUT",
        sentence="No answer came.",
    ),
    Operation(operation_id=OperationId("op1"), command="TopUp", outcome=b"{}", at_ms=0),
    OperatorAction(
        operation_id=OperationId("op1"),
        at_ms=0,
        operator="ann",
        action="payer unlock",
        subject="rich",
        detail="{}",
    ),
    Payer(payer_id=PayerId("rich"), name="Rich", issuer="wallet", pin_hash="h", created_at_ms=1),
    Posting(
        book="M",
        entry_id=EntryId("PAYMENT-1"),
        leg_no=1,
        source="payer:rich",
        destination="merchant:M",
        money=HKD_10,
    ),
)
"""One valid row of each kind of record."""


def sample(record: type[R], **changes: object) -> R:
    """Return the sample of a kind of record with some fields changed, the key included."""
    for row in SAMPLES:
        if isinstance(row, record):
            values = {name: getattr(row, name) for name in row.__struct_fields__}
            return record(**(values | changes))
    message = f"there is no sample of {record.__name__}"
    raise LookupError(message)


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
    match row:
        case Acquirement():
            amount = _above_zero(row.amount)
            given_back = Money(abs(row.refunded.minor) % (amount.minor + 1), amount.currency)
            return row.replaced(amount=amount, refunded=given_back)
        case Balance():
            values = Money(max(row.money.minor, 0), row.money.currency)
            changes = {"currency": values.currency.code, "money": values}
            return msgspec.structs.replace(row, **changes)
        case Entry():
            return row.replaced(legs=max(row.legs, 1))
        case Payer():
            return row.replaced(pin_tries_used=max(row.pin_tries_used, 0))
        case Posting():
            return row.replaced(money=_above_zero(row.money), destination=row.source + "'")
        case _:
            return row


def _above_zero(money: Money) -> Money:
    return Money(max(money.minor, 1), money.currency)
