"""The doctor's proofs: each common way to sign another text than the one sent, by its name."""

import base64
import json

import pytest

from tests.support.wire import CONTENT, changed, merchant_key, stranger_key, text_of
from tillgate import doctor
from tillgate.protocol.envelope import Kind, wrap
from tillgate.protocol.profile import Digest

TITLED = changed("body.order.orderTitle", 'A "red" dress\\紅 👗 / \t')
SENT = text_of(TITLED)


def dumps(**how: object) -> bytes:
    return json.dumps(TITLED, **how).encode()  # type: ignore[arg-type]  # Options of dumps by name.


def findings(sent: bytes, signed: bytes, digest: Digest = Digest.RSA2) -> list[doctor.Finding]:
    """Return what the doctor makes of a message for which another text was signed."""
    signature = base64.b64encode(merchant_key().sign(signed, digest)).decode()
    raw = wrap(Kind.REQUEST, sent, signature)
    return doctor.diagnose(raw, merchant_key().public, Digest.RSA2)


@pytest.mark.parametrize(
    ("code", "sent", "signed"),
    [
        ("RESERIALISED", dumps(ensure_ascii=False, indent=4), SENT),
        ("RESERIALISED", SENT, dumps(ensure_ascii=False, indent=4)),
        ("RESERIALISED", SENT, dumps(ensure_ascii=False, indent=2)),
        ("RESERIALISED", SENT, dumps(ensure_ascii=False)),
        ("KEYS_REORDERED", SENT, dumps(ensure_ascii=False, sort_keys=True, separators=(",", ":"))),
        ("TRAILING_NEWLINE", SENT, SENT + b"\n"),
        ("TRAILING_NEWLINE", SENT, SENT + b"\r\n"),
        (
            "LINE_ENDS",
            dumps(ensure_ascii=False, indent=4),
            dumps(ensure_ascii=False, indent=4).replace(b"\n", b"\r\n"),
        ),
        ("SLASHES_ESCAPED", SENT, SENT.replace(b"/", b"\\/")),
        ("SLASHES_ESCAPED", SENT.replace(b"/", b"\\/"), SENT),
        ("UNICODE_ESCAPED", SENT, dumps(separators=(",", ":"))),
        ("UNICODE_ESCAPED", dumps(separators=(",", ":")), SENT),
        ("UNICODE_ESCAPED", dumps(separators=(",", ":")).replace(b"/", b"\\/"), SENT),
        ("WHOLE_ENVELOPE_SIGNED", SENT, b'{"request":' + SENT + b"}"),
        ("WHOLE_ENVELOPE_SIGNED", SENT, b'{"request":' + SENT + b',"signature":""}'),
        ("CHANGED", SENT, SENT.replace(b"1000", b"1001")),
        ("PART_SIGNED", SENT, b""),
    ],
)
def test_what_was_signed_instead_is_named(code: str, sent: bytes, signed: bytes) -> None:
    found = findings(sent, signed)

    assert [each.code for each in found] == [code]
    assert found[0].certain is (code != "CHANGED")


def test_the_right_text_under_the_other_digest_is_named() -> None:
    found = findings(SENT, SENT, digest=Digest.RSA)

    assert found[0].code == "OTHER_DIGEST"
    assert "RSA" in found[0].sentence


def test_two_mistakes_at_once_are_both_told() -> None:
    found = findings(SENT, SENT.replace(b"/", b"\\/"), digest=Digest.RSA)

    assert [each.code for each in found] == ["SLASHES_ESCAPED", "OTHER_DIGEST"]


def test_a_signature_that_fits_has_no_finding() -> None:
    assert findings(SENT, SENT) == []


def test_another_key_and_a_damaged_signature_look_alike() -> None:
    raw = wrap(
        Kind.REQUEST,
        SENT,
        base64.b64encode(stranger_key().sign(SENT, Digest.RSA2)).decode(),
    )

    assert doctor.diagnose(raw, merchant_key().public, Digest.RSA2)[0].code == "WRONG_KEY"


def test_a_text_nobody_thought_of_is_only_called_changed() -> None:
    assert not findings(SENT, SENT[::-1])[0].certain


def test_a_response_is_diagnosed_as_well() -> None:
    content = text_of({"head": CONTENT["head"], "body": {}})
    signature = base64.b64encode(merchant_key().sign(content, Digest.RSA2)).decode()

    good = wrap(Kind.RESPONSE, content, signature)
    assert doctor.diagnose(good, merchant_key().public, Digest.RSA2) == []
    bad = wrap(Kind.RESPONSE, content + b" ", signature).replace(b"2.0.0", b"2.0.1")
    assert doctor.diagnose(bad, merchant_key().public, Digest.RSA2)[0].code == "CHANGED"


def test_every_code_tells_the_next_step() -> None:
    assert all(code.sentence.endswith(".") and len(code.sentence) > 40 for code in doctor.Code)
