"""`tillgate record` and `replay`: a session in one file, and its notifications sent again."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.listen.conftest import Done
from tests.listen.listener import Shop, acknowledging, pay, selling, told
from tests.support.gateway import order
from tests.support.notify_url import Answer
from tillgate.cli import record
from tillgate.cli.replay import _differences
from tillgate.merchant import Merchant
from tillgate.protocol.envelope import cut
from tillgate.protocol.recording import (
    Exchange,
    ExchangeKind,
    Recording,
    read_recording,
    write_recording,
)
from tillgate.protocol.signature import verify_digest
from tillgate.sandbox.testing import Sandbox
from tillgate.workers.outgoing.port import SendResult

Tillgate = Callable[..., Done]
LOGS = ("logs", "--once", "--json")
SAID = 3
"""Messages of an order that was paid: the order, the callback, the notification."""


@pytest.fixture
def session(
    gateway: Sandbox, merchant: Merchant, number: Callable[[], str], tillgate: Tillgate
) -> tuple[Path, str]:
    """Return a recording with a paid order in it, and the order's number."""
    name = number()
    with selling(acknowledging(merchant)) as shop:
        pay(gateway, merchant.order_str(order(name, notify_url=shop.url)))
        told(gateway, name)
        while len(tillgate(*LOGS, "--order", name, "--data", str(gateway.data)).lines) < SAID:
            time.sleep(0.05)  # The notification is written down after its send was recorded.
    merchant.query(name)
    out = Path("session.json").resolve()
    done = tillgate(
        "record", "--out", str(out), "--for", "1s", "--all", "--data", str(gateway.data), "--json"
    )
    assert done.code == 0, done.err
    assert done.json["notifications"] >= 1
    return out, name


def test_every_message_that_is_kept_verifies_with_the_keys_in_the_file(
    session: tuple[Path, str],
) -> None:
    recording = read_recording(session[0].read_bytes())
    ours = [each for each in recording.signed_messages() if each.exchange.order == session[1]]

    assert len(ours) == 5  # An order; a notification and its answer; a query and its answer.
    for message in ours:
        verify_digest(cut(message.raw, message.kind), message.keys, message.digest)


def test_the_file_holds_no_secret_of_the_folder(
    gateway: Sandbox, session: tuple[Path, str]
) -> None:
    text = session[0].read_text()

    assert "PRIVATE KEY" not in text
    assert (gateway.data / "control.token").read_text() not in text
    for private in (gateway.data / "keys").glob("*.private.pem"):
        body = "".join(private.read_text().splitlines()[1:-1])
        assert body[100:160] not in text.replace("\\n", "")
    assert f"{gateway.origin}/cashier/" not in text


def test_it_does_not_overwrite(session: tuple[Path, str], tillgate: Tillgate) -> None:
    before = session[0].read_bytes()
    done = tillgate("record", "--out", str(session[0]), "--for", "1s")

    assert done.code == 2
    assert session[0].read_bytes() == before


@pytest.mark.parametrize("out", ["nowhere/session.json", "a-file/session.json", ".", "-"])
def test_a_file_that_cannot_be_written_is_told_before_the_session(
    gateway: Sandbox, tillgate: Tillgate, out: str
) -> None:
    Path("a-file").touch()
    at = ("--for", "1h", "--data", str(gateway.data))
    done = tillgate("record", "--out", out, *at)

    assert done.code == 2
    assert out in done.err
    assert "Recording" not in done.err


def test_nothing_is_left_beside_the_file(session: tuple[Path, str]) -> None:
    assert list(session[0].parent.iterdir()) == [session[0]]


