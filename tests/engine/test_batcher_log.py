"""What the engine's log is told: every rule that did not hold, and no caller's ordinary no.

A caller of a broken command hears only that the result is not known, so the log is where we learn
of it. What must hold: a refusal is nobody's fault and leaves no line.
"""

from io import StringIO

import pytest
import structlog
from structlog.testing import capture_logs

from tests.support.engines import Running, keep, op
from tests.support.records import sample
from tests.support.small_verbs import Claim, Note, Spend
from tests.support.stores import AnyStore
from tillgate.engine.commands import Command
from tillgate.kernel.errors import Broken, Refused
from tillgate.ledger.entries import Balance

WITHOUT_ITS_ROW = Spend(operation_id=op("no row"), minor=1)
BELOW_ZERO = Spend(operation_id=op("below zero"), minor=10**9)
POISONED = Note(operation_id=op("poison"), name="f", poison="decide")


@pytest.mark.parametrize(
    ("command", "has_balance"),
    [(WITHOUT_ITS_ROW, False), (BELOW_ZERO, True), (POISONED, False)],
    ids=["a verb's invariant", "a rule of the store", "a defect"],
)
async def test_a_rule_that_did_not_hold_is_logged(
    store: AnyStore, running: Running, command: Command, *, has_balance: bool
) -> None:
    if has_balance:
        await keep(store, sample(Balance))
    async with running() as (engine, _):
        with capture_logs() as logged, pytest.raises(Broken):
            await engine.execute(command)
    lines = [line for line in logged if line["event"] == "command_broken"]
    assert [line["command"] for line in lines] == [type(command).__name__]
    assert isinstance(lines[0]["exc_info"], Exception)


async def test_a_refusal_is_not_logged(running: Running) -> None:
    async with running() as (engine, _):
        await engine.execute(Claim(operation_id=op(1), name="seat"))
        with capture_logs() as logged, pytest.raises(Refused):
            await engine.execute(Claim(operation_id=op(2), name="seat"))
    assert logged == []


async def test_a_log_that_cannot_be_written_does_not_end_the_engine(running: Running) -> None:
    full = StringIO()
    full.close()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(full))
    async with running() as (engine, _):
        with pytest.raises(Broken):
            await engine.execute(POISONED)

        assert await engine.execute(Claim(operation_id=op(1), name="seat"))
