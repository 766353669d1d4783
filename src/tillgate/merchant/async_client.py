"""`AsyncMerchant`: one merchant's side of the protocol, on an event loop.

The same thin shell as `client`, with `await`: each method is the twin of `Merchant`'s, where what
it does is told. Connections belong to the loop they were opened on, so make one for each loop. What
must hold: nothing is decided here, and a cancelled task leaves its outcome unknown.
"""

from collections.abc import Awaitable
from types import TracebackType
from typing import Any, Self, TypeAlias, final

from tillgate.kernel.money import Money
from tillgate.merchant.agreements import PageAsked
from tillgate.merchant.connection import AsyncCarrier
from tillgate.merchant.order import Order
from tillgate.merchant.outcomes import (
    AccessToken,
    Agreement,
    AgreementCancelled,
    AgreementPage,
    Cancelled,
    CashierPage,
    Closed,
    NotFound,
    Paid,
    Refunded,
    Refusal,
    Unknown,
    Waiting,
)
from tillgate.merchant.papers import Papers
from tillgate.merchant.payments import Named, RefundAsked, read_amount
from tillgate.merchant.plans import Now, Pause, Plan
from tillgate.merchant.secret import Secret

AsyncPaymentFound: TypeAlias = (
    "Paid | Waiting[Awaitable[AsyncPaymentFound]] | Closed | NotFound"
    " | Unknown[Awaitable[AsyncPaymentFound]]"
)
AsyncCancelDone: TypeAlias = "Cancelled | Refusal | Unknown[Awaitable[AsyncCancelDone]]"
AsyncRefundDone: TypeAlias = "Refunded | Refusal | Unknown[Awaitable[AsyncRefundDone]]"
AsyncDebitDone: TypeAlias = "Paid | Refusal | Unknown[Awaitable[AsyncPaymentFound]]"
AsyncCashierMade: TypeAlias = "CashierPage | Paid | Refusal | Unknown[Awaitable[AsyncCashierMade]]"
AsyncAgreementAsked: TypeAlias = "AgreementPage | Refusal | Unknown[Awaitable[AsyncAgreementAsked]]"
AsyncTokenGiven: TypeAlias = "AccessToken | Refusal | Unknown[Awaitable[AsyncTokenGiven]]"
AsyncAgreementFound: TypeAlias = "Agreement | NotFound | Unknown[Awaitable[AsyncAgreementFound]]"
AsyncAgreementEnded: TypeAlias = (
    "AgreementCancelled | Refusal | Unknown[Awaitable[AsyncAgreementEnded]]"
)


@final
class AsyncMerchant(Papers[AsyncCarrier]):
    """A merchant, as the acquirer registered it: `Merchant` for programs that use asyncio."""

    async def query(
        self, merchant_trans_id: str | None = None, *, acquirement_id: str | None = None
    ) -> AsyncPaymentFound:
        """As `Merchant.query`."""
        outcome: AsyncPaymentFound = await self._run(
            self._payments.query(
                Named(merchant_trans_id=merchant_trans_id, acquirement_id=acquirement_id)
            )
        )
        return outcome

    async def cancel(
        self, merchant_trans_id: str | None = None, *, acquirement_id: str | None = None
    ) -> AsyncCancelDone:
        """As `Merchant.cancel`."""
        outcome: AsyncCancelDone = await self._run(
            self._payments.cancel(
                Named(merchant_trans_id=merchant_trans_id, acquirement_id=acquirement_id)
            )
        )
        return outcome

    async def refund(
        self,
        *,
        refund_id: str,
        amount: Money | str,
        acquirement_id: str | None = None,
        merchant_trans_id: str | None = None,
        reason: str | None = None,
    ) -> AsyncRefundDone:
        """As `Merchant.refund`."""
        outcome: AsyncRefundDone = await self._run(
            self._payments.refund(
                RefundAsked(
                    refund_id=refund_id,
                    amount=read_amount(amount),
                    order=Named(merchant_trans_id=merchant_trans_id, acquirement_id=acquirement_id),
                    reason=reason,
                )
            )
        )
        return outcome

    async def debit(self, order: Order, *, access_token: Secret | str) -> AsyncDebitDone:
        """As `Merchant.debit`."""
        outcome: AsyncDebitDone = await self._run(
            self._payments.debit(order, Secret.of(access_token))
        )
        return outcome

    async def cashier_url(self, order: Order) -> AsyncCashierMade:
        """As `Merchant.cashier_url`."""
        outcome: AsyncCashierMade = await self._run(self._payments.cashier(order))
        return outcome

    async def prepare_agreement(
        self,
        *,
        agreement_id: str,
        state: str,
        redirect_url: str | None = None,
        terminal: str = "WAP",
    ) -> AsyncAgreementAsked:
        """As `Merchant.prepare_agreement`."""
        outcome: AsyncAgreementAsked = await self._run(
            self._agreements.prepare(
                PageAsked(
                    agreement_id=agreement_id,
                    state=state,
                    redirect_url=redirect_url,
                    terminal=terminal,
                )
            )
        )
        return outcome

    async def apply_token(self, *, auth_code: Secret | str) -> AsyncTokenGiven:
        """As `Merchant.apply_token`."""
        outcome: AsyncTokenGiven = await self._run(self._agreements.apply(Secret.of(auth_code)))
        return outcome

    async def refresh_token(self, refresh_token: Secret | str) -> AsyncTokenGiven:
        """As `Merchant.refresh_token`."""
        outcome: AsyncTokenGiven = await self._run(
            self._agreements.refresh(Secret.of(refresh_token))
        )
        return outcome

    async def agreement(self, agreement_id: str) -> AsyncAgreementFound:
        """As `Merchant.agreement`."""
        outcome: AsyncAgreementFound = await self._run(self._agreements.query(agreement_id))
        return outcome

    async def cancel_agreement(self, agreement_id: str) -> AsyncAgreementEnded:
        """As `Merchant.cancel_agreement`."""
        outcome: AsyncAgreementEnded = await self._run(self._agreements.cancel(agreement_id))
        return outcome

    async def aclose(self) -> None:
        """Let go of the connections."""
        if self._carrier is not None:
            await self._carrier.close()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the connections."""
        await self.aclose()

    def _open(self, base_url: str) -> AsyncCarrier:
        # Loads httpx2, which a merchant that only signs and verifies does without.
        from tillgate.merchant.carriers import AsyncHttpCarrier  # noqa: PLC0415  As said.

        return AsyncHttpCarrier(base_url, self._connection)

    async def _run(self, plan: Plan[Any]) -> Any:  # noqa: ANN401  Its own methods know the outcome.
        """Carry a plan out."""
        carrier = self._connected()
        answer: object = None
        while True:
            try:
                step = plan.send(answer)
            except StopIteration as end:
                return end.value
            match step:
                case Pause():
                    await carrier.pause(self._seconds(step))
                    answer = None
                case Now():
                    answer = self._clock.now_ms()
                case _:
                    asked = self._write(step)
                    reply = await carrier.post(step.function.path, asked.raw)
                    answer = self._heard(asked, reply)
