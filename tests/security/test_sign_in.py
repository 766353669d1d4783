"""Guessing at the doors where nobody is known yet: who exists, which PIN, and locking others out.

In production mode. What must hold: every no is the same to the byte and takes the same work and
time; guesses in parallel get no more checks than guesses in a row; whoever knows nothing but a
payer's name locks nobody out; one address tries so many in a minute, whomever it tries.
"""

import asyncio
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.security.production import (
    HOME,
    ORIGIN,
    PIN,
    WRONG,
    Production,
    cookies_of,
    production,
)
from tests.support.asgi import Reply
from tillgate.acquiring.payer import PIN_TRIES_MAX, STRANGER_TRIES_MAX, Payer
from tillgate.edge.answers import NOT_SIGNED_IN
from tillgate.edge.desk import BAD_ORDERS_PER_S_MAX
from tillgate.edge.signing_in import NO_TAKES_S
from tillgate.engine.commands import UnlockPayer
from tillgate.issuers.pins import ArgonPins
from tillgate.kernel.clock import MINUTE_MS, SECOND_MS, ManualClock

NOW_MS = 1_800_000_000_000


def seen(reply: Reply) -> tuple[object, ...]:
    """Return everything that a stranger sees of an answer."""
    return reply.status, dict(reply.headers), reply.body, reply.cookies


async def payer(gate: Production, name: str = "alice") -> Payer:
    row = await gate.house.desk.reader.get(Payer, name)
    assert row is not None
    return row


async def cashier(gate: Production, number: str) -> tuple[str, str]:
    """Return a cashier of the page form, and the cookie of the browser it belongs to."""
    call = {"orderStr": gate.order_str(number), "callId": f"call-{number}"}
    path = urlsplit((await gate.ask("POST", "/cashier/trade-pay", call)).json()["cashierUrl"]).path
    return path, cookies_of(await gate.ask("GET", path), "cashier")


async def test_every_no_is_the_same_whoever_and_whatever_it_is_about(gate: Production) -> None:
    await gate.payer("bob")
    wrong = await gate.signs_in("alice", WRONG)
    assert wrong.status == 401
    assert wrong.json() == {"resultCode": None, "memo": NOT_SIGNED_IN}
    for _ in range(PIN_TRIES_MAX):
        await gate.signs_in("bob", WRONG)
    answers = {
        "unknown": await gate.signs_in("nobody", WRONG),
        "unknown with a right PIN": await gate.signs_in("nobody"),
        "no try left": await gate.signs_in("bob", WRONG),
        "no try left and a right PIN": await gate.signs_in("bob"),
    }
    for what, answer in answers.items():
        assert seen(answer) == seen(wrong), what


async def test_every_no_is_the_same_at_a_cashier_too(gate: Production) -> None:
    path, browser = await cashier(gate, "N-1")
    told = []
    for name, pin in (("alice", WRONG), ("nobody", PIN), ("nobody", WRONG)):
        said = {"payer": name, "pin": pin}
        told.append(await gate.ask("POST", f"{path}/sign-in", said, cookies=browser, origin=ORIGIN))
    assert {answer.status for answer in told} == {200}
    assert {answer.body for answer in told} == {told[0].body}
    assert told[0].json() == {"resultCode": None, "memo": NOT_SIGNED_IN}


