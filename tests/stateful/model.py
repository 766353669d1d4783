"""What should be true, written from PROTOCOL and the issue in words of its own: one merchant's day.

It knows no entry, no attempt row and no number of the house; it imports nothing of it. A step of
the world is a generator: it yields wherever something else may happen in between, and returns what
its caller is told. What must hold: nothing here reads how the house does it.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Final

SECOND, MINUTE, DAY = 1_000, 60_000, 86_400_000
HONG_KONG: Final = 8 * 60 * MINUTE
ORDER_LIFE: Final = 180 * SECOND
ORDER_STRING_AGE: Final = 3 * MINUTE
FRESH_BEHIND: Final = 15 * MINUTE
MARK_LIFE: Final = 30 * MINUTE
SIGNING_LIFE: Final = 30 * MINUTE
CODE_LIFE = OLD_TOKEN_LIFE = 10 * MINUTE
CANCEL_BUFFER: Final = 15 * MINUTE
REFUND_WINDOW = ACCESS_LIFE = 365 * DAY
REFRESH_LIFE: Final = 730 * DAY
BY_AGREEMENT: Final = "AGREEMENT_OR_CASHIER_PAY"
NO: Final = "UNAVAILABLE_PAYMENT_METHOD"

Told = Any
Step = Generator[None, None, Told]


class Refusal(Exception):
    """Nothing was changed; the caller is told why."""

    def __init__(self, code: str) -> None:
        """Say the code."""
        super().__init__(code)
        self.code = code


@dataclass
class Ask:
    """A question to the bank, or to the operator while it is in REVIEW."""

    what: str  # debit, refund, cancel or late
    trans: str
    payer: str
    amount: int
    at: int
    state: str = "ASKED"  # REVIEW, ASKED, YES, NO
    call: str = ""
    agreement: str = ""
    refund: str = ""
    late_yes: bool = False


@dataclass
class Order:
    """An order; a tombstone has no amount."""

    product: str
    amount: int
    ends: int
    risk: str = ""
    state: str = "WAIT_BUYER_PAY"
    why: str = ""
    payer: str = ""
    paid: int | None = None
    refunded: int = 0
    tried: bool = False
    waits_for: Ask | None = None
    cancel_noted: bool = False
    failure: str = ""
    calls: dict[str, list[str]] = field(default_factory=dict)  # [payer, what it was told]
    asks: list[Ask] = field(default_factory=list)


@dataclass
class Refund:
    """A refund by its merchant's number."""

    trans: str
    amount: int
    state: str


@dataclass
class Agreement:
    """An agreement with its limits and tokens."""

    state_text: str
    ends: int
    state: str = "SIGNING"
    payer: str = ""
    signed: int = 0
    code_ends: int = 0
    single: int | None = None
    daily: int | None = None
    access: dict[int, int] = field(default_factory=dict)
    refresh: dict[int, int] = field(default_factory=dict)
    issued: dict[int, int] = field(default_factory=dict)
    code_signed: int = 0

    @property
    def code_yields(self) -> int:
        """Return what the code yields: the generation after those issued before its signing."""
        return 1 + sum(at < self.code_signed for at in self.issued.values())

    @property
    def newest_ends(self) -> int:
        """Return when its newest access token is over, or its code while there is none."""
        return self.access.get(max(self.access, default=0), self.code_ends)

    @property
    def renewable_ends(self) -> int:
        """Return until when a token can be had: by its newest refresh token, or by its code."""
        return max(self.code_ends, self.refresh.get(max(self.refresh, default=0), 0))


