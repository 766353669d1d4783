"""What an answer is taken for: an acknowledgement with all its members, or what is wrong with it.

What must hold: judged as the gateway judges (U7), an answer is acknowledged exactly when nothing is
said against it; who merely answers 200 has neither accepted nor refused.
"""

import json
from typing import Any

import pytest

from tests.adapters.messages import content, sealed
from tests.support.wire import merchant_key, stranger_key
from tillgate.exam import Judge
from tillgate.exam.acks import Attitude, attitude, told
from tillgate.exam.acquirer import Message
from tillgate.exam.wire import Answer, End
from tillgate.protocol.envelope import Kind
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.profile import Profile

FUNCTION = "alipay.intl.acquiring.common.notify.pay"
MESSAGE = Message(
    function=FUNCTION,
    client_id="4Q5XSH6SSG02T006",
    req_msg_id="n-1",
    version="2.0.0",
    content=b"",
    raw=b"",
)
JUDGE = Judge(keys=[merchant_key().public], profile=Profile.TILLGATE, limit_ms=10_000)


def ack(*, key: PrivateKey | None = None, head: dict[str, Any] | None = None, **info: Any) -> bytes:
    told_content = content("A-1001", head=head)
    body = {"resultInfo": {**told_content["body"]["resultInfo"], **info}}
    told_content = {"head": told_content["head"], "body": body}
    return sealed(told_content, key or merchant_key(), Kind.RESPONSE)


def answered(body: bytes, status: int = 200, elapsed_ms: int = 5) -> Answer:
    return Answer(end=End.ANSWERED, elapsed_ms=elapsed_ms, status=status, body=body)


def unsigned() -> bytes:
    return ack().partition(b',"signature"')[0] + b"}"


def test_a_right_acknowledgement_has_no_fault() -> None:
    assert JUDGE.faults(MESSAGE, answered(ack())) == ""
    assert attitude(answered(ack())) is Attitude.ACCEPTS


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (answered(ack(), status=500), "HTTP 500"),
        (answered(ack(), status=302), "HTTP 302"),
        (answered(b"success"), "no envelope"),
        (answered(b""), "no envelope"),
        (answered(ack().replace(b'"response"', b'"request"')), "no envelope"),
        (
            answered(sealed({"head": content("A")["head"], "body": {}}, kind=Kind.RESPONSE)),
            "resultInfo",
        ),
        (answered(ack(resultStatus="F")), "resultStatus"),
        (answered(ack(resultStatus="U")), "resultStatus"),
        (answered(ack(resultCode="FAIL")), "resultCode"),
        (answered(ack(resultCodeId="00000001")), "resultCodeId"),
        (answered(ack(head={"reqMsgId": "n-2"})), "head.reqMsgId is n-2"),
        (answered(ack(head={"function": f"{FUNCTION}s"})), "head.function"),
        (answered(ack(head={"clientId": "another"})), "head.clientId"),
        (answered(ack(key=stranger_key())), "does not fit"),
        (answered(ack(), elapsed_ms=10_001), "longer than 10 s"),
        (Answer(end=End.TIMED_OUT, elapsed_ms=15_000), "no whole answer"),
        (Answer(end=End.HUNG_UP, elapsed_ms=1), "closed the connection"),
    ],
)
def test_each_fault_is_told(answer: Answer, said: str) -> None:
    assert said in JUDGE.faults(MESSAGE, answer)


def test_an_unsigned_one_is_acknowledged_and_told_by_its_own_rule() -> None:
    assert JUDGE.faults(MESSAGE, answered(unsigned())) == ""
    assert "no signature" in JUDGE.signature(MESSAGE, answered(unsigned()))


@pytest.mark.parametrize(
    ("answer", "taken_for"),
    [
        (answered(ack(resultStatus="F")), Attitude.REFUSES),
        (answered(ack(resultStatus="U")), Attitude.REFUSES),
        (answered(b"no", status=403), Attitude.REFUSES),
        (answered(unsigned()), Attitude.ACCEPTS),
        (answered(b"success"), Attitude.UNCLEAR),
        (answered(b"", status=302), Attitude.UNCLEAR),
        (answered(b"Traceback", status=500), Attitude.CRASHES),
        (Answer(end=End.HUNG_UP, elapsed_ms=1), Attitude.SILENT),
    ],
)
def test_what_an_answer_makes_of_a_message(answer: Answer, taken_for: Attitude) -> None:
    assert attitude(answer) is taken_for


def test_what_came_back_is_told_without_what_moves_a_cursor() -> None:
    shown = told(answered(b"\x1b[31mred\r\n\x00" + b"x" * 500, status=400))

    assert shown.isprintable()
    assert len(shown) < 100


def test_an_answer_is_read_whatever_json_it_is() -> None:
    strange: list[Any] = [[], "", 1, None, {"response": 1}, {"response": {"head": [], "body": []}}]
    for plain in strange:
        raw = json.dumps(plain).encode()
        assert attitude(answered(raw)) is Attitude.UNCLEAR
        assert JUDGE.faults(MESSAGE, answered(raw))
