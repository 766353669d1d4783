"""A debit whose question is old is not begun: others may have asked about it, and been told no.

A process that was frozen, or whose commit was answered late, comes back with the intent to debit.
What must hold: what a worker settled as a no takes no money afterwards.
"""

from collections.abc import Sequence

import pytest

from tests.e2e.notify import shops
from tests.e2e.notify.shops import Shop
from tests.e2e.notify.stage import QUICK, Stage, staged
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Final
from tillgate.acquiring.states import AcquirementState, AttemptState
from tillgate.edge.asking import ask_debit
from tillgate.engine.decide.paying import Ask
from tillgate.engine.issuer import Answer, Approved, Declined, Question
from tillgate.engine.ports import Select
from tillgate.kernel.clock import SECOND_MS
from tillgate.workers.attempts import Attempts

ASK_AGAIN_MS = 5 * SECOND_MS
"""How long after its longest wait an attempt is somebody else's to ask about."""


class Bank:
    """Takes money when it is asked to, and knows of no other debit."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    async def debit(self, question: Question) -> Answer:
        self.taken.add(question.reference)
        return Approved()

    async def query(self, question: Question) -> Answer:
        return Approved() if question.reference in self.taken else Declined()

    async def refund(self, question: Question) -> Answer:
        raise AssertionError("nothing is to be given back")


async def begun(stages: Sequence[Stage]) -> tuple[Bank, Ask]:
    """Commit the intent of a debit in the first process."""
    bank, shop = Bank(), Shop("M-1", shops.acknowledges)
    await stages[0].registers(shop)
    for stage in stages:
        stage.issuers["bank"] = bank
    asked = await stages[0].pays(shop, "A-1", payer="slow")
    assert isinstance(asked, Ask)
    return bank, asked


async def ends(stage: Stage) -> tuple[AttemptState, AcquirementState]:
    """Return what became of the attempt and of its order."""
    [attempt] = await stage.store.select(Select(record=Attempt))
    [order] = await stage.store.select(Select(record=Acquirement))
    return attempt.state, order.state


async def test_a_process_that_comes_back_debits_nothing_that_was_settled_as_a_no() -> None:
    async with staged(processes=2) as stages:
        bank, asked = await begun(stages)
        stages[0].clock.advance(22 * SECOND_MS)
        await Attempts(stages[1].desk, QUICK).tick()
        settled = (AttemptState.DECLINED, AcquirementState.WAIT_BUYER_PAY)
        assert await ends(stages[1]) == settled

        told = await ask_debit(stages[0].desk, asked)

        assert isinstance(told, Final)
        assert told.result_code == "4000"
        assert not bank.taken
        assert await ends(stages[0]) == settled


@pytest.mark.parametrize(("late_ms", "takes"), [(ASK_AGAIN_MS, True), (ASK_AGAIN_MS + 1, False)])
async def test_a_debit_is_begun_only_if_nobody_asks_before_it_is_answered(
    late_ms: int, *, takes: bool
) -> None:
    async with staged() as stages:
        bank, asked = await begun(stages)
        stages[0].clock.advance(late_ms)

        told = await ask_debit(stages[0].desk, asked)

        assert isinstance(told, Final)
        assert told.result_code == ("9000" if takes else "8000")
        assert bool(bank.taken) is takes


async def test_a_debit_that_came_too_late_is_settled_by_the_worker() -> None:
    async with staged() as stages:
        bank, asked = await begun(stages)
        stages[0].clock.advance(ASK_AGAIN_MS + 1)
        await ask_debit(stages[0].desk, asked)
        stages[0].clock.advance(ASK_AGAIN_MS)

        await Attempts(stages[0].desk, QUICK).tick()

        assert await ends(stages[0]) == (AttemptState.DECLINED, AcquirementState.WAIT_BUYER_PAY)
        assert not bank.taken
