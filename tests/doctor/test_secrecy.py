"""No private key and no value of a message ever leaves the doctor, whatever it was given as."""

import base64
import json
import random
from urllib.parse import quote, quote_plus

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tests.doctor.program import Program, an_order, key, public_pem
from tillgate import doctor
from tillgate.doctor.masking import MASK, excerpts
from tillgate.protocol.keys import KeyRefused, PublicKey

PRIVATE = key("leaked")
PKCS8 = PRIVATE.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
PKCS1 = PRIVATE.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.NoEncryption(),
)
LOCKED = PRIVATE.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.BestAvailableEncryption(b"secret"),
)
DER = base64.b64decode(b"".join(PKCS8.splitlines()[1:-1]))
SHAPES = {
    "PKCS#8": PKCS8,
    "PKCS#1": PKCS1,
    "with a passphrase": LOCKED,
    "one bare line": base64.b64encode(DER),
    "a line of JSON": json.dumps({"key": PKCS8.decode()}).encode(),
    "a line of .env": b'KEY="' + PKCS8.replace(b"\n", b"\\n") + b'"',
    "base64 of PEM": base64.b64encode(PKCS8),
    "hex": DER.hex().encode(),
    "DER": DER,
    "wrapped lines alone": b"\n".join(PKCS8.splitlines()[1:-1]),
    "cut off": PKCS8[:900],
    "percent-encoded": quote(PKCS8.decode(), safe="").encode(),
    "percent-encoded as a form": quote_plus(PKCS8.decode()).encode(),
    "percent-encoded in part": quote(PKCS8.decode(), safe="/-").encode(),
    "percent-encoded without its lines of dashes": quote(
        b"\n".join(PKCS8.splitlines()[1:-1]).decode()
    ).encode(),
    "a passphrase's, one bare line": b"".join(LOCKED.splitlines()[1:-1]),
    "DER and a line end": DER + b"\n",
    "PHP's JSON": b'{"key":"' + base64.b64encode(DER).replace(b"/", b"\\/") + b'"}',
    "joined by Java": b'"' + b'" +\n    "'.join(PKCS8.splitlines()[1:-1]) + b'";',
    "joined by PHP": b"'" + b"' .\n    '".join(PKCS8.splitlines()[1:-1]) + b"';",
    "quoted in a letter": b"> " + b"\n> ".join(PKCS8.splitlines()[1:-1]),
    "after a public key": b"".join(public_pem("leaked").splitlines()[1:-1])
    + b"\n"
    + base64.b64encode(DER),
    "UTF-16, as PowerShell writes it": PKCS8.decode().encode("utf-16"),
}
KEYS = [doctor.load_key(public_pem("merchant"))]
NUMBERS = PRIVATE.private_numbers()


