"""The SDK over real sockets: whatever a network or a server does, the outcome is right or unknown.

Each row is a server that misbehaves in its own way, and the cause that a merchant is told.
"""

import gzip
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.outgoing.certificates import Authority
from tests.e2e.sdk.refunding import right, well
from tests.support.calls import REFUND
from tests.support.ports import HeldPort
from tests.support.small_gateway import (
    ENDLESS,
    NOT_TAKEN,
    ONCE,
    PATIENT,
    SILENT,
    Async,
    Colour,
    answer,
    settings,
)
from tests.support.sockets import Behaviour, Visit, serving
from tillgate import AsyncMerchant, Cause, Connection, Merchant, Refunded, Refusal, Unknown
from tillgate.kernel.results import Result

OK = "HTTP/1.1 200 OK\r\n"


def in_pieces(visit: Visit) -> None:
    body = right(visit)
    visit.send(f"{OK}transfer-encoding: chunked\r\n\r\n".encode())
    for start in range(0, len(body), 100):
        piece = body[start : start + 100]
        visit.send(b"%x\r\n%b\r\n" % (len(piece), piece))
    visit.send(b"0\r\n\r\n")


def refused(visit: Visit) -> None:
    visit.answer(answer(visit.request, Result.AMOUNT_EXCEEDS_LIMIT))


def with_status(status: str, *more: str) -> Behaviour:
    return lambda visit: visit.answer(right(visit), status, *more)


def saying(raw: bytes) -> Behaviour:
    def behave(visit: Visit) -> None:
        visit.send(raw)
        visit.wire.close()

    return behave


def cut_short(visit: Visit) -> None:
    body = right(visit)
    visit.send(f"{OK}content-length: {len(body)}\r\n\r\n".encode() + body[:-10])
    visit.wire.close()


def huge(visit: Visit) -> None:
    visit.answer(b" " * 70_000 + right(visit))


def endless(visit: Visit) -> None:
    visit.send(f"{OK}transfer-encoding: chunked\r\n\r\n".encode())
    while not visit.ended.is_set():
        visit.send(b"400\r\n" + b" " * 1024 + b"\r\n")


def packed(visit: Visit) -> None:
    visit.answer(gzip.compress(b" " * 10_000_000), "200 OK", "content-encoding: gzip")


def silent(visit: Visit) -> None:
    visit.ended.wait()


def silent_in_the_middle(visit: Visit) -> None:
    visit.send(f"{OK}content-length: 1000\r\n\r\n".encode() + b"{")
    visit.ended.wait()


def dripping(visit: Visit) -> None:
    visit.send(f"{OK}content-length: 1000000\r\n\r\n".encode())
    while not visit.ended.wait(0.1):
        visit.send(b" ")


def dripping_its_head(visit: Visit) -> None:
    visit.send(OK.encode())
    while not visit.ended.wait(0.1):
        visit.send(b"x: y\r\n")


def made(colour: Colour, url: str, **changes: Any) -> Any:
    given = {"connection": PATIENT, "repeating": ONCE, **changes}
    name, args, named = REFUND
    return colour.over_http(url, **given).call(name, *args, **named)


@pytest.mark.parametrize("behaviour", [well, in_pieces])
def test_a_right_answer_arrives(colour: Colour, behaviour: Behaviour) -> None:
    with serving(behaviour) as server:
        outcome = made(colour, server.url)

    assert isinstance(outcome, Refunded)
    first = server.visits[0].raw
    assert first.startswith(b"POST /api/alipay/intl/acquiring/common/refund.htm HTTP/1.1\r\n")
    assert b"application/json;charset=utf-8" in first.lower()


def test_a_signed_no_arrives(colour: Colour) -> None:
    with serving(refused) as server:
        assert isinstance(made(colour, server.url), Refusal)


def test_a_gateway_behind_a_path_is_found(colour: Colour) -> None:
    with serving(well) as server:
        assert isinstance(made(colour, f"{server.url}/pay/"), Refunded)

    assert server.visits[0].raw.startswith(b"POST /pay/api/alipay/")


