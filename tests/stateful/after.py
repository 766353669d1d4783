"""The second half of the model: what issuers and operators answer, refunds, cancels, agreements.

It carries `model.World` on in the same words. What must hold: refunds never come to more than was
paid, and only an explicit answer ends a question.
"""

from typing import Any

from tests.stateful import model
from tests.stateful.model import Agreement, Ask, Order, Refund, Refusal, Step, World


class Day(World):
    """Everything that may happen on a merchant's day."""

    # What the bank and the operator say

    def answer(self, ask: Ask, said: str) -> str:
        """Take in what the bank says: yes, no or nothing; return what a page is told."""
        order = self.orders[ask.trans]
        is_open = ask.state == "ASKED"
        if ask.state == "REVIEW" or (is_open and said == "nothing"):
            return "8000"
        if is_open:
            ask.state = said.upper()
            return self._answered(order, ask)
        if ask.state == "NO" and said == "yes" and not ask.late_yes:
            ask.late_yes = True
            if ask.what == "debit":
                order.asks.append(Ask("late", ask.trans, ask.payer, ask.amount, self.now))
        return order.calls[ask.call][1] or "cashier" if ask.call else ""

    def _answered(self, order: Order, ask: Ask) -> str:
        if ask.what == "debit":
            return self._debit_done(order, ask) if ask.state == "YES" else self._no(order, ask)
        if ask.what == "refund":
            refund = self.refunds[ask.refund]
            refund.state = "SUCCESS" if ask.state == "YES" else "FAIL"
            if ask.state == "NO":
                order.refunded -= refund.amount
            self._close_if_all_is_back(ask.trans)
        return ""

    def _debit_done(self, order: Order, ask: Ask) -> str:
        if not order.cancel_noted:
            self._settle(order, ask.payer)
            return self._end_call(order, ask.call, "9000")
        order.state, order.why, order.waits_for = "TRADE_CLOSED", "CANCELLED", None
        order.paid, order.payer, order.refunded = self.now, ask.payer, order.amount
        order.asks.append(Ask("cancel", ask.trans, ask.payer, ask.amount, self.now))
        return self._end_call(order, ask.call, "4000 ORDER_IS_CLOSED")

    def _no(self, order: Order, ask: Ask, code: str = model.NO) -> str:
        ask.state = "NO"
        self._spend(ask, -ask.amount)
        order.waits_for = None
        if order.cancel_noted:
            order.state, order.why = "TRADE_CLOSED", "CANCELLED"
        elif ask.call == "debit":
            order.state, order.why, order.failure = "TRADE_CLOSED", "DECLINED", code
        elif self._is_over(order):
            order.state, order.why = "TRADE_CLOSED", "EXPIRED"
        elif ask.agreement:
            return "cashier"
        return self._end_call(order, ask.call, f"4000 {code}")

    def decide(self, ask: Ask, *, release: bool) -> None:
        """Release what waits for the operator, or refuse it; what was cancelled never goes on."""
        order = self.orders[ask.trans]
        agreement = self.agreements.get(ask.agreement)
        if not release:
            self._no(order, ask, "RISK_REJECT")
        elif order.cancel_noted:
            self._no(order, ask, "ORDER_IS_CLOSED")
        elif agreement and agreement.state != "ACTIVE":
            self._no(order, ask, "EXPIRED_ACCESS_TOKEN")
        elif ask.payer in self.bank:
            ask.state = "ASKED"
        elif self.cash[ask.payer] < ask.amount:
            self._no(order, ask, "USER_BALANCE_NOT_ENOUGH")
        else:
            ask.state = "YES"
            self._settle(order, ask.payer)
            self._end_call(order, ask.call, "9000")

    # What the merchant does afterwards

    def query(self, trans: str) -> Step:
        """Tell how an order is now, whether anybody has looked at it since or not."""
        yield from ()
        order = self.orders.get(trans)
        if order is None:
            raise Refusal("ORDER_NOT_EXIST")
        return ("SUCCESS", *self.status(trans))

    def status(self, trans: str) -> tuple[Any, ...]:
        """Return payStatus, whether and how much was refunded, and each refund."""
        order = self.orders[trans]
        status = "TRADE_CLOSED" if self._is_over(order) else order.state
        if status == "TRADE_SUCCESS" and self.now >= (order.paid or 0) + model.REFUND_WINDOW:
            status = "TRADE_FINISHED"
        refunds = {
            (name, refund.amount, refund.state)
            for name, refund in self.refunds.items()
            if refund.trans == trans
        }
        return status, order.paid, order.refunded, frozenset(refunds)

    def cancel(self, trans: str, *, by_our_number: bool) -> Step:
        """End an order, or see that it never begins (U19)."""
        yield from ()
        order = self.orders.get(trans)
        if order is None and by_our_number:
            raise Refusal("ORDER_NOT_EXIST")
        if order is None:
            order = Order("", 0, self.now, state="TRADE_CLOSED", why="NEVER_CREATED")
            self.orders[trans] = order
        elif order.waits_for:
            order.cancel_noted = True
            if order.waits_for.state != "REVIEW":
                return "PAYMENT_IN_PROCESS"
            self._no(order, order.waits_for, "ORDER_IS_CLOSED")  # Nobody was asked for it yet.
        elif order.state == "WAIT_BUYER_PAY":
            why = "EXPIRED" if self._is_over(order) else "CANCELLED"
            order.state, order.why = "TRADE_CLOSED", why
        elif order.why in {"", "REFUNDED"}:
            self._undo(order, trans)
        return "SUCCESS"

    def _undo(self, order: Order, trans: str) -> None:
        assert order.paid is not None
        midnight = (order.paid + model.HONG_KONG) // model.DAY * model.DAY + model.DAY
        if self.now >= midnight - model.HONG_KONG + model.CANCEL_BUFFER:
            raise Refusal("CANCEL_EXPIRED")
        if order.refunded:
            raise Refusal("REFUND_TRANSACTION_EXIST")
        order.state, order.why, order.refunded = "TRADE_CLOSED", "CANCELLED", order.amount
        if order.payer in self.bank:
            order.asks.append(Ask("cancel", trans, order.payer, order.amount, self.now))
        else:
            self.cash[order.payer] += order.amount

    def refund(self, name: str, trans: str, amount: int) -> Step:
        """Give a part of a payment back; it counts from the moment it is asked (U20)."""
        order = self.orders.get(trans)
        if order is None:
            raise Refusal("ORDER_NOT_EXIST")
        before = self.refunds.get(name)
        if before:
            if (before.trans, before.amount) != (trans, amount):
                raise Refusal("REPEAT_REQ_INCONSISTENT")
            return self._refunded(before)
        self._check_refundable(order, amount)
        order.refunded += amount
        refund = Refund(trans, amount, "PROCESSING")
        self.refunds[name] = refund
        if order.payer not in self.bank:
            self.cash[order.payer] += amount
            refund.state = "SUCCESS"
            self._close_if_all_is_back(trans)
            return self._refunded(refund)
        ask = Ask("refund", trans, order.payer, amount, self.now, refund=name)
        order.asks.append(ask)
        yield
        self.answer(ask, self.says)
        yield
        return self._refunded(refund)

    def _check_refundable(self, order: Order, amount: int) -> None:
        if order.paid is None:
            waits = order.state == "WAIT_BUYER_PAY" and not self._is_over(order)
            raise Refusal("ORDER_STATUS_INVALID" if waits else "ORDER_IS_CLOSED")
        if order.why == "CANCELLED":
            raise Refusal("ORDER_IS_CLOSED")
        if self.now >= order.paid + model.REFUND_WINDOW:
            raise Refusal("AGREEMENT_REFUND_TIME_EXCEEDS_LIMIT")
        if order.refunded + amount > order.amount:
            raise Refusal("AMOUNT_EXCEEDS_LIMIT")

    def _refunded(self, refund: Refund) -> str:
        told = {"SUCCESS": "SUCCESS", "PROCESSING": "REFUND_IN_PROCESS", "FAIL": model.NO}
        return told[refund.state]

    def _close_if_all_is_back(self, trans: str) -> None:
        order = self.orders[trans]
        of_order = [one for one in self.refunds.values() if one.trans == trans]
        is_asked = any(one.state == "PROCESSING" for one in of_order)
        if order.state == "TRADE_SUCCESS" and order.refunded == order.amount and not is_asked:
            order.state, order.why = "TRADE_CLOSED", "REFUNDED"

    # Agreements

    def prepare(self, gid: str, state_text: str) -> Step:
        """Make a page to sign at, or give the one there is more time."""
        yield from ()
        agreement = self.agreements.get(gid)
        if agreement is None:
            agreement = Agreement(state_text, 0)
            self.agreements[gid] = agreement
        if agreement.state_text != state_text:
            raise Refusal("REPEAT_REQ_INCONSISTENT")
        if agreement.state == "CANCELED":
            raise Refusal("AGREEMENT_STATUS_INVALID")
        if agreement.state == "SIGNING":
            agreement.ends = self.now + model.SIGNING_LIFE
        return "SUCCESS"

    def sign(self, gid: str, payer: str, single: int | None, daily: int | None) -> str:
        """The payer agrees with the right PIN."""
        agreement = self.agreements[gid]
        if (agreement.state, agreement.payer) == ("ACTIVE", payer):
            if self.now < agreement.code_ends:
                return "SUCCESS"
            if self.now >= agreement.ends:
                return "AGREEMENT_STATUS_INVALID"
            agreement.code_ends = self.now + model.CODE_LIFE  # Its merchant missed the first one.
            agreement.code_signed = self.now
            return "SUCCESS"
        if agreement.state != "SIGNING" or self.now >= agreement.ends:
            return "AGREEMENT_STATUS_INVALID"
        agreement.state, agreement.payer, agreement.signed = "ACTIVE", payer, self.now
        agreement.single, agreement.daily = single, daily
        agreement.code_ends = self.now + model.CODE_LIFE
        agreement.code_signed = self.now
        return "SUCCESS"

    def apply(self, gid: str, *, code: bool, generation: int) -> Step:
        """Give a code or a refresh token for the pair that follows from it (U22)."""
        yield from ()
        agreement = self.agreements.get(gid)
        if agreement is None or (code and not agreement.signed):
            raise Refusal("INVALID_AUTHCODE" if code else "INVALID_ACCESS_TOKEN")
        if not code and generation not in agreement.refresh:
            raise Refusal("INVALID_ACCESS_TOKEN")
        ends = agreement.code_ends if code else agreement.refresh[generation]
        if self.now >= ends:
            raise Refusal("AUTH_CODE_EXPIRED" if code else "EXPIRED_ACCESS_TOKEN")
        if agreement.state != "ACTIVE":
            raise Refusal("AGREEMENT_STATUS_INVALID")
        following = agreement.code_yields if code else generation + 1
        if following not in agreement.access:
            agreement.issued[following] = self.now
            agreement.access[following] = self.now + model.ACCESS_LIFE
            agreement.refresh[following] = self.now + model.REFRESH_LIFE
            if following > 1:
                old = agreement.access[following - 1]
                agreement.access[following - 1] = min(old, self.now + model.OLD_TOKEN_LIFE)
        return ("SUCCESS", following, agreement.access[following], agreement.refresh[following])

    def agreement_status(self, gid: str) -> Step:
        """Tell how an agreement stands, never a token."""
        yield from ()
        agreement = self.agreements.get(gid)
        if agreement is None or not agreement.signed:
            raise Refusal("TARGET_NOT_FOUND")
        status = "ACTIVE" if self.now < agreement.newest_ends else "EXPIRED"
        return ("SUCCESS", "CANCELED" if agreement.state == "CANCELED" else status)

    def end_agreement(self, gid: str) -> Step:
        """End an agreement from either side."""
        yield from ()
        agreement = self.agreements.get(gid)
        if agreement is None:
            raise Refusal("TARGET_NOT_FOUND")
        agreement.state = "CANCELED"
        return "SUCCESS"
