"""`alipay.intl.oauth.auth.notify.cancel`: tell a merchant that an agreement was ended (4.13, U8).

Sent by the acquirer whoever ended it, answered by the merchant as notify.pay is. What must hold: it
never carries a token.
"""

from typing import final

from tillgate.protocol.function import Direction, Function
from tillgate.protocol.members import Message
from tillgate.protocol.messages.authorisation import AuthMerchantId, MerchantAgreementId
from tillgate.protocol.messages.common import CancelTime
from tillgate.protocol.messages.notify_pay import AckBody


@final
class NotifyCancelBody(Message, frozen=True, kw_only=True):
    """Which agreement was ended, and when."""

    auth_merchant_id: AuthMerchantId
    merchant_agreement_id: MerchantAgreementId
    cancel_time: CancelTime


FUNCTION = Function(
    name="alipay.intl.oauth.auth.notify.cancel",
    title="Notify of an agreement's end",
    meaning="Tell the merchant that an agreement was ended; sent until it is acknowledged.",
    section="4.13",
    direction=Direction.TO_MERCHANT,
    changes=True,
    request=NotifyCancelBody,
    response=AckBody,
)
