"""What an answer says, and whether it is the acknowledgement it should be (U7).

`read` takes an answer apart without believing it; each rule below looks at one property of an
answer to a message that should be acknowledged. What must hold: `faults` judges as the gateway
does, so whatever it finds would have the message sent again; the rules beside it are stricter, as
other acquirers of this family are.
"""

import re
from collections.abc import Callable, Sequence
from enum import Enum, unique
from typing import Any, Final, final

import msgspec

from tillgate.exam.acquirer import Message
from tillgate.exam.wire import Answer, End
from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import Cut, Kind, cut
from tillgate.protocol.keys import PublicKey
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import verify

SHOWN_MAX: Final = 60
_TYPE: Final = re.compile(r"[a-z]{1,20}/[a-z0-9][a-z0-9.+-]{0,38}")
Rule = Callable[[Message, Answer], str]
"""Returns what is wrong with one property of an answer to a true message, or ""."""


@unique
class Attitude(Enum):
    """What an answer makes of a message, whoever is right."""

    ACCEPTS = "accepts it"
    REFUSES = "refuses it"
    UNCLEAR = "says neither yes nor no"
    CRASHES = "crashes over it"
    SILENT = "does not answer"


@final
class Judge(msgspec.Struct, frozen=True, kw_only=True):
    """Knows the merchant's key and the time an answer may take."""

    keys: Sequence[PublicKey]
    profile: Profile
    limit_ms: int

    def faults(self, message: Message, answer: Answer) -> str:
        """Return why the gateway would send the message again, or "" when it is acknowledged."""
        if answer.end is not End.ANSWERED:
            return f"{answer.end.value}, so it is sent again"
        if not answer.is_good:
            return f"it answered HTTP {answer.status}{_sort(answer)}, so it is sent again"
        rules: tuple[Rule, ...] = (form, result, echo)
        for rule in rules:
            if fault := rule(message, answer):
                return fault
        if _cut(answer).signature and (fault := self.signature(message, answer)):
            return fault
        return self.time(message, answer)

    def signature(self, message: Message, answer: Answer) -> str:
        """Return what is wrong with an acknowledgement's signature."""
        del message  # A rule is asked about both; the signature is over the answer alone.
        if fault := _unreadable(answer):
            return fault
        taken = _cut(answer)
        if not taken.signature:
            return "the acknowledgement has no signature"
        try:
            verify(taken, self.keys, self.profile)
        except Refused as refused:
            return f"the acknowledgement's signature does not fit: {refused.message}"
        return ""

    def time(self, message: Message, answer: Answer) -> str:
        """Return whether an answer took too long."""
        del message  # As above.
        seconds = f"{self.limit_ms / SECOND_MS:g} s"
        if answer.end is End.TIMED_OUT:
            return f"no whole answer came within {seconds}, nor half as long again"
        if answer.elapsed_ms > self.limit_ms:
            return f"the answer took {answer.elapsed_ms / SECOND_MS:.1f} s, longer than {seconds}"
        return ""


def form(message: Message, answer: Answer) -> str:
    """Return what keeps an answer from being an envelope."""
    del message  # A rule is asked about both; the form is the answer's alone.
    return _unreadable(answer)


def result(message: Message, answer: Answer) -> str:
    """Return what is wrong with an acknowledgement's resultInfo."""
    del message  # As above.
    if fault := _unreadable(answer):
        return fault
    info = _info(answer)
    wanted = {"resultStatus": "S", "resultCode": Result.SUCCESS.name}
    if "resultCodeId" in info:
        wanted["resultCodeId"] = Result.SUCCESS.id
    for name, value in wanted.items():
        if info.get(name) != value:
            return f"{name} is {_shown(info.get(name))}, not {value}"
    return ""


def echo(message: Message, answer: Answer) -> str:
    """Return which member of the head is not the request's."""
    if fault := _unreadable(answer):
        return fault
    claims = _cut(answer).claims
    for name, given, wanted in (
        ("function", claims.function, message.function),
        ("reqMsgId", claims.req_msg_id, message.req_msg_id),
        ("clientId", claims.client_id, message.client_id),
    ):
        if given != wanted:
            return f"head.{name} is {_shown(given)}, and {_shown(wanted)} was sent"
    return ""


def attitude(answer: Answer) -> Attitude:
    """Return what an answer makes of a message.

    A 2xx without an envelope is unclear; one with resultStatus F or U refuses.
    """
    if answer.end is not End.ANSWERED:
        return Attitude.SILENT
    if answer.status >= 500:  # noqa: PLR2004  As in 5xx.
        return Attitude.CRASHES
    if not answer.is_good:
        return Attitude.REFUSES if answer.status >= 400 else Attitude.UNCLEAR  # noqa: PLR2004  4xx.
    if _unreadable(answer):
        return Attitude.UNCLEAR
    return Attitude.REFUSES if _info(answer).get("resultStatus") in {"F", "U"} else Attitude.ACCEPTS


def told(answer: Answer) -> str:
    """Return in few words what came back."""
    if answer.end is not End.ANSWERED:
        ended: str = answer.end.value
        return ended
    if answer.is_good and not _unreadable(answer):
        info = _info(answer)
        status, code = _shown(info.get("resultStatus")), _shown(info.get("resultCode"))
        return f"HTTP {answer.status}, resultStatus {status}, resultCode {code}"
    return f"HTTP {answer.status}{_sort(answer)}"


def is_envelope(answer: Answer) -> bool:
    """Tell whether an answer is an envelope, whatever stands in it."""
    try:
        cut(answer.body, Kind.RESPONSE)
    except Refused:
        return False
    return True


def sort(answer: Answer) -> str:
    """Return of what sort a body is, and nothing of what stands in it.

    Error pages tell of settings, and of people; a report is handed on.
    """
    kind = answer.content_type.partition(";")[0].strip().lower()
    named = kind if _TYPE.fullmatch(kind) else "no Content-Type"
    return f"{named}, {len(answer.body)} bytes"


def _unreadable(answer: Answer) -> str:
    """Return why an answer is no envelope with a result, or ""."""
    try:
        taken = cut(answer.body, Kind.RESPONSE)
    except Refused as refused:
        return f"the answer is no envelope{_sort(answer)}: {refused.message}"
    if taken.unreadable:
        return f"the answer cannot be read: {taken.unreadable.message}"
    if not _info(answer):
        return "the answer has no response.body.resultInfo"
    return ""


def _cut(answer: Answer) -> Cut:
    return cut(answer.body, Kind.RESPONSE)


def _info(answer: Answer) -> dict[str, Any]:
    body = _cut(answer).unverified.get("body")
    info = body.get("resultInfo") if isinstance(body, dict) else None
    return info if isinstance(info, dict) else {}


def _sort(answer: Answer) -> str:
    return f" ({sort(answer)})" if answer.body else ""


def _shown(value: Any) -> str:  # noqa: ANN401  Whatever a merchant wrote there.
    if value is None or value == "":
        return "absent"
    text = " ".join("".join(each if each.isprintable() else " " for each in str(value)).split())
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"