OTHER_KINDS: dict[str, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey] = {
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
@pytest.mark.parametrize("before", [b"", b"key: ", b"POST / HTTP/1.1\r\nHost: a\r\n\r\nkey="])
def test_a_private_key_of_another_kind_is_told_without_its_dashes(kind: str, before: bytes) -> None:
    der = OTHER_KINDS[kind].private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for written in (base64.b64encode(der), *(() if before else (der,))):
        report = doctor.examine(before + written, KEYS)
        assert report.findings[0].code == "PRIVATE_KEY"


@pytest.mark.parametrize("depth", [0, 1])
def test_a_jwk_is_told_also_inside_a_string_and_on_a_curve(depth: int) -> None:
    written = json.dumps({"kty": "EC", "crv": "P-256", "x": "a" * 43, "d": "Zk3_" * 10 + "b-9"})
    raw = json.dumps({"key": written}) if depth else written
    assert doctor.examine(raw.encode(), KEYS).findings[0].code == "PRIVATE_KEY"


def in_base64(number: int) -> bytes:
    return base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def jwk(**names: int) -> bytes:
    written = {
        name: in_base64(number).decode().rstrip("=").replace("+", "-").replace("/", "_")
        for name, number in names.items()
    }
    return json.dumps({"kty": "RSA", **written}).encode()


XML = b"<RSAKeyValue><Modulus>%b</Modulus><Exponent>AQAB</Exponent>%b</RSAKeyValue>"
PUBLIC = NUMBERS.public_numbers
OTHER_SHAPES = {
    "hex": DER.hex().encode(),
    "hex in capitals": b" " + DER.hex().upper().encode() + b"\n",
    "JWK": jwk(n=PUBLIC.n, e=PUBLIC.e, d=NUMBERS.d),
    ".NET XML": XML % (in_base64(PUBLIC.n), b"<D>%b</D>" % in_base64(NUMBERS.d)),
}


def shown(report: doctor.Report) -> str:
    """Return all that a report is ever shown as."""
    return repr(report) + doctor.page(report, version="1")


def runs_of(secret: bytes) -> set[str]:
    """Return pieces of a secret, long enough that none stands anywhere by chance."""
    text = secret.decode("latin-1").replace("\n", "")
    return {text[at : at + 20] for at in range(40, len(text) - 60, 17)}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_private_key_in_the_input_is_recognised_and_never_shown(shape: str) -> None:
    secret = SHAPES[shape]
    message = Program().run(an_order(random.Random(1)))[0]
    for raw in (secret, message + b"\n" + secret, secret + b"\n" + message):
        if shape.startswith("DER") and raw is not secret:
            continue  # Bytes among text are nobody's paste.
        report = doctor.examine(raw, [doctor.load_key(public_pem("merchant"))])

        assert report.findings[0].code == "PRIVATE_KEY"
        assert report.findings[0].certain
        assert not [run for run in runs_of(secret) if run in shown(report)]


@pytest.mark.parametrize("shape", ["PKCS#8", "PKCS#1", "one bare line", "DER"])
def test_a_private_key_given_as_the_key_is_told_and_its_public_half_used(shape: str) -> None:
    given = doctor.load_key(SHAPES[shape])
    report = doctor.examine(b"{}", [given])

    assert given.was_private
    assert report.findings[0].code == "PRIVATE_KEY"
    assert not [run for run in runs_of(SHAPES[shape]) if run in shown(report)]


@pytest.mark.parametrize("shape", OTHER_SHAPES)
def test_a_private_key_of_another_library_is_told_and_its_public_half_used(shape: str) -> None:
    given = doctor.load_key(OTHER_SHAPES[shape])
    report = doctor.examine(b"{}", [given])

    assert given == doctor.GivenKey(PublicKey(PRIVATE.public_key()), was_private=True)
    assert report.findings[0].code == "PRIVATE_KEY"
    assert not [run for run in runs_of(OTHER_SHAPES[shape]) if run in shown(report)]


@pytest.mark.parametrize("shape", ["percent-encoded", "cut off", "base64 of PEM"])
def test_a_private_key_that_cannot_be_loaded_is_refused_by_its_name(shape: str) -> None:
    with pytest.raises(KeyRefused, match="private key stands in it") as refused:
        doctor.load_key(SHAPES[shape])

    assert not [run for run in runs_of(SHAPES[shape]) if run in str(refused.value)]


@pytest.mark.parametrize(
    "public", [jwk(n=PUBLIC.n, e=PUBLIC.e), XML % (in_base64(PUBLIC.n), b"")], ids=["JWK", "XML"]
)
def test_a_public_key_of_another_library_is_not_called_private(public: bytes) -> None:
    with pytest.raises(KeyRefused, match="cannot be read as a public RSA key"):
        doctor.load_key(public)


def test_a_private_key_with_a_passphrase_is_refused_as_a_key() -> None:
    with pytest.raises(KeyRefused, match="passphrase"):
        doctor.load_key(LOCKED)


def test_a_public_key_or_a_certificate_is_no_private_key() -> None:
    report = doctor.examine(public_pem("merchant"), [doctor.load_key(public_pem("merchant"))])

    assert [finding.code for finding in report.findings] == ["NOT_AN_ENVELOPE"]


@pytest.mark.parametrize("seed", range(6))
def test_a_report_shows_no_value_of_the_message(seed: int) -> None:
    order = an_order(random.Random(seed))
    secrets = {
        "merchantTransId": "ZQXJ-TRANS-77",
        "merchantId": "9999888877776666",
        "settleContractId": "ZQXJ-CONTRACT",
        "notifyUrl": "http://zqxj-host.internal/secret-path",
        "extendInfo": '{"zqxjkey":"zqxjvalue"}',
        "zqxjUnknownMember": "zqxjUnknownValue",
        "extra": {"zqxjInner": 12.5},
    }
    order["body"].update(secrets)
    order["body"]["order"]["orderTitle"] = "ZQXJ title 紅"
    order["body"]["order"]["orderAmount"]["value"] = "77.31"
    order["head"]["clientId"] = "ZQXJCLIENT"
    order["head"]["accessToken"] = "ZQXJTOKEN"
    order["head"]["function"] = ("alipay.intl.acquiring.cashier.wap.pay", "zqxj.function")[seed % 2]
    program = Program()
    texts = (json.dumps, lambda v: json.dumps(v, indent=2), lambda v: "zqxj")
    program.signed_text = texts[seed % 3]
    raw, _ = program.run(order)

    said = shown(doctor.examine(raw, [doctor.load_key(public_pem("merchant"))])).lower()

    for word in ("zqxj", "9999888877776666", "77.31", "secret-path"):
        assert word not in said, word


def test_an_excerpt_has_eight_bytes_on_either_side_and_no_letters() -> None:
    program = Program(signed_text=lambda value: json.dumps(value, indent=4))
    raw, _ = program.run(an_order(random.Random(2)))

    finding = doctor.examine(raw, [doctor.load_key(public_pem("merchant"))]).findings[0]

    for excerpt in (finding.sent, finding.signed):
        before, mark, after = excerpt.partition("▸")
        assert mark
        assert len(before) <= 8
        assert len(after) <= 8
        assert not any(letter.isalnum() for letter in excerpt.replace("\\u", "").replace("\\n", ""))


def test_values_are_shown_where_they_were_asked_for() -> None:
    program = Program(signed_text=lambda value: json.dumps(value, indent=4))
    raw, _ = program.run(an_order(random.Random(2)))
    keys = [doctor.load_key(public_pem("merchant"))]

    finding = doctor.examine(raw, keys, show_values=True).findings[0]

    assert "version" in finding.sent


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("word", ["café", "紅色連身裙", "👗👗👗"])
def test_an_excerpt_is_cut_where_characters_begin(word: str, is_open: bool) -> None:  # noqa: FBT001  A parameter of pytest.
    for blanks in range(60):
        sent = (word * 9 + "é" * blanks + word[:1] + word * 9).encode()
        signed = (word * 9 + "é" * blanks + "è" + word * 9).encode()
        for excerpt in excerpts(sent, signed, is_open=is_open):
            assert "\ufffd" not in excerpt
            assert is_open or len(excerpt.encode()) <= 16 * len(MASK.encode()) + 3


def test_an_excerpt_shows_what_is_not_seen_with_characters_that_every_font_has() -> None:
    shown = "".join(excerpts(b"a\r\n\t\0 b", b"a\r\n\t\0 c", is_open=True))

    assert all(mark in shown for mark in ("(CR)", "¶", "(tab)", "(NUL)"))
    assert not [each for each in shown if "\u2400" <= each <= "\u2422"], "few fonts have these"


def test_bytes_of_another_character_set_have_an_excerpt_as_well() -> None:
    before, after = excerpts("紅色".encode("gbk") * 9, "紅茶".encode("gbk") * 9, is_open=True)

    assert before != after
