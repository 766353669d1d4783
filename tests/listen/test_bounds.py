"""How far listening in goes: not into production, without a server's libraries, over a day."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.listen.conftest import Done
from tests.listen.listener import SAID_S_MAX, acknowledging, listening, pay, selling, told
from tests.security.production import production
from tests.support.asgi import ask
from tests.support.gateway import command, environment, order
from tillgate.cli.root import SERVER_LIBRARIES
from tillgate.merchant import Merchant
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.profile import Profile
from tillgate.protocol.recording import ExchangeKind, read_recording
from tillgate.sandbox.testing import Sandbox


@pytest.mark.parametrize("path", ["/sandbox/notifications", "/sandbox/logs"])
async def test_production_has_no_such_door(tmp_path: Path, path: str) -> None:
    async with production(tmp_path / "data") as made:
        [host, *_] = sorted(made.house.desk.settings.hosts)
        for method in ("GET", "POST"):
            reply = await ask(made.house, method, path, b"{}", host=host)
            assert reply.status == 404


@pytest.mark.parametrize(
    "arguments",
    [
        ("listen", "--forward-to", "http://127.0.0.1:9/", "--data", "nowhere"),
        ("trigger", "--list"),
        ("logs", "--once", "--data", "nowhere"),
        ("replay", "nothing.json", "--to", "http://127.0.0.1:9/"),
        ("record", "--data", "nowhere"),
    ],
)
def test_a_merchants_machine_needs_no_library_of_the_server(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    script = (
        "import sys\n"
        "from tillgate.cli.root import run\n"
        "code = run(sys.argv[1:])\n"
        "print('\\n' + ' '.join(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )

    assert not set(done.stdout.splitlines()[-1].split()) & SERVER_LIBRARIES


def test_a_day_of_resends_goes_to_the_listener_too(
    gateway: Sandbox, merchant: Merchant, number: Callable[[], str]
) -> None:
    name = number()
    right = acknowledging(merchant)
    with selling(right) as shop, listening(gateway, shop.url) as listener:
        shop.answer = lambda raw: right(raw)._replace(status=500)
        pay(gateway, merchant.order_str(order(name, notify_url="https://shop.invalid/n")))
        assert listener.line_about(name)["verdict"] == "WRONG_STATUS"
        gateway.clock.advance("2m")
        assert listener.line_about(name)["verdict"] == "WRONG_STATUS"
        shop.answer = right
        gateway.clock.advance("10m")
        assert listener.line_about(name)["acknowledged"] is True
        gateway.clock.advance("25h")

    state, sends = told(gateway, name)
    assert (state, len(sends)) == ("ACKNOWLEDGED", 3)
    assert [json.loads(raw)["request"]["head"]["reqMsgId"] for raw in shop.heard] == [
        json.loads(send.request)["request"]["head"]["reqMsgId"] for send in sends
    ]


def test_another_client_with_another_profile_gets_its_own_and_nothing_else(
    gateway: Sandbox,
    number: Callable[[], str],
    tillgate: Callable[..., Done],
    *,
    tmp_path: Path,
) -> None:
    other, private, public = "4Q5XSH6SSG02T777", tmp_path / "own.pem", tmp_path / "own.pub.pem"
    key = PrivateKey.generate()
    private.write_bytes(key.pem())
    private.chmod(0o600)
    public.write_text(key.public.pem())
    at = ("--data", str(gateway.data))
    client = ("client", "add", other, "--merchant", gateway.merchant_id, "--profile", "ALIPAY_HK")
    assert tillgate(*client, *at).code == 0
    assert tillgate("client", "add-key", other, str(public), *at).code == 0
    theirs, mine = number(), number()
    options = ("--client-id", other, "--key", str(private), "--profile", "ALIPAY_HK")
    with (
        Merchant(
            client_id=other,
            merchant_id=gateway.merchant_id,
            private_key=key,
            gateway_public_key=gateway.keys / "gateway.public.pem",
            base_url=gateway.origin,
            profile=Profile.ALIPAY_HK,
        ) as hong_kong,
        selling(acknowledging(hong_kong)) as shop,
        listening(gateway, shop.url, *options) as listener,
    ):
        pay(gateway, gateway.merchant.order_str(order(mine, notify_url="http://127.0.0.1:9/")))
        pay(gateway, hong_kong.order_str(order(theirs, notify_url="http://127.0.0.1:9/")))
        line = listener.line()

    assert (line["order"], line["signature"], line["verdict"]) == (theirs, "good", "ACKNOWLEDGED")
    assert told(gateway, mine)[1][0].verdict == "CONNECT"
    assert len(shop.heard) == 1


@contextmanager
def _following(gateway: Sandbox, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a command that follows; it follows when the block begins."""
    process = subprocess.Popen(
        command(*arguments, "--data", str(gateway.data)),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stderr is not None
            assert gateway.origin in process.stderr.readline()
            yield process
        finally:
            process.kill()


def test_logs_are_followed_live_until_ctrl_c(gateway: Sandbox, number: Callable[[], str]) -> None:
    name = number()
    with _following(gateway, "logs") as process:
        pay(gateway, gateway.merchant.order_str(order(name)))
        assert process.stdout is not None
        assert any(name in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(SAID_S_MAX) == 0


def test_a_recording_is_written_at_ctrl_c_with_all_that_was_said_until_then(
    gateway: Sandbox, number: Callable[[], str], tmp_path: Path
) -> None:
    name, out = number(), tmp_path / "live.json"
    with _following(gateway, "record", "--out", str(out)) as process:
        pay(gateway, gateway.merchant.order_str(order(name)))
        process.send_signal(signal.SIGINT)
        assert process.wait(SAID_S_MAX) == 0

    said = read_recording(out.read_bytes()).exchanges
    assert len([each for each in said if each.order == name]) >= 2
    # What an earlier test left unsaid may be said again meanwhile.
    asked = [each for each in said if each.kind is not ExchangeKind.NOTIFICATION]
    assert {each.order for each in asked} == {name}
