"""Messages of a scenario: made as a merchant makes them, then spoilt where a step says so.

It signs by the protocol's own means and judges answers by the SDK's. What must hold: what a step
sets is signed; what it tampers with is changed after; a text to tamper with that is not there is
told, since a scenario would otherwise pass for the wrong reason.
"""

import secrets
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tillgate.kernel.clock import SystemClock, duration_ms, rfc3339
from tillgate.kernel.money import Money
from tillgate.merchant.asking import Asked, NotKnown, Question, Reply
from tillgate.protocol.envelope import Kind, wrap_unsigned
from tillgate.protocol.function import Function
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal
from tillgate.sandbox.scenarios.link import NO_ANSWER, Heard, StageRefused
from tillgate.sandbox.scenarios.stage import Cast
from tillgate.sandbox.scenarios.steps import Message

KNOWN: Final = "known"
"""The verdict on an answer that the SDK believes and that says yes or no."""


class _Nothing(msgspec.Struct):
    """A body that echoes nothing."""


def money(text: str) -> dict[str, str]:
    """Return an amount as the wire has it.

    Raises:
        StageRefused: it is none.
    """
    try:
        amount = Money.parse(text)
    except ValueError as error:
        raise StageRefused(f"amount: {error}") from error
    return {"currency": amount.currency.code, "value": str(amount.minor)}


def head_of(client_id: str, function: str, *, age: str = "0s") -> dict[str, Any]:
    """Return a head as a client's server writes it, so old."""
    sign = -1 if age.startswith("-") else 1
    at_ms = SystemClock().now_ms() - sign * duration_ms(age.removeprefix("-"))
    return {
        "version": "2.0.0",
        "function": function,
        "clientId": client_id,
        "reqTime": rfc3339(at_ms),
        "reqMsgId": secrets.token_hex(16),
        "reserve": "{}",
    }


def changed(content: Any, changes: Mapping[str, Any]) -> Any:  # noqa: ANN401  JSON in, JSON out.
    """Return content with members set or, by null, taken away.

    Raises:
        StageRefused: a path leads nowhere.
    """
    for path, value in changes.items():
        *parents, name = path.split(".")
        place = content
        for parent in parents:
            if not isinstance(place, dict) or parent not in place:
                raise StageRefused(f"set: {path!r} leads nowhere in this message")
            place = place[parent]
        place.pop(name, None)
        if value is not None:
            place[name] = value
    return content


def signed(cast: Cast, content: dict[str, Any], step: Message) -> bytes:
    """Return a request in its envelope, signed by whom the step says, then tampered with."""
    text = msgspec.json.encode(changed(content, step.set))
    if step.signed_by == "nobody":
        raw = wrap_unsigned(Kind.REQUEST, text)
    else:
        raw = seal(Kind.REQUEST, text, key_of(cast, step.signed_by), Profile.TILLGATE)
    return tampered(raw, step.tamper)


def key_of(cast: Cast, who: str) -> PrivateKey:
    """Return the key of the merchant, or of a stranger."""
    return cast.stranger if who == "stranger" else cast.signer.key


def tampered(raw: bytes, changes: Mapping[str, str]) -> bytes:
    """Return bytes with texts replaced.

    Raises:
        StageRefused: a text is not in them.
    """
    for old, new in changes.items():
        if old.encode() not in raw:
            raise StageRefused(f"tamper: {old!r} is not in the message")
        raw = raw.replace(old.encode(), new.encode())
    return raw


def heard(cast: Cast, function: Function, content: dict[str, Any], answer: Heard) -> dict[str, Any]:
    """Return a step's result of an answer: what it says, and whether the SDK believes it."""
    said = answer.json()
    response = said.get("response") if isinstance(said, dict) else None
    result = response if isinstance(response, dict) else {}
    return {
        "http": answer.status,
        "verdict": _verdict(cast, function, content, answer),
        "head": result.get("head", {}),
        "body": result.get("body", {}),
    }


def _verdict(cast: Cast, function: Function, content: dict[str, Any], answer: Heard) -> str:
    if answer.status == NO_ANSWER:
        return "NO_ANSWER"
    question = Question(
        function=function, body=_typed(function, content), answer=function.response or _Nothing
    )
    asked = Asked(
        question=question,
        client_id=str(content["head"].get("clientId", "")),
        req_msg_id=str(content["head"].get("reqMsgId", "")),
        raw=b"",
    )
    judged = cast.signer.judge(asked, Reply(status=answer.status, raw=answer.body))
    return judged.cause.name if isinstance(judged, NotKnown) else KNOWN


def _typed(function: Function, content: dict[str, Any]) -> msgspec.Struct:
    """Return the body as the SDK has it; one that breaks a rule has nothing to be echoed."""
    try:
        return msgspec.convert(content.get("body"), type=function.request)
    except msgspec.ValidationError:
        return _Nothing()