@dataclass
class World:
    """Everything one merchant, its payers and their bank have done."""

    now: int
    cash: dict[str, int]
    bank: set[str]
    says: str = "yes"  # What the bank says to the next question.
    limits: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)
    spent: dict[tuple[str, int], int] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    agreements: dict[str, Agreement] = field(default_factory=dict)
    marks: dict[str, tuple[str, int]] = field(default_factory=dict)

    # System requests

    def posted(self, step: Step, *, marked: bool, message: tuple[str, str, int]) -> Step:
        """Judge a signed request's age and number, then do what it asks (U10)."""
        number, content, signed = message
        if marked and self.now - signed > FRESH_BEHIND:
            return "REQUEST_EXPIRED"
        known = self.marks.get(number)
        if marked and known and known[0] != content and self.now < known[1] + MARK_LIFE:
            return "REPEATED_REQ_MSG_ID"
        before = self.now
        try:
            next(step)
        except Refusal as refusal:
            return refusal.code
        except StopIteration as end:
            self._mark(number, content, marked=marked)
            return end.value
        assert self.now == before
        self._mark(number, content, marked=marked)
        yield
        return (yield from step)

    def _mark(self, number: str, content: str, *, marked: bool) -> None:
        known = self.marks.get(number)
        if marked and (known is None or known[0] != content):
            self.marks[number] = (content, self.now)

    # Paying

    def cashier(self, trans: str, amount: int, product: str, *, signed: int, risk: str) -> Step:
        """A server posts an order and is told where its buyer pays."""
        yield from ()
        order = self._found(trans, amount, product, signed=signed, risk=risk, call="server")
        told = self._state_tells(order)
        if told is None:
            order.calls.setdefault("server", ["", ""])
        elif "server" in order.calls and told != "8000":
            order.calls["server"][1] = order.calls["server"][1] or told
        codes = ("8000", "PAYMENT_IN_PROCESS"), ("4000 ORDER_IS_CLOSED", "ORDER_IS_CLOSED")
        return "SUCCESS" if told is None else dict(codes).get(told, "ORDER_STATUS_INVALID")

    def trade_pay(
        self,
        trans: str,
        amount: int,
        product: str,
        *,
        call: str,
        payer: str,
        known_page: bool,
        signed: int,
        risk: str,
    ) -> Step:
        """A page calls tradePay in a payer's wallet; perhaps an agreement pays (U14)."""
        gid = self._standing(payer) if known_page and product == BY_AGREEMENT else ""
        if gid:
            yield
        held = self.orders[trans].calls.get(call) if trans in self.orders else None
        if held and held[0] != payer:
            return "4000 ACCESS_DENIED"
        try:
            order = self._found(trans, amount, product, signed=signed, risk=risk, call=call)
        except Refusal as refusal:
            return f"4000 {refusal.code}"
        if held and held[1]:
            return held[1]
        told = self._state_tells(order)
        if told is not None:
            if held and told != "8000":
                held[1] = told
            return told
        order.calls.setdefault(call, [payer, ""])
        agreement = self.agreements.get(gid)
        if agreement is None or agreement.state != "ACTIVE" or order.tried:
            return "cashier"
        made = self._pay(trans, payer, call=call, gid=gid, holds=False)
        if made == "YES":
            return self._end_call(order, call, "9000")
        if not isinstance(made, Ask):
            return "cashier"
        yield
        return self.answer(made, self.says)

    def confirm(self, trans: str, *, call: str) -> Step:
        """The payer enters the right PIN at the cashier of a call."""
        order = self.orders[trans]
        payer, told = order.calls[call]
        if told:
            return told
        self._expire(order)
        told = self._state_tells(order) or ""
        if told:
            return told if told == "8000" else self._end_call(order, call, told)
        made = self._pay(trans, payer, call=call, gid="", holds=True)
        if isinstance(made, Ask):
            if made.state == "REVIEW":
                return "8000"
            yield
            return self.answer(made, self.says)
        return self._end_call(order, call, "9000" if made == "YES" else f"4000 {made}")

    def buyer_cancels(self, trans: str, *, call: str) -> Step:
        """The buyer closes the cashier of a call; the order keeps waiting."""
        yield from ()
        order = self.orders[trans]
        if order.calls[call][1]:
            return order.calls[call][1]
        self._expire(order)
        told = self._state_tells(order) or "6001"
        return told if told == "8000" else self._end_call(order, call, told)

    def debit(self, trans: str, amount: int, product: str, *, token: Any, risk: str) -> Step:
        """The merchant debits an agreement (4.2, U23)."""
        agreement = self.agreements.get(token[0]) if token else None
        if agreement is None or token[1] not in agreement.access:
            raise Refusal("INVALID_ACCESS_TOKEN")
        order = self.orders.get(trans)
        is_same = order is not None and (order.product, order.amount) == (product, amount)
        if order is not None and is_same:
            if order.calls.get("debit", [agreement.payer])[0] != agreement.payer:
                raise Refusal("REPEAT_REQ_INCONSISTENT")
            return self._debited(order)
        if agreement.state != "ACTIVE" or self.now >= agreement.access[token[1]]:
            raise Refusal("EXPIRED_ACCESS_TOKEN")
        if order is not None and order.why == "NEVER_CREATED":
            return "ORDER_IS_CLOSED"
        if order is not None:
            raise Refusal("REPEAT_REQ_INCONSISTENT")
        order = Order(product, amount, self.now + ORDER_LIFE, risk=risk)
        self.orders[trans] = order
        order.calls["debit"] = [agreement.payer, ""]
        made = self._pay(trans, agreement.payer, call="debit", gid=token[0], holds=True)
        if isinstance(made, str):
            if made != "YES":
                order.state, order.why, order.failure = "TRADE_CLOSED", "DECLINED", made
            else:
                self._end_call(order, "debit", "9000")
            return self._debited(order)
        if made.state != "REVIEW":
            yield
            self.answer(made, self.says)
            yield
        return self._debited(order)

    def answer(self, ask: Ask, said: str) -> str:
        """Take in what the bank says of a question; the second half of the model knows how."""
        raise NotImplementedError

    def _debited(self, order: Order) -> str:
        if order.waits_for or order.state == "WAIT_BUYER_PAY":
            return "PAYMENT_IN_PROCESS"
        if order.paid is not None and order.why != "CANCELLED":
            return "SUCCESS"
        return order.failure or "ORDER_IS_CLOSED"

    def _found(
        self, trans: str, amount: int, product: str, *, signed: int, risk: str, call: str
    ) -> Order:
        """Return the order of an order string, a new one if it is young enough (U10, U17)."""
        order = self.orders.get(trans)
        if order is None:
            if self.now - signed > ORDER_STRING_AGE:
                raise Refusal("REQUEST_EXPIRED")
            order = Order(product, amount, self.now + ORDER_LIFE, risk=risk)
            self.orders[trans] = order
        is_same = (order.product, order.amount) == (product, amount)
        if order.why != "NEVER_CREATED" and not is_same:
            raise Refusal("REPEAT_REQ_INCONSISTENT")
        if not order.calls.get(call, ["", ""])[1]:
            self._expire(order)
        return order

    def _state_tells(self, order: Order) -> str | None:
        if order.waits_for:
            return "8000"
        if order.paid is not None:
            return "5000"
        return "4000 ORDER_IS_CLOSED" if order.state == "TRADE_CLOSED" else None

    def _end_call(self, order: Order, call: str, told: str) -> str:
        order.calls[call][1] = told
        return told

    def _is_over(self, order: Order) -> bool:
        waits = order.state == "WAIT_BUYER_PAY" and not order.waits_for
        return waits and self.now >= order.ends

    def _expire(self, order: Order) -> None:
        if self._is_over(order):
            order.state, order.why = "TRADE_CLOSED", "EXPIRED"

    def _standing(self, payer: str) -> str:
        """Name the payer's newest agreement that stands."""
        found = [
            (one.signed, gid)
            for gid, one in self.agreements.items()
            if one.payer == payer and one.state == "ACTIVE"
        ]
        newest = max(found)[1] if found else ""
        one = self.agreements.get(newest)
        return newest if one and self.now < one.renewable_ends else ""

    def _pay(self, trans: str, payer: str, *, call: str, gid: str, holds: bool) -> "Ask | str":
        """Limits, then risk, then funds; YES, a code that says no, or a question."""
        order = self.orders[trans]
        order.tried = order.tried or bool(gid)
        no = self._beyond(payer, gid, order.amount)
        if no:
            return no
        ask = Ask("debit", trans, payer, order.amount, self.now, call=call, agreement=gid)
        if order.risk == "review" and holds:
            ask.state = "REVIEW"
            return self._asked(order, ask)
        if order.risk in {"review", "reject"} or (gid and order.risk == "pin"):
            return "RISK_REJECT"
        if payer in self.bank:
            return self._asked(order, ask)
        if self.cash[payer] < order.amount:
            return "USER_BALANCE_NOT_ENOUGH"
        self._spend(ask, order.amount)
        self._settle(order, payer)
        return "YES"

    def _asked(self, order: Order, ask: Ask) -> Ask:
        self._spend(ask, ask.amount)
        order.asks.append(ask)
        order.waits_for = ask
        return ask

    def _settle(self, order: Order, payer: str) -> None:
        order.state, order.paid, order.payer = "TRADE_SUCCESS", self.now, payer
        order.waits_for = None
        if payer in self.cash:
            self.cash[payer] -= order.amount

    def _beyond(self, payer: str, gid: str, amount: int) -> str:
        """Return the first limit that this payment passes, by the declared order of codes."""
        mine, agreement = self.limits.get(payer, (None, None)), self.agreements.get(gid)
        theirs = (agreement.single, agreement.daily) if agreement else (None, None)
        if mine[0] is not None and amount > mine[0]:
            return "USER_AMOUNT_EXCEED_LIMIT"
        if theirs[0] is not None and amount > theirs[0]:
            return "PAYMENT_AMOUNT_EXCEED_LIMIT"
        for owner, daily in ((payer, mine[1]), (gid, theirs[1])):
            if daily is not None and self.spent_today(owner) + amount > daily:
                return "AMOUNT_EXCEED_DAILY_LIMIT"
        return ""

    def spent_today(self, owner: str) -> int:
        """Return what a payer, or an agreement, has used of this day in Hong Kong."""
        return self.spent.get((owner, _day(self.now)), 0)

    def _spend(self, ask: Ask, amount: int) -> None:
        for owner in filter(None, (ask.payer, ask.agreement)):
            key = (owner, _day(ask.at))
            self.spent[key] = self.spent.get(key, 0) + amount


def _day(at: int) -> int:
    """Return the number of an instant's day in Hong Kong."""
    return (at + HONG_KONG) // DAY