WRONG: dict[str, tuple[Behaviour, Cause]] = {
    "redirect": (with_status("302 Found", "location: /elsewhere"), Cause.HTTP_STATUS),
    "kept redirect": (with_status("307 Moved", "location: /elsewhere"), Cause.HTTP_STATUS),
    "not found": (with_status("404 Not Found"), Cause.HTTP_STATUS),
    "error": (with_status("500 Broken"), Cause.HTTP_STATUS),
    "busy": (with_status("503 Busy"), Cause.HTTP_BUSY),
    "gateway time-out": (with_status("504 Late"), Cause.HTTP_BUSY),
    "a page": (lambda visit: visit.answer(b"<html></html>"), Cause.NOT_AN_ENVELOPE),
    "nothing": (lambda visit: visit.answer(b""), Cause.NOT_AN_ENVELOPE),
    "packed": (packed, Cause.NOT_AN_ENVELOPE),
    "huge": (huge, Cause.TOO_LARGE),
    "endless": (endless, Cause.TOO_LARGE),
    "no http": (saying(b"SSH-2.0-OpenSSH_9.9\r\n"), Cause.TORN),
    "hung up": (saying(b""), Cause.TORN),
    "half a head": (saying(OK.encode()), Cause.TORN),
    "endless head": (saying(OK.encode() + b"x: y\r\n" * 50_000), Cause.TORN),
    "cut short": (cut_short, Cause.TORN),
    "silent": (silent, Cause.TIMED_OUT),
    "silent in the middle": (silent_in_the_middle, Cause.TIMED_OUT),
    "dripping": (dripping, Cause.TIMED_OUT),
}
IMPATIENT = {"silent": SILENT, "silent in the middle": SILENT, "dripping": ENDLESS}


@pytest.mark.parametrize("case", WRONG)
def test_whatever_else_comes_back_is_unknown(colour: Colour, case: str) -> None:
    behaviour, cause = WRONG[case]

    with serving(behaviour) as server:
        outcome = made(colour, server.url, connection=IMPATIENT.get(case, PATIENT))
        server.await_visit()

    assert isinstance(outcome, Unknown)
    assert (outcome.cause, outcome.may_be_done) == (cause, True)
    assert len(server.visits) == 1, "nothing is followed, and a torn exchange not repeated here"


def test_on_a_loop_a_head_that_drips_is_given_up_too() -> None:
    driver = Async()
    with serving(dripping_its_head) as server:
        outcome = made(driver, server.url, connection=ENDLESS)
        driver.close()

    assert isinstance(outcome, Unknown)
    assert outcome.cause is Cause.TIMED_OUT


@pytest.fixture
def closed_port() -> Iterator[int]:
    held = HeldPort()
    yield held.number
    held.let_go()


def test_where_nobody_listens_certainly_nothing_was_done(colour: Colour, closed_port: int) -> None:
    outcome = made(colour, f"http://127.0.0.1:{closed_port}")

    assert isinstance(outcome, Unknown)
    assert (outcome.cause, outcome.may_be_done) == (Cause.UNREACHABLE, False)


def test_a_connection_that_is_never_taken_is_given_up(colour: Colour) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)  # noqa: FBT003  The standard library's own signature.
            each.connect_ex(("127.0.0.1", port))
        outcome = made(colour, f"http://127.0.0.1:{port}", connection=NOT_TAKEN)
        for each in waiting:
            each.close()

    assert isinstance(outcome, Unknown)
    assert outcome.cause is Cause.UNREACHABLE


def test_connections_are_used_again(colour: Colour) -> None:
    with serving(well) as server:
        for _ in range(3):
            assert isinstance(made_again(colour, server.url), Refunded)

    assert (len(server.visits), server.connections) == (3, 1)


def made_again(colour: Colour, url: str) -> Any:
    """Call with the merchant that is there, or make one."""
    if colour.merchant is None:
        return made(colour, url)
    name, args, named = REFUND
    return colour.call(name, *args, **named)


