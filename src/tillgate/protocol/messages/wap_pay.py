"""`alipay.intl.acquiring.cashier.wap.pay`: pay one order in the wallet (the seed; PROTOCOL 4.1).

The request reaches the gateway inside an order string, by way of the buyer's page; there is no
response to the merchant's server. What must hold: members, lengths and order are the seed's.
"""

from typing import Annotated, Any, final

from tillgate.protocol.function import Function
from tillgate.protocol.members import Message, member, part
from tillgate.protocol.messages.common import (
    ExtendInfo,
    MerchantIdText,
    MerchantTransIdText,
    Order,
)
from tillgate.protocol.messages.risk import RiskInfo, read_risk
from tillgate.protocol.rules import IDENTIFIER, json_object, one_of
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
    order: Annotated[
        Order,
        part(
            "what is bought, for how much",
            sample='{"orderAmount":{"currency":"HKD","value":"1000"},"orderTitle":"testTitle"}',
        ),
    ]
    settle_contract_id: (
        Annotated[
            str,
            member(
                "the settlement contract; the default one if absent",
                sample="USD-1",
                length=64,
                rule=IDENTIFIER,
            ),
        ]
        | None
    ) = None
    risk_info: Annotated[
        Any,
        part("what is known of the buyer's device and history; never in the way of a payment"),
    ] = None
    extend_info: ExtendInfo | None = None
    notify_url: (
        Annotated[
            str,
            member(
                "where the notification of the result is posted",
                sample="https://merchant.example/notify",
                length=512,
                rule=NOTIFY_URL,
                other_name="notify_url",
            ),
        ]
        | None
    ) = None
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


FUNCTION = Function(
    name="alipay.intl.acquiring.cashier.wap.pay",
    meaning="Take one in-app payment; sent as an order string by way of the buyer's page.",
    request=PayBody,
    response=None,
)
