"""Healthy messages have no finding, and damage at random is never explained too certainly."""

import base64
import hashlib
import json
import random
from collections.abc import Callable

import pytest

from tests.doctor.program import Program, an_order, compact, public_pem
from tests.support.wire import gateway_key
from tillgate import doctor
from tillgate.doctor.findings import Code
from tillgate.kernel.clock import rfc3339
from tillgate.kernel.results import Result
from tillgate.protocol.messages.common import ResultInfo, WireMoney
from tillgate.protocol.profile import Digest
from tillgate.protocol.redirect import ReturnParameters, sign_return_url

KEYS = [doctor.load_key(public_pem("merchant"))]
GATEWAY = [doctor.GivenKey(gateway_key().public, was_private=False)]
NOTIFICATION = {
    "head": {
        "version": "2.0.0",
        "function": "alipay.intl.acquiring.common.notify.pay",
        "clientId": "4Q5XSH6SSG02T006",
        "reqTime": "2026-03-05T10:00:00+08:00",
        "reqMsgId": "2b76d599f8072d042b68bc2f43be4211",
        "reserve": "{}",
    },
    "body": {
        "resultInfo": {"resultStatus": "S", "resultCodeId": "00000000", "resultCode": "SUCCESS"},
        "acquirementId": "20181210194010800100160960000444145",
        "merchantTransId": "A-1001",
        "orderAmount": {"currency": "HKD", "value": "1000"},
        "paymentTime": "2026-03-05T10:00:00+08:00",
    },
}


def codes(raw: bytes, keys: list[doctor.GivenKey] = KEYS) -> list[str]:
    return [finding.code for finding in doctor.examine(raw, keys).findings]


def healthy(seed: int) -> bytes:
    return Program().run(an_order(random.Random(seed)))[0]


def notification() -> bytes:
    text = compact(NOTIFICATION).encode()
    signature = base64.b64encode(gateway_key().sign(text, Digest.RSA2)).decode()
    return b'{"request":%b,"signature":"%b"}' % (text, signature.encode())


def return_url(base: str = "https://shop.example/done?from=wallet&q=a+b") -> str:
    said = ReturnParameters(
        merchant_id="2160400000002012",
        merchant_trans_id="A 1001/紅",
        result_info=ResultInfo.of(Result.SUCCESS),
        acquirement_id="20181210194010800100160960000444145",
        order_amount=WireMoney(currency="HKD", value="1000"),
        resp_time=rfc3339(1_772_000_000_000),
    )
    return sign_return_url(base, said, gateway_key())


@pytest.mark.parametrize("seed", range(20))
def test_a_healthy_order_has_no_finding(seed: int) -> None:
    assert codes(healthy(seed)) == []


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "POST /cashier HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\r\n{}",
        "> POST /api HTTP/1.1\n> host: x\n>\n{}",
        "2026-03-05 10:00:00 INFO sent {} in 12 ms",
        "var order = `{}`;",
        "\n\n  {}  \n",
    ],
)
def test_whatever_is_pasted_around_it_is_peeled(around: str) -> None:
    assert codes(around.replace("{}", healthy(3).decode()).encode()) == []


def test_a_literal_and_an_answer_of_a_shop_are_peeled() -> None:
    text = healthy(4).decode()
    literal = f"AlipayJSBridge.call('tradePay', {{orderStr: {json.dumps(text)}, version: '2.0.0'}})"

    assert codes(literal.encode()) == []
    assert codes(json.dumps({"order_string": text}).encode()) == []


def test_quotes_of_other_languages_are_peeled() -> None:
    text = healthy(5).decode()
    script = text.replace("\\", "\\\\").replace("'", "\\'")

    assert codes(f"<script>var order = '{script}';</script>".encode()) == []
    assert codes(f"curl -d '{text}' https://pay.example".encode()) == []
    assert codes(repr(text.encode()).encode()) == []


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda text: text.replace("\\", "\\\\").replace('"', '\\"'), "JS_ESCAPED"),
        (lambda text: json.dumps(json.dumps(text)), "JS_ESCAPED"),
        (lambda text: str(json.loads(text)), "NOT_AN_ENVELOPE"),
        (lambda text: text + "}", "NOT_AN_ENVELOPE"),
        (lambda text: text[:-1], "BODY_CUT"),
        (lambda text: "hello", "NOT_AN_ENVELOPE"),
    ],
)
def test_what_is_no_message_is_named(spoil: Callable[[str], str], code: str) -> None:
    assert codes(spoil(healthy(6).decode()).encode())[0] == code


def test_a_character_set_is_certain_only_once_the_signature_proves_it() -> None:
    order = an_order(random.Random(1))
    order["body"]["order"]["orderTitle"] = "紅色連身裙"
    raw = Program().run(order)[0]

    proved = doctor.examine(raw.decode().encode("gb18030"), KEYS).findings[0]
    unproved = doctor.examine(raw.replace(b'"A', b'"\xffA').replace(b"T0", b"\xff\xff"), KEYS)

    assert (proved.code, proved.certain) == ("CHARACTER_SET", True)
    assert [each.certain for each in unproved.findings if each.code == "CHARACTER_SET"] != [True]


def test_a_healthy_notification_and_redirect_have_no_finding() -> None:
    assert codes(notification(), GATEWAY) == []
    assert codes(return_url().encode(), GATEWAY) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda url: url + "&utm_source=mail", "MEMBERS_DIFFER"),
        (lambda url: url.replace("?from", "?utm_source=mail&from"), "MEMBERS_DIFFER"),
        (
            lambda url: url.replace("%22", '"').replace("%7B", "{").replace("%7D", "}"),
            "VALUES_RESPELLED",
        ),
        (lambda url: url.replace("%2F", "%2f").replace("%3A", "%3a"), "VALUES_RESPELLED"),
        (lambda url: url.replace("&", "&amp;"), "HTML_ESCAPED"),
        (lambda url: url.replace("value%22%3A%221000", "value%22%3A%229000"), "CHANGED"),
    ],
)
def test_what_happens_to_a_redirect_is_named(change: Callable[[str], str], code: str) -> None:
    report = doctor.examine(change(return_url()).encode(), GATEWAY)

    found = [finding.code for finding in report.findings]
    assert found[0] == code


def test_the_merchants_own_key_does_not_fit_a_notification() -> None:
    report = doctor.examine(notification(), [*KEYS, *GATEWAY])

    assert report.findings[0].code == "OTHER_SIDES_KEY"
    assert gateway_key().public.fingerprint in report.findings[0].sentence


@pytest.mark.timeout(300)
def test_damage_at_random_is_certain_only_where_it_is_proved() -> None:
    """Change healthy messages anywhere; what is called proved must be the text that was signed."""
    about_text = {code.name for code in Code if code.is_about_text}
    for seed in range(12):
        rng = random.Random(seed)
        raw, signed = Program().run(an_order(rng))
        start = raw.index(b'"body"')
        end = raw.index(b',"signature"')
        place = rng.randrange(start, end)
        piece = bytes(rng.choices(b"abcXYZ019 ", k=rng.choice([1, 3, 12])))
        damaged = raw[:place] + piece + raw[place + rng.choice([0, 1, 7]) :]
        if damaged == raw:
            continue
        report = doctor.examine(damaged, KEYS)
        assert report.findings
        for finding in report.findings:
            assert finding.code != "WRONG_KEY"
            if finding.certain and finding.code in about_text - {"CHARACTER_SET"}:
                digests = [facts.signed_digest for facts in report.messages]
                assert digests == [hashlib.sha256(signed).hexdigest()], (seed, finding.code)
