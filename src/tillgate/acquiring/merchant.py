"""Merchants: who sells, and what the acquirer has agreed with them.

The checks of a merchant come in the order of the result codes: registered, active, contract,
currency (U3). A merchant without a list of currencies sells in any.
"""

from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from tillgate.kernel.clock import DAY_MS
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import MerchantId
from tillgate.kernel.record import Record
from tillgate.kernel.results import Result


class Merchant(Record, frozen=True, kw_only=True):
    """Who is paid.

    Attributes:
        name: shown to the buyer as the payee.
        notify_url: where notifications go when an order names no `notifyUrl` (C14), or "".
        redirect_url: where a payer goes after an authorisation that names no address, or "".
        hosts: registered hosts for notifyUrl and returnUrl; production takes no others (U6).
        origins: page origins at which an agreement may be debited without a PIN (11.4).
        contracts: settlement contracts an order may name.
        currencies: ISO 4217 codes it sells in; empty means any.
        active: whether orders are taken.
        debt_max: how far below zero what the merchant is owed may go by refunds and cancels, as
            texts like `HKD:100000` in minor units; a currency without one has no such limit.
        refund_window_ms: how long after its payment an order may be refunded (U9).
        access_life_ms, refresh_life_ms: how long tokens of an agreement live (U9).
    """

    key_fields: ClassVar[tuple[str, ...]] = ("merchant_id",)

    merchant_id: MerchantId
    name: str
    notify_url: str = ""
    redirect_url: str = ""
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    active: bool = True
    debt_max: tuple[str, ...] = ()
    refund_window_ms: int = 365 * DAY_MS
    access_life_ms: int = 365 * DAY_MS
    refresh_life_ms: int = 730 * DAY_MS

    def debt_max_of(self, currency: str) -> int | None:
        """Return how far below zero this currency may go, in minor units, or None."""
        for text in self.debt_max:
            code, _, minor = text.partition(":")
            if code == currency:
                return int(minor)
        return None

    def changed(self, changes: "MerchantChanges") -> "Merchant":
        """Return this merchant with what is given; raise `Refused` when it does not fit the rest.

        The lives of tokens may be given one by one, so they are held against each other here.
        """
        after = self.replaced(**changes.given())
        if after.refresh_life_ms < after.access_life_ms:
            sentence = "A refresh token lives at least as long as an access token."
            raise Refused(Result.PARAM_ILLEGAL, sentence, path="merchant.refresh_life_ms")
        return after


class MerchantChanges(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a merchant that somebody gave; what is not given stays as it is."""

    name: str | UnsetType = UNSET
    notify_url: str | UnsetType = UNSET
    redirect_url: str | UnsetType = UNSET
    hosts: tuple[str, ...] | UnsetType = UNSET
    origins: tuple[str, ...] | UnsetType = UNSET
    contracts: tuple[str, ...] | UnsetType = UNSET
    currencies: tuple[str, ...] | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    debt_max: tuple[str, ...] | UnsetType = UNSET
    refund_window_ms: int | UnsetType = UNSET
    access_life_ms: int | UnsetType = UNSET
    refresh_life_ms: int | UnsetType = UNSET

    def given(self) -> dict[str, object]:
        """Return what was given, by name."""
        values = msgspec.structs.asdict(self)
        return {name: value for name, value in values.items() if value is not UNSET}


def check_active(merchant: Merchant | None, *, path: str) -> Merchant:
    """Return the merchant if it may start something new; raise `Refused` otherwise."""
    if merchant is None:
        raise Refused(Result.MERCHANT_NOT_REGISTERED, path=path)
    if not merchant.active:
        raise Refused(Result.MERCHANT_STATUS_ABNORMAL, path=path)
    return merchant


def check_sells(merchant: Merchant | None, *, contract: str, currency: str) -> Merchant:
    """Return the merchant if it may take an order now; raise `Refused` with the first fault."""
    merchant = check_active(merchant, path="body.merchantId")
    if contract and contract not in merchant.contracts:
        raise Refused(Result.INVALID_CONTRACT, path="body.settleContractId")
    if merchant.currencies and currency not in merchant.currencies:
        allowed = ", ".join(merchant.currencies)
        sentence = f"This merchant sells in {allowed}, not in {currency}."
        path = "body.order.orderAmount.currency"
        raise Refused(Result.CURRENCY_NOT_SUPPORT, sentence, path=path)
    return merchant
