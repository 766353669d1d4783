"""What follows a payment, in any order and several at once, held against a model of who has what.

Refunds, cancels, agreements, debits, reviews, late and contradictory answers; commands of one bunch
wait together, so that one batch decides them. The model keeps who paid, what was given back and
what waits, and knows nothing of entries or allowances. What must hold after every step: the audit
is clean, balances are the model's, refunds never exceed what was paid, a day's limit is never
passed, and nothing is debited by an agreement that is over.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.engine.score import SHOP, Refusal, token
from tests.engine.story import Story
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Final
from tillgate.acquiring.states import AcquirementState
from tillgate.engine.commands import AnswerAttempt, Cancel, Command, Confirm, Debit
from tillgate.engine.decide.debit import Debited
from tillgate.engine.decide.end_order import Ended
from tillgate.engine.decide.paying import Ask
from tillgate.engine.decide.refund import Refunding
from tillgate.engine.issuer import Approved, Declined, Unknown
from tillgate.engine.operation import Operation
from tillgate.kernel.clock import DAY_MS, HOUR_MS, SECOND_MS
from tillgate.kernel.ids import PayerId
from tillgate.kernel.money import Money
from tillgate.ledger.entries import Balance

AGREEMENTS = {"G-rich": "rich", "G-slow": "slow", "G-poor": "poor"}
DAILY = 2_500
PAGES = ("A-1", "A-2", "A-3")
DEBITS = ("D-1", "D-2", "D-3", "D-4")
MINOR = 1_000
WAITS_MS = (1, 1, 31 * SECOND_MS, 31 * SECOND_MS, 200 * SECOND_MS, 5 * HOUR_MS, DAY_MS)

orders = st.sampled_from(PAGES + DEBITS)
agreements = st.sampled_from(tuple(AGREEMENTS))
seens = st.sampled_from((*["fine"] * 6, "odd", "jailbroken", "jailbroken", "untrue"))
picks = st.integers(0, 50)
parts = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 700)), min_size=1, max_size=4)


class After(RuleBasedStateMachine):
    """The engine, and beside it the model."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.story = Story()
        self.run(self.story.set_up())
        self.cash = {"rich": 10_000, "poor": 100}
        self.paid: dict[str, str] = {}
        self.undone: set[str] = set()
        self.noted: set[str] = set()
        self.back: dict[str, tuple[str, int, str]] = {}
        self.asked_back: dict[tuple[str, int], str] = {}
        self.tries: dict[tuple[str, int], tuple[str, str, str]] = {}
        self.spent: dict[str, tuple[str, int]] = {}
        self.signed: set[str] = set()
        self.over: set[str] = set()
        self.sent: list[Command] = []
        for agreement in ("G-rich", "G-slow"):
            self.agree(agreement)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end on the machine's own loop."""
        return self.loop.run_until_complete(work)

    def send(self, *commands: Command) -> Sequence[Any]:
        """Execute commands that wait together, and return what each was told."""
        self.sent.extend(commands)

        async def all_at_once() -> Sequence[Any]:
            return await asyncio.gather(*map(self.story.once, commands))

        return list(self.run(all_at_once()))

    def teardown(self) -> None:
        """End the engine and its loop."""
        self.run(self.story.engine.stop())
        self.loop.close()

    # What happens

    @rule(name=st.sampled_from(PAGES), payer=st.sampled_from(("rich", "poor", "slow")), seen=seens)
    def a_payer_pays(self, name: str, payer: str, seen: str) -> None:
        page = f"page of {payer}"
        self.send(self.story.open_call(page, name, payer=payer))
        confirm = Confirm(
            operation_id=self.story.operation(),
            token_hash=token(page, name),
            payer_id=PayerId(payer),
            evidence=self.story.known(seen),
        )
        self.tried(name, payer, self.send(confirm)[0])

    @rule(agreement=agreements)
    def a_payer_agrees(self, agreement: str) -> None:
        if agreement not in self.signed | self.over:
            self.agree(agreement)

    @rule(agreement=agreements, by_payer=st.booleans())
    def an_agreement_ends(self, agreement: str, *, by_payer: bool) -> None:
        payer = f" payer={AGREEMENTS[agreement]}" if by_payer else ""
        if self.run(self.story.step(f"end {agreement}{payer}")) == "CANCELED":
            self.over.add(agreement)

    @rule(
        names=st.lists(st.sampled_from(DEBITS), min_size=1, max_size=4),
        agreement=agreements,
        seen=seens,
    )
    def a_server_debits(self, names: list[str], agreement: str, seen: str) -> None:
        debits = [self.debit(name, agreement, seen) for name in names]
        for name, told in zip(names, self.send(*debits), strict=True):
            self.tried(name, AGREEMENTS[agreement], told, agreement)

    @rule(name=st.sampled_from(PAGES), agreement=agreements, seen=seens)
    def two_pages_debit(self, name: str, agreement: str, seen: str) -> None:
        payer = AGREEMENTS[agreement]
        calls = [
            self.story.open_call(page, name, payer=payer, agreement=agreement, seen=seen)
            for page in (f"{payer} 1", f"{payer} 2")
        ]
        for told in self.send(*calls):
            if isinstance(told, Ask) or getattr(told, "result_code", "") == "9000":
                self.tried(name, payer, told, agreement)

    @rule(name=orders, pick=st.integers(0, 9), some=parts, cancels=st.sampled_from((0, 0, 1)))
    def a_merchant_gives_back(
        self, name: str, pick: int, some: list[tuple[int, int]], cancels: int
    ) -> None:
        name = sorted(self.paid)[pick % len(self.paid)] if pick and self.paid else name
        order = self.run(self.story.store.get(Acquirement, SHOP, name))
        if order is None:
            return
        commands: list[Command] = [
            self.story.refund(f"R-{number} {name}", Money.of(minor, "HKD"), order.acquirement_id)
            for number, minor in some
        ]
        if cancels:
            commands.insert(len(commands) // 2, self.story.cancel(name))
        for command, told in zip(commands, self.send(*commands), strict=True):
            if isinstance(command, Cancel):
                self.cancelled(name, told)
            else:
                self.refunded(name, command, told)

    @rule(pick=picks, answer=st.sampled_from((Approved(), Declined(), Unknown())))
    def an_issuer_answers(self, pick: int, answer: Approved | Declined | Unknown) -> None:
        attempt = self.one_attempt(pick)
        if attempt is None:
            return
        command = AnswerAttempt(
            operation_id=self.story.operation(),
            merchant_id=SHOP,
            merchant_trans_id=attempt.merchant_trans_id,
            attempt_no=attempt.attempt_no,
            answer=answer,
        )
        told = self.send(command)[0]
        assert not isinstance(told, Refusal)
        self.answered((attempt.merchant_trans_id, attempt.attempt_no), answer)

    @rule(pick=picks, release=st.booleans())
    def an_operator_decides(self, pick: int, *, release: bool) -> None:
        attempt = self.one_attempt(pick)
        if attempt is None:
            return
        name, number = attempt.merchant_trans_id, attempt.attempt_no
        command = self.story.decide(name, release=release)
        told = self.send(msgspec.structs.replace(command, attempt_no=number))[0]
        waits = self.tries.get((name, number), ("", "", ""))[2] == "REVIEW"
        assert isinstance(told, Refusal) != waits
        if waits:
            self.decided(name, number, release=release)

    @rule(name=orders)
    def the_expiry_worker_passes(self, name: str) -> None:
        if self.run(self.story.store.get(Acquirement, SHOP, name)) is not None:
            self.run(self.story.expiry_runs(name))

    @rule(duration_ms=st.sampled_from(WAITS_MS))
    def time_passes(self, duration_ms: int) -> None:
        self.story.waits(duration_ms)

    @precondition(lambda self: self.sent)
    @rule(back=st.integers(1, 12))
    def a_command_arrives_again(self, back: int) -> None:
        before = self.run(self.story.everything())
        command = self.sent[-min(back, len(self.sent))]
        self.run(self.story.once(command))
        if command.operation_id in {row.operation_id for row in before[Operation]}:
            assert self.run(self.story.everything()) == before

    # What the model keeps

    def agree(self, agreement: str) -> None:
        """Sign an agreement with a day's limit, and get its first tokens."""
        payer, daily = AGREEMENTS[agreement], f"{DAILY // 100}.00"
        self.run(self.story.step(f"prepare {agreement}"))
        self.run(self.story.step(f"sign {agreement} payer={payer} daily={daily}"))
        self.run(self.story.step(f"apply code agreement={agreement}"))
        self.signed.add(agreement)

    def debit(self, name: str, agreement: str, seen: str) -> Debit:
        """Return a debit of the one amount."""
        return self.story.debit(
            name, "10.00", agreement=agreement, payer=AGREEMENTS[agreement], seen=seen
        )

    def one_attempt(self, pick: int) -> Attempt | None:
        """Return one of the attempts, or None when there is none."""
        rows = self.run(self.story.rows(Attempt))
        return rows[pick % len(rows)] if rows else None

    def tried(self, name: str, payer: str, told: object, agreement: str = "") -> None:
        """Note what a try to pay came to, if it is news."""
        number = self.run(self.story.order(name)).attempt_open if self.known(name) else 0
        if isinstance(told, Ask):
            self.tries[name, told.attempt_no] = (payer, agreement, "ASKED")
            self.spend(name, agreement)
        elif _is_paid(told) and name not in self.paid:
            self.spend(name, agreement)
            self.take(name, payer)
        elif _is_open(told) and (name, number) not in self.tries:
            self.tries[name, number] = (payer, agreement, "REVIEW")
            self.spend(name, agreement)

    def known(self, name: str) -> bool:
        """Tell whether there is such an order."""
        return self.run(self.story.store.get(Acquirement, SHOP, name)) is not None

    def spend(self, name: str, agreement: str) -> None:
        """Count what an agreement lets go; it must stand, and its day must have room for it."""
        if not agreement:
            return
        assert agreement in self.signed - self.over
        day = (self.story.clock.now_ms() + 8 * HOUR_MS) // DAY_MS  # In Hong Kong.
        assert name not in self.spent
        self.spent[name] = (agreement, day)

    def take(self, name: str, payer: str) -> None:
        """Move the money of a payment in the model."""
        assert name not in self.paid
        self.paid[name] = payer
        if payer in self.cash:
            self.cash[payer] -= MINOR
            assert self.cash[payer] >= 0

    def give(self, name: str, minor: int) -> None:
        """Move money back in the model."""
        payer = self.paid[name]
        if payer in self.cash:
            self.cash[payer] += minor

    def standing(self, name: str) -> int:
        """Return what is refunded of an order, or asked to be."""
        return sum(m for order, m, state in self.back.values() if order == name and state != "NO")

    def refunded(self, name: str, command: Any, told: object) -> None:
        """Take in a refund, or hold its refusal against the model."""
        minor, number = command.amount.minor, command.merchant_refund_id
        known = self.back.get(number)
        if isinstance(told, Refusal):
            could = name in self.paid and name not in self.undone
            assert known or not could or self.standing(name) + minor > MINOR, told.text
            assert not known or known[:2] != (name, minor)
        elif known is not None:
            assert known[:2] == (name, minor)
        else:
            assert isinstance(told, Refunding)
            assert name in self.paid
            assert name not in self.undone
            assert self.standing(name) + minor <= MINOR
            self.back[number] = (name, minor, "ASKED" if told.ask else "YES")
            if told.ask:
                self.asked_back[name, told.ask.attempt_no] = number
            else:
                self.give(name, minor)

    def cancelled(self, name: str, told: object) -> None:
        """Take in a cancel."""
        if isinstance(told, Refusal):
            assert name in self.paid
        elif isinstance(told, Ended) and told.noted:
            self.noted.add(name)
        elif name in self.paid and name not in self.undone:
            assert not self.standing(name)
            self.undone.add(name)
            self.give(name, MINOR)

    def answered(self, key: tuple[str, int], answer: Approved | Declined | Unknown) -> None:
        """Take in what an issuer said; only the first yes or no of an open question counts."""
        if isinstance(answer, Unknown):
            return
        says_yes = isinstance(answer, Approved)
        number = self.asked_back.pop(key, None)
        if number is not None:
            name, minor, _ = self.back[number]
            self.back[number] = (name, minor, "YES" if says_yes else "NO")
        payer, agreement, state = self.tries.get(key, ("", "", ""))
        if state == "ASKED":
            self.tries[key] = (payer, agreement, "YES" if says_yes else "NO")
            self.ended(key[0], payer, paid=says_yes)

    def decided(self, name: str, number: int, *, release: bool) -> None:
        """Take in what an operator decided."""
        payer, agreement, _ = self.tries[name, number]
        goes_on = release and name not in self.noted and agreement not in self.over
        if goes_on and payer not in self.cash:
            self.tries[name, number] = (payer, agreement, "ASKED")
            return
        paid = goes_on and self.cash[payer] >= MINOR
        self.tries[name, number] = (payer, agreement, "YES" if paid else "NO")
        self.ended(name, payer, paid=paid)

    def ended(self, name: str, payer: str, *, paid: bool) -> None:
        """Take in how an open try ended."""
        if paid:
            self.take(name, payer)
            if name in self.noted:
                self.undone.add(name)
        else:
            self.spent.pop(name, None)

    # What must hold after every step

    @invariant()
    def the_audit_is_clean(self) -> None:
        self.run(self.story.clean())

    @invariant()
    def balances_are_the_models(self) -> None:
        rows = self.run(self.story.rows(Balance))
        held = {row.account.removeprefix("payer:"): row.money.minor for row in rows}
        assert held == self.cash

    @invariant()
    def the_merchant_is_owed_what_was_not_given_back(self) -> None:
        left = [MINOR - self.standing(name) for name in self.paid if name not in self.undone]
        assert self.run(self.story.holds("merchant:shop")) == sum(left)

    @invariant()
    def orders_end_as_the_model_says(self) -> None:
        for order in self.run(self.story.rows(Acquirement)):
            name = order.merchant_trans_id
            assert order.was_paid == (name in self.paid)
            if not order.was_paid:
                continue
            waits = name in {self.back[number][0] for number in self.asked_back.values()}
            is_back = name in self.undone or (self.standing(name) == MINOR and not waits)
            assert (order.state is AcquirementState.TRADE_CLOSED) == is_back
            assert order.refunded.minor == (MINOR if name in self.undone else self.standing(name))

    @invariant()
    def no_day_passes_its_limit(self) -> None:
        days = list(self.spent.values())
        assert all(days.count(day) * MINOR <= DAILY for day in days)


def _is_paid(told: object) -> bool:
    code = told.result_code if isinstance(told, Final) else ""
    return code == "9000" or (isinstance(told, Debited) and told.result == "SUCCESS")


def _is_open(told: object) -> bool:
    code = told.result_code if isinstance(told, Final) else ""
    return code == "8000" or (isinstance(told, Debited) and told.result == "PAYMENT_IN_PROCESS")


TestAfter = After.TestCase
TestAfter.settings = settings(
    max_examples=120,
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.generate],  # Shrinking a story of 40 steps outlasts every patience.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    derandomize=True,
)