def test_a_connection_that_was_closed_meanwhile_costs_a_repeat_and_no_more(
    colour: Colour,
) -> None:
    visits = 0

    def closing_every_second_time(visit: Visit) -> None:
        nonlocal visits
        visits += 1
        if visits == 2:
            visit.wire.close()
        else:
            well(visit)

    with serving(closing_every_second_time) as server:
        name, args, named = REFUND
        colour.over_http(server.url, connection=PATIENT)
        outcomes = [colour.call(name, *args, **named) for _ in range(2)]

    assert [type(outcome) for outcome in outcomes] == [Refunded, Refunded]
    numbers = {visit.request["head"]["reqMsgId"] for visit in server.visits}
    assert (len(server.visits), len(numbers)) == (3, 3)


def test_the_environments_proxies_are_not_asked(
    colour: Colour, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")

    with serving(well) as server:
        assert isinstance(made(colour, server.url), Refunded)


def test_a_proxy_that_is_named_is_asked(colour: Colour) -> None:
    with serving(well) as proxy:
        through = Connection(connect_s=60, read_s=60, total_s=60, proxy=proxy.url, plain_http=True)
        outcome = made(colour, "http://pay.invalid", connection=through)

    assert isinstance(outcome, Refunded)
    assert proxy.visits[0].raw.startswith(b"POST http://pay.invalid/api/")


def _pem_of(authority: Authority, folder: Path) -> Path:
    (der,) = authority.trusting().get_ca_certs(binary_form=True)
    path = folder / "authority.pem"
    path.write_text(ssl.DER_cert_to_PEM_cert(der))
    return path


def test_a_certificate_that_nobody_vouches_for_is_not_talked_to(
    colour: Colour, tmp_path: Path
) -> None:
    with serving(well, Authority().serving("localhost", tmp_path)) as server:
        outcome = made(colour, server.url.replace("127.0.0.1", "localhost"))

    assert isinstance(outcome, Unknown)
    assert outcome.cause is Cause.UNREACHABLE
    assert not server.visits, "no byte of the request was sent"


def test_a_certificate_of_the_authority_that_is_named_is_good(
    colour: Colour, tmp_path: Path
) -> None:
    authority = Authority()
    trusting = Connection(connect_s=60, read_s=60, total_s=60, ca_file=_pem_of(authority, tmp_path))

    with serving(well, authority.serving("localhost", tmp_path)) as server:
        named = server.url.replace("127.0.0.1", "localhost")
        outcome = made(colour, named, connection=trusting)

    assert isinstance(outcome, Refunded)


def test_a_certificate_for_another_name_is_not_good(colour: Colour, tmp_path: Path) -> None:
    authority = Authority()
    trusting = Connection(connect_s=60, read_s=60, total_s=60, ca_file=_pem_of(authority, tmp_path))

    with serving(well, authority.serving("localhost", tmp_path)) as server:
        outcome = made(colour, server.url, connection=trusting)

    assert isinstance(outcome, Unknown)
    assert not server.visits


NEAR = ("http://localhost:8080", "http://pay.localhost", "http://127.1.2.3:8080", "http://[::1]")
FAR = (
    "http://pay.example.com",
    "HTTP://192.168.1.7:8080",
    "http://[2001:db8::1]",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://0.0.0.0:8080",
)


@pytest.mark.parametrize("url", FAR)
def test_tokens_leave_this_machine_by_https_alone(url: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        Merchant(**settings(base_url=url))


@pytest.mark.parametrize("url", [*FAR, *NEAR])
def test_plain_http_is_a_decision_of_ones_own_and_free_on_this_machine(url: str) -> None:
    plain = Connection(plain_http=url in FAR)
    with Merchant(**settings(base_url=url, connection=plain)) as merchant:
        assert merchant.base_url == url


@pytest.mark.parametrize("kind", [Merchant, AsyncMerchant])
@pytest.mark.parametrize(
    "url",
    [
        "",
        "pay.example.com",
        "ftp://pay.example.com",
        "https://",
        "https://user:secret@pay.example.com",
        "https://pay.example.com/?a=b",
        "https://pay.example.com/#top",
    ],
)
def test_what_is_no_address_of_a_gateway_is_refused(kind: Any, url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        kind(**settings(base_url=url))


@pytest.mark.parametrize(
    "wrong",
    [{"connect_s": 0}, {"read_s": -1}, {"total_s": 0}, {"answer_bytes_max": 0}],
)
def test_a_limit_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"time-out|limit"):
        Connection(**wrong)
