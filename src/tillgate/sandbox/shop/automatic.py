"""Automatic payments, as a shop's server does them: ask, come back, collect, stop.

Each function asks the gateway through the SDK and says what came of it. What must hold: a way back
is believed only with the state that this browser was given; the code is exchanged here and the
token stays here; an answer that is unknown is told as unknown, never as a no.
"""

from enum import StrEnum, unique
from typing import Any, NamedTuple, assert_never, final

from tillgate.merchant import (
    AccessToken,
    AgreementCancelled,
    AgreementPage,
    AsyncMerchant,
    AuthResult,
    Order,
    Paid,
    Refusal,
    Unknown,
)
from tillgate.merchant.errors import VerificationError
from tillgate.sandbox.shop.customers import Customer


@unique
class Came(StrEnum):
    """How a customer came back."""

    ALLOWED = "allowed"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class Back(NamedTuple):
    """How a customer came back, and why when it is not what one hoped for."""

    came: Came
    reason: str = ""


class Outcome(NamedTuple):
    """What came of asking: a word for pages, and a sentence of the gateway's, if any."""

    done: str
    sentence: str = ""

    @property
    def is_done(self) -> bool:
        """Tell whether it happened."""
        return self.done == "done"


@final
class Automatic:
    """What the shop does about automatic payments."""

    def __init__(self, merchant: AsyncMerchant, *, way_back: str) -> None:
        """Ask in the name of `merchant`; customers come back to this address."""
        self._merchant = merchant
        self._way_back = way_back

    async def page_for(self, customer: Customer) -> AgreementPage | Outcome:
        """Return the wallet's page on which the customer agrees."""
        asked = await self._merchant.prepare_agreement(
            agreement_id=customer.agreement_id, state=customer.state, redirect_url=self._way_back
        )
        return asked if isinstance(asked, AgreementPage) else not_done(asked)

    async def came_back(self, customer: Customer | None, query: str) -> Back:
        """Verify the state, exchange the code, keep the token."""
        if customer is None:
            return Back(Came.REFUSED, "This browser never asked to allow automatic payments.")
        try:
            back = self._merchant.agreement_return(query, state=customer.state)
        except VerificationError as error:
            return Back(Came.REFUSED, str(error))
        if back.agreement_id != customer.agreement_id:
            return Back(Came.REFUSED, "It is about another agreement than this browser's.")
        if back.result is not AuthResult.SUCCESS or back.auth_code is None:
            return Back(Came.DECLINED)
        given = await self._merchant.apply_token(auth_code=back.auth_code)
        match given:
            case AccessToken():
                customer.token = given
                return Back(Came.ALLOWED)
            case Refusal():
                return Back(Came.REFUSED, given.sentence)
            case Unknown():
                return Back(Came.UNKNOWN, given.sentence)
            case _:
                assert_never(given)

    async def collect(self, customer: Customer, order: Order) -> Outcome:
        """Debit the customer; nobody is asked for a PIN."""
        if customer.token is None or customer.ended:
            return Outcome("refused", "Automatic payments are not allowed.")
        debit = await self._merchant.debit(order, access_token=customer.token.access_token)
        return Outcome("done") if isinstance(debit, Paid) else not_done(debit)

    async def stop(self, customer: Customer) -> Outcome:
        """End the agreement from the shop's side; the wallet tells us as well, by notification."""
        ended = await self._merchant.cancel_agreement(customer.agreement_id)
        if not isinstance(ended, AgreementCancelled):
            return not_done(ended)
        customer.ended = "shop"
        return Outcome("done")


def not_done(what: Refusal | Unknown[Any]) -> Outcome:
    """Return a signed no as a no, and everything else as unknown."""
    if isinstance(what, Refusal):
        return Outcome("refused", f"{what.code}: {what.sentence}")
    return Outcome("unknown", what.sentence)
