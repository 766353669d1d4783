"""`Merchant`: one merchant's side of the protocol, waiting in place for the gateway.

A thin shell: `papers` signs and reads, `payments` and `agreements` plan, `carriers` carries; here a
plan is driven by sending, sleeping and reading the clock. `async_client` is the same with `await`;
a test holds the two to the same methods. What must hold: nothing is decided here.
"""

from types import TracebackType
from typing import Any, Self, TypeAlias, final

from tillgate.kernel.money import Money
from tillgate.merchant.agreements import PageAsked
from tillgate.merchant.connection import Carrier
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

PaymentFound: TypeAlias = "Paid | Waiting[PaymentFound] | Closed | NotFound | Unknown[PaymentFound]"
CancelDone: TypeAlias = "Cancelled | Refusal | Unknown[CancelDone]"
RefundDone: TypeAlias = "Refunded | Refusal | Unknown[RefundDone]"
DebitDone: TypeAlias = "Paid | Refusal | Unknown[PaymentFound]"
CashierMade: TypeAlias = "CashierPage | Paid | Refusal | Unknown[CashierMade]"
AgreementAsked: TypeAlias = "AgreementPage | Refusal | Unknown[AgreementAsked]"
TokenGiven: TypeAlias = "AccessToken | Refusal | Unknown[TokenGiven]"
AgreementFound: TypeAlias = "Agreement | NotFound | Unknown[AgreementFound]"
AgreementEnded: TypeAlias = "AgreementCancelled | Refusal | Unknown[AgreementEnded]"


@final
class Merchant(Papers[Carrier]):
    """A merchant, as the acquirer registered it.

    Made with its ids, its private key and the gateway's public key; with `base_url` it also asks
    the gateway. It may be shared by threads. Close it, or use it in a `with` statement.
    """

    def query(
        self, merchant_trans_id: str | None = None, *, acquirement_id: str | None = None
    ) -> PaymentFound:
        """Ask what became of an order.

        Args:
            merchant_trans_id: your order number; or
            acquirement_id: the acquirer's.

        Returns:
            `Paid`, `Waiting` (it may still be paid), `Closed`, `NotFound` or `Unknown`.
        """
        outcome: PaymentFound = self._run(
            self._payments.query(
                Named(merchant_trans_id=merchant_trans_id, acquirement_id=acquirement_id)
            )
        )
        return outcome

    def cancel(
        self, merchant_trans_id: str | None = None, *, acquirement_id: str | None = None
    ) -> CancelDone:
        """Close an order as if it had never been; what had been paid goes back.

        For results that stay unclear, on the day of the payment. An order that the acquirer never
        saw is closed too, before it can arrive.

        Args:
            merchant_trans_id: your order number; or
            acquirement_id: the acquirer's.

        Returns:
            `Cancelled`, `Refusal` or `Unknown`.
        """
        outcome: CancelDone = self._run(
            self._payments.cancel(
                Named(merchant_trans_id=merchant_trans_id, acquirement_id=acquirement_id)
            )
        )
        return outcome

    def refund(
        self,
        *,
        refund_id: str,
        amount: Money | str,
        acquirement_id: str | None = None,
        merchant_trans_id: str | None = None,
        reason: str | None = None,
    ) -> RefundDone:
        """Give back all or a part of what was paid.

        Args:
            refund_id: your own number of the refund; with the same one it happens once.
            amount: `Money`, or text such as "4.00 HKD".
            acquirement_id: the acquirer's number of the order; or
            merchant_trans_id: yours, for which the order is queried first.
            reason: why, shown to the buyer.

        Returns:
            `Refunded`, `Refusal` or `Unknown`.
        """
        outcome: RefundDone = self._run(
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

    def debit(self, order: Order, *, access_token: Secret | str) -> DebitDone:
        """Debit a payer by an agreement; nobody is asked.

        Args:
            order: what is to be paid; its product is always AUTO_DEBIT.
            access_token: the token of the agreement.

        Returns:
            `Paid`, `Refusal` or `Unknown`, whose `wait_until_known` queries the order and returns
            what `query` does. A refusal for a limit, for safety or for funds leaves the order
            closed, so that a new try needs a new number; one from before there was an order (the
            token, the currency, the merchant, a locked payer) leaves the number free. `query` says
            `Closed` or `NotFound`; after a `Refusal` a new number is always safe.
        """
        outcome: DebitDone = self._run(self._payments.debit(order, Secret.of(access_token)))
        return outcome

    def cashier_url(self, order: Order) -> CashierMade:
        """Post an order yourself, for a page without the wallet's bridge.

        Returns:
            `CashierPage`, whose url the buyer's browser is sent to; `Paid` when it already is;
            `Refusal` or `Unknown`.
        """
        outcome: CashierMade = self._run(self._payments.cashier(order))
        return outcome

    def prepare_agreement(
        self,
        *,
        agreement_id: str,
        state: str,
        redirect_url: str | None = None,
        terminal: str = "WAP",
    ) -> AgreementAsked:
        """Begin to ask a payer for an agreement.

        Args:
            agreement_id: your own number of the agreement, at most 32 characters.
            state: a value nobody can guess, kept in the browser's session; the redirect brings it.
            redirect_url: where the payer comes back to; your registered address if absent.
            terminal: where the page is opened: WAP, WEB or APP.

        Returns:
            `AgreementPage`, whose url the payer's browser is sent to; `Refusal` or `Unknown`.
        """
        outcome: AgreementAsked = self._run(
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

    def apply_token(self, *, auth_code: Secret | str) -> TokenGiven:
        """Turn the code of `agreement_return` into tokens; the same code gives the same tokens.

        Returns:
            `AccessToken`, `Refusal` or `Unknown`.
        """
        outcome: TokenGiven = self._run(self._agreements.apply(Secret.of(auth_code)))
        return outcome

    def refresh_token(self, refresh_token: Secret | str) -> TokenGiven:
        """Turn a refresh token into the next tokens; the same one gives the same tokens.

        Returns:
            `AccessToken`, `Refusal` or `Unknown`.
        """
        outcome: TokenGiven = self._run(self._agreements.refresh(Secret.of(refresh_token)))
        return outcome

    def agreement(self, agreement_id: str) -> AgreementFound:
        """Ask how an agreement stands.

        Returns:
            `Agreement`, `NotFound` or `Unknown`.
        """
        outcome: AgreementFound = self._run(self._agreements.query(agreement_id))
        return outcome

    def cancel_agreement(self, agreement_id: str) -> AgreementEnded:
        """End an agreement; its tokens debit nothing any more.

        Returns:
            `AgreementCancelled`, `Refusal` or `Unknown`.
        """
        outcome: AgreementEnded = self._run(self._agreements.cancel(agreement_id))
        return outcome

    def close(self) -> None:
        """Let go of the connections."""
        if self._carrier is not None:
            self._carrier.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the connections."""
        self.close()

    def _open(self, base_url: str) -> Carrier:
        # Loads httpx2, which a merchant that only signs and verifies does without.
        from tillgate.merchant.carriers import HttpCarrier  # noqa: PLC0415  As said.

        return HttpCarrier(base_url, self._connection)

    def _run(self, plan: Plan[Any]) -> Any:  # noqa: ANN401  Its own methods know the outcome.
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
                    carrier.pause(self._seconds(step))
                    answer = None
                case Now():
                    answer = self._clock.now_ms()
                case _:
                    asked = self._write(step)
                    reply = carrier.post(step.function.path, asked.raw)
                    answer = self._heard(asked, reply)
