"""Merchants: who sells, and what the acquirer has agreed with them.

The checks of a merchant come in the order of the result codes: registered, active, contract,
currency (U3). A merchant without a list of currencies sells in any.
"""

from typing import ClassVar

from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import MerchantId
from tillgate.kernel.record import Record
from tillgate.kernel.results import Result


class Merchant(Record, frozen=True, kw_only=True):
    """Who is paid.

    Attributes:
        name: shown to the buyer as the payee.
        notify_url: where notifications go when an order names no `notifyUrl` (C14), or "".
        hosts: registered hosts for notifyUrl and returnUrl; production takes no others (U6).
        origins: page origins at which an agreement may be debited without a PIN (11.4).
        contracts: settlement contracts an order may name.
        currencies: ISO 4217 codes it sells in; empty means any.
        active: whether orders are taken.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("merchant_id",)

    merchant_id: MerchantId
    name: str
    notify_url: str = ""
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    active: bool = True


def check_sells(merchant: Merchant | None, *, contract: str, currency: str) -> Merchant:
    """Return the merchant if it may take an order now; raise `Refused` with the first fault."""
    if merchant is None:
        raise Refused(Result.MERCHANT_NOT_REGISTERED, path="body.merchantId")
    if not merchant.active:
        raise Refused(Result.MERCHANT_STATUS_ABNORMAL, path="body.merchantId")
    if contract and contract not in merchant.contracts:
        raise Refused(Result.INVALID_CONTRACT, path="body.settleContractId")
    if merchant.currencies and currency not in merchant.currencies:
        allowed = ", ".join(merchant.currencies)
        sentence = f"This merchant sells in {allowed}, not in {currency}."
        path = "body.order.orderAmount.currency"
        raise Refused(Result.CURRENCY_NOT_SUPPORT, sentence, path=path)
    return merchant
