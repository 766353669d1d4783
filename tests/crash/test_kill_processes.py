"""Four processes on PostgreSQL, of which one is killed every second: a short `make crash`.

What must hold: what `make crash` holds: whoever was told 9000 has paid once, nobody is told 5000,
every paid order is notified, the audit is clean.
"""

from pathlib import Path

import pytest

from tools.crash.load import Figures, paying
from tools.crash.victims import on_postgresql

PAYMENTS = 150
SECONDS = 6.0


@pytest.mark.timeout(900)
async def test_nothing_is_lost_while_one_of_four_processes_is_killed_every_second(
    tmp_path: Path,
) -> None:
    figures = Figures(seed=4)
    async with on_postgresql(tmp_path) as victim, paying(victim) as load:
        await load.run(payments=PAYMENTS, seconds=SECONDS, figures=figures)
        await load.judge(figures)
    assert figures.findings == []
    assert figures.promised >= PAYMENTS
    assert figures.notified == figures.promised == figures.orders
    assert figures.killed > 0
