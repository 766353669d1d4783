"""Whether what came back from a merchant is an acknowledgement (U7).

It judges one whole answer; why none came is the sender's to say. It leans on no more than U7 names:
the status, the result code, the echoed function and reqMsgId, and a signature where there is one.
What must hold: a signed answer counts only when its signature fits, and is read from the very bytes
that were signed; an unsigned one counts, and is shown as unsigned.
"""

from collections.abc import Sequence
from enum import Enum, unique
from typing import Final, final

import msgspec

from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import Cut, Kind, cut
from tillgate.protocol.keys import PublicKey
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import accept_unsigned, verify
from tillgate.workers.notify_message import Message
from tillgate.workers.outgoing.port import SendResult

SENTENCE_LENGTH_MAX: Final = 500
_OK: Final = range(200, 300)


@unique
class Verdict(Enum):
    """What an answer is: (whether it acknowledges, sentence)."""

    ACKNOWLEDGED = (True, "The merchant acknowledged, and its signature fits.")
    ACKNOWLEDGED_UNSIGNED = (True, "The merchant acknowledged without a signature.")
    WRONG_STATUS = (False, "The HTTP status is not 2xx.")
    NOT_AN_ENVELOPE = (False, 'The answer is not {"response": {"head": …, "body": …}}.')
    WRONG_SIGNATURE = (False, "The answer is signed, and the signature does not fit.")
    UNREADABLE = (False, "The answer lacks what an acknowledgement must have.")
    OTHER_FUNCTION = (False, "The answer's head.function is not the function that was sent.")
    OTHER_MESSAGE = (False, "The answer's head.reqMsgId is not the one that was sent.")
    NOT_SUCCESS = (False, "The answer's resultCode is not SUCCESS.")

    def __init__(self, acknowledges: bool, sentence: str) -> None:  # noqa: FBT001  An enum's row.
        """Unpack a row of the table."""
        self.acknowledges = acknowledges
        self.sentence = sentence


@final
class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What is recorded of an answer.

    Attributes:
        verdict: the name of a `Verdict`, or of a `SendFailure` when there is no whole answer.
        sentence: the same for people, with what is particular to this answer.
    """

    acknowledged: bool
    verdict: str
    sentence: str


class _Head(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    function: str
    req_msg_id: str


class _ResultInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    result_code: str


class _Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    result_info: _ResultInfo


class _Ack(msgspec.Struct, frozen=True, kw_only=True):
    head: _Head
    body: _Body


_DECODER: Final = msgspec.json.Decoder(_Ack)


def judge(
    result: SendResult, message: Message, *, keys: Sequence[PublicKey], profile: Profile
) -> Judgement:
    """Return what became of a send, given the keys of the client that count now."""
    if result.failure is not None:
        name, sentence = result.failure.name, result.sentence
        return Judgement(acknowledged=False, verdict=name, sentence=sentence[:SENTENCE_LENGTH_MAX])
    if result.status not in _OK:
        return _judged(Verdict.WRONG_STATUS, f"It is {result.status}.")
    try:
        taken = cut(result.body, Kind.RESPONSE)
    except Refused as fault:
        return _judged(Verdict.NOT_AN_ENVELOPE, fault.message)
    try:
        verified = verify(taken, keys, profile) if taken.signature else accept_unsigned(taken)
    except Refused as fault:
        return _judged(Verdict.WRONG_SIGNATURE, fault.message)
    return _judged_content(verified.cut, message)


def _judged_content(taken: Cut, message: Message) -> Judgement:
    if taken.unreadable:
        return _judged(Verdict.UNREADABLE, taken.unreadable.message)
    try:
        ack = _DECODER.decode(taken.signed)
    except msgspec.MsgspecError as fault:
        return _judged(Verdict.UNREADABLE, f"{fault}.")
    if ack.head.function != message.function:
        return _judged(Verdict.OTHER_FUNCTION)
    if ack.head.req_msg_id != message.req_msg_id:
        return _judged(Verdict.OTHER_MESSAGE)
    if ack.body.result_info.result_code != Result.SUCCESS.name:
        return _judged(Verdict.NOT_SUCCESS, f"It is {ack.body.result_info.result_code}.")
    return _judged(Verdict.ACKNOWLEDGED if taken.signature else Verdict.ACKNOWLEDGED_UNSIGNED)


def _judged(verdict: Verdict, detail: str = "") -> Judgement:
    shown = "".join(character if character.isprintable() else " " for character in detail)
    sentence = f"{verdict.sentence} {' '.join(shown.split())}".strip()[:SENTENCE_LENGTH_MAX]
    return Judgement(acknowledged=verdict.acknowledges, verdict=verdict.name, sentence=sentence)
