"""What is told of something that was executed when what follows cannot be found out.

Found by a reviewer: a buyer who had paid and a merchant whose refund was booked were told that
nothing was done, because a read after the commit failed. What must hold: "nothing was executed" is
said only where nothing was; what carries on is never turned away.
"""

import asyncio

import pytest

from tests.engine.score import stage
from tillgate.edge.answers import refused
from tillgate.edge.executed import NOT_KNOWN, once_executed
from tillgate.engine.commands import AnswerAttempt, Command
from tillgate.engine.issuer import Approved
from tillgate.engine.lanes import GOING_ON, Job, Lane, Lanes
from tillgate.engine.payer_commands import RejectPin
from tillgate.engine.settings import LaneSettings
from tillgate.kernel.errors import Refused, Unavailable, Unsettled
from tillgate.kernel.ids import MerchantId, MerchantTransId, OperationId, PayerId

FULL = LaneSettings(people_queue_max=1, background_queue_max=1)


def _answer(number: int = 1) -> AnswerAttempt:
    return AnswerAttempt(
        operation_id=OperationId(str(number)),
        merchant_id=MerchantId("M"),
        merchant_trans_id=MerchantTransId("A"),
        attempt_no=1,
        answer=Approved(),
    )


async def test_a_read_that_fails_after_the_commit_is_told_as_not_known() -> None:
    async def fails() -> None:
        raise Unavailable("The database is away; nothing was done.")

    with pytest.raises(Unsettled) as told:
        await once_executed(fails())
    answer = refused(told.value)

    assert (answer.status, answer.body["resultCode"]) == (200, "8000")
    assert answer.body["memo"] == f"SYSTEM_ERROR: {NOT_KNOWN}"
    assert refused(Unavailable("Nothing was done.")).status == 503


@pytest.mark.parametrize("lane", Lane)
async def test_a_full_queue_takes_what_carries_on(lane: Lane) -> None:
    lanes, loop = Lanes(FULL), asyncio.get_running_loop()
    for number in range(10):
        lanes.put(Job(_answer(number), loop.create_future()), lane)
    other = Job(Command(operation_id=OperationId("new")), loop.create_future())

    with pytest.raises(Refused):
        lanes.put(other, lane)
    assert lanes.waiting()[lane] == 10


async def test_a_gateway_that_stops_knows_nothing_of_what_was_begun() -> None:
    async with stage() as score:
        going_on = RejectPin(operation_id=score.operation(), payer_id=PayerId("rich"))
        commands = (_answer(), going_on, score.cancel())
        waiting = [asyncio.ensure_future(score.engine.execute(command)) for command in commands]
        await asyncio.sleep(0)
        await score.engine.stop()
        late = await asyncio.gather(
            *(score.engine.execute(command) for command in commands), return_exceptions=True
        )

        for told in (await asyncio.gather(*waiting, return_exceptions=True), late):
            assert [type(error) for error in told] == [Unsettled, Unsettled, Unavailable]
            assert ["nothing was" in str(error) for error in told] == [False, False, True]
        assert {type(command) in GOING_ON for command in commands[:2]} == {True}
