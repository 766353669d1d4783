"""`tillgate serve`: coming up, staying the only one, paying through it, going down.

Servers here are processes of their own on ports that the system chose. What must hold: one server
per folder, a first start that leaves keys nobody else can read, and a clean stop with exit code 0.
"""

import contextlib
import json
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple, Self

import httpx2
import pytest

from tillgate.cli.root import run

READY_WAIT_S_MAX = 120
PATIENT = {"TILLGATE_QUEUE_WAIT_MS_MAX": "120000"}  # A slow disk turns nobody away.
PATIENTLY: dict[str, Any] = {"trust_env": False, "timeout": READY_WAIT_S_MAX}
PUBLIC = {"TILLGATE_PUBLIC_URL": "https://pay.example.com"}
BODY: dict[str, Any] = {
    "merchantId": "2160400000002012",
    "productCode": "AGREEMENT_OR_CASHIER_PAY",
    "merchantTransId": "A-1001",
    "order": {
        "seller": {"sellerId": "2160400000002013", "sellerName": "COD", "mcc": "1234"},
        "orderAmount": {"currency": "HKD", "value": "1000"},
        "orderTitle": "Women Summer Dress",
    },
    "settleContractId": "USD-1",
    "returnUrl": "http://127.0.0.1:9/return",
}


class Server(NamedTuple):
    """A running server."""

    process: subprocess.Popen[str]
    data: Path
    ready: dict[str, Any]

    @classmethod
    def start(cls, data: Path, *arguments: str, variables: dict[str, str] | None = None) -> Self:
        """Start a server and wait until it says that it is ready."""
        with _log(data).open("w") as log:  # A pipe that nobody reads would hold it up once full.
            process = subprocess.Popen(
                _command("serve", "--data", str(data), "--port", "0", "--json", *arguments),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={"HOME": str(data.parent), **PATIENT, **(variables or {})},
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        if '"ready"' not in line:
            process.communicate(timeout=READY_WAIT_S_MAX)
            raise AssertionError(line)
        return cls(process, data, json.loads(line))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ready['port']}"

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Stop it; return its exit code and what it wrote to standard error."""
        self.process.send_signal(number)
        self.process.communicate(timeout=READY_WAIT_S_MAX)
        return self.process.returncode, _log(self.data).read_text()

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run another command on the same folder."""
        return _run(self.data, *arguments)

    def pay(self, body: dict[str, Any], payer: str, *more: str, pin: str = "123456") -> Any:
        """Sign an order and pay it."""
        order, body_file = self.data / "order.txt", self.data / "body.json"
        body_file.write_text(json.dumps(body))
        key = str(self.data / "keys" / "merchant.private.pem")
        signed = self.run("order", "sign", str(body_file), "--key", key)
        assert signed.returncode == 0, signed.stderr
        order.write_text(signed.stdout)
        return self.pay_file(order, payer, *more, pin=pin)

    def pay_file(self, order: Path, payer: str, *more: str, pin: str = "123456") -> Any:
        """Pay an order string in a file."""
        named = ("--url", self.url, "--payer", payer, "--pin", pin)
        done = self.run("wallet", "pay", str(order), *named, *more)
        assert len(done.stdout.splitlines()) == 1, done.stderr
        return json.loads(done.stdout), done.returncode


def _log(data: Path) -> Path:
    return data.with_name(f"{data.name}.log")


def _command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).parent / "tillgate"), *arguments]


