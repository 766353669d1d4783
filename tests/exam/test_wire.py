"""One request at a time: how bytes go out, and what a strange peer can do to whoever asks.

What must hold: an exchange ends at its deadline whatever the peer does, reads no more than its
limit, follows nothing and asks no proxy.
"""

import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.exam.certificates import Certified, certified
from tests.exam.peers import answering, http, peer
from tests.support.wire import gateway_key
from tillgate.exam import Door, ExamRefused, Limits, trusting
from tillgate.exam.wire import ANSWER_BYTES_MAX, Answer, End, Manner, Sending

QUICK = Limits(answer_ms=200, connect_ms=5_000, drip_ms=1)
"""For those that must come to their deadline; the others have all the time a busy machine needs."""
PATIENT = Limits(answer_ms=20_000, connect_ms=20_000, drip_ms=1)
BODY = Sending(body=b'{"request":{}}')


def test_a_request_is_posted_as_it_is_and_its_answer_read() -> None:
    with peer(answering(http(200, b"fine"))) as made:
        answer = Door(f"{made.url}?of=exam", PATIENT).send(BODY)

    assert (answer.end, answer.status, answer.body) == (End.ANSWERED, 200, b"fine")
    [heard] = made.heard
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /notify?of=exam HTTP/1.1\r\n")
    assert b"Content-Type: application/json;charset=utf-8" in head
    assert body == BODY.body


def test_a_get_carries_no_body() -> None:
    with peer(answering(http(405))) as made:
        answer = Door(made.url, PATIENT).send(Sending(method="GET"))

    assert answer.status == 405
    assert made.heard[0].startswith(b"GET ")
    assert b"Content-" not in made.heard[0]


def test_drips_come_to_the_whole_body() -> None:
    with peer(answering(http(200))) as made:
        Door(made.url, PATIENT).send(Sending(body=b"x" * 1001, manner=Manner.DRIPPING))

    assert made.heard[0].endswith(b"\r\n\r\n" + b"x" * 1001)


def test_what_is_cut_off_promises_more_than_it_sends() -> None:
    with peer(answering(http(400))) as made:
        answer = Door(made.url, PATIENT).send(Sending(body=b"x" * 100, manner=Manner.CUT_OFF))

    head, _, body = made.heard[0].partition(b"\r\n\r\n")
    assert b"Content-Length: 100" in head
    assert body == b"x" * 50
    assert answer.status == 400, "an answer to half a body is heard all the same"


def test_a_redirect_is_not_followed() -> None:
    with (
        peer(answering(http(200))) as other,
        peer(answering(http(307, b"", f"Location: {other.url}"))) as made,
    ):
        answer = Door(made.url, PATIENT).send(BODY)

    assert answer.status == 307
    assert not other.heard


def test_no_proxy_is_asked(nowhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, nowhere)
    with peer(answering(http(200))) as made:
        assert Door(made.url, PATIENT).send(BODY).end is End.ANSWERED


@pytest.mark.parametrize("part", ["head", "body"])
def test_an_answer_that_drips_ends_at_the_deadline(part: str) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" if part == "body" else b""

    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(whole)
        while True:  # Until nobody takes it any more.
            connection.sendall(b"x")
            time.sleep(0.02)

    with peer(drip) as made:
        answer = Door(made.url, QUICK).send(BODY)

    assert answer.end is End.TIMED_OUT


def test_silence_ends_at_the_deadline() -> None:
    def wait(connection: socket.socket, _: bytes) -> None:
        connection.recv(1)  # Until the other end is gone.

    with peer(wait) as made:
        answer = Door(made.url, QUICK).send(BODY)

    assert answer.end is End.TIMED_OUT
    assert answer.elapsed_ms >= QUICK.answer_ms


@pytest.mark.parametrize(
    ("raw", "end"),
    [
        (b"", End.HUNG_UP),
        (b"HTTP/1.1", End.HUNG_UP),
        (http(200, b"whole")[:-1], End.HUNG_UP),
        (b"SSH-2.0-OpenSSH\r\n", End.HUNG_UP),
        (http(200, b"x" * (ANSWER_BYTES_MAX + 1)), End.TOO_LARGE),
        (http(200, b"x" * ANSWER_BYTES_MAX), End.ANSWERED),
    ],
    ids=["nothing", "half a line", "a byte less", "no http", "too large", "just not too large"],
)
def test_other_endings(raw: bytes, end: End) -> None:
    with peer(answering(raw)) as made:
        answer = Door(made.url, PATIENT).send(BODY)

    assert answer.end is end
    assert len(answer.body) <= ANSWER_BYTES_MAX


def test_nobody_there_is_told_with_the_reason(nowhere: str) -> None:
    answer = Door(f"{nowhere}/", PATIENT).send(BODY)

    assert answer.end is End.NOT_REACHED
    assert "refused" in answer.ending.lower()


def test_a_certificate_that_nobody_vouches_for_is_not_trusted_and_nothing_is_sent(
    tmp_path: Path,
) -> None:
    own = certified(tmp_path / "own")
    with peer(answering(http(200)), own.tls) as made:
        answer = Door(made.url, PATIENT).send(BODY)

    assert answer.end is End.NOT_TRUSTED
    assert "self" in answer.ending
    assert "--ca FILE" in answer.ending
    assert not made.heard


def test_https_where_no_tls_is_spoken_is_told_apart_from_nobody() -> None:
    def answer_at_once() -> None:
        connection, _ = door.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(http(400))

    with socket.create_server(("127.0.0.1", 0)) as door:
        serving = threading.Thread(target=answer_at_once, daemon=True)
        serving.start()
        answer = Door(f"https://127.0.0.1:{door.getsockname()[1]}/", PATIENT).send(BODY)
        serving.join()

    assert answer.end is End.NO_TLS
    assert "http://" in answer.ending


