"""Targets of the wire: envelopes, messages, order strings, keys, signatures, addresses, redirects.

Each leans on what the parser promises: the type of its errors, and that what it wrote itself it
reads again. What must hold: an input is judged by its bytes alone.
"""

import base64
import contextlib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from tillgate import doctor
from tillgate.kernel.addresses import PRODUCTION, SANDBOX, AddressRefused, read_destination
from tillgate.kernel.clock import parse_rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import Money
from tillgate.protocol import order_string, urls
from tillgate.protocol.auth_redirect import build_auth_redirect, read_auth_redirect
from tillgate.protocol.envelope import Kind, NotAnEnvelope, cut
from tillgate.protocol.function import Direction
from tillgate.protocol.functions import ALL_FUNCTIONS, open_request, open_response
from tillgate.protocol.keys import KeyRefused, PublicKey, load_private_key, load_public_key
from tillgate.protocol.profile import Digest
from tillgate.protocol.redirect import ReturnParameters, read_return_url
from tillgate.protocol.samples import sample_of, sample_request, sample_response
from tillgate.protocol.signature import accept_unsigned, decode, verify_bytes, verify_digest
from tools.fuzz.target import Target

ROOT: Final = Path(__file__).parents[2]
VECTORS: Final = ROOT / "tests" / "protocol" / "vectors"


@cache
def vectors() -> Sequence[dict[str, Any]]:
    """Return the shared vectors of signatures."""
    cases: Sequence[dict[str, Any]] = json.loads((VECTORS / "vectors.json").read_bytes())["cases"]
    return cases


@cache
def public_key() -> PublicKey:
    """Return the key that signed the vectors."""
    return load_public_key((VECTORS / "merchant_a.pub.pem").read_bytes())


def messages() -> Iterable[bytes]:
    """Return signed messages, and an unsigned sample of every function each way."""
    yield from (base64.b64decode(case["message_base64"]) for case in vectors())
    for function in ALL_FUNCTIONS:
        yield _bytes({"request": sample_request(function)})
        if function.response is not None:
            yield _bytes({"response": sample_response(function)})


