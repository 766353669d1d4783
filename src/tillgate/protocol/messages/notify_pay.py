"""`alipay.intl.acquiring.common.notify.pay`: tell a merchant what became of a payment.

PROTOCOL 4.7. Sent by the acquirer, answered by the merchant. The body carries merchantId and
payStatus besides 4.7 (U21). What must hold: it reads what a real acquirer may send, so all but
resultInfo and merchantTransId may be absent; `merchant` decides what an absence means.
"""

from typing import Annotated, final

from tillgate.protocol.function import Direction, Function
from tillgate.protocol.members import Message, part
from tillgate.protocol.messages.common import (
    RESULT_SAMPLE,
    AcquirementIdText,
    ExtendInfo,
    MerchantIdText,
    MerchantTransIdText,
    OrderAmount,
    PaymentTime,
    PayStatus,
    ResultInfo,
)


@final
class NotifyPayBody(Message, frozen=True, kw_only=True):
    """What became of a payment."""

    result_info: Annotated[ResultInfo, part("the result of the payment", sample=RESULT_SAMPLE)]
    acquirement_id: AcquirementIdText | None = None
    merchant_trans_id: MerchantTransIdText
    order_amount: OrderAmount | None = None
    payment_time: PaymentTime | None = None
    pay_status: PayStatus | None = None
    merchant_id: MerchantIdText | None = None
    extend_info: ExtendInfo | None = None


@final
class AckBody(Message, frozen=True, kw_only=True):
    """The merchant's acknowledgement; anything but SUCCESS is taken as "send it again"."""

    result_info: Annotated[ResultInfo, part("SUCCESS once it is recorded", sample=RESULT_SAMPLE)]


FUNCTION = Function(
    name="alipay.intl.acquiring.common.notify.pay",
    title="Notify of a payment",
    meaning="Tell the merchant what became of a payment; sent until it is acknowledged.",
    section="4.7",
    direction=Direction.TO_MERCHANT,
    changes=True,
    request=NotifyPayBody,
    response=AckBody,
    aliases=(
        "alipay.intl.acquiring.cashier.notify.pay",
        "alipay.intl.acquiring.offline.notify.pay",
    ),
)
