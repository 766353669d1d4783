"""What is called certain is so, also where two mistakes or a rare signature hide each other."""

import json
import random

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.doctor.program import Order, Program, an_order, compact, key, public_pem
from tests.doctor.test_healthy import GATEWAY, NOTIFICATION
from tests.support.wire import gateway_key
from tillgate import doctor
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import sign

KEYS = [doctor.load_key(public_pem("merchant"))]
NO_KEY_THERE = {
    "an error of OpenSSL": "error:0909006C:PEM routines:no start line:Expecting: ANY PRIVATE KEY\n",
    "an error of a library": 'ValueError: no "-----BEGIN PRIVATE KEY-----" in merchant.pem\n',
    "a key that is blacked out": "-----BEGIN PRIVATE KEY-----\n***\n-----END PRIVATE KEY-----\n",
    "a path": "no PRIVATE KEY for /api/alipay/intl/acquiring/cashier/wap/pay.htm\n",
}


def told(raw: bytes, keys: list[doctor.GivenKey] = KEYS) -> list[tuple[str, bool]]:
    return [(each.code, each.certain) for each in doctor.examine(raw, keys).findings]


def order() -> Order:
    return an_order(random.Random(11))


def another(order: Order) -> Order:
    order["body"]["merchantId"] = "nobody the signer knew"
    return order


def test_a_pss_signature_over_an_unknown_text_proves_no_other_key() -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    program = Program(
        sent_order=another, sign=lambda text: key("merchant").sign(text, pss, hashes.SHA256())
    )
    findings = told(program.run(order())[0])
    assert findings[0] == ("PSS_PADDING", False)
    assert ("WRONG_KEY", True) not in findings
    assert not any(certain for code, certain in findings if code in {"WRONG_KEY", "CHANGED"})


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_part_alone_is_no_list_of_parameters(part: str) -> None:
    program = Program(
        signed_text=lambda order: compact(order[part]),
        sent_text=lambda order: json.dumps(order, ensure_ascii=False, indent="\t"),
    )
    assert told(program.run(order())[0])[0] == ("PART_SIGNED", True)


@pytest.mark.parametrize("kind", ["request", "response"])
def test_two_signatures_in_one_message_are_told_of_either_kind(kind: str) -> None:
    raw = b'{"%b":{"head":{},"body":{}},"signature":"A","signature":"B"}' % kind.encode()
    assert told(raw) == [("DUPLICATE_MEMBER", True)]


@pytest.mark.parametrize("algorithm", [hashes.SHA3_512(), hashes.SHA512_256()])
def test_a_rare_digest_is_a_signature_all_the_same(algorithm: hashes.HashAlgorithm) -> None:
    program = Program(sign=lambda text: key("merchant").sign(text, padding.PKCS1v15(), algorithm))
    assert told(program.run(order())[0]) == [("OTHER_DIGEST", True)]


def test_a_notification_that_was_sorted_is_known_from_the_order_its_gateway_writes() -> None:
    signature = sign(compact(NOTIFICATION).encode(), gateway_key(), Profile.TILLGATE)
    spelled = json.dumps(NOTIFICATION, sort_keys=True, indent=2)
    raw = f'{{"request":{spelled},"signature":"{signature}"}}'.encode()
    assert ("KEYS_REORDERED", True) in told(raw, GATEWAY)


@pytest.mark.parametrize("before", NO_KEY_THERE.values(), ids=NO_KEY_THERE)
def test_words_about_a_private_key_are_none(before: str) -> None:
    raw = before.encode() + Program().run(order())[0]
    assert "PRIVATE_KEY" not in [code for code, _ in told(raw)]


def test_many_messages_that_nothing_explains_are_looked_at_briefly_and_it_is_said() -> None:
    rng = random.Random(3)
    raws = [Program(sent_order=another).run(an_order(rng))[0] for _ in range(6)]
    findings = doctor.examine(b"\n".join(raws), KEYS).findings
    changed = [each for each in findings if each.code == "CHANGED"]
    assert [each.message for each in changed] == [1, 2, 3, 4, 5, 6]
    assert ["briefly" in each.detail for each in changed] == [False] * 4 + [True] * 2


LONG = {
    "backslashes in a message that has no end": '{"request":"' + "\\" * 900_000,
    "escaped quotes in it": '{"request":"' + '\\"' * 400_000,
    "quotes before a signed address": '"' * 900_000 + "signature=",
    "orders beside tradePay": 'tradePay {"request"}' * 40_000,
    "an answer's line of blanks": "HTTP/1.1 200" + " " * 900_000 + "\rX",
    "a remark of curl's of blanks": "POST / HTTP/1.1\r\n* " + " " * 900_000 + "\rX",
    "chunks of one byte": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    + "1\r\nx\r\n" * 150_000,
    "line ends after the start of a key": "MII" + "\n " * 250 + "!",
    "keys of .NET that have no end": "<RSAKeyValue>" * 70_000,
}


@pytest.mark.parametrize("raw", LONG.values(), ids=LONG)
def test_what_repeats_itself_is_read_in_one_pass(raw: str) -> None:
    """Each of these once took the square of its length, or more: hours, where it takes a moment."""
    assert [each.code for each in doctor.examine(raw.encode(), KEYS).findings]
