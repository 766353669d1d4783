"""Turns to send: who waits, and that nothing stays behind."""

import asyncio

import pytest

from tillgate.workers.outgoing.slots import HostSlots, NoSlot


async def test_nothing_is_remembered_of_a_host_that_nobody_sends_to() -> None:
    slots = HostSlots(per_host_max=1, total_max=2)
    async with slots.turn("a", wait_ms_max=10), slots.turn("b", wait_ms_max=10):
        assert slots.hosts == 2
        with pytest.raises(NoSlot):
            async with slots.turn("c", wait_ms_max=10):
                pass
    with pytest.raises(KeyError):
        async with slots.turn("a", wait_ms_max=10):
            raise KeyError
    assert (slots.hosts, slots.room("a"), slots.room("b")) == (0, 1, 1)


async def test_who_waits_in_vain_leaves_nothing_behind() -> None:
    slots = HostSlots(per_host_max=1, total_max=9)
    async with slots.turn("a", wait_ms_max=10):
        with pytest.raises(NoSlot):
            async with slots.turn("a", wait_ms_max=10):
                pass
        assert (slots.hosts, slots.room("a"), slots.room("b")) == (1, 0, 1)
    assert (slots.hosts, slots.room("a")) == (0, 1)


async def test_turns_come_in_the_order_they_were_asked_for() -> None:
    slots = HostSlots(per_host_max=1, total_max=9)
    order: list[int] = []

    async def take(number: int) -> None:
        async with slots.turn("a", wait_ms_max=60_000):
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(take(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]
