"""A top-up whose answer is lost: what the operator reads, and that it is booked once.

Each command runs in this process, on a real database, beside a server that loses its answers. What
must hold: whatever is printed may be typed, and typed again, and the cash is booked once.
"""

import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.support.shell import Tillgate
from tillgate.cli.operate import settings_of
from tillgate.config.folder import Folder, replace
from tillgate.config.lock import Announced, ServerLock
from tillgate.engine.commands import TopUp
from tillgate.gateway.control import UNSETTLED
from tillgate.gateway.operators import read_command

ANSWERS = {
    "not known": (UNSETTLED, b'{"error":"The store did not settle this in time."}'),
    "no answer at all": (0, b""),
    "half an answer": (200, b'{"outcome":'),
}


@contextmanager
def _server(*answers: tuple[int, bytes]) -> Iterator[list[bytes]]:
    """Serve the folder as a gateway with these answers, the last for ever; yield what it took."""
    taken: list[bytes] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["content-length"])))
            status, said = answers[min(len(taken), len(answers)) - 1]
            if status:
                self.send_response(status)
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    settings = settings_of("")
    folder = Folder(settings.data)
    with (
        HTTPServer(("127.0.0.1", 0), Door) as server,
        ServerLock.hold(folder, settings.database) as lock,
    ):
        replace(folder.control_token, b"token", mode=0o600)
        origin = f"http://127.0.0.1:{server.server_port}"
        port = server.server_port
        lock.announce(
            Announced(pid=1, host="127.0.0.1", port=port, mode="production", control=origin)
        )
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield taken
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=list(ANSWERS))
def test_a_top_up_whose_answer_was_lost_is_typed_again_and_booked_once(
    books: Tillgate, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, bytes]
) -> None:
    monkeypatch.setattr("tillgate.cli.operate.WAIT_S_MAX", 0.2)
    books("payer", "add", "alice", "--name", "Alice Chan")
    with _server(answer) as taken:
        told = books("payer", "top-up", "alice", "100.00 HKD")

    assert told.code == 3
    assert "It is not known whether this was booked." in told.err
    _, _, again = told.err.partition("Type exactly: tillgate ")
    sent = read_command(taken[0])
    assert isinstance(sent, TopUp)
    assert set(taken) == {taken[0]}  # However often it asked, it was for the same.
    # The server had booked it, or had not: whoever types what was printed learns the balance.
    for _ in range(2):
        ended = books(*shlex.split(again), "--json")
        assert (ended.code, ended.json["balance"]) == (0, "100.00 HKD")
    assert sent.operation_id in again
    assert books("ledger", "audit").code == 0


def test_a_lost_answer_is_asked_for_again_under_the_same_id(
    books: Tillgate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tillgate.cli.operate.WAIT_S_MAX", 120.0)  # Four answers take their time.
    balance = b'{"minor":10000,"currency":{"code":"HKD","exponent":2}}'
    booked = b'{"outcome":{"payer_id":"alice","balance":' + balance + b"}}"
    with _server(*ANSWERS.values(), (200, booked)) as taken:
        told = books("payer", "top-up", "alice", "100.00 HKD", "--json")

    assert (told.code, told.json["balance"]) == (0, "100.00 HKD")
    assert taken == [taken[0]] * 4


def test_an_operation_id_is_for_one_top_up(books: Tillgate) -> None:
    books("payer", "add", "alice", "--name", "Alice Chan")
    books("payer", "add", "bob", "--name", "Bob")
    named = ("--operation-id", "till-7:2026-11-23:0001")
    assert books("payer", "top-up", "alice", "100.00 HKD", *named).code == 0

    for other in (("alice", "100.01 HKD"), ("bob", "100.00 HKD")):
        refused = books("payer", "top-up", *other, *named)
        assert refused.code == 1
        assert "REPEAT_REQ_INCONSISTENT: operation_id: Operation till-7" in refused.err
    assert books("payer", "top-up", "alice", "1.00 HKD", "--operation-id", "short").code == 1
    assert books("payer", "show", "alice", "--json").json["balances"] == ["100.00 HKD"]


def test_another_command_whose_answer_was_lost_is_not_told_as_not_done(
    books: Tillgate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tillgate.cli.operate.WAIT_S_MAX", 0.2)
    books("payer", "add", "alice", "--name", "Alice Chan")
    with _server(ANSWERS["no answer at all"]):
        told = books("payer", "sign-out", "alice")

    assert told.code == 3
    assert "It is not known whether this was done" in told.err
    assert "stop it" not in told.err