def test_what_came_to_be_there_meanwhile_is_not_overwritten_and_the_session_is_kept(
    gateway: Sandbox, tillgate: Tillgate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(recording: Recording) -> bytes:
        Path("session.json").write_text("mine")
        return write_recording(recording)

    monkeypatch.setattr(record, "write_recording", meanwhile)
    at = ("--all", "--for", "1s", "--data", str(gateway.data))
    done = tillgate("record", "--out", "session.json", *at)

    assert (done.code, Path("session.json").read_text()) == (2, "mine")
    [kept] = Path().glob("session-*.json")
    assert kept.name in done.err
    read_recording(kept.read_bytes())


def test_a_recording_ends_before_it_is_larger_than_what_reads_it_takes(
    gateway: Sandbox, merchant: Merchant, *, tillgate: Tillgate, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        merchant.query(f"nobody's-{number}")
    most = 8 * 1024
    monkeypatch.setattr(record, "ROOM_BYTES", 4 * 1024)
    monkeypatch.setattr(record, "RECORDING_BYTES_MAX", most)
    at = ("--all", "--for", "1h", "--data", str(gateway.data))
    done = tillgate("record", "--out", "full.json", *at)

    assert (done.code, "as large as one may be" in done.err) == (0, True)
    assert len(Path("full.json").read_bytes()) <= most
    assert read_recording(Path("full.json").read_bytes()).exchanges


def _replayed(tillgate: Tillgate, session: tuple[Path, str], shop: Shop) -> Done:
    file, name = session
    return tillgate("replay", str(file), "--to", shop.url, "--order", name, "--json")


def test_a_server_that_answers_as_it_did_passes(
    gateway: Sandbox, merchant: Merchant, session: tuple[Path, str], tillgate: Tillgate
) -> None:
    with selling(acknowledging(merchant)) as shop:
        done = _replayed(tillgate, session, shop)

    assert done.code == 0, done.out
    assert done.json["same"] is True
    [line] = done.json["notifications"]
    assert (line["verdict"], line["status"]) == ("ACKNOWLEDGED", 200)
    recording = read_recording(session[0].read_bytes())
    recorded = [each for each in recording.exchanges if each.order == session[1] and each.to]
    assert recorded[0].request is not None
    assert shop.heard == [recorded[0].request.raw]


def test_a_server_that_answers_otherwise_fails_and_it_is_said_how(
    gateway: Sandbox, merchant: Merchant, session: tuple[Path, str], tillgate: Tillgate
) -> None:
    right = acknowledging(merchant)

    def unsigned(raw: bytes) -> Answer:
        return Answer(
            200, json.dumps({"response": json.loads(right(raw).body)["response"]}).encode()
        )

    for answer, says in (
        (lambda _: Answer(500, b""), "status 500, recorded status 200"),
        (unsigned, "ACKNOWLEDGED_UNSIGNED, recorded ACKNOWLEDGED"),
        (lambda raw: Answer(200, right(raw).body.replace(b"SUCCESS", b"OK")), "WRONG_SIGNATURE"),
    ):
        with selling(answer) as shop:
            done = _replayed(tillgate, session, shop)
        assert done.code == 1
        assert says in done.json["notifications"][0]["differs"]


def test_no_answer_is_told_in_words() -> None:
    answered = SendResult(
        status=200, body=b"{}", elapsed_ms=1, connected_address=None, failure=None, sentence=""
    )
    lost = Exchange(seq=1, at="", kind=ExchangeKind.NOTIFICATION, order="A-1")

    assert "status 200, recorded no answer" in _differences(lost, answered, "")


def test_what_cannot_be_replayed_has_its_own_exit_code(
    session: tuple[Path, str], tillgate: Tillgate, tmp_path: Path
) -> None:
    with selling(lambda _: Answer(200, b"")) as shop:
        pass
    other = tmp_path / "other.json"
    other.write_text("{}")

    assert _replayed(tillgate, session, shop).code == 3
    assert tillgate("replay", str(other), "--to", shop.url).code == 2
    assert tillgate("replay", str(tmp_path / "none"), "--to", shop.url).code == 2
    assert tillgate("replay", str(session[0]), "--to", "notify").code == 2
    unknown = tillgate("replay", str(session[0]), "--to", shop.url, "--order", "nobody's")
    assert (unknown.code, "no such notification" in unknown.err) == (2, True)


def test_the_file_opens_in_the_doctor_without_a_key(
    gateway: Sandbox, session: tuple[Path, str], tillgate: Tillgate
) -> None:
    recording = read_recording(session[0].read_bytes())
    ours = [each for each in recording.exchanges if each.order == session[1]]
    right = msgspec.structs.replace(recording, exchanges=tuple(ours))
    assert ours[0].request is not None
    assert ours[0].request.text is not None
    spoilt = msgspec.structs.replace(
        ours[0].request, text=ours[0].request.text.replace("Women", "Men")
    )
    wrong = msgspec.structs.replace(
        right, exchanges=(msgspec.structs.replace(ours[0], request=spoilt), *ours[1:])
    )
    session[0].write_bytes(write_recording(right))
    fine = tillgate("doctor", str(session[0]), "--json")
    session[0].write_bytes(write_recording(wrong))
    changed = tillgate("doctor", str(session[0]), "--json")

    assert len(fine.json["messages"]) == 5
    assert all(each["isSignatureFine"] for each in fine.json["messages"])
    assert changed.code == 1
    assert [each["isSignatureFine"] for each in changed.json["messages"]].count(False) == 1
    assert "Men " not in changed.out
