"""`alipay.intl.acquiring.common.payCancel`: end a payment whose result is unclear (PROTOCOL 4.5).

It is named by either number, acquirementId first; one that was never created is closed before it
can be (U19). What must hold: after SUCCESS the merchant may act as if the payment never happened.
"""

from typing import Annotated, final

from tillgate.protocol.conditions import unless
from tillgate.protocol.function import Direction, Function
from tillgate.protocol.members import Message
from tillgate.protocol.messages.common import (
    AcquirementIdText,
    CancelTime,
    MerchantIdText,
    MerchantTransIdText,
    ResultOfRequest,
)


@final
class PayCancelBody(Message, frozen=True, kw_only=True):
    """Which payment is to be ended."""

    merchant_id: MerchantIdText
    acquirement_id: Annotated[AcquirementIdText, unless("merchantTransId")] | None = None
    merchant_trans_id: Annotated[MerchantTransIdText, unless("acquirementId")] | None = None


@final
class PayCancelAnswer(Message, frozen=True, kw_only=True):
    """What was ended; there is no acquirementId where nothing had been created."""

    result_info: ResultOfRequest
    acquirement_id: AcquirementIdText | None = None
    merchant_trans_id: MerchantTransIdText | None = None
    cancel_time: CancelTime | None = None


FUNCTION = Function(
    name="alipay.intl.acquiring.common.payCancel",
    title="Cancel a payment",
    meaning="End a payment: close it if it is unpaid, give all of it back if it is paid.",
    section="4.5",
    direction=Direction.TO_GATEWAY,
    changes=True,
    request=PayCancelBody,
    response=PayCancelAnswer,
    aliases=("alipay.intl.acquiring.agreement.payCancel",),
)
