"""Notifications are written down after the notifier has gone on: bounded, and nothing is hidden."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import final

import pytest

from tests.support.asgi import sandbox
from tillgate.bootstrap import House
from tillgate.sandbox import listening_sender
from tillgate.sandbox.listening import Switchboard
from tillgate.sandbox.listening_sender import ListeningSender
from tillgate.sandbox.recording import Tape
from tillgate.workers.outgoing.port import SendResult

RAW = b'{"request":{"head":{"clientId":"c","function":"f","reqMsgId":"m"},"body":{}}}'
URL = "https://shop.example/notify"
WRITTEN_S_MAX = 120.0


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with sandbox(tmp_path / "data") as opened:
        yield opened


@final
class _Answering:
    """A way out at whose end everything is answered at once."""

    def room(self, url: str) -> int:
        """Return that there is always room."""
        return len(url)

    async def send(self, url: str, body: bytes) -> SendResult:
        """Answer what was said."""
        assert url
        return SendResult(
            status=200,
            body=body,
            elapsed_ms=1,
            connected_address=None,
            failure=None,
            sentence="",
        )


async def test_the_doctor_holds_up_no_send_and_what_is_too_much_is_noted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = asyncio.Event()
    hear = Tape.hear_notification

    async def slowly(tape: Tape, to: str, raw: bytes, result: SendResult, *, at_ms: int) -> None:
        await judged.wait()
        await hear(tape, to, raw, result, at_ms=at_ms)

    monkeypatch.setattr(Tape, "hear_notification", slowly)
    tape = Tape(house.desk)
    sender = ListeningSender(house.desk, _Answering(), switchboard=Switchboard("run"), tape=tape)
    room = listening_sender.WAITING_MAX + listening_sender.HANDS
    async with asyncio.timeout(WRITTEN_S_MAX):
        for _ in range(room):
            assert (await sender.send(URL, RAW)).status == 200
            await asyncio.sleep(0)
        assert tape.newest == 0
        for _ in range(3):
            await sender.send(URL, RAW)
    assert tape.newest == 3

    judged.set()
    async with asyncio.timeout(WRITTEN_S_MAX):
        while tape.newest < room + 3:
            await asyncio.sleep(0.01)
    page = await tape.page(run="", after=0, wait_s=0)
    assert (page.missed, len(page.exchanges), page.next_seq) == (3, 100, 103)
    rest = await tape.page(run=page.run, after=page.next_seq, wait_s=0)
    assert (rest.missed, len(rest.exchanges), rest.next_seq) == (0, room - 100, room + 3)


async def test_who_follows_hears_of_what_is_missing_once(house: House) -> None:
    tape = Tape(house.desk)
    tape.miss()
    page = await tape.page(run="", after=0, wait_s=0)
    again = await tape.page(run=page.run, after=page.next_seq, wait_s=0)

    assert (page.missed, page.next_seq) == (1, 1)
    assert (again.missed, again.next_seq) == (0, 1)
