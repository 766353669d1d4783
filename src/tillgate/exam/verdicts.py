"""How a case that was played is judged, and the words in which it is told.

It decides from what was seen alone. What must hold: an answer is held to what its case expects and
to nothing else; a check speaks of all acknowledgements of the exam, and names the first that fails.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from tillgate.exam import acks
from tillgate.exam.acks import Attitude, Judge
from tillgate.exam.acquirer import Message
from tillgate.exam.cases import About, Case, Expect, Step
from tillgate.exam.checks import GROUP, Check
from tillgate.exam.findings import (
    ANSWER_SHOWN_MAX,
    REQUEST_SHOWN_MAX,
    Exchanged,
    Finding,
    Verdict,
)
from tillgate.exam.states import State
from tillgate.exam.wire import Answer, End

_SIGNATURE: Final = re.compile(r'("signature"\s*:\s*"[^"]{0,12})[^"]*')
"""A report may be handed on, and what the gateway's key signed is believed wherever it is sent."""


class Seen(NamedTuple):
    """What a case brought: answers in the order of its messages, and how its subject stood."""

    steps: Sequence[Step]
    answers: Sequence[Answer]
    before: State | None
    after: Sequence[State]


def answer_fault(expect: Expect, message: Message, answer: Answer, *, strict: Judge | None) -> str:
    """Return what is wrong with an answer, or "".

    Args:
        expect: what should have been answered.
        message: what was sent.
        answer: what came back.
        strict: judges an acknowledgement as the gateway does; without it one is only recognised.
    """
    attitude = acks.attitude(answer)
    told = acks.told(answer)
    match expect:
        case Expect.ACKNOWLEDGED:
            if strict is not None:
                return strict.faults(message, answer)
            is_taken = attitude is Attitude.ACCEPTS
            return "" if is_taken else f"it was not acknowledged: {told}"
        case Expect.REFUSED:
            return "" if attitude is Attitude.REFUSES else f"it was not refused: {told}"
        case Expect.EITHER:
            is_fine = attitude in {Attitude.ACCEPTS, Attitude.REFUSES}
            return "" if is_fine else f"it was neither acknowledged nor refused: {told}"
        case Expect.NO_ACKNOWLEDGEMENT:
            is_bad = attitude in {Attitude.ACCEPTS, Attitude.CRASHES}
            is_bad = is_bad or answer.end is End.TIMED_OUT
            return f"it should be refused or left alone: {told}" if is_bad else ""


def judged(case: Case, seen: Seen, fault: str, *, doubt: str = "") -> Finding:
    """Return the finding of a case that was played; a doubt is why no fault is no pass."""
    told = "; ".join(dict.fromkeys(acks.told(answer) for answer in seen.answers))
    pairs = zip(seen.steps, seen.answers, strict=True)
    without_fault = Verdict.NOT_JUDGED if doubt else Verdict.PASSED
    return _finding(
        case,
        verdict=Verdict.FAILED if fault else without_fault,
        happened=f"{_sentence(fault or doubt or told)} {_stood(case, seen, fault)}".rstrip(),
        elapsed_ms=max(answer.elapsed_ms for answer in seen.answers),
        exchanges=[_exchanged(step, answer) for step, answer in pairs],
    )


def _stood(case: Case, seen: Seen, fault: str) -> str:
    """Return how the order or the agreement stood, unless the fault has said so."""
    subject = case.subject
    if seen.before is None:
        option = "--agreement-state" if case.about is About.AGREEMENT else "--state"
        return f"Nobody saw {subject} ({option})."
    if fault.startswith(subject) or f"; {subject}" in fault:
        return ""
    stood = dict.fromkeys(map(str, (seen.before, *seen.after)))
    return f"{subject.capitalize()}: {'; then '.join(stood)}."


def not_judged(case: Case, reason: str) -> Finding:
    """Return the finding of a case that could not be played or seen."""
    return _finding(case, verdict=Verdict.NOT_JUDGED, happened=reason)


def checked(check: Check, judge: Judge, acknowledged: Sequence[tuple[Message, Answer]]) -> Finding:
    """Hold every acknowledgement to one property; what is no envelope is told by its form alone."""
    rule = check.rule(judge)
    if check.is_of_envelopes:
        acknowledged = [pair for pair in acknowledged if not acks.form(*pair)]
    faults = [fault for message, answer in acknowledged if (fault := rule(message, answer))]
    count = len(acknowledged)
    verdict, happened = Verdict.PASSED, f"So are all {count} of this exam."
    if faults:
        verdict, happened = (
            Verdict.FAILED,
            f"{len(faults)} of {count} are not: {faults[0].rstrip('.')}.",
        )
    if not count:
        verdict, happened = Verdict.NOT_JUDGED, "No true message was acknowledged by an envelope."
    return Finding(
        name=check.name,
        title=check.title,
        group=GROUP,
        verdict=verdict,
        sent="The true messages of this exam.",
        expected=f"{check.expected}.",
        happened=happened,
        why=check.why,
        mend=check.mend,
        elapsed_ms=max((answer.elapsed_ms for _, answer in acknowledged), default=0),
    )


def _finding(
    case: Case,
    *,
    verdict: Verdict,
    happened: str,
    elapsed_ms: int = 0,
    exchanges: Sequence[Exchanged] = (),
) -> Finding:
    return Finding(
        name=case.name,
        title=case.title,
        group=case.group,
        verdict=verdict,
        sent=case.sent,
        expected=case.expected,
        happened=happened,
        why=case.why,
        mend=case.mend,
        elapsed_ms=elapsed_ms,
        exchanges=exchanges,
    )


def _exchanged(step: Step, answer: Answer) -> Exchanged:
    request = f"{step.sending.method} {_shown(step.sending.body, REQUEST_SHOWN_MAX)}"
    kept = acks.sort(answer) if answer.body else ""
    if acks.is_envelope(answer):
        kept = _shown(answer.body, ANSWER_SHOWN_MAX)
    return Exchanged(
        request=request.rstrip(),
        status=answer.status,
        ended=answer.end.value,
        answer=kept,
        elapsed_ms=answer.elapsed_ms,
    )


def _shown(body: bytes, length: int) -> str:
    """Return the beginning of a body; signatures are cut, so that nobody can send it again."""
    return _SIGNATURE.sub(r"\1…", body[:length].decode(errors="replace").rstrip())


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?')) else '.'}"
