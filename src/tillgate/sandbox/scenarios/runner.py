"""Plays scenarios: one step after the other, each held against what it was expected to come to.

It decides when a scenario fails: at the first step whose result differs or that cannot be done;
later steps would only tell of the same. What must hold: a scenario starts with nothing of the one
before it but the gateway and its time.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, cast, final

import msgspec

from tillgate.kernel.errors import TillgateError, Unavailable
from tillgate.sandbox.scenarios.asking import agree, ask, withdraw
from tillgate.sandbox.scenarios.expectations import ABSENT, Difference, at_path, differences
from tillgate.sandbox.scenarios.link import StageRefused
from tillgate.sandbox.scenarios.paying import at_cashier, pay, returned, sign
from tillgate.sandbox.scenarios.registering import register
from tillgate.sandbox.scenarios.stage import Cast, Stage
from tillgate.sandbox.scenarios.steps import (
    Agree,
    AnyStep,
    Asking,
    Cashier,
    Clock,
    Forge,
    Notified,
    Operate,
    Pay,
    Post,
    Register,
    Returned,
    Scenario,
    Server,
    Sign,
    Together,
    Withdraw,
)
from tillgate.sandbox.scenarios.telling import forge, notified, plan

TEXT_SHOWN_MAX: Final = 200
Result = Mapping[str, Any]
Act = Callable[[Stage, Any], Result]


@final
class StepPlayed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of a step.

    Attributes:
        number: counts the steps from 1.
        differences: where its result is not what was expected.
        error: why it could not be done, or "".
        result: what it came to.
    """

    number: int
    do: str
    note: str
    took_ms: int
    differences: list[Difference]
    error: str
    result: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Tell whether it came to what was expected."""
        return not (self.differences or self.error)


@final
class Played(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of a scenario."""

    name: str
    title: str
    passed: bool
    took_ms: int
    steps: list[StepPlayed]


def play(scenario: Scenario, name: str, cast: Cast) -> Played:
    """Play a scenario and return what became of it.

    Raises:
        Unavailable: the gateway is not there.
    """
    began_s, steps = time.monotonic(), list[StepPlayed]()
    stage = Stage(cast, name)
    for number, step in enumerate(scenario.steps, 1):
        played = _play_step(stage, step, number)
        steps.append(played)
        if not played.passed:
            break
    return Played(
        name=name,
        title=scenario.title,
        passed=all(step.passed for step in steps),
        took_ms=_since_ms(began_s),
        steps=steps,
    )


def _play_step(stage: Stage, step: AnyStep, number: int) -> StepPlayed:
    began_s, error, found = time.monotonic(), "", list[Difference]()
    result: Result = {}
    try:
        filled = _filled(stage, step)
        stage.shut_out.clear()
        result = act(stage, filled)
        if not filled.expect:
            stage.expect_let_in()
        found = differences(result, filled.expect)
        _save(stage, filled, result)
    except Unavailable:
        raise  # Whoever plays must hear that there is nobody to play with.
    except TillgateError as fault:
        error = str(fault)
    return StepPlayed(
        number=number,
        do=_word(step),
        note=step.note,
        took_ms=_since_ms(began_s),
        differences=found,
        error=error,
        result=dict(result),
    )


def act(stage: Stage, step: AnyStep) -> Result:
    """Do a step and return what it came to.

    Raises:
        StageRefused: it cannot be done.
        Unavailable: the gateway is not there.
    """
    if isinstance(step, Asking):
        return ask(stage, step)
    return ACTS[type(step)](stage, step)


def _clock(stage: Stage, step: Clock) -> Result:
    said = stage.cast.link.control("/sandbox/clock", {"advance": step.advance})
    stage.cast.link.forget_sessions()
    return said


def _operate(stage: Stage, step: Operate) -> Result:
    members = {"operation_id": secrets.token_hex(16), "operator": "scenario", **step.members}
    return stage.cast.link.control("/control", {"name": step.command, "command": members})


def _post(stage: Stage, step: Post) -> Result:
    heard = stage.cast.link.send(step.method, step.path, step.text.encode())
    said = heard.json()
    text = heard.body[:TEXT_SHOWN_MAX].decode(errors="replace")
    return {"http": heard.status, "body": said if isinstance(said, dict) else {"text": text}}


def _together(stage: Stage, step: Together) -> Result:
    with ThreadPoolExecutor(max_workers=len(step.steps)) as pool:
        results = list(pool.map(lambda each: act(stage, each), step.steps))
    lists: dict[str, Any] = {"results": results}
    for name in ("resultCode", "verdict"):
        lists[f"{name}s"] = sorted(str(each[name]) for each in results if name in each)
    return lists


ACTS: Final[Mapping[type[Any], Act]] = {
    Sign: sign,
    Pay: pay,
    Cashier: at_cashier,
    Returned: returned,
    Agree: agree,
    Withdraw: withdraw,
    Server: plan,
    Notified: notified,
    Forge: forge,
    Clock: _clock,
    Register: register,
    Operate: _operate,
    Post: _post,
    Together: _together,
}
"""What each kind of step does that calls no function."""


def _filled(stage: Stage, step: AnyStep) -> AnyStep:
    """Return a step with what was kept in the place of its names."""
    plain = msgspec.to_builtins(step)
    full = stage.filled(plain)
    return step if full == plain else msgspec.convert(full, type=cast("Any", AnyStep))


def _save(stage: Stage, step: AnyStep, result: Result) -> None:
    for name, path in step.save.items():
        value = at_path(result, path)
        if value is ABSENT or isinstance(value, dict | list):
            raise StageRefused(f"save: there is no text at {path!r} to keep as {name!r}")
        stage.known[name] = str(value)


def _word(step: AnyStep) -> str:
    return str(step.__struct_config__.tag)


def _since_ms(began_s: float) -> int:
    return round((time.monotonic() - began_s) * 1_000)
