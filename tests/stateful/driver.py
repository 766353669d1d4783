"""What a merchant, a payer, a bank and a worker do, each held against the model at once.

It chooses nothing; `machine` does. What must hold after every play: some course of events explains
what everybody was told, and what can be seen of the gateway is what the model expects.
"""

import asyncio
import copy
import random
from collections import deque
from collections.abc import Coroutine, Iterable
from typing import Any, Final, TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from tests.stateful.acts import Act, Acts
from tests.stateful.after import Day
from tests.stateful.explain import alone, courses
from tests.stateful.gateway import MERCHANT, NOON_MS, PIN, Gateway
from tests.stateful.seen import expected, seen
from tillgate.acquiring.attempt import Attempt
from tillgate.edge.tokens import signing_token

PAYERS: Final = {"ann": ("wallet", 20_000), "bob": ("wallet", 700), "cid": ("bank", 0)}
ORDERS: Final = ("T-1", "T-2", "T-3", "T-4", "T-5")
DEBITS: Final = ("D-1", "D-2", "D-3", "D-4")
WAITS_S: Final = (1, 6, 6, 6, 61, 61, 200, 601)
WORDS: Final = ("yes", "yes", "no", "nothing", "nothing")
SENT_MAX: Final = 40
PLOT: Final = (
    *("pay", "pay", "cancel", "refund", "refund", "rest"),
    *("say", "say", "say", "again", "at once", "wait"),
)
AT_ONCE: Final = ("refund", "cancel", "confirm", "query", "debit")
T = TypeVar("T")


