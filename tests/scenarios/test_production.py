"""Neither amounts nor headers choose anything in production."""

from pathlib import Path
from typing import Any

from tests.security.production import PIN, production
from tests.support.asgi import Reply, ask
from tillgate.bootstrap import open_house
from tillgate.bootstrap.ready import Ready
from tillgate.cli.operate import settings_of
from tillgate.config.folder import Folder, write_once
from tillgate.engine.commands import Confirm
from tillgate.engine.verbs import VERBS
from tillgate.issuers.pins import Effort
from tillgate.merchant import Order
from tillgate.protocol.keys import PrivateKey
from tillgate.sandbox.chosen.play import play
from tillgate.sandbox.chosen.routing import Routed
from tillgate.sandbox.doors import sandbox_doors


async def test_a_chosen_amount_is_an_ordinary_one(tmp_path: Path) -> None:
    """10.41 HKD, a refusal in a sandbox, is paid by a payer who has it."""
    async with production(tmp_path / "live") as gateway:
        order = Order(merchant_trans_id="L-1", title="Dress", amount="10.41 HKD")
        token = await gateway.token()
        call = {"orderStr": gateway.merchant.order_str(order), "callId": "0123456789abcdef"}
        told = await paid(gateway, call, token)
        assert told["resultCode"] == "9000"


async def test_the_header_of_faults_is_not_read(tmp_path: Path) -> None:
    """A request with the header is answered as it is without it."""
    async with production(tmp_path / "live") as gateway:
        order = Order(merchant_trans_id="L-2", title="Dress", amount="10.00 HKD")
        token = await gateway.token()
        call = {"orderStr": gateway.merchant.order_str(order), "callId": "0123456789abcdef"}
        told = await paid(gateway, call, token, fault="callback=6001")
        assert told["resultCode"] == "9000"


async def test_a_house_in_production_plays_nothing_it_is_handed(tmp_path: Path) -> None:
    """Even whoever hands a sandbox's parts to a house in production gets a house as it is."""
    folder = Folder(tmp_path / "live")
    folder.make()
    write_once(folder.keys / "gateway.private.pem", PrivateKey.generate().pem())
    told = settings_of(str(folder.path), mode="production", public_url="https://pay.example")
    assert isinstance(play().verbs[Confirm], Routed)
    shop, quick = sandbox_doors(folder), Ready(pin_effort=Effort(passes=1, memory_kib=8))
    opening = open_house(told, port=8080, play=play(), more_doors=shop, ready=quick)
    async with opening as house:
        assert house.desk.issuers == {}
        for path in ("/shop", "/sandbox/clock", "/sandbox/logs"):
            assert (await ask(house, "GET", path)).status == 404
        assert "m=19456,t=2" in await house.desk.pins.hashed(PIN)
        assert house.books.engine._verbs is VERBS  # noqa: SLF001  Nobody else may look at them.


async def paid(gateway: Any, call: dict[str, str], token: str, *, fault: str = "") -> Any:
    """Pay with the header on each request; return what the page is told."""
    headers = ((b"x-tillgate-fault", fault.encode()),) if fault else ()
    opened: Reply = await gateway.ask(
        "POST", "/cashier/trade-pay", call, token=token, headers=headers
    )
    path = opened.json()["cashierUrl"].removeprefix("https://pay.example")
    done: Reply = await gateway.ask(
        "POST", f"{path}/confirm", {"pin": PIN}, token=token, headers=headers
    )
    return done.json()
