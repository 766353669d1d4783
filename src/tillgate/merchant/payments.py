"""The plans for orders: query, cancel, refund, debit, and a cashier for an order a server posts.

It decides which function is asked what, and what its answer means to a merchant. A query that is
refused says nothing of the payment, so it leaves the payment unknown. What must hold: a payment is
called paid, closed or not found only by a query's or a debit's own success.
"""

from typing import Any, final

import msgspec

from tillgate.kernel.clock import parse_rfc3339
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result
from tillgate.merchant.asking import Cause, NotKnown, Question, Said
from tillgate.merchant.order import Order
from tillgate.merchant.outcomes import (
    Cancelled,
    CashierPage,
    Closed,
    NotFound,
    Paid,
    Refunded,
    RefundLine,
    Refusal,
    Unknown,
    Waiting,
)
from tillgate.merchant.plans import (
    STUCK,
    Again,
    Pause,
    Plan,
    Planner,
    Wish,
    deadline,
    fits,
    incomplete,
    refusal,
)
from tillgate.merchant.secret import Secret
from tillgate.protocol.messages import agreement_pay, pay_cancel, pay_query, refund, wap_pay
from tillgate.protocol.messages.agreement_pay import AgreementPayAnswer
from tillgate.protocol.messages.common import WireMoney
from tillgate.protocol.messages.pay_cancel import PayCancelAnswer, PayCancelBody
from tillgate.protocol.messages.pay_query import PayQueryAnswer, PayQueryBody
from tillgate.protocol.messages.refund import RefundAnswer, RefundBody
from tillgate.protocol.messages.wap_pay import CashierAnswer

NOT_FOUND_TRIES = 3
NOT_FOUND_PAUSE = Pause(least_s=5.0, most_s=7.0)
"""A query may have overtaken its payment; it is made twice more (PROTOCOL 5.3)."""


@final
class Named(msgspec.Struct, frozen=True, kw_only=True):
    """An order by one of its two numbers."""

    merchant_trans_id: str | None
    acquirement_id: str | None

    def __post_init__(self) -> None:
        """Refuse none and both, since only one of them would be looked at."""
        if (self.merchant_trans_id is None) == (self.acquirement_id is None):
            message = "name the order by merchant_trans_id or by acquirement_id, one of the two"
            raise ValueError(message)

    @property
    def about(self) -> str:
        """Return the order in words."""
        return f"order {self.merchant_trans_id or self.acquirement_id}"


