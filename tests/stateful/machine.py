"""Everything that can be done after a payment, in any order, alone or at the same time.

Hypothesis chooses; the gateway answers through its doors; the model says what was possible. What
must hold after every step: each answer is one the model explains, the books balance, balances and
states are the model's, and whatever was asked before can be asked again.
"""

import random
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.stateful.driver import DEBITS, ORDERS, PAYERS, WAITS_S, Driver
from tests.stateful.gateway import MERCHANT
from tillgate.engine.commands import CancelAgreement, DecideReview, LimitAgreement, LimitPayer
from tillgate.kernel.ids import MerchantAgreementId, MerchantId, MerchantTransId, PayerId

LONG_WAITS_S: Final = (901, 1_900, 13 * 3_600, 366 * 86_400)

orders = st.sampled_from(ORDERS)
any_order = st.sampled_from((*ORDERS, *DEBITS))
debits = st.sampled_from((*DEBITS, *DEBITS, *DEBITS, "T-1"))
payers = st.sampled_from(tuple(PAYERS))
calls = st.sampled_from(("page-call-number-1", "page-call-number-2"))
twists = st.sampled_from((0, 0, 0, 0, 0, 1))
words = st.sampled_from(("yes", "yes", "yes", "nothing", "nothing", "no"))
agreements = st.sampled_from(("G-1", "G-2"))
limits = st.sampled_from((None, None, None, 400, 1_500, 6_000))
refunds = st.sampled_from(("R-1", "R-2", "R-3", "R-4"))
amounts = st.sampled_from((100, 333, 334, 500, 1_000, 2_500))
risks = st.sampled_from(("", "", "", "", "", "review", "review", "pin", "reject"))
picks = st.integers(0, 1_000)
WHAT = st.sampled_from(
    (
        *("refund", "refund", "refund", "cancel", "cancel", "debit", "debit", "confirm", "confirm"),
        *("pay", "query", "apply", "end"),
    )
)