def _run(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end: a server as a process, all else in this one, which is faster."""
    if arguments[0] == "serve":
        environment = {"HOME": str(data.parent)}
        return subprocess.run(
            _command(*arguments), capture_output=True, text=True, env=environment, check=False
        )
    out, err = TextIOWrapper(BytesIO()), TextIOWrapper(BytesIO())
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([*arguments])
    texts = []
    for each in (out, err):
        each.seek(0)
        texts.append(each.read())
    return subprocess.CompletedProcess(arguments, code, *texts)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server.start(tmp_path_factory.mktemp("serve") / "sandbox", "--sandbox")
    yield server
    code, errors = server.stop()
    levels = {json.loads(line)["level"] for line in errors.splitlines()}
    assert (code, levels - {"info", "warning"}) == (0, set()), errors


def _order(number: str, **changes: Any) -> dict[str, Any]:
    return {**BODY, "merchantTransId": number, **changes}


def test_a_first_start_leaves_keys_that_only_their_owner_reads(sandbox: Server) -> None:
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (sandbox.data / "keys").iterdir()
    }

    assert modes == {
        "gateway.private.pem": 0o600,
        "gateway.public.pem": 0o644,
        "merchant.private.pem": 0o600,
        "merchant.public.pem": 0o644,
        "secret.bin": 0o600,
    }
    assert stat.S_IMODE(sandbox.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((sandbox.data / "control.token").stat().st_mode) == 0o600


def test_an_order_is_paid_once_and_a_changed_one_is_refused(sandbox: Server) -> None:
    paid, code = sandbox.pay(_order("S-1"), "rich")
    assert (paid["resultCode"], code) == ("9000", 0)
    assert paid["returnUrl"].startswith("http://127.0.0.1:9/return?")

    again, code = sandbox.pay(_order("S-1"), "rich")
    assert (again["resultCode"], code) == ("5000", 1)

    dearer = _order(
        "S-1", order={**BODY["order"], "orderAmount": {"currency": "HKD", "value": "2"}}
    )
    changed, code = sandbox.pay(dearer, "rich")
    assert (changed["resultCode"], code) == ("4000", 1)
    assert "REPEAT_REQ_INCONSISTENT" in changed["memo"]
    assert "body.order.orderAmount.value" in changed["memo"]


def test_the_same_call_gets_its_outcome_again(sandbox: Server) -> None:
    first, _ = sandbox.pay(_order("S-2"), "rich", "--call-id", "call-2")
    again, code = sandbox.pay_file(sandbox.data / "order.txt", "rich", "--call-id", "call-2")

    assert (first["resultCode"], again["resultCode"], code) == ("9000", "9000", 0)


@pytest.mark.parametrize(
    ("payer", "pin", "end"),
    [
        ("poor", "123456", ("4000", 1, "USER_BALANCE_NOT_ENOUGH")),
        ("locked", "123456", ("4000", 1, "USER_STATUS_ABNORMAL")),
        ("nobody", "123456", ("4000", 1, "USER_NOT_EXIST")),
        ("rich", "654321", ("4000", 1, "PIN")),
        ("unknown-then-paid", "123456", ("8000", 3, "PAYMENT_IN_PROCESS")),
    ],
)
def test_each_end_has_its_code_and_exit_code(
    sandbox: Server, payer: str, pin: str, end: tuple[str, int, str]
) -> None:
    told, code = sandbox.pay(_order(f"E-{payer}"), payer, pin=pin)

    assert (told["resultCode"], code, told["memo"].find(end[2]) >= 0) == (*end[:2], True)


def test_an_order_string_as_a_javascript_literal_is_paid_as_well(sandbox: Server) -> None:
    body = sandbox.data / "literal.json"
    body.write_text(json.dumps(_order("S-3", extendInfo='{"productScene":"Prepay"}')))
    key = str(sandbox.data / "keys" / "merchant.private.pem")
    literal = sandbox.data / "literal.txt"
    literal.write_text(sandbox.run("order", "sign", str(body), "--key", key, "--js").stdout)

    told, _ = sandbox.pay_file(literal, "rich")

    assert told["resultCode"] == "9000"


def test_a_version_that_differs_is_the_pages_mistake(sandbox: Server) -> None:
    told, code = sandbox.pay(_order("S-4"), "rich", "--version", "2.0.4")

    assert (told["resultCode"], code) == ("6005", 3)


def test_a_gateway_that_is_not_there_is_6002(sandbox: Server) -> None:
    order = sandbox.data / "order.txt"
    order.write_text("{}")
    named = ("--url", "http://127.0.0.1:9", "--payer", "rich", "--pin", "123456")

    done = sandbox.run("wallet", "pay", str(order), *named)

    assert json.loads(done.stdout)["resultCode"] == "6002"
    assert done.returncode == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("none.txt", "--url", "http://127.0.0.1:9", "--payer", "rich", "--pin", "123456"),
            "cannot be read",
        ),
        (("-", "--url", "http://127.0.0.1:9", "--payer", "rich"), "TILLGATE_PIN"),
        (("-", "--url", "127.0.0.1", "--payer", "rich", "--pin", "123456"), "origin"),
        (("-", "--url", "http://127.0.0.1:9", "--payer", "rich", "--pin", "12"), "digits"),
        (("-", "--url", "http://127.0.0.1:9"), "--payer"),
    ],
)
def test_a_payment_that_is_not_asked_for_properly_is_a_usage_error(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = _run(tmp_path, "wallet", "pay", *arguments)

    assert done.returncode == 2
    assert says in done.stderr
    assert not done.stdout


def test_a_second_server_on_the_folder_exits_3_and_says_who_serves(sandbox: Server) -> None:
    second = sandbox.run("serve", "--sandbox", "--data", str(sandbox.data), "--port", "0")

    assert second.returncode == 3
    assert f"process {sandbox.process.pid}" in second.stderr
    assert httpx2.get(f"{sandbox.url}/healthz", **PATIENTLY).status_code == 200


def test_a_taken_port_exits_3_and_names_another_way(sandbox: Server, tmp_path: Path) -> None:
    port = str(sandbox.ready["port"])
    second = _run(tmp_path, "serve", "--sandbox", "--data", str(tmp_path / "b"), "--port", port)

    assert second.returncode == 3
    assert "--port 0" in second.stderr


def test_operators_act_through_the_running_server(sandbox: Server) -> None:
    data = ("--data", str(sandbox.data))
    assert sandbox.run("payer", "unlock", "locked", *data, "--json").returncode == 0
    topped = sandbox.run("payer", "top-up", "poor", "50.00 HKD", *data, "--json")
    assert json.loads(topped.stdout)["balance"] == "51.00 HKD"
    refused = sandbox.run("payer", "unlock", "nobody", *data, "--json")
    assert (refused.returncode, json.loads(refused.stdout)["result"]) == (1, "USER_NOT_EXIST")

    told, _ = sandbox.pay(_order("S-5"), "locked")
    assert told["resultCode"] == "9000"
    assert sandbox.run("ledger", "audit", *data).returncode == 0
    entry = json.loads(sandbox.run("ledger", "show", "S-5", *data, "--json").stdout)[0]
    assert entry["postings"] == [
        {"from": "payer:locked", "to": "merchant:2160400000002012", "amount": "10.00 HKD"}
    ]


def test_control_is_closed_without_its_token(sandbox: Server) -> None:
    answer = httpx2.post(f"{sandbox.url}/control", content=b"{}", **PATIENTLY)
    assert answer.status_code == 401


def test_the_server_says_neither_its_name_nor_answers_for_others(sandbox: Server) -> None:
    answer = httpx2.get(f"{sandbox.url}/healthz", **PATIENTLY)
    assert answer.status_code == 200
    assert "server" not in answer.headers

    foreign = {"host": "pay.example.com"}
    told = httpx2.get(f"{sandbox.url}/healthz", headers=foreign, **PATIENTLY)
    assert told.status_code == 421


def test_a_head_over_the_limit_ends_the_connection(sandbox: Server) -> None:
    with socket.create_connection(
        ("127.0.0.1", sandbox.ready["port"]), timeout=READY_WAIT_S_MAX
    ) as peer:
        peer.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n")
        with contextlib.suppress(OSError):
            for _ in range(40):
                peer.sendall(b"x-more: " + b"a" * 1024 + b"\r\n")
        assert peer.recv(64).startswith(b"HTTP/1.1 400 ")


def test_a_request_that_trickles_in_ends_with_its_connection(tmp_path: Path) -> None:
    server = Server.start(
        tmp_path / "slow", "--sandbox", variables={"TILLGATE_REQUEST_WAIT_S_MAX": "1"}
    )
    try:
        head = b"POST /wallet/session HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\n\r\n"
        for sent in (b"", b"GET /heal", head):
            port = server.ready["port"]
            with socket.create_connection(("127.0.0.1", port), timeout=READY_WAIT_S_MAX) as peer:
                peer.sendall(sent)
                # Either an answer or nothing, but never a connection that stays open.
                with contextlib.suppress(ConnectionResetError):
                    while peer.recv(1024):
                        pass
    finally:
        assert server.stop()[0] == 0


def test_a_kept_connection_takes_one_request_after_another(sandbox: Server) -> None:
    with httpx2.Client(base_url=sandbox.url, **PATIENTLY) as client:
        codes = [client.get("/healthz").status_code for _ in range(5)]

    assert codes == [200] * 5


def test_a_restart_keeps_keys_balances_and_locks(tmp_path: Path) -> None:
    data = tmp_path / "again"
    first = Server.start(data, "--sandbox")
    told, _ = first.pay(_order("R-1"), "rich")
    assert told["resultCode"] == "9000"
    keys = {path.name: path.read_bytes() for path in (data / "keys").iterdir()}
    token = (data / "control.token").read_text()
    assert first.stop(signal.SIGINT)[0] == 0
    assert not (data / "server.json").exists()
    assert not (data / "control.token").exists()

    second = Server.start(data, "--sandbox")
    try:
        assert {path.name: path.read_bytes() for path in (data / "keys").iterdir()} == keys
        assert (data / "control.token").read_text() != token
        told, _ = second.pay(_order("R-1"), "rich")
        assert told["resultCode"] == "5000"
        rich = json.loads(second.run("payer", "show", "rich", "--data", str(data), "--json").stdout)
        assert rich["balances"] == ["99990.00 HKD"]
    finally:
        assert second.stop()[0] == 0


def test_a_sandbox_is_never_served_as_production_nor_with_another_key(tmp_path: Path) -> None:
    data = tmp_path / "mode"
    assert _run(data, "db", "upgrade", "--sandbox", "--data", str(data)).returncode == 0

    with pytest.raises(AssertionError, match="is for sandbox, not for production"):
        Server.start(data, variables=PUBLIC)

    for half in ("private", "public"):
        (data / "keys" / f"gateway.{half}.pem").unlink()
    other = _run(data, "serve", "--sandbox", "--data", str(data), "--port", "0")
    assert other.returncode == 1
    assert "belongs to the gateway key" in other.stderr


def test_production_is_served_with_a_key_and_a_public_address_only(tmp_path: Path) -> None:
    data = tmp_path / "live"
    without = _run(data, "serve", "--data", str(data), "--port", "0")
    assert without.returncode == 2
    assert "TILLGATE_PUBLIC_URL" in without.stderr

    with pytest.raises(AssertionError, match="tillgate keys generate gateway"):
        Server.start(data, variables=PUBLIC)


def test_many_servers_started_at_once_leave_one(tmp_path: Path) -> None:
    data = str(tmp_path / "race")
    started = [
        subprocess.Popen(
            _command("serve", "--sandbox", "--data", data, "--port", "0", "--json"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"HOME": str(tmp_path)},
        )
        for _ in range(3)
    ]
    try:
        lines = [process.stdout.readline() if process.stdout else "" for process in started]
        ready = ['"ready"' in line for line in lines]
        assert ready.count(True) == 1, lines
        losers = [process for process, won in zip(started, ready, strict=True) if not won]
        assert [process.wait(READY_WAIT_S_MAX) for process in losers] == [3, 3]
    finally:
        for process in started:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=READY_WAIT_S_MAX)
