"""Steps around notifications: what came, how the server answers, and what a forger sends.

The judge is the merchant's SDK. What must hold: a forgery is made from a notification that came,
so that nothing else about it is wrong.
"""

from typing import Any

import msgspec

from tillgate.protocol.envelope import Kind, wrap_unsigned
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal
from tillgate.sandbox.scenarios.link import StageRefused
from tillgate.sandbox.scenarios.messages import changed, key_of, tampered
from tillgate.sandbox.scenarios.receiver import Arrived
from tillgate.sandbox.scenarios.stage import Stage
from tillgate.sandbox.scenarios.steps import Forge, Notified, Server


def plan(stage: Stage, step: Server) -> dict[str, Any]:
    """Have the merchant's server answer the next notifications in these ways."""
    stage.receiver.plan(_number(stage, step), step.answers)
    return {"answers": len(step.answers)}


def notified(stage: Stage, step: Notified) -> dict[str, Any]:
    """Tell what came of a notification, once it is as much as was expected or time is up."""
    came = stage.receiver.wait(_number(stage, step), step.times)
    for each in came:
        stage.learn(each.body)
    result: dict[str, Any] = {
        "times": len(came),
        "verdicts": [each.verdict for each in came],
        "answered": [each.answered for each in came],
        "messages": len({each.head.get("reqMsgId") for each in came}),
    }
    if came:
        result["last"] = {"head": came[-1].head, "body": came[-1].body}
    return result


def forge(stage: Stage, step: Forge) -> dict[str, Any]:
    """Hand the merchant's SDK a notification made from the last true one; return its verdict."""
    came = stage.receiver.of(_number(stage, step))
    if not came:
        name = step.agreement or step.order
        raise StageRefused(f"no notification of {name!r} came that a forger could change")
    verdict, _ = stage.receiver.judged(_forged(stage, step, came[-1]))
    return {"verdict": verdict}


def _number(stage: Stage, step: Server | Notified | Forge) -> str:
    """Return the number of the order, or of the agreement, that notifications are about."""
    if step.agreement is not None:
        return stage.agreement(step.agreement).number
    return stage.order(step.order, is_new=isinstance(step, Server)).number


def _forged(stage: Stage, step: Forge, last: Arrived) -> bytes:
    if step.signed_by == "gateway":
        if step.set:
            raise StageRefused("set: only the gateway signs as the gateway; use tamper")
        return tampered(last.raw, step.tamper)
    content = changed(msgspec.json.decode(last.raw)["request"], step.set)
    text = msgspec.json.encode(content)
    if step.signed_by == "nobody":
        return tampered(wrap_unsigned(Kind.REQUEST, text), step.tamper)
    key = key_of(stage.cast, step.signed_by)
    return tampered(seal(Kind.REQUEST, text, key, Profile.TILLGATE), step.tamper)
