"""An outside issuer with a ledger of its own, which behaves as badly as issuers do.

It decides for each reference what it does with the money and, apart from that, what it says and
when. What it has done is the truth that the auditor compares ours with. What must hold: a reference
is debited once at most and given back once at most, however often it is asked for.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, final

from tillgate.engine.issuer import Answer, Approved, Declined, Question, Unknown
from tillgate.simulation.faults import Fault, Faults
from tillgate.simulation.life import Life
from tillgate.simulation.trace import Trace

NAME: Final = "bank"
LATE_S: Final = (9.0, 40.0)
"""Longer than anybody waits for an issuer."""
POST_S: Final = (3.0, 60.0)
QUICK_S: Final = (0.01, 0.8)
FOREVER_S: Final = 3_600.0
SILENT_ASKS: Final = 3
NO_ONE_IN: Final = 7
Later = Callable[[str, Answer, float], None]
"""Lets the bank say something about a reference, after so many seconds, without being asked."""


@final
class Bank:
    """What the bank has done, and what it said."""

    def __init__(self, chance: random.Random, faults: Faults, trace: Trace) -> None:
        """Start with nothing done."""
        self._chance = chance
        self._faults = faults
        self._trace = trace
        self.later: Later = lambda *_: None
        self.taken: dict[str, int] = {}
        self.given_back: dict[str, int] = {}
        self.payers: dict[str, str] = {}
        """Whose money each reference moved."""
        self.refused: set[str] = set()
        self.said_no: set[str] = set()
        self.said_yes: set[str] = set()
        self._silent: dict[str, int] = {}

    async def debit(self, question: Question) -> Answer:
        """Take money, for what this is the first question."""
        reference = question.reference
        if self._strikes(Fault.ISSUER_SLOW_POST, 14, reference):
            await asyncio.sleep(self._faults.between(*POST_S))
        if self._strikes(Fault.ISSUER_NO_THEN_YES, 20, reference):
            return self._says_no_and_takes(question)
        self._do(self.taken, question)
        return await self._answer(question, self.taken)

    async def query(self, question: Question) -> Answer:
        """Tell what became of a debit; one that never came here is refused for good."""
        if question.reference not in self.taken:
            self.refused.add(question.reference)
        return await self._answer(question, self.taken)

    async def refund(self, question: Question) -> Answer:
        """Take money back."""
        if self._strikes(Fault.ISSUER_NO_THEN_YES, 40, question.reference):
            return self._says_no_and_takes(question, back=True)
        self._do(self.given_back, question)
        return await self._answer(question, self.given_back)

    def _do(self, done: dict[str, int], question: Question) -> None:
        reference = question.reference
        if reference in done or reference in self.refused:
            return
        if self._faults.are_on and self._chance.randrange(NO_ONE_IN) == 0:
            self.refused.add(reference)
            self._trace.note(NAME, f"refuses {reference}")
            return
        done[reference] = question.amount.minor
        self.payers[reference] = question.payer_id
        self._trace.note(NAME, f"moves {question.amount.minor} for {reference}")

    async def _answer(self, question: Question, done: dict[str, int]) -> Answer:
        """Say what was done, or behave badly about it."""
        reference = question.reference
        if self._is_silent(reference):
            await asyncio.sleep(FOREVER_S)
        if self._strikes(Fault.ISSUER_LATE, 10, reference):
            await asyncio.sleep(self._faults.between(*LATE_S))
        if self._strikes(Fault.ISSUER_FAILS, 20, reference):
            raise ConnectionResetError("the issuer broke the connection off")
        await asyncio.sleep(self._faults.between(*QUICK_S))
        return self._truth(reference, done)

    def _truth(self, reference: str, done: dict[str, int]) -> Answer:
        answer = self.say(reference, Approved() if reference in done else Declined())
        if self._strikes(Fault.ISSUER_TWICE, 10, reference):
            self.later(reference, answer, self._faults.between(0.1, 60.0))
        is_yes = isinstance(answer, Approved)
        if is_yes and self._strikes(Fault.ISSUER_YES_THEN_NO, 20, reference):
            self.later(reference, Declined(), self._faults.between(0.1, 300.0))
        return answer

    def say(self, reference: str, answer: Answer) -> Answer:
        """Remember what was said of a reference."""
        if isinstance(answer, Approved):
            self.said_yes.add(reference)
        elif isinstance(answer, Declined):
            self.said_no.add(reference)
        self._trace.note(NAME, f"says {type(answer).__name__} of {reference}")
        return answer

    def _says_no_and_takes(self, question: Question, *, back: bool = False) -> Answer:
        """Say no, move the money all the same, and say so much later."""
        done, reference = self.given_back if back else self.taken, question.reference
        if reference in self.refused:
            return self.say(reference, Declined())
        done.setdefault(reference, question.amount.minor)
        self.payers.setdefault(reference, question.payer_id)
        self._trace.note(NAME, f"moves {question.amount.minor} for {reference}, and says no")
        self.later(reference, Approved(), self._faults.between(1.0, 400.0))
        return self.say(reference, Declined())

    def _is_silent(self, reference: str) -> bool:
        """Tell whether the bank says nothing this time; it will, after some asks."""
        if reference not in self._silent and self._strikes(Fault.ISSUER_SILENT, 8, reference):
            self._silent[reference] = self._chance.randint(1, SILENT_ASKS)
        left = self._silent.get(reference, 0) if self._faults.are_on else 0
        self._silent[reference] = max(0, left - 1)
        return left > 0

    def _strikes(self, fault: Fault, one_in: int, reference: str) -> bool:
        return self._faults.strikes(fault, one_in, who=NAME, what=reference)


@final
class BankLine:
    """A process's line to the bank; implements `engine.issuer.Issuer`."""

    def __init__(self, bank: Bank, life: Life, faults: Faults) -> None:
        """Connect."""
        self._bank = bank
        self._life = life
        self._faults = faults

    async def debit(self, question: Question) -> Answer:
        """Ask for money."""
        return await self._ask(self._bank.debit, question)

    async def query(self, question: Question) -> Answer:
        """Ask what became of a debit."""
        return await self._ask(self._bank.query, question)

    async def refund(self, question: Question) -> Answer:
        """Ask to take money back."""
        return await self._ask(self._bank.refund, question)

    async def _ask(
        self, question_of: Callable[[Question], Awaitable[Answer]], question: Question
    ) -> Answer:
        life, faults = self._life, self._faults
        life.dies(Fault.CRASH_ASKING, 60, f"before {question.reference}")
        await life.go_on()
        if faults.strikes(Fault.ISSUER_DEAF, 15, who=life.name, what=question.reference):
            return Unknown()
        # What was sent is on its way, whether its sender waits, gives up or dies.
        asking = asyncio.ensure_future(question_of(question))
        asking.add_done_callback(_heard)
        answer = await asyncio.shield(asking)
        life.dies(Fault.CRASH_ASKING, 60, f"after {question.reference}")
        await life.go_on()
        return answer


def _heard(asking: "asyncio.Future[Answer]") -> None:
    """Take note of an error that nobody waits for any more."""
    if not asking.cancelled():
        asking.exception()
