"""A whole sandbox inside the test's process, and what a merchant and a payer do with it.

Requests go to the very application that the server calls. What must hold: nothing here knows an
amount or a fault.
"""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.support import asgi
from tests.support.gateway import CLIENT_ID, MERCHANT_ID, merchant_of, order
from tests.support.wire import text_of
from tillgate.acquiring.acquirement import Acquirement
from tillgate.bootstrap import House
from tillgate.kernel.clock import SystemClock, rfc3339
from tillgate.kernel.money import Money
from tillgate.protocol.envelope import Kind
from tillgate.protocol.keys import PrivateKey, load_private_key
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal


class Paid(NamedTuple):
    """What a page was told, and the order then."""

    said: dict[str, Any]
    order: Acquirement | None


@asynccontextmanager
async def at(tmp_path: Path) -> AsyncIterator[House]:
    """Bring up a sandbox."""
    async with asgi.sandbox(tmp_path / "sandbox") as house:
        yield house


async def pay(house: House, number: str, amount: str, *, payer: str = "rich") -> Paid:
    """Pay an order as a wallet does."""
    data = house.folder.path
    text = merchant_of(data).order_str(order(number, amount))
    token = asgi.bearer(await asgi.signed_in(house, payer))
    call = {"orderStr": text, "callId": secrets.token_hex(16)}
    opened = await asgi.ask(house, "POST", "/cashier/trade-pay", call, headers=(token,))
    said = opened.json()
    if "cashierUrl" in said:
        path = said["cashierUrl"].removeprefix(house.desk.settings.wallet_origin)
        confirmed = await asgi.ask(
            house, "POST", f"{path}/confirm", {"pin": "123456"}, headers=(token,)
        )
        said = confirmed.json()
    return Paid(said, await house.desk.reader.get(Acquirement, MERCHANT_ID, number))


async def advance(house: House, length: str) -> None:
    """Let time go by."""
    token = asgi.bearer(house.folder.control_token.read_text())
    body = {"advance": length}
    reply = await asgi.ask(house, "POST", "/sandbox/clock", body, headers=(token,))
    assert reply.status == 200, reply


async def refunded(house: House, paid: Acquirement, amount: str, refund_id: str) -> str:
    """Refund a part and return the result's code."""
    money = Money.parse(amount)
    body = {
        "acquirementId": paid.acquirement_id,
        "merchantRefundId": refund_id,
        "refundAmount": {"currency": money.currency.code, "value": str(money.minor)},
    }
    said = await function(house, "refund", body)
    code: str = said["resultInfo"]["resultCode"]
    return code


async def function(house: House, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """Call a function of `acquiring.common` as the demo merchant's server; return the body."""
    reply = await post(house, name, body)
    said: dict[str, Any] = json.loads(reply.body)["response"]["body"]
    return said


async def post(
    house: House,
    name: str,
    body: dict[str, Any],
    *,
    fault: str = "",
    client: str = CLIENT_ID,
    key: PrivateKey | None = None,
) -> asgi.Reply:
    """Post a call of a function of `acquiring.common`, signed by the merchant or with a key."""
    head = {
        "version": "2.0.0",
        "function": f"alipay.intl.acquiring.common.{name}",
        "clientId": client,
        "reqTime": rfc3339(SystemClock().now_ms()),
        "reqMsgId": secrets.token_hex(16),
    }
    content = text_of({"head": head, "body": {"merchantId": MERCHANT_ID, **body}})
    key = key or load_private_key((house.folder.keys / "merchant.private.pem").read_bytes())
    raw = seal(Kind.REQUEST, content, key, Profile.TILLGATE)
    headers = ((b"x-tillgate-fault", fault.encode()),) if fault else ()
    path = f"/api/alipay/intl/acquiring/common/{name}.htm"
    return await asgi.ask(house, "POST", path, raw, headers=headers)