class Machine(Driver):
    """What may happen, each as a rule."""

    @initialize(
        said=st.lists(risks, min_size=9, max_size=9),
        paid=st.lists(st.tuples(payers, words), max_size=3),
        signers=st.lists(payers, max_size=2),
    )
    def a_day_begins(
        self, said: list[str], paid: list[tuple[str, str]], signers: list[str]
    ) -> None:
        """Every order has its riskInfo; some orders are paid already and some payers agreed."""
        self.acts.risks = dict(zip((*ORDERS, *DEBITS), said, strict=True))
        for gid, payer in zip(("G-1", "G-2"), signers, strict=False):
            self.agrees(gid, payer)
        for trans, (payer, bank) in zip(ORDERS, paid, strict=False):
            self.pays(trans, "page-call-number-1", payer, bank=bank)

    # The merchant, alone

    @rule(trans=any_order, twist=twists)
    def a_server_asks_for_a_cashier(self, trans: str, twist: int) -> None:
        self.play(self.acts.cashier(trans, twist))

    @rule(trans=any_order)
    def a_server_queries(self, trans: str) -> None:
        self.play(self.acts.query(trans))

    @rule(trans=any_order, pick=picks)
    def a_server_cancels(self, trans: str, pick: int) -> None:
        """Cancel anything, but mostly what the bank has not answered."""
        open_ones = [name for name, order in self.day.orders.items() if order.waits_for]
        trans = open_ones[pick % len(open_ones)] if open_ones and pick % 4 else trans
        self.play(self.run(self.acts.cancel(trans, ours=pick % 3 == 0)))

    @rule(name=refunds, trans=any_order, minor=amounts, bank=words)
    def a_server_refunds(self, name: str, trans: str, minor: int, bank: str) -> None:
        self.play(self.run(self.acts.refund(name, trans, minor)), bank=bank)

    @rule(name=refunds, pick=picks, bank=words)
    def a_server_refunds_what_was_paid(self, name: str, pick: int, bank: str) -> None:
        """Give back a third of an order that was paid, or what is left of it."""
        paid = [trans for trans, order in self.day.orders.items() if order.paid is not None]
        if paid:
            trans = paid[pick % len(paid)]
            order = self.day.orders[trans]
            minor = max(1, order.amount - order.refunded if pick % 2 else order.amount // 3)
            self.play(self.run(self.acts.refund(name, trans, minor)), bank=bank)

    @rule(trans=debits, twist=twists, gid=agreements, pick=picks, bank=words)
    def a_server_debits(self, trans: str, twist: int, gid: str, *, pick: int, bank: str) -> None:
        self.play(self.acts.debit(trans, twist, self.token(gid, pick)), bank=bank)

    @rule(gid=agreements, state=st.sampled_from(("s-1", "s-1", "s-1", "s-2")))
    def a_server_prepares(self, gid: str, state: str) -> None:
        self.play(self.acts.prepare(gid, state))

    @rule(gid=agreements, generation=st.sampled_from((0, 0, 1, 1, 2, 3)))
    def a_server_applies(self, gid: str, generation: int) -> None:
        self.play(self.acts.apply(gid, generation))

    @rule(gid=agreements)
    def a_server_asks_after_an_agreement(self, gid: str) -> None:
        self.play(self.acts.status(gid))

    @rule(gid=agreements)
    def a_server_ends_an_agreement(self, gid: str) -> None:
        self.play(self.acts.end(gid))

    # The buyer

    @rule(trans=orders, twist=twists, call=calls, payer=payers, known=st.booleans(), bank=words)
    def a_page_calls(
        self, trans: str, twist: int, call: str, *, payer: str, known: bool, bank: str
    ) -> None:
        held = self.day.orders[trans].calls.get(call) if trans in self.day.orders else None
        payer = held[0] if held and twist == 0 else payer
        self.play(
            self.acts.trade_pay(trans, twist, call=call, payer=payer, known_page=known),
            bank=bank,
        )

    @rule(pick=picks, call=calls, payer=payers, bank=words)
    def a_payer_pays(self, pick: int, call: str, payer: str, bank: str) -> None:
        """Pay from a page to the end; mostly an order that nobody has paid yet."""
        fresh = [trans for trans in ORDERS if trans not in self.day.orders]
        among = fresh if fresh and pick % 5 else ORDERS
        self.pays(among[pick % len(among)], call, payer, bank=bank)

    @rule(pick=picks, bank=words, closes=st.sampled_from((False, False, False, True)))
    def a_payer_at_a_cashier(self, pick: int, bank: str, *, closes: bool) -> None:
        open_ones = sorted(self.acts.cashiers)
        if open_ones:
            trans, call = open_ones[pick % len(open_ones)]
            payer = self.day.orders[trans].calls[call][0]
            act = self.acts.confirm(trans, call, payer)
            self.play(self.acts.closes(trans, call, payer) if closes else act, bank=bank)

    @rule(gid=agreements, payer=payers, single=limits, daily=limits)
    def a_payer_signs(self, gid: str, payer: str, single: int | None, daily: int | None) -> None:
        if gid in self.day.agreements:
            self.signs(gid, payer, single, daily)

    @rule(gid=agreements, payer=payers)
    def a_payer_agrees(self, gid: str, payer: str) -> None:
        self.agrees(gid, payer)

    @rule(gid=agreements, single=limits, daily=limits)
    def a_payer_limits_an_agreement(self, gid: str, single: int | None, daily: int | None) -> None:
        agreement = self.day.agreements.get(gid)
        if agreement and agreement.state == "ACTIVE":
            set_to = {**_both(single, daily), "pin_checked": True}
            self.do(LimitAgreement, **_named(gid, agreement.payer), **set_to)
            agreement.single, agreement.daily = single, daily

    @rule(gid=agreements)
    def a_payer_ends_an_agreement(self, gid: str) -> None:
        agreement = self.day.agreements.get(gid)
        if agreement and agreement.payer:
            self.do(CancelAgreement, **_named(gid, agreement.payer))
            agreement.state = "CANCELED"

    # The bank, operators, workers, time

    @rule(pick=picks, word=words)
    def the_bank_says_something_late(self, pick: int, word: str) -> None:
        """Say yes, no or nothing to any question, whatever was said before, even twice."""
        rows = self.questions()
        waiting = [one for one in rows if one[2].is_open]
        rows = waiting if waiting and pick % 3 else rows
        if rows:
            trans, index, _ = rows[pick % len(rows)]
            self.says(trans, index, word)

    @rule(pick=picks, release=st.booleans())
    def an_operator_decides(self, pick: int, *, release: bool) -> None:
        held = [one for one in self.questions(of_wallet=True) if one[2].state == "REVIEW"]
        if held:
            trans, index, row = held[pick % len(held)]
            named: dict[str, Any] = {"merchant_id": MerchantId(MERCHANT), "operator": "ada"}
            named |= {"merchant_trans_id": MerchantTransId(trans), "attempt_no": row.attempt_no}
            self.do(DecideReview, **named, release=release)
            self.day.decide(self.day.orders[trans].asks[index], release=release)

    @rule(payer=payers, single=limits, daily=limits)
    def an_operator_limits_a_payer(self, payer: str, single: int | None, daily: int | None) -> None:
        self.do(
            LimitPayer,
            operator="ada",
            payer_id=PayerId(payer),
            currency="HKD",
            **_both(single, daily),
        )
        self.day.limits[payer] = (single, daily)

    @rule(word=words)
    def the_workers_pass(self, word: str) -> None:
        bank = self.gateway.bank
        bank.says, bank.pauses, asked_before = word, 0, len(bank.asked)
        self.run(self.gateway.workers_pass())
        for reference in bank.asked[asked_before:]:
            _, trans, number = reference.split("/")
            rows = self.run(self.gateway.attempts(trans))
            index = [row.attempt_no for row in rows].index(int(number))
            ask = self.day.orders[trans].asks[index]
            assert ask.state == "ASKED", "the bank was asked what it had answered"
            self.day.answer(ask, word)

    @rule(duration_s=st.sampled_from(WAITS_S), pick=picks)
    def time_passes(self, duration_s: int, pick: int) -> None:
        self.wait(LONG_WAITS_S[pick % 4] if pick % 9 == 0 else duration_s)

    @rule(seed=st.integers(0, 2**48))
    def one_order_lives(self, seed: int) -> None:
        """Let several things happen to the same order."""
        chance = random.Random(seed)
        trans, payer = chance.choice(ORDERS), chance.choice(("cid", "cid", "ann"))
        for _ in range(chance.randint(3, 8)):
            self.happens(chance, trans, payer)

    # Again, and at the same time

    @precondition(lambda self: self.sent)
    @rule(pick=picks, bank=words)
    def the_same_bytes_come_again(self, pick: int, bank: str) -> None:
        self.play(self.sent[pick % len(self.sent)], bank=bank)

    @precondition(lambda self: self.sent)
    @rule(pick=picks, other=picks, bank=words)
    def the_same_is_asked_anew(self, pick: int, other: int, bank: str) -> None:
        """Under a new reqMsgId, or under one that was used for something else."""
        act = self.sent[pick % len(self.sent)]
        if act.again:
            used = [number for number in self.day.marks if other % 4 == 0]
            number = used[other % len(used)] if used else self.acts.number()
            self.play(act.again(number), bank=bank)

    @rule(
        chosen=st.lists(st.tuples(WHAT, any_order, refunds, picks), min_size=2, max_size=3),
        repeat=st.booleans(),
        bank=words,
        pauses=st.integers(0, 12),
    )
    def several_at_once(
        self, chosen: list[tuple[str, str, str, int]], bank: str, pauses: int, *, repeat: bool
    ) -> None:
        together = [self.one(*each) for each in chosen]
        if repeat:
            together[-1] = together[0]
        self.play(*together, bank=bank, pauses=pauses)


def _named(gid: str, payer: str) -> dict[str, Any]:
    return {
        "merchant_id": MerchantId(MERCHANT),
        "merchant_agreement_id": MerchantAgreementId(gid),
        "payer_id": PayerId(payer),
    }


def _both(single: int | None, daily: int | None) -> dict[str, int | None]:
    return {"single_max": single, "daily_max": daily}
