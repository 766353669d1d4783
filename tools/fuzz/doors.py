"""Targets of the doors: posted bodies, acknowledgements, operators' commands, settings, raw HTTP.

What must hold: an input is judged by its bytes alone, and nothing but the file of settings, which
has one place in a folder of its own, is written.
"""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

import uvicorn
from uvicorn.server import ServerState

from tillgate.acquiring.client import ClientKey
from tillgate.bootstrap.risk import read_limits, read_risk
from tillgate.cli.listener import limited
from tillgate.config.settings import read_settings
from tillgate.config.values import SettingRefused
from tillgate.edge.asgi import Receive, Scope, Send
from tillgate.edge.cookies import cookie_value
from tillgate.edge.evidence import signals_of
from tillgate.engine.commands import (
    AddClientKey,
    DecideReview,
    LimitPayer,
    OperatorCommand,
    RetireClientKey,
    TopUp,
    UnlockPayer,
)
from tillgate.gateway.operators import read_command, write_command
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import ClientId, MerchantId, MerchantTransId, OperationId, PayerId
from tillgate.kernel.money import Money
from tillgate.protocol import scan, tradepay
from tillgate.protocol.envelope import MESSAGE_BYTES_MAX, checked_text
from tillgate.protocol.profile import Profile
from tillgate.protocol.samples import sample_of
from tillgate.walletapp.bodies import Named, SetLimits, Sign
from tillgate.walletapp.bodies import read_limits as read_typed_limits
from tillgate.workers.ack import judge
from tillgate.workers.notify_message import Message
from tillgate.workers.outgoing.port import SendResult
from tools.fuzz.target import Target
from tools.fuzz.wire import messages, public_key

BODIES: Final = (
    *(tradepay.TradePay, tradepay.SignIn, tradepay.Confirm, tradepay.Nothing),
    *(Sign, Named, SetLimits),
)


def body(data: bytes) -> None:
    """Read what a page posts, as each of the bodies there are."""
    with contextlib.suppress(Refused):
        tradepay.read_trade_pay(data)
    for kind in BODIES:
        with contextlib.suppress(Refused):
            said = tradepay.read_door(kind, data)
            if isinstance(said, Sign | SetLimits):
                read_typed_limits(said, "JPY")


def bodies() -> Iterable[bytes]:
    """Return a sample of every body."""
    for kind in BODIES:
        yield json.dumps(sample_of(kind)).encode()


def acknowledgement(data: bytes) -> None:
    """Judge an answer of a merchant's server; whatever it is, nothing raises."""
    sent = Message(
        function="alipay.intl.acquiring.common.notify.pay",
        req_msg_id="1234567asdfasdf1123fda",  # type: ignore[arg-type]  # An id is a text.
        sent_at_ms=0,
        raw=b"",
    )
    answer = SendResult(
        status=200, body=data, elapsed_ms=1, connected_address=None, failure=None, sentence=""
    )
    judge(answer, sent, keys=[public_key()], profile=Profile.TILLGATE)


def command(data: bytes) -> None:
    """Read an operator's command; one that is read is written and read again."""
    try:
        said = read_command(data)
    except Refused:
        return
    assert read_command(write_command(said)) == said


def commands() -> Iterable[bytes]:
    """Return commands as the command line sends them."""
    by: dict[str, Any] = {"operation_id": OperationId("operation-1"), "operator": "anna"}
    payer_id, client_id = PayerId("rich"), ClientId("4Q5XSH6SSG02T006")
    key = ClientKey(
        client_id=client_id,
        fingerprint=public_key().fingerprint,
        public_pem=public_key().pem(),
        valid_from_ms=0,
    )
    of_order: dict[str, Any] = {
        "merchant_id": MerchantId("m"),
        "merchant_trans_id": MerchantTransId("t"),
    }
    made: tuple[OperatorCommand, ...] = (
        UnlockPayer(payer_id=payer_id, **by),
        TopUp(payer_id=payer_id, money=Money.parse("5.00 HKD"), **by),
        LimitPayer(payer_id=payer_id, currency="HKD", single_max=1, **by),
        DecideReview(**of_order, attempt_no=1, release=True, **by),
        RetireClientKey(client_id=client_id, fingerprint=key.fingerprint, **by),
        AddClientKey(key=key, **by),
    )
    yield from map(write_command, made)


