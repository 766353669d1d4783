"""A child program that pays one order and dies at a chosen write, then comes back and goes on.

`template FOLDER` makes a sandbox to begin with; `PAYER FOLDER NOTIFY_URL` takes one point after the
other, each in a copy of it and in a process forked for it. That process ends itself before or after
the chosen statement of the writer (BEGIN, each flush, COMMIT) as a power cut would; the books are
audited, a second process repeats the call until it is answered and waits until the merchant has
acknowledged. One line of JSON a point; the last point is the first at which nothing died.
"""

import asyncio
import json
import shutil
import sys
from itertools import count
from pathlib import Path
from typing import Any, final

import msgspec

from tests.crash.dying import (
    DIED,
    MOMENT_MS,
    PATIENT,
    Fuse,
    audited,
    clock_at,
    forked,
    log_aside,
    make_brittle,
    running,
    wait,
)
from tests.support.asgi import ask, bearer, sandbox, signed_in
from tests.support.gateway import merchant_of, order
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.states import NotificationState
from tillgate.bootstrap import House
from tillgate.engine.commands import AddPayer
from tillgate.engine.ports import Select
from tillgate.kernel.clock import SECOND_MS, ManualClock
from tillgate.kernel.ids import PayerId

LATER_MS = 40_000
"""What the second process is ahead: more than a lease, less than an order lives."""
WAITS_MAX = 180 * SECOND_MS // MOMENT_MS
"""More than the two minutes after which a merchant is told again."""


async def _pay(house: House, order_str: str, payer: str) -> dict[str, Any]:
    """Pay as a wallet does, always with the same callId."""
    token = bearer(await signed_in(house, payer))
    call = {"orderStr": order_str, "version": "2.0.0", "callId": "the-same-call"}
    answer = await ask(house, "POST", "/cashier/trade-pay", call, headers=[token])
    told: dict[str, Any] = answer.json()
    if "cashierUrl" in told:
        path = "/" + told["cashierUrl"].split("/", 3)[3]
        answer = await ask(house, "POST", f"{path}/confirm", {"pin": "123456"}, headers=[token])
        told = answer.json()
    return told


async def _told(house: House, clock: ManualClock) -> str:
    """Wait until the merchant has acknowledged, and return the state of the notification."""
    query = Select(record=Notification, limit=2)
    for _ in range(WAITS_MAX):
        rows = await house.desk.reader.select(query)
        if rows and rows[0].state is NotificationState.ACKNOWLEDGED:
            break
        await wait(clock)
    return ",".join(row.state for row in rows)


async def _first(point: "Point", fuse: Fuse) -> None:
    """Pay until the fuse blows; note the answer, if there was one before."""
    make_brittle(fuse)
    clock = clock_at()
    async with sandbox(point.data, clock=clock) as house:
        fuse.is_armed = True
        told = await _pay(house, point.order_str, point.payer)
        point.answer.write_text(told["resultCode"])
        await _told(house, clock)
        fuse.is_armed = False


async def _second(point: "Point") -> None:
    """Repeat the call, and note what there is at the end."""
    clock = clock_at(LATER_MS)
    async with sandbox(point.data, clock=clock) as house:
        codes = [(await _pay(house, point.order_str, point.payer))["resultCode"]]
        for _ in range(WAITS_MAX):
            if codes[-1] != "8000":
                break
            await wait(clock)
            codes.append((await _pay(house, point.order_str, point.payer))["resultCode"])
        found = {"repeated": codes, "notified": await _told(house, clock)}
        point.found.write_text(json.dumps(found))


async def _template(data: Path) -> None:
    """Make what every point begins with: a sandbox, and a payer whose money is elsewhere."""
    data.mkdir(parents=True)
    (data / "tillgate.toml").write_text(PATIENT)
    async with sandbox(data) as house:
        books = house.books
        add = AddPayer(
            operation_id=books.operation(),
            operator="crash",
            payer_id=PayerId("outside"),
            name="Outside",
            issuer="sandbox",
            pin_hash=await books.pins.hashed("123456"),
        )
        await books.engine.execute(add)


@final
class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A place to die at, and the files in which its processes leave what they know."""

    at: int
    payer: str
    data: Path
    order_str: str

    @property
    def number(self) -> str:
        """Return the order's number."""
        return f"{self.payer}-{self.at}"

    @property
    def moment(self) -> Path:
        """Return where the first process says at which moment it died."""
        return self.data / "moment.note"

    @property
    def answer(self) -> Path:
        """Return where the first process says what it was answered."""
        return self.data / "answer.note"

    @property
    def found(self) -> Path:
        """Return where the second process says what it found."""
        return self.data / "found.note"

    def tried(self) -> dict[str, Any]:
        """Die, audit, come back, audit, and return what became of it."""
        died = forked(lambda: running(_first(self, Fuse(self.at, self.moment))))
        audit = forked(lambda: audited(self.data))
        ended = forked(lambda: running(_second(self)) or audited(self.data))
        return {
            "order": self.number,
            "died": died == DIED,
            "moment": self.moment.read_text() if self.moment.exists() else "",
            "answered": self.answer.read_text() if self.answer.exists() else "",
            "audits": [audit, ended],
            **(json.loads(self.found.read_text()) if self.found.exists() else {}),
        }


def main(folder: Path, notify_url: str, payer: str) -> None:
    """Try one point after the other, until nothing dies any more."""
    template = folder / "template"
    audited(template)  # What is imported once here is there in every process forked from here.
    for at in count(1):
        number = f"{payer}-{at}"
        data = folder / number
        shutil.copytree(template, data)
        order_str = merchant_of(data).order_str(order(number, notify_url=notify_url))
        line = Point(at=at, payer=payer, data=data, order_str=order_str).tried()
        print(json.dumps(line), flush=True)  # noqa: T201  It is how this program answers.
        shutil.rmtree(data)
        if not line["died"]:
            return


if __name__ == "__main__":
    log_aside()
    if sys.argv[1] == "template":
        asyncio.run(_template(Path(sys.argv[2]) / "template"))
    else:
        main(Path(sys.argv[2]), sys.argv[3], sys.argv[1])