async def test_every_no_costs_the_same_work_and_never_less_time(
    gate: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[str] = []
    check = ArgonPins.check

    async def counted(self: ArgonPins, pin_hash: str, pin: str) -> None:
        checks.append(pin_hash)
        await check(self, pin_hash, pin)

    monkeypatch.setattr(ArgonPins, "check", counted)
    for _ in range(STRANGER_TRIES_MAX):
        await gate.signs_in("alice", WRONG)
    checks.clear()
    for name in ("nobody", "alice"):
        began_s = time.monotonic()
        assert (await gate.signs_in(name, WRONG)).status == 401
        assert time.monotonic() - began_s >= NO_TAKES_S
    assert len(checks) == 2, "one check of argon2 each, whether there is a PIN to check or not"
    assert {hash_.split("$")[3] for hash_ in checks} == {"m=19456,t=2,p=1"}


async def test_a_stranger_locks_nobody_out(gate: Production) -> None:
    home = await gate.signs_in("alice")
    known = cookies_of(home, "known")
    token = home.json()["token"]
    for number in range(3 * PIN_TRIES_MAX):
        guess = await gate.signs_in("alice", WRONG, at=f"203.0.113.{number}")
        assert guess.status == 401
    assert not (await payer(gate)).is_locked
    assert (await gate.signs_in("alice", at="203.0.113.99")).status == 401
    # The payer goes on as before: in the open session, and from a browser that is known.
    assert (await gate.ask("GET", "/wallet/me", token=token)).status == 200
    assert (await gate.signs_in("alice", cookies=known)).status == 200
    assert (await payer(gate)).pin_tries_used == 0


async def test_a_known_browser_has_the_last_try_and_no_more(gate: Production) -> None:
    known = cookies_of(await gate.signs_in("alice"), "known")
    for _ in range(PIN_TRIES_MAX):
        await gate.signs_in("alice", WRONG, cookies=known)
    assert (await payer(gate)).is_locked
    assert (await gate.signs_in("alice", cookies=known)).status == 401
    await gate.run(UnlockPayer, payer_id="alice")
    assert (await gate.signs_in("alice")).status == 200


async def test_a_browser_is_known_for_the_payer_that_signed_in_there_alone(
    gate: Production,
) -> None:
    await gate.payer("bob")
    known = cookies_of(await gate.signs_in("bob"), "known")
    name, _, mark = known.partition("=")
    mine = cookies_of(await gate.signs_in("alice"), "known").partition("=")[0]
    for cookie in (known, f"{mine}={mark}", f"{mine}=x", f"{name}={mark}; {mine}="):
        await gate.run(UnlockPayer, payer_id="alice")
        for _ in range(PIN_TRIES_MAX):
            await gate.signs_in("alice", WRONG, cookies=cookie, at="203.0.113.1")
        assert (await payer(gate)).pin_tries_used == STRANGER_TRIES_MAX


async def test_guesses_in_parallel_get_no_more_checks_than_guesses_in_a_row(
    gate: Production,
) -> None:
    pins = [f"{number:06}" for number in range(12)]
    async with asyncio.TaskGroup() as guessing:
        asked = [
            guessing.create_task(gate.signs_in("alice", pin, at=f"203.0.113.{place}"))
            for place, pin in enumerate(pins)
        ]
    assert {task.result().status for task in asked} <= {401, 429}
    assert (await payer(gate)).pin_tries_used == STRANGER_TRIES_MAX


async def test_one_address_tries_so_many_in_a_minute_whomever_it_tries(tmp_path: Path) -> None:
    clock = ManualClock(NOW_MS)
    async with production(tmp_path / "few", clock=clock, wrong_pins_per_min_max="3") as gate:
        names = ["alice", "nobody", "carol", "dave", "erin"]
        said = [(await gate.signs_in(name, WRONG, at="203.0.113.1")).status for name in names]
        assert said == [401, 401, 401, 429, 429]
        turned = await gate.signs_in("alice", at="203.0.113.1")
        assert (turned.status, turned.json()["memo"].partition(":")[0]) == (
            429,
            "REQUEST_TRAFFIC_EXCEED_LIMIT",
        )
        assert (await gate.signs_in("alice", at="203.0.113.2")).status == 200
        for _ in range(5):  # A right PIN is not counted.
            assert (await gate.signs_in("alice", at="203.0.113.3")).status == 200
        clock.advance(MINUTE_MS)
        assert (await gate.signs_in("alice", at="203.0.113.1")).status == 200


async def test_a_customers_network_of_ipv6_is_one_address(tmp_path: Path) -> None:
    clock = ManualClock(NOW_MS)
    async with production(tmp_path / "few", clock=clock, wrong_pins_per_min_max="2") as gate:
        places = ("2001:db8:1:1::1", "2001:db8:1:1:ffff::2", "2001:db8:1:1:0:0:0:3")
        said = [(await gate.signs_in("nobody", WRONG, at=place)).status for place in places]
        assert said == [401, 401, 429]
        assert (await gate.signs_in("nobody", WRONG, at="2001:db8:1:2::1")).status == 401


async def test_bad_signatures_from_one_address_are_turned_away_before_they_are_checked(
    tmp_path: Path,
) -> None:
    clock = ManualClock(NOW_MS)
    async with production(tmp_path / "bad", clock=clock) as gate:

        async def called(text: str, number: object, at: str = HOME) -> dict[str, str]:
            call = {"orderStr": text, "callId": f"c-{number}"}
            told: dict[str, str] = (
                await gate.ask("POST", "/cashier/trade-pay", call, at=at)
            ).json()
            return told

        good = gate.order_str("T-1")
        bad = good.replace("Dress", "Dregs")
        told = [await called(bad, number) for number in range(BAD_ORDERS_PER_S_MAX + 4)]
        names = [each["memo"].partition(":")[0] for each in told]
        refused = names.index("SYSTEM_ERROR")
        assert refused == BAD_ORDERS_PER_S_MAX
        assert set(names[:refused]) == {"INVALID_SIGNATURE"}
        # Not a no: nothing was looked at, so nothing is known.
        assert {each["resultCode"] for each in told[refused:]} == {"8000"}
        assert "cashierUrl" in await called(good, "elsewhere", at="203.0.113.9")
        clock.advance(SECOND_MS)
        assert "cashierUrl" in await called(good, "later")
