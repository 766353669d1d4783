"""A child program that dies at each write of what follows a payment, and goes on every time.

`template FOLDER NOTIFY_URL` makes a sandbox with payers, paid orders and agreements; `run FOLDER
ACT…` goes through the acts in it. One process after the other lives on the same books: each first
repeats what the one before was about when it died, then begins an act of its own and dies a write
later than that. The books are audited after each death. One line of JSON a life.
"""

import asyncio
import json
import sys
from itertools import count
from pathlib import Path
from typing import Any, final

import msgspec

from tests.crash.after_acts import (
    ACTS,
    APPLY,
    WAITS_MAX,
    Request,
    Visit,
    code_grant,
    status,
    tokens_of,
)
from tests.crash.dying import (
    DIED,
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
from tillgate.acquiring.merchant import Merchant
from tillgate.bootstrap import House
from tillgate.engine.commands import AddPayer, SetMerchant
from tillgate.kernel.ids import PayerId
from tillgate.protocol.keys import PrivateKey, load_private_key
from tillgate.sandbox.identities import MERCHANT_ID

LATER_MS = 35_000
"""What each process is ahead of the one before: more than a lease."""
CALM = 'risk_weights = "velocity_hour=0, velocity_day=0, new_account_large=0, amount_unusual=0"'
NOBODY = "nobody"


@final
class Life(msgspec.Struct, frozen=True, kw_only=True):
    """One process: what it begins, at which moment it dies, and where it leaves what it knows."""

    number: int
    act: str
    at: int
    folder: Path
    key: PrivateKey

    def note(self, kind: str) -> Path:
        """Return where something about this life is written down."""
        return self.folder / f"{self.number}.{kind}"

    async def lived(self, before: "Life | None", fuse: Fuse) -> None:
        """Repeat what the life before was about, then begin the act and die in it."""
        standing = json.loads((self.folder / "standing").read_text())
        clock = clock_at(self.number * LATER_MS)
        async with sandbox(self.folder / "data", clock=clock) as house:
            visit = Visit(house, self.key, standing, clock=clock)
            if before is not None and before.note("request").exists():
                await before.repeated(visit)
            await visit.settled()
            if self.act == NOBODY:
                return
            act = ACTS[self.act]
            request = await act.prepare(visit, act.payer)
            await visit.settled()
            self.note("request").write_bytes(msgspec.json.encode(request))
            fuse.is_armed = True
            said = await visit.send(request)
            self.note("answer").write_text(json.dumps(said))
            if act.is_followed:
                await visit.settled()
            fuse.is_armed = False

    async def repeated(self, visit: Visit) -> None:
        """Send again what this life sent, until the answer is final, and look what is true."""
        request = msgspec.json.decode(self.note("request").read_bytes(), type=Request)
        said = [await visit.send(request)]
        for _ in range(WAITS_MAX):
            if status(said[-1]) != "U":
                break
            await wait(visit.clock)
            said.append(await visit.send(request))
        self.note("repeated").write_text(json.dumps(said))
        assert status(said[-1]) == "S", said[-1]
        await ACTS[self.act].look(visit, request.facts, said[-1])
        self.note("found").write_text("as it must be")

    def ended(self, before: "Life | None") -> int:
        """Live in a process of its own and return how that ended."""

        def live() -> int:
            fuse = Fuse(self.at, self.note("moment"))
            make_brittle(fuse)
            return running(self.lived(before, fuse))

        return forked(live)

    def told(self) -> dict[str, Any]:
        """Return what is known of this life."""
        known = {
            kind: self.note(kind).read_text() if self.note(kind).exists() else ""
            for kind in ("moment", "answer", "repeated", "found")
        }
        return {"act": self.act, "at": self.at, **known}


async def _template(folder: Path, url: str) -> None:
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    (data / "tillgate.toml").write_text(PATIENT + CALM)
    clock = clock_at()
    async with sandbox(data, clock=clock) as house:
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
        known = await books.reader.get(Merchant, MERCHANT_ID)
        assert known is not None
        merchant = known.replaced(notify_url=url)
        await books.engine.execute(
            SetMerchant(operation_id=books.operation(), operator="crash", merchant=merchant)
        )
        visit = Visit(house, _key(data), {}, clock=clock)
        standing = {}
        for payer in ("rich", "outside"):
            _, given = await visit.signed(payer)
            access, _ = tokens_of(await visit.asked(APPLY, code_grant(given)))
            standing[payer] = {"order": await _paid(house, data, visit, payer), "access": access}
        await visit.settled()
    (folder / "standing").write_text(json.dumps(standing))


async def _paid(house: House, data: Path, visit: Visit, payer: str) -> str:
    """Pay an order at the cashier and return our number of it."""
    token = bearer(await signed_in(house, payer))
    number = f"paid-{payer}"
    call = {"orderStr": merchant_of(data).order_str(order(number)), "callId": number}
    answer = (await ask(house, "POST", "/cashier/trade-pay", call, headers=[token])).json()
    path = "/" + answer["cashierUrl"].split("/", 3)[3]
    await ask(house, "POST", f"{path}/confirm", {"pin": "123456"}, headers=[token])
    found = await visit.asked(
        "acquiring.common.payQuery", {"merchantId": MERCHANT_ID, "merchantTransId": number}
    )
    return str(found["acquirementId"])


def _key(data: Path) -> PrivateKey:
    return load_private_key((data / "keys" / "merchant.private.pem").read_bytes())


def main(folder: Path, acts: list[str]) -> None:
    """Live one life after the other, until no act dies any more."""
    data = folder / "data"
    key = _key(data)
    # What is imported and made once here is there in every process forked from here.
    first = Life(number=0, act=acts[0], at=0, folder=folder, key=key)
    running(first.lived(None, Fuse(0, first.note("moment"))))
    audited(data)
    before = first
    numbers = count(1)
    for act in (*acts, NOBODY):
        for at in count(1):
            life = Life(number=next(numbers), act=act, at=at, folder=folder, key=key)
            died = life.ended(before)
            audit = forked(lambda: audited(data))
            print(json.dumps(before.told()), flush=True)  # noqa: T201  It is how this program answers.
            before = life
            assert died in (DIED, 0), life.told()
            assert audit == 0, life.told()
            if died == 0:
                break


if __name__ == "__main__":
    log_aside()
    if sys.argv[1] == "template":
        asyncio.run(_template(Path(sys.argv[2]), sys.argv[3]))
    else:
        main(Path(sys.argv[2]), sys.argv[3:])
