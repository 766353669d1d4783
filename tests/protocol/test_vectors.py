"""Every shared vector: the verdict on its signature, the bytes that were signed, and the reason."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tillgate import doctor
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import cut
from tillgate.protocol.functions import open_request
from tillgate.protocol.keys import PublicKey, load_public_key
from tillgate.protocol.profile import Digest
from tillgate.protocol.signature import verify_digest

FOLDER = Path(__file__).parent / "vectors"
CASES: list[dict[str, Any]] = json.loads((FOLDER / "vectors.json").read_bytes())["cases"]
VALID = [case for case in CASES if case["expect"] == "valid"]
INVALID = [case for case in CASES if case["expect"] == "invalid"]


def name_of(case: dict[str, Any]) -> str:
    return str(case["name"])


def key_of(case: dict[str, Any]) -> PublicKey:
    return load_public_key((FOLDER / case["public_key"]).read_bytes())


def message_of(case: dict[str, Any]) -> bytes:
    return base64.b64decode(case["message_base64"])


def test_there_are_vectors_of_both_kinds() -> None:
    assert len(VALID) >= 14
    assert len(INVALID) >= 8


@pytest.mark.parametrize("case", VALID, ids=name_of)
def test_a_valid_signature_fits_the_exact_bytes(case: dict[str, Any]) -> None:
    taken = cut(message_of(case))

    assert taken.signed == base64.b64decode(case["signed_text_base64"])
    verified = verify_digest(taken, [key_of(case)], Digest(case["digest"]))
    assert verified.key_fingerprint == key_of(case).fingerprint
    assert doctor.diagnose(message_of(case), key_of(case), Digest(case["digest"])) == []


@pytest.mark.parametrize("case", INVALID, ids=name_of)
def test_an_invalid_one_is_refused_and_explained(case: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        verify_digest(cut(message_of(case)), [key_of(case)], Digest(case["digest"]))

    assert caught.value.result in {Result.INVALID_SIGNATURE, Result.MSG_PARSE_ERROR}
    findings = doctor.diagnose(message_of(case), key_of(case), Digest(case["digest"]))
    assert findings[0].code == case["why"]


@pytest.mark.parametrize("case", VALID, ids=name_of)
def test_a_valid_message_opens_unless_its_content_is_wrong(case: dict[str, Any]) -> None:
    verified = verify_digest(cut(message_of(case)), [key_of(case)], Digest(case["digest"]))

    if "fullwidth" not in case["name"]:
        request = open_request(verified)
        assert request.body.merchant_id == "2160400000002012"
        assert request.body.order.order_amount.money.minor > 0
        return
    with pytest.raises(Refused) as caught:
        open_request(verified)
    assert caught.value.result is Result.PARAM_ILLEGAL
    assert caught.value.path == "body.order.orderAmount.value"


@pytest.mark.parametrize("case", VALID, ids=name_of)
def test_the_other_digest_and_another_key_are_refused(case: dict[str, Any]) -> None:
    other = Digest.RSA if case["digest"] == "RSA2" else Digest.RSA2
    findings = doctor.diagnose(message_of(case), key_of(case), other)
    stranger = load_public_key((FOLDER / "merchant_b.pub.pem").read_bytes())

    assert findings[0].code == "OTHER_DIGEST"
    with pytest.raises(Refused):
        verify_digest(cut(message_of(case)), [stranger], Digest(case["digest"]))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.pem")), ids=lambda path: str(path.name))
def test_both_shapes_of_each_key_are_the_same_key(path: Path) -> None:
    bare = path.with_suffix("").with_suffix("")

    assert load_public_key(path.read_bytes()) == load_public_key(
        (bare.parent / f"{bare.name}.pub.bare.txt").read_text()
    )