def _bytes(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def text_of(data: bytes) -> str:
    """Return bytes as a text that may hold anything a text can, lone surrogates included."""
    return data.decode("utf-8", "surrogateescape")


def envelope(data: bytes) -> None:
    """Cut, verify, and look at what the doctor would say."""
    for kind in Kind:
        with contextlib.suppress(NotAnEnvelope):
            taken = cut(data, kind)
            assert taken.signed in data
            with contextlib.suppress(Refused):
                verify_digest(taken, [public_key()], Digest.RSA2)
    doctor.diagnose(data, public_key(), Digest.RSA2)
    doctor.warnings(data)


def message(data: bytes) -> None:
    """Read an unsigned message as what its function says, and as every response."""
    with contextlib.suppress(Refused):
        open_request(accept_unsigned(cut(data, Kind.REQUEST)))
    try:
        answer = accept_unsigned(cut(data, Kind.RESPONSE))
    except Refused:
        return
    for function in ALL_FUNCTIONS:
        if function.response is not None and function.direction is Direction.TO_GATEWAY:
            with contextlib.suppress(Refused):
                open_response(answer, function.response, function)


def order_text(data: bytes) -> None:
    """Read an order string, escape it for a literal and back, and take a literal apart."""
    text = text_of(data)
    with contextlib.suppress(NotAnEnvelope):
        order_string.read(text)
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert order_string.unescape_js(order_string.escape_js(text)) == text
    with contextlib.suppress(ValueError):
        order_string.unescape_js(text)


def key(data: bytes) -> None:
    """Read a key in every shape."""
    for content in (data, text_of(data)):
        with contextlib.suppress(KeyRefused):
            load_public_key(content)
        with contextlib.suppress(KeyRefused):
            load_private_key(content)


def keys() -> Iterable[bytes]:
    """Return public keys as PEM, DER and bare lines, and a private key that is none quite."""
    for path in sorted(VECTORS.glob("*.pub.*")):
        yield path.read_bytes()
    yield base64.b64decode(public_key().bare())
    label = b"PRIVATE KEY-----"
    yield b"-----BEGIN %b\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END %b" % (label, label)
    yield b"-----BEGIN CERTIFICATE-----\nMIIC\nProc-Type: 4,ENCRYPTED\n-----END CERTIFICATE-----"


def signature(data: bytes) -> None:
    """Decode the text of a signature, and hold it against a key."""
    text = text_of(data)
    for length in (256, 384, 512):
        raw = decode(text, length=length)
        assert raw is None or len(raw) == length
    for digest in Digest:
        with contextlib.suppress(Refused):
            verify_bytes(data, text, [public_key()], digest)


def signatures() -> Iterable[bytes]:
    """Return signatures in one, two and URL-encoded base64."""
    once = base64.b64encode(bytes(range(256)))
    yield from (once, base64.b64encode(once), once.replace(b"+", b"%2B").replace(b"/", b"%2F"))


def redirect(data: bytes) -> None:
    """Read what a browser brings back, from a payment and from an agreement."""
    text = text_of(data)
    with contextlib.suppress(Refused):
        read_return_url(text, [public_key()])
    with contextlib.suppress(Refused):
        said = read_auth_redirect(text, state="state")
        with contextlib.suppress(ValueError):
            build_auth_redirect("https://shop.example/back?a=1", said)


def redirects() -> Iterable[bytes]:
    """Return addresses that a gateway writes."""
    query = "&".join(
        f"{name}={_written(value)}" for name, value in sample_of(ReturnParameters).items()
    )
    yield f"https://shop.example/back?{query}&signature=AAAA".encode()
    yield b"authCode=2810111301lGZcM9CjlF91&state=state&authState=1&merchantAgreementId=a-1"
    yield b"/back?state=state&authResult=FAIL&merchantAgreementId=a-1"


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def address(data: bytes) -> None:
    """Read an address as a page's, as a message's target, and as what to return to."""
    text = text_of(data)
    for policy in (PRODUCTION, SANDBOX):
        with contextlib.suppress(AddressRefused):
            read_destination(text, policy)
    with contextlib.suppress(ValueError):
        again = urls.normalise(text)
        assert urls.normalise(again) == again
    for check in (urls.check_return_url, urls.check_redirect_url, urls.host_of, urls.origin_of):
        with contextlib.suppress(ValueError):
            check(text)


def addresses() -> Iterable[bytes]:
    """Return addresses that mean, or seem to mean, something else."""
    yield from (
        b"https://shop.example:8443/back?a=1#f",
        b"http://127.0.0.1:8080/notify",
        b"http://[::ffff:127.0.0.1]/",
        b"http://user:pw@0x7f.1/..;/",
        b"https://xn--bcher-kva.example/%2e%2e/",
        b"//evil.example\\@good.example/",
        b"javascript:alert(1)",
    )


def value(data: bytes) -> None:
    """Read an amount and an instant."""
    text = text_of(data)
    with contextlib.suppress(ValueError):
        money = Money.parse(text)
        assert Money.parse(str(money)) == money
    with contextlib.suppress(ValueError):
        parse_rfc3339(text)


def values() -> Iterable[bytes]:
    """Return amounts and instants."""
    yield from (b"10.00 HKD", b"1000 JPY", b"0.001 KWD", b"999999999999.99 USD")
    yield from (b"2018-12-04T22:00:53-08:00", b"2018-12-04t22:00:53.123456789z")


TARGETS: Final = (
    Target("envelope", envelope, messages),
    Target("message", message, messages),
    Target("order_string", order_text, messages),
    Target("key", key, keys),
    Target("signature", signature, signatures),
    Target("redirect", redirect, redirects),
    Target("address", address, addresses),
    Target("value", value, values),
)
