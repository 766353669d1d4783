"""Five times more requests at once than may wait, for a while.

So many buyers type their PINs at the same time, and each that is answered makes room for the next.
What must hold: whoever is too many is told so by name, before others who came earlier have their
answer; no more are admitted at once than may wait, however fast the machine is; memory stays flat;
a request that was turned away was not executed; and right after, everything is as before.
"""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.hostile.buyers import CALM, IS_LONG, Buyers, Payment, add_payers, check_books
from tests.hostile.measuring import memory_kib, pid_of
from tests.support.gateway import Gateway, order, running
from tillgate.edge.turns import TURNS_MAX

PAYERS: Final = tuple(f"payer-{number}" for number in range(24))
AT_ONCE: Final = 5 * TURNS_MAX
ROUNDS: Final = 20 if IS_LONG else 2
MEMORY_KIB_MAX: Final = 60 * 1024
ADMITTED_MAX: Final = 2 * TURNS_MAX + 48
"""How many are admitted at once, as their buyers see it: twice what may wait, and be on its way."""
HAND: Final = 16
LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
REFUSED: Final = "REQUEST_TRAFFIC_EXCEED_LIMIT"


@pytest.mark.timeout(300 + 10 * ROUNDS)
async def test_more_than_it_can_do_is_refused_early_and_not_executed(tmp_path: Path) -> None:
    with running(tmp_path / "gateway", risk_weights=CALM) as gateway:
        await asyncio.to_thread(add_payers, gateway, PAYERS)
        buyers = Buyers(gateway, PAYERS)
        async with buyers.buying():
            await buyers.more_are_paid()
        before_kib = memory_kib(pid_of(gateway))
        flood = await flooded(gateway, buyers)
        grown_kib = memory_kib(pid_of(gateway)) - before_kib
        told = Counter(payment.told[0] for payment in flood)
        refused = [each for each in flood if each.told[0] == REFUSED]
        admitted = [each for each in flood if each.told[0] != REFUSED]
        lasted_s = max(map(ended, flood)) - flood[0].began_s
        at_once = sum(each.took_s for each in admitted) / lasted_s
        early = sum(overtakes(each, admitted) for each in refused)
        figures = (told, at_once, early, lasted_s, grown_kib)
        assert set(told) == {"9000", REFUSED}, figures
        assert min(told[REFUSED], told["9000"]) >= TURNS_MAX, figures
        assert at_once < ADMITTED_MAX, figures
        assert early > len(refused) / 2, figures
        assert grown_kib < MEMORY_KIB_MAX, figures
        async with buyers.buying():
            await buyers.more_are_paid()
        await buyers.close()
        paid = [each for each in flood if each.told[0] == "9000"]
        # What was turned away is in no book: these payments are all there are.
        check_books(gateway, [*buyers.payments, *paid])


async def flooded(gateway: Gateway, buyers: Buyers) -> list[Payment]:
    """Let so many PINs be typed at a time, each once, whatever becomes of the others."""
    made = [
        Payment(order=order(f"flood-{number}"), payer=PAYERS[number % len(PAYERS)])
        for number in range(AT_ONCE * ROUNDS)
    ]
    asked: list[bytes] = []
    for start in range(0, len(made), HAND):
        hand = made[start : start + HAND]
        at = await asyncio.gather(*map(buyers.called, hand))
        asked += map(buyers.confirming, hand, at)
    lines = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(AT_ONCE)]
    left = iter(zip(made, asked, strict=True))
    await asyncio.gather(*(confirmed(left, *line) for line in lines))
    return made


async def confirmed(
    left: Iterator[tuple[Payment, bytes]],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Type one PIN after the other, and note what was told and after how long.

    A client that pools its connections would be slower than the server it is to flood.
    """
    for payment, asked in left:
        payment.began_s = time.monotonic()
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        assert length is not None, head
        said = json.loads(await reader.readexactly(int(length[1])))
        payment.took_s = time.monotonic() - payment.began_s
        is_refused = str(said["memo"]).startswith(REFUSED)
        payment.told.append(REFUSED if is_refused else str(said["resultCode"]))
    writer.close()
    await writer.wait_closed()


def ended(payment: Payment) -> float:
    """Return when its buyer was answered."""
    return payment.began_s + payment.took_s


def overtakes(payment: Payment, others: Sequence[Payment]) -> bool:
    """Tell whether its answer came before that of another, whose buyer had asked earlier."""
    return any(
        other.began_s < payment.began_s and ended(payment) < ended(other) for other in others
    )
