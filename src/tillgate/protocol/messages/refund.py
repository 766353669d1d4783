"""`alipay.intl.acquiring.common.refund`: give back all or a part of a payment (PROTOCOL 4.4).

A payment is named by its acquirementId alone. merchantRefundId is the idempotency key: a repeat
gets the first answer, so there is no query of refunds (U11). What must hold: an amount is in the
currency of the order.
"""

from typing import Annotated, final

from tillgate.protocol.function import Direction, Function
from tillgate.protocol.members import Message, member, part
from tillgate.protocol.messages.common import (
    REFUND_MONEY_SAMPLE,
    AcquirementIdText,
    ExtendInfo,
    MerchantIdText,
    ResultOfRequest,
    WireMoney,
)
from tillgate.protocol.rules import DATETIME, IDENTIFIER

MerchantRefundId = Annotated[
    str,
    member(
        "the merchant's own unique number of the refund; repeat it to ask again",
        sample="Merchant_Refund_Id_93045",
        length=64,
        rule=IDENTIFIER,
    ),
]
RefundAmount = Annotated[
    WireMoney, part("what is given back, in the order's currency", sample=REFUND_MONEY_SAMPLE)
]
RefundTime = Annotated[
    str, member("when it was given back", sample="2018-12-05T09:30:00-08:00", rule=DATETIME)
]


@final
class RefundBody(Message, frozen=True, kw_only=True):
    """What is given back, of which payment."""

    merchant_id: MerchantIdText
    acquirement_id: AcquirementIdText
    merchant_refund_id: MerchantRefundId
    refund_amount: RefundAmount
    refund_reason: (
        Annotated[
            str,
            member("why, shown to the buyer", sample="The dress was too small.", length=256),
        ]
        | None
    ) = None
    extend_info: ExtendInfo | None = None


@final
class RefundAnswer(Message, frozen=True, kw_only=True):
    """What was given back; on U the same request is sent again."""

    result_info: ResultOfRequest
    acquirement_id: AcquirementIdText | None = None
    merchant_refund_id: MerchantRefundId | None = None
    refund_amount: RefundAmount | None = None
    refund_time: RefundTime | None = None


FUNCTION = Function(
    name="alipay.intl.acquiring.common.refund",
    title="Refund a payment",
    meaning="Give back all or a part of a payment; a repeat with the same number changes nothing.",
    section="4.4",
    direction=Direction.TO_GATEWAY,
    changes=True,
    request=RefundBody,
    response=RefundAnswer,
    path_aliases=("/api/alipay/intl/acquiring/common/grefund.htm",),
)
