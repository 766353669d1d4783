"""`alipay.intl.acquiring.agreement.pay`: debit a payer by an agreement (PROTOCOL 4.2).

The payer is named by head.accessToken, which is required here and nowhere else. What must hold:
AUTO_DEBIT is the only product (C12), and the token stands in no error.
"""

from typing import Annotated, Any, final

from tillgate.protocol.function import Direction, Function
from tillgate.protocol.members import Message, member
from tillgate.protocol.messages.common import (
    AcquirementIdText,
    ExtendInfo,
    MerchantIdText,
    MerchantTransIdText,
    NotifyUrl,
    OrderAmount,
    OrderPart,
    PaymentTime,
    ResultOfRequest,
    SettleContractId,
)
from tillgate.protocol.messages.head import AGREEMENT_PAY
from tillgate.protocol.messages.risk import RiskInfo, RiskInfoValue, read_risk
from tillgate.protocol.rules import json_object, one_of

PRODUCT_CODES = ("AUTO_DEBIT",)
"""What may be debited this way (C12)."""


@final
class AgreementPayBody(Message, frozen=True, kw_only=True):
    """What the payer is debited for."""

    merchant_id: MerchantIdText
    product_code: Annotated[
        str,
        member("the product code", sample="AUTO_DEBIT", length=64, rule=one_of(*PRODUCT_CODES)),
    ]
    merchant_trans_id: MerchantTransIdText
    order: OrderPart
    settle_contract_id: SettleContractId | None = None
    risk_info: RiskInfoValue = None
    extend_info: ExtendInfo | None = None
    notify_url: NotifyUrl | None = None

    @property
    def notify_address(self) -> str | None:
        """Return notifyUrl without surrounding blanks."""
        return self.notify_url.strip() if self.notify_url else None

    @property
    def risk(self) -> RiskInfo:
        """Return what can be used of riskInfo."""
        return read_risk(self.risk_info)

    @property
    def extended(self) -> dict[str, Any]:
        """Return the object inside extendInfo."""
        return json_object(self.extend_info) if self.extend_info else {}


@final
class AgreementPayAnswer(Message, frozen=True, kw_only=True):
    """What was debited; the notification says the same."""

    result_info: ResultOfRequest
    acquirement_id: AcquirementIdText | None = None
    merchant_trans_id: MerchantTransIdText | None = None
    order_amount: OrderAmount | None = None
    payment_time: PaymentTime | None = None
    extend_info: ExtendInfo | None = None


FUNCTION = Function(
    name=AGREEMENT_PAY,
    title="Debit by agreement",
    meaning="Debit a payer who allowed it, by the access token in the head; nobody is asked.",
    section="4.2",
    direction=Direction.TO_GATEWAY,
    changes=True,
    request=AgreementPayBody,
    response=AgreementPayAnswer,
)
