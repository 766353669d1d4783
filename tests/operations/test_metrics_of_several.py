"""`/metrics` of a gateway of several processes, of which one is killed while people pay.

What must hold: whichever process answers shows the sum of all; a payment that was counted stays
counted when its process dies by `kill -9`; the folder of the counts goes with the gateway; of the
processes one audits.
"""

import json
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.operations.buying import pay, until
from tests.processes.several import children_of, kill, several
from tests.support.gateway import Gateway
from tests.support.reading import Page


@pytest.mark.timeout(400)
def test_a_killed_process_leaves_what_it_counted(tmp_path: Path) -> None:
    with several(tmp_path, workers=2, audit_s="1") as gateway:
        until(lambda: _page(gateway).value("processes") == 2)
        for number in range(4):
            assert pay(gateway, f"counted-{number}") == "9000"
        _settled(gateway, paid=4, processes=2)

        victim = children_of(gateway)[0]
        kill(victim)
        until(lambda: victim not in children_of(gateway))
        until(lambda: _page(gateway).value("processes") == 2)
        _settled(gateway, paid=4, processes=2)

        for number in range(4, 7):
            assert pay(gateway, f"counted-{number}") == "9000"
        _settled(gateway, paid=7, processes=2)
        until(lambda: _page(gateway).value("audits_total", outcome="clean") >= 2)
        (folder,) = Path("/dev/shm").glob(f"tillgate-metrics-*-{gateway.pid}-*")  # noqa: S108  Where it is kept.
        assert gateway.stop() == 0
        assert not folder.exists()
    lines = [json.loads(line) for line in gateway.logged().splitlines()]
    audits = [line for line in lines if line["event"] == "audited"]
    assert audits
    # One of them audits, so no two audits end within less than the pause between two.
    assert len(audits) <= _seconds(lines) + 1


def _settled(gateway: Gateway, *, paid: int, processes: int) -> None:
    """Ask often enough that each process has answered, and have all of them say the same."""
    for _ in range(12):
        page = _page(gateway)
        assert page.value("payments_total", code="9000", result="SUCCESS") == paid
        assert page.value("ledger_entries_total", kind="PAYMENT") == paid
        assert page.value("processes") == processes


def _page(gateway: Gateway) -> Page:
    connection = HTTPConnection(urlsplit(gateway.origin).netloc, timeout=120)
    try:
        connection.request("GET", "/metrics")
        return Page(connection.getresponse().read().decode())
    except ConnectionError:
        return Page("")  # The process that had taken the connection was killed.
    finally:
        connection.close()


def _seconds(lines: list[dict[str, str]]) -> float:
    stamps = [
        time.mktime(time.strptime(line["timestamp"][:19], "%Y-%m-%dT%H:%M:%S")) for line in lines
    ]
    return max(stamps) - min(stamps)
