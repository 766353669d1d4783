"""Five times more requests than the server can do, for a while.

First it is measured how many payments a second a few buyers get; then several times as many arrive,
whether the earlier ones were answered or not. What must hold: whoever is too many is told so by
name, before others who came earlier have their answer; no more are admitted at once than may wait,
however fast the machine is; memory stays flat; a request that was turned away was not executed; and
right after, everything is as before.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.hostile.buyers import CALM, IS_LONG, Buyers, Payment, add_payers, check_books
from tests.hostile.measuring import memory_kib, pid_of
from tests.support.gateway import order, running
from tillgate.edge.turns import TURNS_MAX

PAYERS: Final = tuple(f"payer-{number}" for number in range(24))
TIMES: Final = 5
MEASURE_S: Final = 2.0
FLOOD_S: Final = 20.0 if IS_LONG else 3.0
MEMORY_KIB_MAX: Final = 60 * 1024
FLOOD_MIN: Final = 600
AT_ONCE_MAX: Final = 2 * TURNS_MAX + 48
"""How many are admitted at once, as their buyers see it: twice what may wait, and be on its way."""
HAND: Final = 16
REFUSED: Final = "REQUEST_TRAFFIC_EXCEED_LIMIT"


@pytest.mark.timeout(300 + 2 * FLOOD_S)
async def test_more_than_it_can_do_is_refused_early_and_not_executed(tmp_path: Path) -> None:
    with running(tmp_path / "gateway", risk_weights=CALM, requests_per_s_max="100000") as gateway:
        await asyncio.to_thread(add_payers, gateway, PAYERS)
        buyers = Buyers(gateway, PAYERS)
        async with buyers.buying():
            await buyers.more_are_paid()
            before = buyers.paid()
            await asyncio.sleep(MEASURE_S)
            rate = (buyers.paid() - before) / MEASURE_S
        before_kib = memory_kib(pid_of(gateway))
        flood = await flooded(buyers, rate * TIMES)
        grown_kib = memory_kib(pid_of(gateway)) - before_kib
        told = Counter(payment.told[0] for payment in flood)
        refused = [each for each in flood if each.told[0] == REFUSED]
        admitted = [each for each in flood if each.told[0] != REFUSED]
        lasted_s = max(map(ended, flood)) - flood[0].began_s
        at_once = sum(each.took_s for each in admitted) / lasted_s
        early = sum(overtakes(each, admitted) for each in refused)
        figures = (rate, told, at_once, early, lasted_s, grown_kib)
        assert set(told) == {"9000", REFUSED}, figures
        assert min(told[REFUSED], told["9000"]) >= TURNS_MAX, figures
        assert at_once < AT_ONCE_MAX, figures
        assert early > len(refused) / 2, figures
        assert grown_kib < MEMORY_KIB_MAX, figures
        async with buyers.buying():
            await buyers.more_are_paid()
        await buyers.close()
        paid = [each for each in flood if each.told[0] == "9000"]
        # What was turned away is in no book: these payments are all there are.
        check_books(gateway, [*buyers.payments, *paid])


async def flooded(buyers: Buyers, per_s: float) -> list[Payment]:
    """Let so many PINs a second be typed, each once, whatever becomes of the others."""
    count = max(FLOOD_MIN, int(per_s * FLOOD_S))
    made = [
        Payment(order=order(f"flood-{number}"), payer=PAYERS[number % len(PAYERS)])
        for number in range(count)
    ]
    at: list[dict[str, Any]] = []
    for start in range(0, len(made), HAND):
        at += await asyncio.gather(*map(buyers.called, made[start : start + HAND]))
    began_s, tasks = time.monotonic(), []
    for number, (payment, answer) in enumerate(zip(made, at, strict=True)):
        await asyncio.sleep(max(0.0, began_s + number * FLOOD_S / count - time.monotonic()))
        tasks.append(asyncio.create_task(confirmed(buyers, payment, answer)))
    await asyncio.gather(*tasks)
    return made


async def confirmed(buyers: Buyers, payment: Payment, answer: dict[str, Any]) -> None:
    """Type the PIN, and note what was told and after how long."""
    payment.began_s = time.monotonic()
    said = await buyers.confirmed(payment, answer)
    payment.took_s = time.monotonic() - payment.began_s
    is_refused = str(said["memo"]).startswith(REFUSED)
    payment.told.append(REFUSED if is_refused else str(said["resultCode"]))


def ended(payment: Payment) -> float:
    """Return when its buyer was answered."""
    return payment.began_s + payment.took_s


def overtakes(payment: Payment, others: Sequence[Payment]) -> bool:
    """Tell whether its answer came before that of another, whose buyer had asked earlier."""
    return any(
        other.began_s < payment.began_s and ended(payment) < ended(other) for other in others
    )
