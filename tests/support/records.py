"""Records for tests: one plain sample of each kind.

What must hold: a sample is valid by every rule of the stores and takes changes by name, the key
included; `any_records` makes all the others.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.agreement import Agreement, Grant, GrantKind
from tillgate.acquiring.allowance import Allowance
from tillgate.acquiring.attempt import Attempt, AttemptKind, AttemptPurpose
from tillgate.acquiring.call import Call, Form
from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.debt import Debt
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.notification import (
    Notification,
    NotificationSend,
)
from tillgate.acquiring.operator import Fact, OperatorAction
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.replay import RequestMark
from tillgate.acquiring.risk.judge import Outcome
from tillgate.acquiring.risk.records import DeviceSeen, OrderRisk, RiskDecision
from tillgate.acquiring.states import (
    AcquirementState,
    AgreementState,
    AttemptState,
    NotificationState,
    RefundState,
)
from tillgate.engine.operation import Operation
from tillgate.kernel.ids import (
    AcquirementId,
    CallId,
    ClientId,
    EntryId,
    MerchantAgreementId,
    MerchantId,
    MerchantRefundId,
    MerchantTransId,
    NotificationId,
    OperationId,
    PayerId,
    ReqMsgId,
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
    Agreement(
        merchant_id=M,
        merchant_agreement_id=MerchantAgreementId("g1"),
        client_id=ClientId("C"),
        version="2.0.0",
        auth_site="ALIPAY_HK",
        scopes=("AUTH_AGREEMENTPAY",),
        terminal_type="WAP",
        redirect_url="https://shop.example/agreed",
        state_text="s1",
        token_hash="1f" * 32,
        currency="HKD",
        state=AgreementState.ACTIVE,
        created_at_ms=1_700_000_000_000,
        expires_at_ms=1_700_000_600_000,
        payer_id=PayerId("rich"),
        signed_at_ms=1_700_000_060_000,
        code_ends_at_ms=1_700_000_660_000,
    ),
    Allowance(
        owner="payer:rich",
        currency="HKD",
        single_max=100_000,
        daily_max=300_000,
        day="2023-11-15",
        spent=1_000,
        count=1,
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
    Debt(merchant_id=M, currency="HKD", given_minor=1_000),
    DeviceSeen(
        payer_id=PayerId("rich"),
        device="d1" * 32,
        first_seen_at_ms=1_700_000_000_000,
        last_seen_at_ms=1_700_000_060_000,
    ),
    Entry(
        book="M",
        entry_id=EntryId("PAYMENT-1"),
        kind=EntryKind.PAYMENT,
        reference="1",
        at_ms=1_700_000_000_000,
        legs=1,
    ),
    Fact(name="mode", value="sandbox"),
    Grant(
        merchant_id=M,
        token_hash="2f" * 32,
        kind=GrantKind.ACCESS,
        merchant_agreement_id=MerchantAgreementId("g1"),
        client_id=ClientId("C"),
        generation=1,
        issued_at_ms=1_700_000_061_000,
        expires_at_ms=1_731_536_061_000,
    ),
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
    OrderRisk(merchant_id=M, merchant_trans_id=T, device="d1" * 32, signals="{}"),
    Payer(payer_id=PayerId("rich"), name="Rich", issuer="wallet", pin_hash="h", created_at_ms=1),
    Posting(
        book="M",
        entry_id=EntryId("PAYMENT-1"),
        leg_no=1,
        source="payer:rich",
        destination="merchant:M",
        money=HKD_10,
    ),
    Refund(
        merchant_id=M,
        merchant_refund_id=MerchantRefundId("r1"),
        merchant_trans_id=T,
        acquirement_id=A,
        client_id=ClientId("C"),
        amount=HKD_10,
        reason="Too large",
        state=RefundState.ASKED,
        created_at_ms=1_700_000_120_000,
        attempt_no=2,
    ),
    RequestMark(
        client_id=ClientId("C"),
        req_msg_id=ReqMsgId("m1"),
        digest="3f" * 32,
        at_ms=1_700_000_120_000,
    ),
    RiskDecision(
        merchant_id=M,
        merchant_trans_id=T,
        decision_no=1,
        payer_id=PayerId("rich"),
        at_ms=1_700_000_060_000,
        amount=HKD_10,
        outcome=Outcome.ACCEPT,
        score=15,
        rules=("device.new",),
        is_agreement=False,
        signals="{}",
        device="d1" * 32,
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
