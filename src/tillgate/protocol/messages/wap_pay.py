"""`alipay.intl.acquiring.cashier.wap.pay`: pay one order in the wallet (the seed; PROTOCOL 4.1).

The request reaches the gateway inside an order string, by way of the buyer's page, and then there
is no response to the merchant's server. A server of a merchant without a bridge may post it too;
the answer to that, with an address of the cashier, is ours. What must hold: the request's members,
lengths and order are the seed's.
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
    OrderPart,
    ResultOfRequest,
    SettleContractId,
)
from tillgate.protocol.messages.risk import RiskInfo, RiskInfoValue, read_risk
from tillgate.protocol.rules import json_object, one_of
from tillgate.protocol.urls import NOTIFY_URL, RETURN_URL

PRODUCT_CODES = ("AGREEMENT_OR_CASHIER_PAY", "CASHIER_PAY")
"""What may be paid this way (C12)."""


@final
class PayBody(Message, frozen=True, kw_only=True):
    """What the merchant wants to be paid for, and where the result goes."""

    merchant_id: MerchantIdText
    product_code: Annotated[
        str,
        member(
            "the product code",
            sample="AGREEMENT_OR_CASHIER_PAY",
            length=64,
            rule=one_of(*PRODUCT_CODES),
        ),
    ]
    merchant_trans_id: MerchantTransIdText
    order: OrderPart
    settle_contract_id: SettleContractId | None = None
    risk_info: RiskInfoValue = None
    extend_info: ExtendInfo | None = None
    notify_url: NotifyUrl | None = None
    return_url: (
        Annotated[
            str,
            member(
                "where the buyer is sent after paying",
                sample="https://merchant.example/result",
                length=512,
                rule=RETURN_URL,
            ),
        ]
        | None
    ) = None

    @property
    def notify_address(self) -> str | None:
        """Return notifyUrl without surrounding blanks."""
        return self.notify_url.strip() if self.notify_url else None

    @property
    def return_address(self) -> str | None:
        """Return returnUrl without surrounding blanks."""
        return self.return_url.strip() if self.return_url else None

    @property
    def risk(self) -> RiskInfo:
        """Return what can be used of riskInfo."""
        return read_risk(self.risk_info)

    @property
    def extended(self) -> dict[str, Any]:
        """Return the object inside extendInfo."""
        return json_object(self.extend_info) if self.extend_info else {}


@final
class CashierAnswer(Message, frozen=True, kw_only=True):
    """Where the buyer pays an order that a server posted; this answer is ours."""

    result_info: ResultOfRequest
    acquirement_id: AcquirementIdText | None = None
    merchant_trans_id: MerchantTransIdText | None = None
    cashier_url: (
        Annotated[
            str,
            member(
                "where the buyer's browser is sent to pay; ours, not the seed's",
                sample="https://gateway.example/cashier/3q2-7wAAAAAAAAAAAAAAAA",
                length=512,
                rule=NOTIFY_URL,
            ),
        ]
        | None
    ) = None


FUNCTION = Function(
    name="alipay.intl.acquiring.cashier.wap.pay",
    title="Pay in the wallet",
    meaning="Take one in-app payment; sent as an order string by way of the buyer's page.",
    section="4.1",
    direction=Direction.TO_GATEWAY,
    changes=True,
    request=PayBody,
    response=CashierAnswer,
    is_order_string=True,
)
