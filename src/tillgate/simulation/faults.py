"""The faults that may be injected, by name, and who decides when one strikes.

A fault that has not struck yet strikes sooner, so that a short run has seen many kinds. What must
hold: each strike is counted and noted in the trace; when faults are off none strikes.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, unique
from typing import Final, final

from tillgate.simulation.trace import Trace

EAGERNESS: Final = 4
"""How much likelier the first strike of a kind is than the later ones."""


@unique
class Fault(Enum):
    """What can go wrong; the value is the sentence of the report."""

    CRASH_BEFORE_LOAD = "a process died before it read its rows"
    CRASH_BEFORE_FLUSH = "a process died with its rows locked, before it wrote"
    CRASH_BEFORE_COMMIT = "a process died after it wrote, before the commit"
    CRASH_AFTER_COMMIT = "a process died after the commit, before anybody was answered"
    CRASH_ASKING = "a process died while an issuer or a merchant was asked"
    RESTART = "a process was stopped in order and started again"
    STORE_SLOW = "a transaction took seconds"
    STORE_SLOW_COMMIT = "what was decided took seconds to be written, with its rows locked"
    STORE_UNAVAILABLE = "the store could not be reached"
    READER_SLOW = "a read took seconds"
    READER_UNAVAILABLE = "a read failed"
    COMMIT_UNHEARD = "a commit happened, and its answer was lost"
    COMMIT_LOST = "a commit did not happen, and nobody was told"
    INSERT_LOST = "another process inserted the same row first"
    CLOCK_FORWARD = "a process's clock jumped forward"
    CLOCK_BACK = "a process's clock jumped back"
    REQUEST_TWICE = "a request arrived twice"
    REQUEST_LATE = "a request arrived after later ones"
    REQUEST_LOST = "a request never arrived"
    ANSWER_LOST = "an answer never arrived"
    CALLER_GONE = "a caller gave up while its request was under way"
    OTHER_CONTENT = "another content came under a number that was used"
    ISSUER_LATE = "an issuer answered after we stopped waiting"
    ISSUER_SILENT = "an issuer took a question and said nothing"
    ISSUER_DEAF = "a question never reached the issuer"
    ISSUER_SLOW_POST = "a debit reached the issuer long after it was sent"
    ISSUER_TWICE = "an issuer said the same thing again later"
    ISSUER_NO_THEN_YES = "an issuer said no and later yes"
    ISSUER_YES_THEN_NO = "an issuer said yes and later no"
    ISSUER_FAILS = "an issuer took the money and answered with an error"
    NOTIFY_WRONG_ACK = "a merchant acknowledged something else"
    NOTIFY_ERROR = "a merchant's server answered with 500"
    NOTIFY_HANGS = "a merchant's server did not answer"
    NOTIFY_REFUSES = "a merchant's server took no connection"
    NOTIFY_ACK_LOST = "a merchant's acknowledgement was lost"
    NOTIFY_BUSY = "there was no place for one more message to a host"


@final
class Faults:
    """Decides when a fault strikes."""

    def __init__(self, chance: random.Random, trace: Trace) -> None:
        """Start with all faults off."""
        self._chance = chance
        self._trace = trace
        self.are_on = False
        self.slow_writers = 0
        """How many stories want the database to be slow now: faults come when they hurt."""
        self.counts: Counter[Fault] = Counter()

    @contextmanager
    def slow_writes(self) -> Iterator[None]:
        """Let commits be slow more often than not while something happens."""
        self.slow_writers += 1
        try:
            yield
        finally:
            self.slow_writers -= 1

    def strikes(self, fault: Fault, one_in: int, *, who: str, what: str = "") -> bool:
        """Tell whether a fault strikes now, at a chance of one in so many."""
        if not self.are_on:
            return False
        chance = (1 if self.counts[fault] else EAGERNESS) / one_in
        if self._chance.random() >= chance:
            return False
        self.struck(fault, who=who, what=what)
        return True

    def struck(self, fault: Fault, *, who: str, what: str = "") -> None:
        """Count a fault that somebody else let happen."""
        self.counts[fault] += 1
        self._trace.note(who, f"FAULT {fault.name} {what}".rstrip())

    def between(self, least: float, most: float) -> float:
        """Return how long, or how much, something takes."""
        return self._chance.uniform(least, most)
