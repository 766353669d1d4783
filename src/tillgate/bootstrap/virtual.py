"""How far a sandbox's clock is ahead of everybody else's, kept in its data folder.

It decides which books have such a clock: a sandbox's alone, for its server and for an operator's
command alike. What must hold: the offset only grows, and is on the disk before the clock has it, so
that no later start finds rows of a time that has not come; books that came without the file, as a
copy may, are taken to be as far ahead as the last thing that was done in them.
"""

from pathlib import Path
from typing import Final

from tillgate.acquiring.operator import Fact
from tillgate.config.folder import FolderRefused, read_private, replace
from tillgate.config.settings import Mode, Settings
from tillgate.engine.operation import Operation
from tillgate.engine.ports import Reader, Select
from tillgate.kernel.clock import Clock, VirtualClock

FILE_NAME: Final = "clock"
DIGITS_MAX: Final = 15


async def clock_of(settings: Settings, reader: Reader, wall: Clock) -> Clock:
    """Return the clock of these books: virtual in a sandbox, else the one given.

    Raises:
        FolderRefused: the offset that was kept cannot be read.
    """
    fact = await reader.get(Fact, "mode")
    if (fact.value if fact else settings.mode) != Mode.SANDBOX:
        return wall
    kept_ms = _kept_ms(settings.data / FILE_NAME)
    ahead_ms = await _last_ms(reader) - wall.now_ms()
    return VirtualClock(wall, offset_ms=max(kept_ms, ahead_ms))


async def _last_ms(reader: Reader) -> int:
    """Return when something was last done in these books; 0 when nothing was."""
    rows = await reader.pick(Select(record=Operation, order_by=("-at_ms",), limit=1), "at_ms")
    return int(rows[0][0]) if rows else 0


def keep_offset(data: Path, offset_ms: int) -> None:
    """Note how far ahead the clock of this folder's sandbox is about to be."""
    replace(data / FILE_NAME, f"{offset_ms}\n".encode())


def _kept_ms(path: Path) -> int:
    if not path.exists():
        return 0
    text = read_private(path).decode("ascii", "replace").strip()
    if not text.isdigit() or len(text) > DIGITS_MAX:
        raise FolderRefused(f"{path} is not a number of milliseconds; restore it from a backup.")
    return int(text)