def settings(data: bytes) -> None:
    """Read a file of settings, and what of it the rules of risk read."""
    path = _folder() / "tillgate.toml"
    path.write_bytes(data)
    with contextlib.suppress(SettingRefused):
        said = read_settings({}, {"TILLGATE_CONFIG": str(path)}, home=path.parent)
        with contextlib.suppress(SettingRefused):
            read_risk(said)
        with contextlib.suppress(SettingRefused):
            read_limits(said)


@cache
def _folder() -> Path:
    # It goes with the process; libFuzzer ends without unwinding, so it may stay, empty but for one.
    return Path(tempfile.mkdtemp(prefix="tillgate-fuzz-"))


def setting_files() -> Iterable[bytes]:
    """Return files of settings."""
    yield b'mode = "sandbox"\nport = 8080\nhost = "127.0.0.1"\npublic_url = "https://pay.example"\n'
    yield b'database_url = "sqlite:///a.sqlite"\nrisk_weights = "velocity_hour=0, device_new=3"\n'
    yield b'merchant_day_amount = "5000.00 HKD, 650.00 USD"\nconnections_max = 10\n'
    yield b'database_url = "postgresql://user:pw@[::1]:5432/db?sslmode=require"\n'


def evidence(data: bytes) -> None:
    """Read riskInfo; whatever it is, nothing raises."""
    cookie_value(data.decode("latin-1"), "tillgate_payer")
    try:
        tree = scan.plain(checked_text(data, bytes_max=MESSAGE_BYTES_MAX))
    except (Refused, ValueError):
        return
    signals_of(tree, device_key=b"key")


def risk_infos() -> Iterable[bytes]:
    """Return what merchants say of a payer's device."""
    device = {
        "sessionId": "s-1",
        "clientIp": "203.0.113.9",
        "latitudeLongitude": "22.28,114.16",
        "terminalType": "APP",
        "imei": "490154203237518",
        "deviceBootTime": "2018-12-04T22:00:53-08:00",
        "isJailbreaked": "false",
        "timeZone": "UTC+8",
    }
    user = {"signupTime": "2017-12-04T22:00:53-08:00", "merchantUserId": "u-1"}
    items = [{"itemPrice": {"currency": "HKD", "value": "1"}}]
    whole = {"deviceInfo": device, "userInfo": user, "orderInfos": items, "riskExtendInfo": "{}"}
    yield json.dumps(whole).encode()
    yield json.dumps({"deviceInfo": {"timeZone": "Asia/Hong_Kong", "macAddress": "02:00"}}).encode()


class _Wire(asyncio.Transport):
    """A peer that takes whatever it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.is_closed = False

    def get_extra_info(self, name: str, default: object = None) -> object:
        return {"peername": ("127.0.0.1", 4321), "sockname": ("127.0.0.1", 8080)}.get(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert data is not None

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def pause_reading(self) -> None:
        return

    def resume_reading(self) -> None:
        return


async def _answer(_: Scope, receive: Receive, send: Send) -> None:
    """Read a whole body, as a door does, and answer."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            break
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    )
    await send({"type": "http.response.body", "body": b"{}"})


@cache
def _config() -> uvicorn.Config:
    config = uvicorn.Config(
        _answer,
        http=limited(30, 1_000),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    config.load()
    return config


def http(data: bytes) -> None:
    """Hand a connection bytes in two pieces and close it."""
    asyncio.run(_connected(data))


async def _connected(data: bytes) -> None:
    failed: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))
    protocol: Any = limited(30, 1_000)(
        config=_config(), server_state=ServerState(), app_state={}, _loop=asyncio.get_running_loop()
    )
    wire = _Wire()
    protocol.connection_made(wire)
    middle = len(data) // 2
    for piece in (data[:middle], data[middle:]):
        if piece and not wire.is_closed:
            protocol.data_received(piece)
            for _ in range(4):
                await asyncio.sleep(0)
    protocol.connection_lost(None)
    for _ in range(4):
        await asyncio.sleep(0)
    assert not failed, failed


def requests() -> Iterable[bytes]:
    """Return raw HTTP."""
    yield b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:8080\r\n\r\n"
    yield b"POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}GET / HTTP/1.1\r\n\r\n"
    yield b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"
    yield b"POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n"


TARGETS: Final = (
    Target("body", body, bodies),
    Target("acknowledgement", acknowledgement, messages),
    Target("command", command, commands),
    Target("settings", settings, setting_files),
    Target("evidence", evidence, risk_infos),
    Target("http", http, requests),
)
