"""Who goes into the next batch: an aligned table of queues and the places each lane gets.

What must hold: people come first and in their order, background work always gets some places, and
nobody who gave up takes one.
"""

import asyncio

import pytest

from tillgate.engine.commands import Command
from tillgate.engine.lanes import Job, Lane, Lanes
from tillgate.engine.settings import LaneSettings
from tillgate.kernel.ids import OperationId

PLACES = [
    # people, background | people, background in the first batch
    (0, 1, 0, 1),
    (1, 0, 1, 0),
    (64, 0, 64, 0),
    (100, 0, 64, 0),
    (100, 1, 63, 1),
    (100, 4, 60, 4),
    (100, 100, 60, 4),
    (61, 3, 61, 3),
    (50, 100, 50, 14),
    (48, 100, 48, 16),
    (3, 100, 3, 16),
    (0, 100, 0, 64),
]


async def queued(lanes: Lanes, lane: Lane, count: int) -> list[Job]:
    """Put commands into a lane."""
    loop = asyncio.get_running_loop()
    jobs = [
        Job(Command(operation_id=OperationId(f"{lane.name}-{number}")), loop.create_future())
        for number in range(count)
    ]
    for job in jobs:
        lanes.put(job, lane)
    return jobs


@pytest.mark.parametrize("row", PLACES)
async def test_places_of_a_batch(row: tuple[int, int, int, int]) -> None:
    people, background, people_places, background_places = row
    lanes = Lanes(LaneSettings())
    first = await queued(lanes, Lane.PEOPLE, people)
    second = await queued(lanes, Lane.BACKGROUND, background)
    assert await lanes.gather() == first[:people_places] + second[:background_places]


async def test_nobody_is_left_behind() -> None:
    lanes = Lanes(LaneSettings())
    jobs = await queued(lanes, Lane.PEOPLE, 150) + await queued(lanes, Lane.BACKGROUND, 150)
    taken: list[Job] = []
    while len(taken) < len(jobs):
        batch = await lanes.gather()
        assert 0 < len(batch) <= LaneSettings().batch_max
        taken += batch
    assert set(taken) == set(jobs)


async def test_who_gave_up_takes_no_place() -> None:
    lanes = Lanes(LaneSettings(batch_max=2, background_min=1))
    people = await queued(lanes, Lane.PEOPLE, 4)
    background = await queued(lanes, Lane.BACKGROUND, 3)
    for job in (people[0], people[2], background[0]):
        job.done.cancel()
    assert await lanes.gather() == [people[1], background[1]]
    assert await lanes.gather() == [people[3], background[2]]


async def test_an_empty_queue_waits() -> None:
    lanes = Lanes(LaneSettings())
    gone = await queued(lanes, Lane.PEOPLE, 1)
    gone[0].done.cancel()
    gathering = asyncio.ensure_future(lanes.gather())
    for _ in range(3):
        await asyncio.sleep(0)
    assert not gathering.done()
    jobs = await queued(lanes, Lane.BACKGROUND, 1)
    assert await gathering == jobs


async def test_draining_hands_out_everything_once() -> None:
    lanes = Lanes(LaneSettings())
    jobs = await queued(lanes, Lane.PEOPLE, 2) + await queued(lanes, Lane.BACKGROUND, 2)
    assert lanes.drain() == jobs
    assert lanes.drain() == []
