"""`tillgate clock`: shows and moves a running sandbox's clock, and keeps it over a restart."""

import json
from pathlib import Path

import pytest

from tests.support.gateway import order, running, tillgate
from tillgate import Paid
from tillgate.kernel.clock import HOUR_MS, MINUTE_MS, parse_rfc3339
from tillgate.sandbox.testing import Sandbox


def test_an_advance_is_told_with_what_was_done(sandbox: Sandbox) -> None:
    sandbox.notifications.lose(99)
    text = sandbox.merchant.order_str(order("A-1", notify_url="https://shop.example/notify"))
    sandbox.wallet().pay(text)
    data = str(sandbox.data)

    moved = tillgate("clock", "advance", "25h", "--data", data, "--json")
    shown = tillgate("clock", "show", "--data", data)

    assert moved.returncode == 0, moved.stdout + moved.stderr
    answer = json.loads(moved.stdout)
    assert answer["ran"] == {"notificationsSent": 7, "ordersExpired": 0, "attemptsResolved": 0}
    assert abs(answer["aheadMs"] - 25 * HOUR_MS) < MINUTE_MS
    now, ahead = (line.split("\t")[:2] for line in shown.stdout.splitlines()[:2])
    assert (now[0], ahead[0], ahead[1][:2]) == ("now", "ahead by", "1d")
    assert 0 <= parse_rfc3339(now[1]) - parse_rfc3339(answer["now"]) < HOUR_MS


def test_a_sandbox_is_named_by_its_origin(sandbox: Sandbox) -> None:
    asked = ("clock", "advance", "90s", "--url", sandbox.origin, "--json")
    opened = tillgate(*asked, TILLGATE_CONTROL_TOKEN=sandbox.control_token)
    closed = tillgate(*asked, TILLGATE_CONTROL_TOKEN="guessed")

    assert opened.returncode == 0, opened.stdout
    assert closed.returncode == 1
    assert "opens no clock" in json.loads(closed.stdout)["error"]
    assert "guessed" not in closed.stdout + closed.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("advance", "soon"), 2, "such as 90s, 15m, 25h, 2d"),
        (("advance", "25h", "--url", "https://pay.example.com"), 2, "of this machine"),
        (("show", "--url", "http://127.0.0.1:9", "--data", "{data}"), 3, "cannot be reached"),
        (("show", "--data", "/nowhere"), 3, "start it: tillgate serve --sandbox"),
    ],
)
def test_what_cannot_be_done_names_the_next_step(
    sandbox: Sandbox, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = tillgate("clock", *(each.format(data=sandbox.data) for each in arguments))

    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr


def test_a_clock_stays_ahead_over_a_restart(tmp_path: Path) -> None:
    with running(tmp_path / "data") as gateway:
        assert gateway.run("clock", "advance", "25h").returncode == 0
        before = json.loads(gateway.run("clock", "show", "--json").stdout)
        gateway.stop()
        gateway.start()

        after = json.loads(gateway.run("clock", "show", "--json").stdout)
        assert after["nowMs"] >= before["nowMs"]
        assert abs(after["aheadMs"] - 25 * HOUR_MS) < MINUTE_MS
        # What merchants sign by their own clocks is fresh.
        with gateway.merchant() as merchant:
            (tmp_path / "order.txt").write_text(merchant.order_str(order("A-1")))
            paid = tillgate(
                *("wallet", "pay", str(tmp_path / "order.txt"), "--url", gateway.origin),
                *("--payer", "rich", "--pin", "123456"),
            )
            assert paid.returncode == 0, paid.stdout
            assert isinstance(merchant.query("A-1"), Paid)
        # An operator's own clock is behind; the books are clean all the same.
        assert gateway.audit()["clean"]
