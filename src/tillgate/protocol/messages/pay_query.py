"""`alipay.intl.acquiring.common.payQuery`: ask what became of a payment (PROTOCOL 4.3, U2).

The answer's resultInfo describes the query; payStatus describes the payment, and the two must never
be taken for each other. What must hold: acquirementId wins when both numbers are given, and one of
them always is.
"""

from typing import Annotated, final

from tillgate.protocol.conditions import unless
from tillgate.protocol.function import Direction, Function
from tillgate.protocol.members import Message, items, member, part
from tillgate.protocol.messages.common import (
    REFUND_MONEY_SAMPLE,
    AcquirementIdText,
    ExtendInfo,
    MerchantIdText,
    MerchantTransIdText,
    OrderAmount,
    PaymentTime,
    PayStatus,
    ResultOfRequest,
    WireMoney,
)
from tillgate.protocol.messages.refund import MerchantRefundId, RefundAmount, RefundTime
from tillgate.protocol.rules import open_set

REFUND_STATUSES = ("SUCCESS", "PROCESSING", "FAIL")
REFUNDS_MAX = 100
"""How many of a payment's refunds are told, the latest; so many fit into an envelope."""


@final
class PayQueryBody(Message, frozen=True, kw_only=True):
    """Which payment is asked for."""

    merchant_id: MerchantIdText
    acquirement_id: Annotated[AcquirementIdText, unless("merchantTransId")] | None = None
    merchant_trans_id: Annotated[MerchantTransIdText, unless("acquirementId")] | None = None


@final
class RefundState(Message, frozen=True, kw_only=True):
    """One refund of a payment."""

    TYPE_NAME = "Refund"

    merchant_refund_id: MerchantRefundId
    refund_amount: RefundAmount
    refund_status: Annotated[
        str,
        member(
            "what became of it; PROCESSING counts against what is left",
            sample="SUCCESS",
            length=64,
            rule=open_set(*REFUND_STATUSES),
        ),
    ]
    refund_time: RefundTime | None = None


@final
class PayQueryAnswer(Message, frozen=True, kw_only=True):
    """What is known of a payment."""

    result_info: ResultOfRequest
    acquirement_id: AcquirementIdText | None = None
    merchant_trans_id: MerchantTransIdText | None = None
    merchant_id: MerchantIdText | None = None
    order_amount: OrderAmount | None = None
    pay_status: PayStatus | None = None
    payment_time: PaymentTime | None = None
    refunded_amount: (
        Annotated[
            WireMoney,
            part(
                "what was given back so far, once anything was",
                sample=REFUND_MONEY_SAMPLE,
            ),
        ]
        | None
    ) = None
    refunds: (
        Annotated[
            list[RefundState],
            items(
                f"the refunds, the latest {REFUNDS_MAX} of them, once there is one",
                sample='[{"merchantRefundId":"Merchant_Refund_Id_93045","refundAmount":'
                f'{REFUND_MONEY_SAMPLE},"refundStatus":"SUCCESS"}}]',
            ),
        ]
        | None
    ) = None
    extend_info: ExtendInfo | None = None


FUNCTION = Function(
    name="alipay.intl.acquiring.common.payQuery",
    title="Query a payment",
    meaning="Tell the state of a payment and of its refunds, by either of its numbers.",
    section="4.3",
    direction=Direction.TO_GATEWAY,
    changes=False,
    request=PayQueryBody,
    response=PayQueryAnswer,
)
