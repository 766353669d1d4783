"""What each call of the SDK does, step by step: generators that say what they need and get it.

A plan yields a `Question`, a `Pause` or `Now` and returns an outcome; who drives it sends, sleeps
and reads the clock, with or without `await`. So there is one account of what is asked, what is
repeated and what an answer means. It knows neither network nor time.
What must hold: a request is repeated only under the same business id; after a try whose fate is not
known, a refusal counts only if the gateway gives it after it has looked that id up. A refusal that
does not depend on what we signed never counts: somebody on the way can let a refund pass, post a
spoilt copy with its head, and bring that answer back.
"""

from collections.abc import Callable, Generator
from itertools import count
from typing import Any, Generic, TypeAlias, TypeVar, final

import msgspec

from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.results import Check, Result
from tillgate.merchant.asking import Cause, NotKnown, Question, Said
from tillgate.merchant.connection import Repeating
from tillgate.merchant.outcomes import Refusal, Unknown

B = TypeVar("B", bound=msgspec.Struct)
V = TypeVar("V")
R = TypeVar("R")


@final
class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """Wait: any time between these two, in seconds."""

    least_s: float
    most_s: float


@final
class Now(msgspec.Struct, frozen=True):
    """Tell the time, in milliseconds."""


Step: TypeAlias = Question[Any] | Pause | Now
Plan: TypeAlias = Generator[Step, Any, R]
Drive: TypeAlias = Callable[[Plan[Any]], Any]
"""Carries a plan out: gives its outcome, or something to await for it."""

Waits: TypeAlias = Callable[[float, float], Plan[Any]]
"""Makes the plan of waiting at most so many seconds and asking after every so many."""

STUCK = frozenset({Cause.QUERY_REFUSED, Cause.REPEAT_REFUSED, Cause.REFUSED_UNREAD})
"""Waiting does not help: somebody has to look at the refusal."""


@final
class Wish(msgspec.Struct, Generic[V], frozen=True, kw_only=True):
    """Something a merchant wants done, which may be asked for again.

    Attributes:
        question: how it is asked for.
        about: what it is, in words.
        read: makes the outcome of a yes; None when the yes lacks what it must say.
    """

    question: Question[Any]
    about: str
    read: Callable[[Any], V | None]


@final
class Planner(msgspec.Struct, frozen=True, kw_only=True):
    """Makes plans for one merchant; `drive` is kept for whoever waits later."""

    repeating: Repeating
    drive: Drive

    def ask(self, question: Question[B], *, is_open: bool = False) -> Plan[Said[B] | NotKnown]:
        """Ask, and ask again while that may help.

        Args:
            question: what to ask.
            is_open: whether an earlier try may have been carried out.
        """
        unsettled: NotKnown | None = None
        for tries in count(1):
            heard: Said[B] | NotKnown = yield question
            heard = _weighed(question, heard, is_open=is_open or unsettled is not None)
            if isinstance(heard, Said):
                return heard
            if not heard.cause.nothing_done:
                unsettled = heard
            if not heard.cause.passing or tries >= self.repeating.tries_max:
                break
            most_s = self.repeating.pause_after(tries)
            yield Pause(least_s=most_s / 2, most_s=most_s)
        # A last try that certainly did nothing does not undo an earlier one that may have.
        return unsettled or heard

    def carry_out(
        self, wish: Wish[V], *, is_open: bool = False, until_known: Waits | None = None
    ) -> Plan[V | Refusal | Unknown[Any]]:
        """Ask for something and tell what became of it.

        Args:
            wish: what is wanted.
            is_open: whether an earlier try may have been carried out.
            until_known: the plan of whoever waits for it; asking for the same again if absent.
        """
        heard = yield from self.ask(wish.question, is_open=is_open)
        if isinstance(heard, Said) and not heard.done:
            return refusal(heard, wish.about)
        outcome = wish.read(heard) if isinstance(heard, Said) else None
        if outcome is not None:
            return outcome
        unknown = heard if isinstance(heard, NotKnown) else incomplete()
        still_open = is_open or not unknown.cause.nothing_done
        again = Again(lambda still: self.carry_out(wish, is_open=still), is_open=still_open)
        waits = until_known or again.until_known
        return self.unknown(unknown, wish.about, waits, may_be_done=still_open)

    def unknown(
        self, heard: NotKnown, about: str, again: Waits, *, may_be_done: bool = True
    ) -> Unknown[Any]:
        """Return that something is not known, with the plan of asking again."""
        return Unknown(
            may_be_done=may_be_done,
            cause=heard.cause,
            sentence=heard.sentence,
            result_code=heard.result_code,
            about=about,
            waiter=self.waiter(again),
        )

    def waiter(self, again: Waits) -> Callable[[float, float], Any]:
        """Return what waits by carrying a plan out."""
        return lambda timeout_s, every_s: self.drive(again(timeout_s, every_s))


@final
class Again:
    """Sends one thing again and again under its own business id, until it is known."""

    def __init__(self, once: Callable[[bool], Plan[Any]], *, is_open: bool) -> None:
        """Repeat `once`; `is_open` says whether a try may have been carried out already."""
        self._once = once
        self._is_open = is_open

    def until_known(self, timeout_s: float, every_s: float) -> Plan[Any]:
        """Repeat until the outcome is known or the time is over."""
        ends_ms = yield from deadline(timeout_s)
        is_open = self._is_open
        while True:
            outcome = yield from self._once(is_open)
            if not isinstance(outcome, Unknown) or outcome.cause in STUCK:
                return outcome
            is_open = outcome.may_be_done
            pause = Pause(least_s=every_s, most_s=every_s)
            if not (yield from fits(pause, ends_ms)):
                return outcome
            yield pause


def deadline(timeout_s: float) -> Plan[int]:
    """Return when a wait that starts now is over."""
    now_ms: int = yield Now()
    return now_ms + int(timeout_s * SECOND_MS)


def fits(pause: Pause, ends_ms: int) -> Plan[bool]:
    """Tell whether there is time for a pause before a wait is over."""
    now_ms: int = yield Now()
    return now_ms + pause.most_s * SECOND_MS <= ends_ms


def refusal(said: Said[Any], about: str) -> Refusal:
    """Return a signed no as a value."""
    return Refusal(code=said.info.result_code, sentence=said.info.result_msg or "", about=about)


def incomplete() -> NotKnown:
    """Return that a yes does not say what it is a yes to."""
    return NotKnown(cause=Cause.ILL_FORMED, detail="It lacks what a success must say.")


def _weighed(
    question: Question[B], heard: Said[B] | NotKnown, *, is_open: bool
) -> Said[B] | NotKnown:
    """Return an answer, or that it settles neither this try nor an earlier one."""
    if isinstance(heard, NotKnown) or heard.done or not question.function.changes:
        return heard
    result = Result.__members__.get(heard.info.result_code)
    if result is not None and _is_unread(result):
        return NotKnown.refused(Cause.REFUSED_UNREAD, heard.info)
    if not is_open or (result is not None and result.check >= Check.EXISTENCE):
        return heard
    return NotKnown.refused(Cause.REPEAT_REFUSED, heard.info)


def _is_unread(result: Result) -> bool:
    """Tell whether another copy of a message, or the same one late, may get this refusal.

    Up to the function a message is judged by its envelope, its head and its address, which somebody
    on the way can change; it is stale when it is posted again late, and repeated when a copy has a
    blank more outside of what is signed. Only members that are missing or illegal are our own.
    """
    return result.check <= Check.REPLAY and result.check not in {Check.REQUIRED, Check.FORMAT}
