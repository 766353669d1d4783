"""The disk fills up while people pay; then there is room again, and everything goes on by itself.

The disk is a small one of the test's own where the system lets us mount one. Besides, the server is
forbidden to make its files longer, which SQLite meets as a fault of the disk. What must hold:
nobody is told of a payment that is not in the books, nobody who paid is told that it failed, the
log's own disk being full harms nobody, every merchant is told in the end, and no restart is needed.
"""

import asyncio
import contextlib
import os
import resource
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.hostile.buyers import (
    AS_IT_SHIPS,
    IS_LONG,
    TOLD_IN_TROUBLE,
    Buyers,
    add_payers,
    check_books,
)
from tests.hostile.measuring import becomes, pid_of, status
from tests.support.gateway import Gateway, running
from tests.support.receiver import receiving

PAYERS: Final = ("ann", "bob")
DISK_MIB: Final = 24
FULL_S: Final = 60.0 if IS_LONG else 2.0


class Disk(NamedTuple):
    """Where the server keeps everything, and how that fills up and empties."""

    folder: Path
    fill: Callable[[Gateway], None]
    empty: Callable[[Gateway], None]


MakeDisk = Callable[[Path], AbstractContextManager[Disk]]


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Make a disk of a few megabytes; a ballast file takes what is left of it."""
    folder.mkdir()
    made = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)]
    subprocess.run(made, check=True, timeout=60)
    ballast = folder / "ballast"

    def fill(_: Gateway) -> None:
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"\0" * 4096):
                continue

    try:
        yield Disk(folder, fill, lambda _: ballast.unlink())
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=60)


@contextmanager
def short_files(folder: Path) -> Iterator[Disk]:
    """Forbid the server to make any file longer."""
    folder.mkdir()

    def limit(gateway: Gateway, longest: int) -> None:
        _, hard = resource.prlimit(pid_of(gateway), resource.RLIMIT_FSIZE)
        resource.prlimit(pid_of(gateway), resource.RLIMIT_FSIZE, (longest, hard))

    yield Disk(
        folder,
        lambda gateway: limit(gateway, 0),
        lambda gateway: limit(gateway, resource.RLIM_INFINITY),
    )


def disks() -> Mapping[str, MakeDisk]:
    """Return the ways there are here for a disk to fill up: only root may mount one."""
    every: dict[str, MakeDisk] = {"short files": short_files}
    if os.geteuid() == 0:
        every["small disk"] = small_disk
    return every


@pytest.mark.timeout(300 + 2 * FULL_S)
@pytest.mark.parametrize("disk", disks().values(), ids=disks())
async def test_a_full_disk_costs_time_and_no_payment(disk: MakeDisk, tmp_path: Path) -> None:
    with (
        disk(tmp_path / "disk") as made,
        running(made.folder / "data", **AS_IT_SHIPS) as gateway,
    ):
        await asyncio.to_thread(add_payers, gateway, PAYERS)
        buyers = Buyers(gateway, PAYERS)
        with receiving(gateway.merchant(), buyers.orders) as receiver:
            buyers.notify_url = receiver.url
            async with buyers.buying():
                await buyers.more_are_paid()
                made.fill(gateway)
                await asyncio.to_thread(becomes, gateway, 503)
                assert await asyncio.to_thread(status, gateway, "/healthz") == 200
                await asyncio.sleep(FULL_S)
                made.empty(gateway)
                await buyers.more_are_paid()
                await asyncio.to_thread(becomes, gateway, 200)
            await buyers.close()
            await receiver_knows(receiver.paid, len(buyers.payments))
            assert receiver.faults == []
        assert set(buyers.told()) <= TOLD_IN_TROUBLE
        assert any(len(payment.told) > 1 for payment in buyers.payments)
        check_books(gateway, buyers.payments)


async def receiver_knows(paid: Mapping[str, object], count: int, within_s: float = 120) -> None:
    """Wait until a merchant was told of so many payments."""
    async with asyncio.timeout(within_s):
        while len(paid) < count:
            await asyncio.sleep(0.1)
