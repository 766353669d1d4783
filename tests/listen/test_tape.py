"""The tape: bounded by what it really costs, and only where one process is the whole gateway."""

from pathlib import Path

import msgspec
import pytest

from tests.support.asgi import sandbox
from tillgate.bootstrap.house import Backstage
from tillgate.edge.desk import Desk
from tillgate.protocol.recording import ExchangeKind
from tillgate.sandbox import doors, recording
from tillgate.sandbox.listening_parts import ListeningIn
from tillgate.sandbox.recording import Seen, Tape

MASKED = b'{"%b":[%b]}' % (b"n" * 10, b",".join([b'{"pin":1}'] * 60))
BYTES_KEPT = 20_000


async def test_what_is_kept_counts_with_its_members_and_its_masks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "BYTES_KEPT", BYTES_KEPT)
    async with sandbox(tmp_path / "data") as house:
        tape = Tape(house.desk)
        for _ in range(40):
            await tape.hear(
                Seen(
                    kind=ExchangeKind.ORDER,
                    at_ms=0,
                    elapsed_ms=0,
                    request=MASKED,
                    answer=b"{}",
                    status=200,
                )
            )
        page = await tape.page(run="", after=0, wait_s=0)

    assert page.exchanges
    assert page.exchanges[-1].request is not None
    assert len(page.exchanges[-1].request.masked) == 60
    assert sum(len(msgspec.json.encode(each)) for each in page.exchanges) <= BYTES_KEPT


@pytest.mark.parametrize("is_alone", [True, False])
async def test_one_of_several_processes_hears_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_alone: bool
) -> None:
    listening = []

    def noted(desk: Desk, backstage: Backstage) -> ListeningIn:
        listening.append(desk)
        return ListeningIn(desk, backstage)

    monkeypatch.setattr(doors, "ListeningIn", noted)
    made = doors.sandbox_doors
    monkeypatch.setattr(
        "tests.support.asgi.sandbox_doors", lambda folder: made(folder, is_alone=is_alone)
    )
    async with sandbox(tmp_path / "data"):
        pass

    assert bool(listening) is is_alone
