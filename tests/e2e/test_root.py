"""The root of the server: hosts, health, and where a newcomer is led.

What must hold: a host that is none of ours gets 421 from every address; the wallet is one site,
whichever of this machine's names was typed.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.asgi import HOST, ORIGIN, PORT, ask, sandbox
from tillgate.bootstrap import House

SHOP = f"localhost:{PORT}"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with sandbox(tmp_path / "data") as house:
        yield house


async def test_a_newcomer_is_led_to_the_wallets_own_site(house: House) -> None:
    for host, path in ((HOST, "/"), (SHOP, "/"), (SHOP, "/wallet")):
        reply = await ask(house, "GET", path, host=host)

        assert (reply.status, reply.headers["location"]) == (302, f"{ORIGIN}/wallet"), host


async def test_a_host_that_is_none_of_ours_is_told_so(house: House) -> None:
    for path in ("/", "/wallet", "/shop", "/healthz", "/cashier/trade-pay"):
        for host in ("evil.example", f"127.0.0.1:{PORT + 1}", "127.0.0.1", ""):
            assert (await ask(house, "GET", path, host=host)).status == 421, (path, host)


async def test_a_request_names_one_host(house: House) -> None:
    reply = await ask(house, "GET", "/wallet", headers=[(b"host", b"evil.example")])

    assert reply.status == 400


async def test_the_shop_is_another_site_than_the_wallet(house: House) -> None:
    assert (await ask(house, "GET", "/shop", host=SHOP)).status == 200
    assert (await ask(house, "GET", "/shop", host=HOST)).status == 404


async def test_health_is_life_and_readiness_is_the_will_to_serve(house: House) -> None:
    assert (await ask(house, "GET", "/healthz")).json() == {"alive": True}
    while (found := (await ask(house, "GET", "/readyz")).json()) != {"ready": True}:
        assert found == {"ready": False, "why": "database"}, "a busy disk takes seconds at most"

    house.app.drain()

    assert (await ask(house, "GET", "/healthz")).status == 200
    reply = await ask(house, "GET", "/readyz")
    assert (reply.status, reply.json()) == (503, {"ready": False, "why": "draining"})