def refused_by(server: Certified, trust: ssl.SSLContext) -> Answer:
    """Return how it ends at a server whose TLS may refuse; it hangs up after us."""

    def greet() -> None:
        connection, _ = door.accept()
        with connection.dup() as kept:
            with suppress(OSError), server.tls.wrap_socket(connection, server_side=True) as covered:
                covered.recv(65_536)
            while kept.recv(65_536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as door:
        serving = threading.Thread(target=greet, daemon=True)
        serving.start()
        url = f"https://127.0.0.1:{door.getsockname()[1]}/"
        answer = Door(url, PATIENT, trust=trust).send(BODY)
        serving.join()
    return answer


@pytest.mark.parametrize("latest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_that_wants_a_client_certificate_is_not_told_as_no_tls(
    latest: ssl.TLSVersion, tmp_path: Path
) -> None:
    """With TLS 1.3 it is only told once the connection stands."""
    own = certified(tmp_path / "own")
    own.tls.maximum_version = latest
    own.tls.verify_mode = ssl.CERT_REQUIRED
    own.tls.load_verify_locations(own.pem)

    answer = refused_by(own, trusting(own.pem.read_bytes()))

    assert answer.end is End.TLS_REFUSED
    assert "client certificate" in answer.ending
    assert "http://" not in answer.ending


def test_tls_that_knows_no_such_name_says_so_and_what_to_do(tmp_path: Path) -> None:
    own = certified(tmp_path / "own")
    own.tls.sni_callback = lambda *_: ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    answer = refused_by(own, trusting(own.pem.read_bytes()))

    assert answer.end is End.TLS_REFUSED
    assert "UNRECOGNIZED_NAME; name it by the host" in answer.ending


def test_tls_of_an_older_version_says_so_and_what_to_do(tmp_path: Path) -> None:
    own = certified(tmp_path / "own")
    own.tls.maximum_version = ssl.TLSVersion.TLSv1_2
    trust = trusting(own.pem.read_bytes())
    trust.minimum_version = ssl.TLSVersion.TLSv1_3

    answer = refused_by(own, trust)

    assert answer.end is End.TLS_REFUSED
    assert "TLS 1.2 or later" in answer.ending


def test_who_hangs_up_at_the_greeting_is_not_said_to_speak_no_tls() -> None:
    def hang_up() -> None:
        connection, _ = door.accept()
        with connection:
            connection.recv(65_536)

    with socket.create_server(("127.0.0.1", 0)) as door:
        serving = threading.Thread(target=hang_up, daemon=True)
        serving.start()
        answer = Door(f"https://127.0.0.1:{door.getsockname()[1]}/", PATIENT).send(BODY)
        serving.join()

    assert answer.end is End.TLS_REFUSED
    assert "hung up" in answer.ending


def test_a_handshake_that_never_comes_is_a_time_out_and_no_unknown_name() -> None:
    hurried = Limits(connect_ms=50)
    with socket.create_server(("127.0.0.1", 0)) as door:
        answer = Door(f"https://127.0.0.1:{door.getsockname()[1]}/", hurried).send(BODY)

    assert answer.end is End.NOT_REACHED
    assert "in time" in answer.ending


def test_a_certificate_that_was_named_is_trusted(tmp_path: Path) -> None:
    own = certified(tmp_path / "own")
    with peer(answering(http(200, b"fine")), own.tls) as made:
        answer = Door(made.url, PATIENT, trust=trusting(own.pem.read_bytes())).send(BODY)

    assert (answer.end, answer.body) == (End.ANSWERED, b"fine")


@pytest.mark.parametrize(
    ("host", "days_left", "why"),
    [("127.0.0.2", 1, "mismatch"), ("127.0.0.1", -1, "expired")],
    ids=["of another address", "that is over"],
)
def test_naming_a_certificate_forgives_nothing_else(
    host: str, days_left: int, why: str, tmp_path: Path
) -> None:
    own = certified(tmp_path / "own", host=host, days_left=days_left)
    with peer(answering(http(200)), own.tls) as made:
        answer = Door(made.url, PATIENT, trust=trusting(own.pem.read_bytes())).send(BODY)

    assert answer.end is End.NOT_TRUSTED
    assert why in answer.ending
    assert not made.heard


def test_another_certificate_is_not_trusted_for_it(tmp_path: Path) -> None:
    own, other = certified(tmp_path / "own"), certified(tmp_path / "other")
    with peer(answering(http(200)), own.tls) as made:
        answer = Door(made.url, PATIENT, trust=trusting(other.pem.read_bytes())).send(BODY)

    assert answer.end is End.NOT_TRUSTED
    assert not made.heard


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff\xfe", gateway_key().pem(), gateway_key().public.pem().encode()],
    ids=["nothing", "no text", "a private key", "a public key"],
)
def test_what_holds_no_certificate_is_refused(raw: bytes) -> None:
    with pytest.raises(ExamRefused, match="no certificate"):
        trusting(raw)


def test_a_name_nobody_could_have_is_not_reached() -> None:
    assert Door("http://a..b/", PATIENT).send(BODY).end is End.NOT_REACHED


@pytest.mark.parametrize(
    "url",
    [
        *("", "shop.example/notify", "ftp://shop.example/", "http:///notify", "file:///etc/passwd"),
        *(
            "http://me:secret@127.0.0.1/",
            "http://me:secret/word@127.0.0.1/",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1/a b",
        ),
        *("http://127.0.0.1/\r\nHost: other", "http://127.0.0.1/caf\u00e9", "http://[::1"),
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ExamRefused) as told:
        Door(url, PATIENT)
    assert "secret" not in str(told.value)
