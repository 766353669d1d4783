"""`alipay.intl.acquiring.common.notify.pay`: tell a merchant what became of a payment.

PROTOCOL 4.7. Sent by the acquirer, answered by the merchant. The body carries merchantId and
payStatus besides 4.7 (U21). What must hold: it reads what a real acquirer may send, so all but
resultInfo and merchantTransId may be absent; `merchant` decides what an absence means.
"""

from typing import Annotated, final

from tillgate.protocol.function import Function
from tillgate.protocol.members import Message, member, part
from tillgate.protocol.messages.common import (
    AcquirementIdText,
    ExtendInfo,
    MerchantIdText,
    MerchantTransIdText,
    PaymentTime,
    ResultInfo,
    WireMoney,
)
from tillgate.protocol.rules import IDENTIFIER

RESULT_SAMPLE = '{"resultStatus":"S","resultCodeId":"00000000","resultCode":"SUCCESS"}'


@final
class NotifyPayBody(Message, frozen=True, kw_only=True):
    """What became of a payment."""

    result_info: Annotated[ResultInfo, part("the result of the payment", sample=RESULT_SAMPLE)]
    acquirement_id: AcquirementIdText | None = None
    merchant_trans_id: MerchantTransIdText
    order_amount: (
        Annotated[
            WireMoney, part("what the order asked for", sample='{"currency":"HKD","value":"1000"}')
        ]
        | None
    ) = None
    payment_time: PaymentTime | None = None
    pay_status: (
        Annotated[
            str,
            member("state of the payment", sample="TRADE_SUCCESS", length=64, rule=IDENTIFIER),
        ]
        | None
    ) = None
    merchant_id: MerchantIdText | None = None
    extend_info: ExtendInfo | None = None


@final
class AckBody(Message, frozen=True, kw_only=True):
    """The merchant's acknowledgement; anything but SUCCESS is taken as "send it again"."""

    result_info: Annotated[ResultInfo, part("SUCCESS once it is recorded", sample=RESULT_SAMPLE)]


FUNCTION = Function(
    name="alipay.intl.acquiring.common.notify.pay",
    meaning="Tell the merchant what became of a payment; sent until it is acknowledged.",
    request=NotifyPayBody,
    response=AckBody,
    aliases=(
        "alipay.intl.acquiring.cashier.notify.pay",
        "alipay.intl.acquiring.offline.notify.pay",
    ),
)