@final
class RefundAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A refund a merchant wants."""

    refund_id: str
    amount: Money
    order: Named
    reason: str | None

    @property
    def about(self) -> str:
        """Return the refund in words."""
        return f"refund {self.refund_id}"


@final
class Payments(msgspec.Struct, frozen=True, kw_only=True):
    """Makes the plans for orders of one merchant."""

    merchant_id: str
    planner: Planner

    def query(self, order: Named) -> Plan[Any]:
        """Ask what became of an order."""
        question = Question(
            function=pay_query.FUNCTION,
            body=PayQueryBody(
                merchant_id=self.merchant_id,
                acquirement_id=order.acquirement_id,
                merchant_trans_id=order.merchant_trans_id,
            ),
            answer=PayQueryAnswer,
        )
        heard = yield from self.planner.ask(question)
        if isinstance(heard, NotKnown):
            return self._unknown(heard, order)
        if heard.info.result_code == Result.ORDER_NOT_EXIST.name:
            return NotFound(about=order.about)
        if not heard.done:
            return self._unknown(query_refused(heard), order)
        return self._found(heard.body, order) or self._unknown(incomplete(), order)

    def settled(self, order: Named, timeout_s: float, every_s: float) -> Plan[Any]:
        """Query until an order is paid, closed or surely not there, or the time is over."""
        ends_ms = yield from deadline(timeout_s)
        missing = 0
        while True:
            found = yield from self.query(order)
            pause = Pause(least_s=every_s, most_s=every_s)
            if isinstance(found, Paid | Closed):
                return found
            if isinstance(found, Unknown) and found.cause in STUCK:
                return found
            if isinstance(found, NotFound):
                missing += 1
                pause = NOT_FOUND_PAUSE
            if missing >= NOT_FOUND_TRIES or not (yield from fits(pause, ends_ms)):
                return found
            yield pause

    def cancel(self, order: Named) -> Plan[Any]:
        """Close an order as if it had never been."""

        def read(said: Said[PayCancelAnswer]) -> Cancelled:
            return Cancelled(
                merchant_trans_id=said.body.merchant_trans_id or order.merchant_trans_id,
                acquirement_id=said.body.acquirement_id or order.acquirement_id,
                cancelled_at_ms=instant(said.body.cancel_time),
            )

        body = PayCancelBody(
            merchant_id=self.merchant_id,
            acquirement_id=order.acquirement_id,
            merchant_trans_id=order.merchant_trans_id,
        )
        question = Question(function=pay_cancel.FUNCTION, body=body, answer=PayCancelAnswer)
        wish = Wish(question=question, about=f"cancel of {order.about}", read=read)
        return self.planner.carry_out(wish)

    def refund(self, asked: RefundAsked) -> Plan[Any]:
        """Give money back; an order named by its own number is queried first."""
        return self._refund(asked, is_open=False)

    def _refund(self, asked: RefundAsked, *, is_open: bool) -> Plan[Any]:
        acquirement_id = asked.order.acquirement_id
        if acquirement_id is None:
            found = yield from self.query(asked.order)
            if isinstance(found, Unknown):
                again = Again(lambda still: self._refund(asked, is_open=still), is_open=is_open)
                why = NotKnown(
                    cause=found.cause,
                    detail="It was the query before the refund.",
                    result_code=found.result_code,
                )
                return self.planner.unknown(
                    why, asked.about, again.until_known, may_be_done=is_open
                )
            acquirement_id = getattr(found, "acquirement_id", None)
            if acquirement_id is None:
                return self._nothing_to_refund(asked, found, is_open=is_open)
        wish = self._refund_of(asked, acquirement_id)
        return (yield from self.planner.carry_out(wish, is_open=is_open))

    def _nothing_to_refund(
        self, asked: RefundAsked, found: NotFound | Closed, *, is_open: bool
    ) -> Refusal | Unknown[Any]:
        """Refuse what was never there, unless a refund of it was sent already."""
        missing = isinstance(found, NotFound)
        result = Result.ORDER_NOT_EXIST if missing else Result.ORDER_IS_CLOSED
        if not is_open:
            return Refusal(code=result.name, sentence=result.sentence, about=asked.about)
        why = NotKnown(cause=Cause.REPEAT_REFUSED, detail=result.sentence, result_code=result.name)
        again = Again(lambda still: self._refund(asked, is_open=still), is_open=is_open)
        return self.planner.unknown(why, asked.about, again.until_known)

    def _refund_of(self, asked: RefundAsked, acquirement_id: str) -> Wish[Refunded]:
        def read(said: Said[RefundAnswer]) -> Refunded:
            return Refunded(
                refund_id=asked.refund_id,
                acquirement_id=acquirement_id,
                amount=asked.amount,
                refunded_at_ms=instant(said.body.refund_time),
            )

        body = RefundBody(
            merchant_id=self.merchant_id,
            acquirement_id=acquirement_id,
            merchant_refund_id=asked.refund_id,
            refund_amount=WireMoney.of(asked.amount),
            refund_reason=asked.reason,
        )
        question = Question(function=refund.FUNCTION, body=body, answer=RefundAnswer)
        return Wish(question=question, about=asked.about, read=read)

    def debit(self, order: Order, access_token: Secret) -> Plan[Any]:
        """Debit a payer who agreed; whoever waits for the result queries the order."""

        def read(said: Said[AgreementPayAnswer]) -> Paid | None:
            if said.body.acquirement_id is None:
                return None
            return Paid(
                merchant_trans_id=order.merchant_trans_id,
                acquirement_id=said.body.acquirement_id,
                amount=order.money,
                paid_at_ms=instant(said.body.payment_time),
            )

        question = Question(
            function=agreement_pay.FUNCTION,
            body=order.debit_message(self.merchant_id),
            answer=AgreementPayAnswer,
            access_token=access_token,
        )
        named = Named(merchant_trans_id=order.merchant_trans_id, acquirement_id=None)
        return self.planner.carry_out(
            Wish(question=question, about=f"debit for {named.about}", read=read),
            until_known=lambda timeout_s, every_s: self.settled(named, timeout_s, every_s),
        )

    def cashier(self, order: Order) -> Plan[Any]:
        """Post an order, to get the page on which the buyer pays it."""
        return self._cashier(order, is_open=False)

    def _cashier(self, order: Order, *, is_open: bool) -> Plan[Any]:
        """Post an order; a yes without a page means that it is paid, which a query confirms."""
        named = Named(merchant_trans_id=order.merchant_trans_id, acquirement_id=None)
        question = Question(
            function=wap_pay.FUNCTION,
            body=order.message(self.merchant_id),
            answer=CashierAnswer,
        )
        heard = yield from self.planner.ask(question, is_open=is_open)
        about = f"cashier for {named.about}"
        if isinstance(heard, Said) and not heard.done:
            return refusal(heard, about)
        if isinstance(heard, Said):
            if heard.body.cashier_url is not None:
                return CashierPage(
                    url=heard.body.cashier_url,
                    merchant_trans_id=order.merchant_trans_id,
                    acquirement_id=heard.body.acquirement_id,
                )
            found = yield from self.query(named)
            if isinstance(found, Paid):
                return found
            heard = incomplete()
        still_open = is_open or not heard.cause.nothing_done
        again = Again(lambda still: self._cashier(order, is_open=still), is_open=still_open)
        return self.planner.unknown(heard, about, again.until_known, may_be_done=still_open)

    def _unknown(self, heard: NotKnown, order: Named) -> Unknown[Any]:
        return self.planner.unknown(heard, order.about, self._again(order))

    def _again(self, order: Named) -> Any:  # noqa: ANN401  What `waiter` takes.
        return lambda timeout_s, every_s: self.settled(order, timeout_s, every_s)

    def _found(self, body: PayQueryAnswer, order: Named) -> Paid | Waiting[Any] | Closed | None:
        """Return what a query found, or None when it does not say enough."""
        trans_id = body.merchant_trans_id or order.merchant_trans_id
        acquirement_id = body.acquirement_id or order.acquirement_id
        amount = body.order_amount.money if body.order_amount else None
        if body.pay_status == "TRADE_CLOSED":
            return Closed(
                merchant_trans_id=trans_id,
                acquirement_id=acquirement_id,
                amount=amount,
                **_after(body),
            )
        if trans_id is None or acquirement_id is None or amount is None:
            return None
        match body.pay_status:
            case "TRADE_SUCCESS" | "TRADE_FINISHED":
                return Paid(
                    merchant_trans_id=trans_id,
                    acquirement_id=acquirement_id,
                    amount=amount,
                    finished=body.pay_status == "TRADE_FINISHED",
                    **_after(body),
                )
            case "WAIT_BUYER_PAY":
                return Waiting(
                    merchant_trans_id=trans_id,
                    acquirement_id=acquirement_id,
                    amount=amount,
                    waiter=self.planner.waiter(self._again(order)),
                )
            case _:
                return None


def read_amount(amount: Money | str) -> Money:
    """Return an amount; ValueError when the text is none."""
    return amount if isinstance(amount, Money) else Money.parse(amount)


def query_refused(said: Said[Any]) -> NotKnown:
    """Return that a query was refused, which says nothing of what it asked for."""
    return NotKnown.refused(Cause.QUERY_REFUSED, said.info)


def instant(text: str | None) -> int | None:
    """Return a date of a message as an instant."""
    return parse_rfc3339(text) if text else None


def _after(body: PayQueryAnswer) -> dict[str, Any]:
    """Return what came after the order: the payment and the refunds."""
    return {
        "paid_at_ms": instant(body.payment_time),
        "refunded": body.refunded_amount.money if body.refunded_amount else None,
        "refunds": tuple(
            RefundLine(
                refund_id=each.merchant_refund_id,
                amount=each.refund_amount.money,
                status=each.refund_status,
                refunded_at_ms=instant(each.refund_time),
            )
            for each in body.refunds or ()
        ),
    }
