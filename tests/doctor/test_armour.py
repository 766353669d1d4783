"""A private key in PEM is found in every spelling and gone, and the message beside it examined."""

import random

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tests.doctor.program import Program, an_order, key, public_pem
from tillgate import doctor
from tillgate.doctor.secrecy import without_private_keys

KEYS = [doctor.load_key(public_pem("merchant"))]
MESSAGE = Program().run(an_order(random.Random(1)))[0]
OPEN, SEALED = serialization.NoEncryption(), serialization.BestAvailableEncryption(b"secret")
PKCS1, PKCS8, OPENSSH = (
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.PrivateFormat.PKCS8,
    serialization.PrivateFormat.OpenSSH,
)
RSA = key("leaked")
CURVE = ec.generate_private_key(ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.generate()


def pem(
    private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
    shape: serialization.PrivateFormat,
    sealing: serialization.KeySerializationEncryption = OPEN,
) -> bytes:
    return private.private_bytes(serialization.Encoding.PEM, shape, sealing)


def rsa_pem(
    shape: serialization.PrivateFormat, sealing: serialization.KeySerializationEncryption = OPEN
) -> bytes:
    return RSA.private_bytes(serialization.Encoding.PEM, shape, sealing)


KINDS = {
    "PKCS#1": rsa_pem(PKCS1),
    "PKCS#1 under a passphrase": rsa_pem(PKCS1, SEALED),
    "PKCS#8": rsa_pem(PKCS8),
    "PKCS#8 under a passphrase": rsa_pem(PKCS8, SEALED),
    "EC": pem(CURVE, PKCS1),
    "EC in PKCS#8": pem(CURVE, PKCS8),
    "EC in PKCS#8 under a passphrase": pem(CURVE, PKCS8, SEALED),
    "Ed25519": pem(EDWARDS, PKCS8),
    "OpenSSH": rsa_pem(OPENSSH),
    "OpenSSH of a curve": pem(CURVE, OPENSSH),
    "OpenSSH of Ed25519": pem(EDWARDS, OPENSSH),
}


def split(written: bytes) -> tuple[bytes, list[bytes], list[bytes], bytes]:
    """Return the first line, the headers, the lines of base64, and the last line."""
    first, *lines, last = written.splitlines()
    headers = lines[: lines.index(b"") + 1] if b"" in lines else []
    return first, headers, lines[len(headers) :], last


def lined(written: bytes, size: int, between: bytes) -> bytes:
    """Return a key with lines of a size, and something between them."""
    first, headers, lines, last = split(written)
    text = b"".join(lines)
    cut = [text[at : at + size] for at in range(0, len(text), size)]
    return between.join((first, *headers, *cut, last))


SPELLINGS = {
    "as it is written": (64, b"\n"),
    "in short lines": (28, b"\n"),
    "in very short lines": (9, b"\r\n"),
    "in short lines with blanks": (28, b"  \n\t"),
    "on one line, with blanks": (28, b" "),
    "in one line of .env": (28, b"\\n"),
    "quoted in a letter": (28, b"\n> "),
    "joined by Java": (28, b'\\n" +\n    "'),
    "joined by PHP": (28, b"' .\n    '"),
    "in a list": (28, b'",\n  "'),
    "percent-encoded line ends": (28, b"%0D%0A"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_gone_and_the_message_beside_it_is_examined(kind: str, spelling: str) -> None:
    written = lined(KINDS[kind], *SPELLINGS[spelling])
    *_, lines, _ = split(KINDS[kind])
    text = b"".join(lines)
    for raw in (written + b"\n" + MESSAGE, MESSAGE + b"\n" + written, written):
        left = without_private_keys(raw)
        assert not [at for at in range(len(text) - 9) if text[at : at + 9] in left]
        report = doctor.examine(raw, KEYS)
        assert report.findings[0].code == "PRIVATE_KEY"
        messages = [facts.is_signature_fine for facts in report.messages if facts.kind]
        assert messages == [True] * (raw != written)


@pytest.mark.parametrize("size", [64, 28])
@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_is_cut_off_is_told(kind: str, size: int) -> None:
    written = lined(KINDS[kind], size, b"\n")
    cut = written[: len(written) - 60]
    *_, lines, _ = split(cut + b"\n-")
    for raw in (MESSAGE + b"\n" + cut, cut + b"\n" + public_pem("merchant") + MESSAGE):
        report = doctor.examine(raw, KEYS)
        assert report.findings[0].code == "PRIVATE_KEY"
        assert not [line for line in lines if len(line) > 9 and line in without_private_keys(raw)]
        assert [facts.is_signature_fine for facts in report.messages if facts.kind] == [True]


def test_a_key_of_putty_beside_one_in_pem_is_gone_as_well() -> None:
    putty = b"PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 14\n" + b"AAAAgQDk" * 8
    assert b"AAAAgQDk" not in without_private_keys(KINDS["EC"] + MESSAGE + putty)


@pytest.mark.parametrize("error", ['no "%s" in a.pem', "expected %s", 'starts with "%s"'])
def test_an_error_about_where_a_key_begins_hides_neither_key_nor_message(error: str) -> None:
    words = (error % "-----BEGIN RSA PRIVATE KEY-----").encode() + b"\n"
    assert without_private_keys(words + MESSAGE) == words + MESSAGE
    raw = words + MESSAGE + b"\n" + KINDS["PKCS#1"]
    assert without_private_keys(raw) == words + MESSAGE + b"\n(private key taken out)\n"


@pytest.mark.parametrize(
    "within", [b"***", b"Paste your own key here and save the file", b"...", b"<your key>"]
)
def test_what_stands_in_place_of_a_key_is_none(within: bytes) -> None:
    raw = b"-----BEGIN EC PRIVATE KEY-----\n%b\n-----END EC PRIVATE KEY-----\n" % within + MESSAGE
    assert without_private_keys(raw) == raw


BEGIN = b"-----BEGIN "
HOSTILE = {
    "words": b"A " * 500_000,
    "words after where one begins": BEGIN + b"A " * 500_000,
    "one word after where one begins": BEGIN + b"A" * 1_000_000,
    "where one begins": BEGIN * 90_000,
    "where one begins and a word": (BEGIN + b"RSA ") * 65_000,
    "a beginning": (BEGIN + b"PRIVATE KEY-----") * 38_000,
    "ends": BEGIN + b"PRIVATE KEY-----" + b"-----END " * 110_000,
    "ends with words": BEGIN + b"PRIVATE KEY-----" + b"-----END RSA " * 75_000,
    "dashes": b"-" * 1_000_000,
    "blanks in one": BEGIN + b"PRIVATE KEY-----" + b" " * 900_000 + b"-----END PRIVATE KEY-----",
    "keys that are none": (BEGIN + b"PRIVATE KEY-----a-----END PRIVATE KEY-----") * 18_000,
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_input_is_read_in_one_pass(raw: bytes) -> None:
    """A pattern that began anew at each of these would take hours, and the run would end it."""
    assert without_private_keys(raw) == raw
