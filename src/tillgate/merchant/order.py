"""An order as a merchant thinks of it, before it becomes a message.

It decides nothing but its own shape: `message` writes it as the body of `cashier.wap.pay`,
`debit_message` as that of `agreement.pay`. What must hold: the amount is money, never a bare
number, and what the wire would refuse is refused here, with the member's name.
"""

from collections.abc import Mapping
from typing import Any, TypeVar, final

import msgspec

from tillgate.kernel.money import Money
from tillgate.protocol.messages import agreement_pay, wap_pay
from tillgate.protocol.messages.common import Order as OrderMessage
from tillgate.protocol.messages.common import Seller, WireMoney
from tillgate.protocol.messages.risk import RiskInfo
from tillgate.protocol.validation import read

M = TypeVar("M", bound=msgspec.Struct)


@final
class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be paid.

    Attributes:
        merchant_trans_id: your own order number, unique for each order, at most 64 characters.
        title: what the buyer sees, at most 256 characters.
        amount: `Money`, or text such as "10.00 HKD"; always read back as `Money`.
        detail: more for the buyer.
        seller: who sells, when that is not the merchant itself.
        notify_url: where the notification is posted; your registered address if absent.
        return_url: where the buyer goes after paying.
        product_code: AGREEMENT_OR_CASHIER_PAY debits an agreement if it can; CASHIER_PAY asks. A
            debit by agreement is always AUTO_DEBIT.
        settle_contract_id: the settlement contract; your default one if absent.
        extend_info: further information, as a mapping; it travels as a string of JSON.
        risk_info: what you know of the buyer's device and history; highly recommended.
    """

    merchant_trans_id: str
    amount: Money | str
    title: str | None = None
    detail: str | None = None
    seller: Seller | None = None
    notify_url: str | None = None
    return_url: str | None = None
    product_code: str = "AGREEMENT_OR_CASHIER_PAY"
    settle_contract_id: str | None = None
    extend_info: Mapping[str, Any] | None = None
    risk_info: RiskInfo | Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        """Read the amount; ValueError when it is none, TypeError when it is not even text."""
        if not isinstance(self.amount, Money):
            msgspec.structs.force_setattr(self, "amount", Money.parse(self.amount))

    @property
    def money(self) -> Money:
        """Return the amount."""
        if not isinstance(self.amount, Money):
            raise TypeError("the amount of an order is money")
        return self.amount

    def message(self, merchant_id: str) -> wap_pay.PayBody:
        """Return the body of the payment request.

        Raises:
            Refused: PARAM_MISSING or PARAM_ILLEGAL, as the gateway would answer, with the path.
            ValueError: the amount is not above zero, or too large for the wire.
        """
        return _checked(
            wap_pay.PayBody(
                merchant_id=merchant_id,
                product_code=self.product_code,
                merchant_trans_id=self.merchant_trans_id,
                order=self._part(),
                settle_contract_id=self.settle_contract_id,
                risk_info=self.risk_info,
                extend_info=self._extended(),
                notify_url=self.notify_url,
                return_url=self.return_url,
            )
        )

    def debit_message(self, merchant_id: str) -> agreement_pay.AgreementPayBody:
        """Return the body of a debit by agreement; there is no page, so no return_url goes along.

        Raises:
            Refused, ValueError: as `message`.
        """
        return _checked(
            agreement_pay.AgreementPayBody(
                merchant_id=merchant_id,
                product_code=agreement_pay.PRODUCT_CODES[0],
                merchant_trans_id=self.merchant_trans_id,
                order=self._part(),
                settle_contract_id=self.settle_contract_id,
                risk_info=self.risk_info,
                extend_info=self._extended(),
                notify_url=self.notify_url,
            )
        )

    def _part(self) -> OrderMessage:
        return OrderMessage(
            order_amount=WireMoney.of(self.money),
            order_title=self.title,
            order_detail=self.detail,
            seller=self.seller,
        )

    def _extended(self) -> str | None:
        return msgspec.json.encode(self.extend_info).decode() if self.extend_info else None


def _checked(body: M) -> M:
    """Return a body as the gateway reads it; Refused when it would not."""
    text = msgspec.json.encode(body)
    return read(type(body), text, lambda: msgspec.json.decode(text))
