"""Whatever lies around a message, and whatever a paste did to it, is no fault of the message."""

import json
import random
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.doctor.program import Program, an_order, pkcs1, public_pem
from tillgate import doctor

KEYS = [doctor.load_key(public_pem("merchant"))]
TEXT = Program().run(an_order(random.Random(11)))[0].decode()
CURL = """\
*   Trying 127.0.0.1:8000...
* Connected to 127.0.0.1 (127.0.0.1) port 8000 (#0)
> POST /orders HTTP/1.1
> Host: 127.0.0.1:8000
> Content-Length: 907
>
} [907 bytes data]
* Mark bundle as not supporting multiuse
< HTTP/1.1 200 OK
< Date: Mon, 23 Nov 2026 09:41:59 GMT
< Content-Length: %d
<
{ [%d bytes data]
* Closing connection 0
"""
SIZE = len(TEXT.encode())


def seen(raw: str | bytes) -> list[tuple[str, bool]]:
    content = raw.encode() if isinstance(raw, str) else raw
    return [(each.code, each.certain) for each in doctor.examine(content, KEYS).findings]


def folded(text: str, width: int, before: Callable[[int], str] = lambda line: "") -> str:
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    return "\n".join(before(number) + line for number, line in enumerate(lines))


def far_signature(text: str) -> str:
    """Return the message with line ends in its signature, as a MIME encoder writes them."""
    start = text.rindex(':"') + 2
    return text[:start] + folded(text[start:-2], 76) + text[-2:]


def without_date(text: str) -> str:
    return re.sub(r"< Date: .*\n", "", text)


def test_what_curl_says_of_itself_is_no_message() -> None:
    report = doctor.examine((without_date(CURL) % (SIZE, SIZE) + TEXT).encode(), KEYS)

    assert report.findings == ()
    assert len(report.messages) == 1


def test_a_body_that_curl_shows_shorter_than_its_header_is_still_cut() -> None:
    found = seen(without_date(CURL) % (SIZE, SIZE) + TEXT[:-200])

    assert found[0] == ("BODY_CUT", True)


def test_an_answer_that_is_no_message_is_no_finding_beside_one() -> None:
    head = f"POST /n HTTP/1.1\r\nContent-Length: {SIZE}\r\n\r\n"

    assert seen(head + TEXT + "\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsuccess") == []
    assert seen("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsuccess")[0][0] == "NOT_AN_ENVELOPE"


def har(body: str, **answer: object) -> str:
    asked = {"method": "POST", "url": "https://x", "postData": {"text": body}}
    entry = {"request": asked, "response": {"status": 200, **answer}}
    return json.dumps({"log": {"entries": [entry, entry]}})


def test_a_request_in_a_har_file_is_found_in_its_strings() -> None:
    report = doctor.examine(har(TEXT).encode(), KEYS)

    assert report.findings == ()
    assert [facts.is_signature_fine for facts in report.messages] == [True, True]


def test_a_har_file_without_a_message_is_not_called_unsigned() -> None:
    assert [code for code, _ in seen(har("orderId=1"))] == ["NOT_AN_ENVELOPE"]


def curly() -> str:
    order = an_order(random.Random(11))
    del order["body"]["extendInfo"]
    order["body"]["order"]["orderTitle"] = "Tea"
    return Program().run(order)[0].decode().replace('"', "\u201d")


@pytest.mark.parametrize(
    "paste",
    [
        folded(TEXT, 80),
        folded(TEXT, 80).replace("\n", "\r\n"),
        folded(TEXT, 80, lambda line: f"2026-11-23 17:26:58.{120 + line} DEBUG "),
        folded(TEXT, 80, lambda line: f"2026-11-23 17:26:58.{120 + line} DEBUG ") + "\nbye",
        folded(TEXT, 70, lambda line: "> "),
        far_signature(TEXT),
        TEXT[:-1] + ",}",
        curly(),
        folded(TEXT[:-1] + ",}", 80),
    ],
    ids=["80", "80 Windows", "log", "log and more", "letter", "signature", "comma", "curly", "two"],
)
def test_a_paste_that_was_changed_is_mended_and_told(paste: str) -> None:
    report = doctor.examine(paste.encode(), KEYS)

    assert [(each.code, each.certain) for each in report.findings] == [("PASTE_MENDED", False)]
    assert report.messages[0].is_signature_fine


