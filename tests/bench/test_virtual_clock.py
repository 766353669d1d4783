"""The virtual clock behind its door: where the offset is kept, and what it never does."""

import asyncio
from pathlib import Path

import pytest

from tests.support.asgi import ask, bearer, sandbox
from tillgate.acquiring.payer import Payer
from tillgate.bootstrap import House, open_books
from tillgate.bootstrap.virtual import FILE_NAME, keep_offset
from tillgate.cli.operate import settings_of
from tillgate.config.folder import FolderRefused
from tillgate.engine.commands import AddPayer
from tillgate.kernel.clock import DAY_MS, DURATION_MS_MAX, HOUR_MS, ManualClock, VirtualClock
from tillgate.kernel.ids import OperationId, PayerId
from tillgate.sandbox.clock import OFFSET_MS_MAX


async def moved(house: House, **body: object) -> dict[str, object]:
    token = house.folder.control_token.read_text()
    reply = await ask(house, "POST", "/sandbox/clock", body, headers=[bearer(token)])
    answer: dict[str, object] = reply.json()
    return {"status": reply.status, **answer}


async def test_the_offset_is_kept_for_servers_and_for_operators_commands(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with sandbox(data) as house:
        await moved(house, advance="2d")
        await moved(house, advanceMs=HOUR_MS)
        before_ms = house.desk.clock.now_ms()

    assert int((data / FILE_NAME).read_text()) >= 2 * DAY_MS
    assert (data / FILE_NAME).stat().st_mode & 0o777 == 0o600
    async with sandbox(data) as house:
        assert house.desk.clock.now_ms() >= before_ms
    async with open_books(settings_of(str(data)), must_exist=True) as books:
        assert isinstance(books.clock, VirtualClock)
        assert books.clock.now_ms() >= before_ms


async def test_books_that_came_without_the_file_stand_where_they_stood(tmp_path: Path) -> None:
    """Found by a reviewer: a copy of the books alone was back at everybody's time, and unsound."""
    data = tmp_path / "data"
    async with sandbox(data) as house:
        await moved(house, advance="2d")
        added = AddPayer(
            operation_id=OperationId("o" * 32),
            operator="ada",
            payer_id=PayerId("late"),
            name="Late",
            issuer="wallet",
            pin_hash="-",
        )
        await house.books.engine.execute(added)
        late = await house.desk.reader.get(Payer, "late")
        assert late is not None
    (data / FILE_NAME).unlink()

    async with sandbox(data) as house:
        assert house.desk.clock.now_ms() >= late.created_at_ms


@pytest.mark.parametrize("text", ["", "soon", "-1", "1" * 16, "1.5", "٢٥"])
async def test_an_offset_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    data = tmp_path / "data"
    async with sandbox(data):
        pass
    (data / FILE_NAME).write_text(text)
    (data / FILE_NAME).chmod(0o600)
    with pytest.raises(FolderRefused, match="not a number of milliseconds"):
        async with sandbox(data):
            pass


async def test_several_advances_at_once_are_made_one_after_the_other(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "data") as house:
        answers = await asyncio.gather(*(moved(house, advance="1h") for _ in range(5)))

        ends = sorted(int(str(answer["aheadMs"])) for answer in answers)
        assert len({end // HOUR_MS for end in [each + HOUR_MS // 2 for each in ends]}) == 5
        assert abs(ends[-1] - 5 * HOUR_MS) < HOUR_MS // 2


async def test_a_clock_goes_no_further_than_dates_do(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with sandbox(data) as house:
        pass
    keep_offset(data, OFFSET_MS_MAX - HOUR_MS)
    async with sandbox(data) as house:
        answer = await moved(house, advance="61m")
        assert (answer["status"], answer["error"]) == (
            400,
            "The clock would be more than a century ahead.",
        )
        assert (await moved(house, advance="59m"))["status"] == 200
        assert (await moved(house, advanceMs=DURATION_MS_MAX + 1))["status"] == 400


async def test_a_clock_that_a_test_holds_itself_is_moved_too(tmp_path: Path) -> None:
    clock = ManualClock(1_800_000_000_000)
    async with sandbox(tmp_path / "data", clock=clock) as house:
        answer = await moved(house, advance="90s")

    assert answer["nowMs"] == clock.now_ms() == 1_800_000_090_000
    assert answer["aheadMs"] == 0
