"""Acquirements: an order as the acquirer holds it, from its first tradePay to its end.

Decides what an order's content is, whether a repeat has the same (U17), and whether its time is
over. What must hold: the first request's values stay; expiry is judged by the order's own time and
never while an attempt is open (U10, DESIGN section 1).
"""

from enum import StrEnum, unique
from typing import ClassVar

import msgspec

from tillgate.acquiring.states import ACQUIREMENT, AcquirementEvent, AcquirementState, after
from tillgate.kernel.clock import rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import (
    AcquirementId,
    ClientId,
    IdFactory,
    MerchantId,
    MerchantTransId,
    PayerId,
)
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record, Unique
from tillgate.kernel.results import Result

ACQUIREMENT_ID_SITE = "194010800100160"
"""The constant in the middle of the seed family's acquirement ids (PROTOCOL 1.1)."""


@unique
class CloseReason(StrEnum):
    """Why an acquirement is closed."""

    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"
    NEVER_CREATED = "NEVER_CREATED"
    DECLINED = "DECLINED"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant's server signed: the content of an order (PROTOCOL 4.1).

    Attributes:
        req_time_ms: when the order was signed.
    """

    merchant_id: MerchantId
    merchant_trans_id: MerchantTransId
    client_id: ClientId
    version: str
    product_code: str
    amount: Money
    title: str
    detail: str = ""
    seller_id: str = ""
    seller_name: str = ""
    settle_contract_id: str = ""
    extend_info: str = ""
    notify_url: str = ""
    return_url: str = ""
    req_time_ms: int


class Acquirement(Record, frozen=True, kw_only=True):
    """An order as we hold it.

    Attributes:
        attempt_count: how often somebody tried to pay it; numbers the attempts.
        attempt_open: the number of the attempt that has no yes or no yet, else 0.
        agreement_tried: an agreement was debited once for it; only the cashier is left (U14).
        refunds_open: how many refunds an outside issuer has not answered.
        failure: name of the result code for which an automatic debit failed (U23), else "".
        cancel_requested: the merchant cancelled while an attempt was open.
        refunded: what was given back or is asked to be.
        payer_id, issuer: who paid and who held the money, once paid; they never change then.
        paid_attempt: the number of the attempt that paid, 0 when the built-in wallet did.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("merchant_id", "merchant_trans_id")
    unique: ClassVar[tuple[Unique, ...]] = (Unique(("merchant_id", "acquirement_id")),)

    merchant_id: MerchantId
    merchant_trans_id: MerchantTransId
    acquirement_id: AcquirementId
    client_id: ClientId
    version: str
    state: AcquirementState
    product_code: str
    amount: Money
    refunded: Money
    title: str
    detail: str
    seller_id: str
    seller_name: str
    settle_contract_id: str
    extend_info: str
    notify_url: str
    return_url: str
    created_at_ms: int
    expires_at_ms: int
    paid_at_ms: int | None = None
    closed_at_ms: int | None = None
    close_reason: CloseReason | None = None
    payer_id: PayerId | None = None
    issuer: str | None = None
    paid_attempt: int = 0
    attempt_count: int = 0
    attempt_open: int = 0
    cancel_requested: bool = False
    agreement_tried: bool = False
    refunds_open: int = 0
    failure: str = ""

    @property
    def was_paid(self) -> bool:
        """Tell whether money ever moved for this order."""
        return self.paid_at_ms is not None

    @property
    def waits(self) -> bool:
        """Tell whether the buyer may still pay, but for the time."""
        return self.state is AcquirementState.WAIT_BUYER_PAY

    def state_at(self, now_ms: int, refund_window_ms: int) -> AcquirementState:
        """Return what the order is now; one that waits is not called closed by a clock alone."""
        is_paid = self.state is AcquirementState.TRADE_SUCCESS and self.paid_at_ms is not None
        if is_paid and now_ms >= (self.paid_at_ms or 0) + refund_window_ms:
            return AcquirementState.TRADE_FINISHED
        return self.state

    def is_over(self, now_ms: int) -> bool:
        """Tell whether the order's time has run out, with no attempt left to wait for."""
        return self.waits and not self.attempt_open and now_ms >= self.expires_at_ms

    def stepped(self, event: AcquirementEvent, **changes: object) -> "Acquirement":
        """Return the order after an event of the table, with further fields changed."""
        return self.replaced(state=after(ACQUIREMENT, self.state, event), **changes)

    def check_same(self, terms: Terms) -> None:
        """Raise `Refused` naming the first member in which a repeat differs (U17)."""
        difference = self.difference(terms)
        if difference is not None:
            raise difference

    def is_same(self, terms: Terms) -> bool:
        """Tell whether these terms are a repeat of the order's own."""
        return self.difference(terms) is None

    def difference(self, terms: Terms) -> Refused | None:
        """Return the refusal that names the first member in which terms differ, if any does."""
        sentence = (
            f"Order {self.merchant_trans_id} exists with another {{}};"
            " use a new merchantTransId for another order."
        )
        for path, name, ours, theirs in (
            ("body.productCode", "productCode", self.product_code, terms.product_code),
            (
                "body.order.orderAmount.currency",
                "currency",
                self.amount.currency.code,
                terms.amount.currency.code,
            ),
            ("body.order.orderAmount.value", "amount", self.amount.minor, terms.amount.minor),
            ("body.order.seller.sellerId", "sellerId", self.seller_id, terms.seller_id),
            (
                "body.settleContractId",
                "settleContractId",
                self.settle_contract_id,
                terms.settle_contract_id,
            ),
        ):
            if ours != theirs:
                return Refused(Result.REPEAT_REQ_INCONSISTENT, sentence.format(name), path=path)
        return None


def new_acquirement_id(now_ms: int, ids: IdFactory) -> AcquirementId:
    """Return yyyyMMdd of Hong Kong, the site's constant and 12 random digits: 35 in all."""
    day = rfc3339(now_ms)[:10].replace("-", "")
    return AcquirementId(day + ACQUIREMENT_ID_SITE + ids.digits(12))


def open_acquirement(
    terms: Terms, *, acquirement_id: AcquirementId, now_ms: int, life_ms: int
) -> Acquirement:
    """Return a new order that waits for its buyer for `life_ms`."""
    content = {
        name: getattr(terms, name) for name in terms.__struct_fields__ if name != "req_time_ms"
    }
    return Acquirement(
        acquirement_id=acquirement_id,
        state=AcquirementState.WAIT_BUYER_PAY,
        refunded=terms.amount - terms.amount,
        created_at_ms=now_ms,
        expires_at_ms=now_ms + life_ms,
        **content,
    )
