"""The meters port: what doors and workers tell of their work, to be counted and timed.

It knows no library that counts. What must hold: whatever is told comes from closed sets (a door, a
function, a result's name), never an id or a text of a merchant or payer, so that what is counted
stays as small as the house; and telling is quick and never fails.
"""

from typing import Final, Protocol, final

import msgspec


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for somebody at one look: in the store, and at the clock.

    Attributes:
        due: notifications that should have been sent by now.
        due_age_s: how long the oldest of them is due.
        pending: notifications that no merchant has acknowledged yet, those due later included.
        unknown: attempts of which the issuer has said neither yes nor no.
        unknown_age_s: how long ago the oldest of them was first asked.
        review: payments that wait for an operator.
        review_age_s: how long the oldest of them waits.
        clock_held_s: how far our clock is ahead of the machine's or the database's, which was set
            back since we started.
    """

    due: int = 0
    due_age_s: float = 0.0
    pending: int = 0
    unknown: int = 0
    unknown_age_s: float = 0.0
    review: int = 0
    review_age_s: float = 0.0
    clock_held_s: float = 0.0


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What one audit of the books found.

    Attributes:
        faults: findings that must not be; 0 is clean.
        notes: findings for an operator to look at.
        ended_at_ms: when it was done.
        took_s: how long it took.
    """

    faults: int
    notes: int
    ended_at_ms: int
    took_s: float


class Meters(Protocol):
    """Whatever counts."""

    def requested(self, door: str, status: int, elapsed_s: float) -> None:
        """Count a request that a door answered."""
        ...

    def called(self, function: str, result: str) -> None:
        """Count a function that a merchant's server called."""
        ...

    def told(self, code: str, result: str) -> None:
        """Count a page that was called back."""
        ...

    def asked(self, issuer: str, kind: str, *, answer: str, elapsed_s: float) -> None:
        """Count a question to an issuer."""
        ...

    def sent(self, verdict: str, elapsed_s: float) -> None:
        """Count a notification that was sent, by what came back."""
        ...

    def pin_waited(self, elapsed_s: float) -> None:
        """Hear how long a PIN waited for its check to begin."""
        ...

    def pins_full(self) -> None:
        """Count a PIN that was turned away because too many wait for their check."""
        ...

    def owing(self, owed: Owed) -> None:
        """Hear what waits in the store."""
        ...

    def audited(self, audited: Audited | None) -> None:
        """Hear what an audit found, or that one could not be made."""
        ...


@final
class Uncounted:
    """Counts nothing."""

    def requested(self, door: str, status: int, elapsed_s: float) -> None:
        """Do nothing."""

    def called(self, function: str, result: str) -> None:
        """Do nothing."""

    def told(self, code: str, result: str) -> None:
        """Do nothing."""

    def asked(self, issuer: str, kind: str, *, answer: str, elapsed_s: float) -> None:
        """Do nothing."""

    def sent(self, verdict: str, elapsed_s: float) -> None:
        """Do nothing."""

    def pin_waited(self, elapsed_s: float) -> None:
        """Do nothing."""

    def pins_full(self) -> None:
        """Do nothing."""

    def owing(self, owed: Owed) -> None:
        """Do nothing."""

    def audited(self, audited: Audited | None) -> None:
        """Do nothing."""


UNCOUNTED: Final = Uncounted()