class Driver(RuleBasedStateMachine):
    """The gateway, and beside it the model."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.gateway = Gateway()
        self.run(self.gateway.open(PAYERS))
        cash = {name: minor for name, (issuer, minor) in PAYERS.items() if issuer == "wallet"}
        bank = {name for name, (issuer, _) in PAYERS.items() if issuer != "wallet"}
        self.day = Day(NOON_MS, cash, bank)
        self.acts = Acts(self.gateway, {})
        self.sent: deque[Act] = deque(maxlen=SENT_MAX)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end on the machine's own loop."""
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        """End the engine and its loop."""
        self.run(self.gateway.engine.stop())
        self.loop.close()

    def happens(self, chance: random.Random, trans: str, payer: str) -> None:
        """Let one thing happen to an order."""
        what, bank, order = chance.choice(PLOT), chance.choice(WORDS), self.day.orders.get(trans)
        name, call = f"R-{trans}-{chance.randint(1, 3)}", f"page-call-number-{chance.randint(1, 2)}"
        match what:
            case "pay":
                self.pays(trans, call, payer, bank=bank)
            case "cancel":
                self.play(self.run(self.acts.cancel(trans, ours=False)))
            case "say" if order and order.asks:
                self.says(trans, chance.randrange(len(order.asks)), bank)
            case "again" if self.sent:
                self.play(chance.choice(self.sent), bank=bank)
            case "wait":
                self.wait(chance.choice(WAITS_S))
            case "at once":
                chosen = [
                    self.one(chance.choice(AT_ONCE), trans, name, chance.randrange(1_000))
                    for _ in range(chance.randint(2, 3))
                ]
                self.play(*chosen, bank=bank, pauses=chance.randrange(12))
            case _ if order and order.amount:
                left = order.amount - order.refunded
                minor = max(1, left if what == "rest" else order.amount // 3)
                self.play(self.run(self.acts.refund(name, trans, minor)), bank=bank)

    def one(self, what: str, trans: str, name: str, pick: int) -> Act:
        """Return one of several acts that come at once."""
        gid = f"G-{1 + pick % 2}"
        paid = [name for name, order in self.day.orders.items() if order.paid is not None]
        paid = paid or [trans]
        match what:
            case "pay" if trans in ORDERS:
                return self.acts.trade_pay(
                    trans,
                    0,
                    call=f"page-call-number-{1 + pick % 2}",
                    payer=tuple(PAYERS)[pick % 3],
                    known_page=pick % 2 == 0,
                )
            case "debit":
                return self.acts.debit(f"D-{1 + pick % 4}", 0, self.token(gid, pick))
            case "cancel":
                return self.run(self.acts.cancel(paid[pick % len(paid)], ours=pick % 3 == 0))
            case "refund":
                trans = paid[pick % len(paid)]
                minor = (333, 500, 1_000)[pick % 3]
                return self.run(self.acts.refund(name, trans, minor))
            case "confirm" if self.acts.cashiers:
                at, call = sorted(self.acts.cashiers)[pick % len(self.acts.cashiers)]
                payer = self.day.orders[at].calls[call][0]
                return self.acts.confirm(at, call, payer)
            case "apply":
                return self.acts.apply(gid, pick % 3)
            case "end":
                return self.acts.end(gid)
            case _:
                return self.acts.query(trans)

    def pays(self, trans: str, call: str, payer: str, *, bank: str) -> None:
        """Call from a page and confirm at its cashier."""
        held = self.day.orders[trans].calls.get(call) if trans in self.day.orders else None
        payer = held[0] if held else payer
        act = self.acts.trade_pay(trans, 0, call=call, payer=payer, known_page=False)
        self.play(act, bank=bank)
        if (trans, call) in self.acts.cashiers:
            self.play(self.acts.confirm(trans, call, payer), bank=bank)

    def signs(self, gid: str, payer: str, single: int | None, daily: int | None) -> None:
        """Sign at the wallet's page with the right PIN and with limits."""
        if single and daily:
            single = min(single, daily)
        path = f"/wallet/agreement/{signing_token(self.gateway.desk, MERCHANT, gid)}/sign"
        said: dict[str, str] = {"pin": PIN}
        for name, minor in (("singleMax", single), ("dailyMax", daily)):
            if minor:
                said[name] = f"{minor / 100:.2f}"
        reply = self.run(self.gateway.ask("POST", path, said, payer=payer)).json()
        told = "SUCCESS" if "redirectUrl" in reply else reply["memo"].partition(":")[0]
        assert told == self.day.sign(gid, payer, single, daily)
        self.wait(1)

    def says(self, trans: str, index: int, word: str) -> None:
        """Let the bank say something to a question of an order, if it was asked at all."""
        row = self.run(self.gateway.attempts(trans))[index]
        if row.issuer != "wallet":
            self.run(self.gateway.answer_late(row, word))
            self.day.answer(self.day.orders[trans].asks[index], word)

    def agrees(self, gid: str, payer: str) -> None:
        """Go from the merchant's request to its access token."""
        self.play(self.acts.prepare(gid, "s-1"))
        self.signs(gid, payer, single=None, daily=None)
        self.play(self.acts.apply(gid, 0))

    def play(self, *together: Act, bank: str = "yes", pauses: int = 0) -> None:
        """Send these at once; some course of events must explain what each was told."""
        self.gateway.bank.says, self.gateway.bank.pauses = bank, pauses
        self.day.says = bank
        before = copy.deepcopy(self.day)

        async def sent() -> list[Any]:
            return await asyncio.gather(*(act.send() for act in together))

        said = self.run(sent())
        found = self.run(seen(self.gateway, PAYERS))
        steps = [act.step for act in together]
        for day in courses(self.day, steps, said):
            if expected(day) == found:
                self.day = day
                break
        else:
            raise AssertionError(_unexplained(before, together, said, found))
        self.sent.extend(act for act in together if act.again or "pay" in act.name)

    def do(self, kind: Any, **values: Any) -> None:
        """Execute a command of a payer's page or an operator."""
        self.run(self.gateway.do(kind, **values))

    def wait(self, duration_s: int) -> None:
        """Let time pass for both."""
        self.gateway.clock.advance(duration_s * 1_000)
        self.day.now += duration_s * 1_000

    def token(self, gid: str, pick: int) -> tuple[str, int] | None:
        """Return one of an agreement's generations, or None for a token of nobody's."""
        agreement = self.day.agreements.get(gid)
        known = sorted(agreement.access) if agreement else []
        return (gid, known[-1 - pick % len(known)]) if known and pick % 7 else None

    def questions(self, *, of_wallet: bool = False) -> list[tuple[str, int, Attempt]]:
        """Return every question that was asked: its order, its place there, and its row."""
        rows: Iterable[tuple[str, int, Attempt]] = [
            (trans, index, row)
            for trans in sorted(self.day.orders)
            for index, row in enumerate(self.run(self.gateway.attempts(trans)))
        ]
        return [one for one in rows if of_wallet or one[2].issuer != "wallet"]

    def holds(self) -> None:
        """Hold the gateway to the model, and the books to themselves."""
        assert self.run(seen(self.gateway, PAYERS)) == expected(self.day)
        for order in self.day.orders.values():
            assert 0 <= order.refunded <= order.amount
        faults = self.run(self.gateway.faults())
        assert not faults, faults

    def check_invariants(self, *args: Any, **named: Any) -> None:
        """Check after every rule, whether it plays an act or not."""
        super().check_invariants(*args, **named)
        self.holds()


def _unexplained(day: Day, together: Iterable[Act], said: list[Any], found: Any) -> str:
    lines = ["no course of events explains what was said:"]
    for act, told in zip(together, said, strict=True):
        lines.append(f"  {act.name}: told {told!r}; alone {alone(day, act.step)!r}")
    lines += [f"before {expected(day)}", f"found  {found}"]
    return "\n".join(lines)