def test_a_message_on_lines_of_its_own_keeps_them_when_its_signature_is_mended() -> None:
    program = Program(
        signed_text=lambda order: json.dumps(order, indent=2, ensure_ascii=False),
        sent_text=lambda order: json.dumps(order, indent=2, ensure_ascii=False),
    )
    text = program.run(an_order(random.Random(11)))[0].decode()

    assert seen(far_signature(text)) == [("PASTE_MENDED", False)]


def test_nothing_of_a_mended_text_is_called_proved() -> None:
    changed = TEXT.replace('"currency":"HKD"', '"currency":"USD"')
    changed = changed.replace('"reserve":"{}"', '"reserve":{}')
    changed = re.sub('"notifyUrl":"[^"]*"', '"notifyUrl":"http://10.0.0.3/n"', changed)

    report = doctor.examine(folded(changed, 80).encode(), KEYS)
    codes = {each.code for each in report.findings}

    assert codes >= {"PASTE_MENDED", "JSON_NOT_IN_STRING", "URL_NOT_PUBLIC"}
    assert not [each for each in report.findings if each.certain or each.is_remark]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_text_that_was_percent_encoded_more_than_once_is_read(times: int) -> None:
    text = TEXT
    for _ in range(times):
        text = quote(text, safe="")
    report = doctor.examine(f"orderStr={text}&b=1".encode(), KEYS)

    assert [each.code for each in report.findings] == ["URL_ENCODED"]
    assert report.messages[0].is_signature_fine
    assert (f"{times} times" in report.findings[0].detail) == (times > 1)


def test_where_json_stops_is_said() -> None:
    raw = TEXT.replace('"head":', '"he\nad":').replace('"body":', '"body";')
    finding = doctor.examine(raw.encode(), KEYS).findings[0]

    assert (finding.code, finding.certain) == ("NOT_AN_ENVELOPE", False)
    assert "line 1, column 16, inside a string: it looks wrapped" in finding.detail


def test_a_text_that_is_no_message_has_no_line_of_code_to_blame() -> None:
    letter = doctor.examine(b"Dear all, the payment fails.", KEYS).findings[0]
    broken = doctor.examine(b'{"request":{"head":}}', KEYS).findings[0]

    assert (letter.code, letter.remedies) == ("NOT_AN_ENVELOPE", ())
    assert "line 1, column 1" in letter.detail
    assert (letter.certain, broken.certain) == (True, False)
    assert broken.remedies
    assert "line 1, column 20" in broken.detail


def test_a_length_that_was_counted_in_characters_is_named() -> None:
    order = an_order(random.Random(11))
    order["body"]["order"]["orderTitle"] = "紅色連身裙 café"
    text = Program().run(order)[0].decode()
    head = "POST /n HTTP/1.1\r\nContent-Length: {}\r\n\r\n{}\r\n"

    found = doctor.examine(head.format(len(text), text).encode(), KEYS).findings

    assert [(each.code, each.certain) for each in found] == [("LENGTH_TOO_SMALL", False)]
    assert "length of a string" in found[0].detail
    assert seen(head.format(len(text.encode()), text)) == []
    packed = f"POST /n HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 300\r\n\r\n{text}"
    assert seen(packed) == []


def test_a_trap_is_judged_on_what_was_signed() -> None:
    """A + that became a blank on the way is one fault, not a time without its zone."""
    found = seen(TEXT.replace("+08:00", " 08:00"))

    assert ("VALUES_RESPELLED", True) in found
    assert "TIME_WITHOUT_ZONE" not in [code for code, _ in found]


def test_a_trap_that_was_signed_is_told_of_a_changed_text_as_well() -> None:
    order = an_order(random.Random(11))
    order["head"]["reqTime"] = "2026-03-05T10:00:00"
    text = Program(sign=lambda signed: pkcs1(signed + b"\n")).run(order)[0]

    assert seen(text) == [("TRAILING_NEWLINE", True), ("TIME_WITHOUT_ZONE", True)]


def test_a_brace_that_was_opened_before_a_message_is_not_one_too_many() -> None:
    assert seen(f'{{"level":"INFO","sent":{TEXT}}}') == []
    assert seen(f'{{"sent":[{TEXT}]}}') == []
    assert seen(TEXT + "}") == [("NOT_AN_ENVELOPE", True)]
