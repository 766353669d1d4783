"""The sandbox's outside issuer: it answers by the name of the payer, the same way every time.

It keeps no state: an answer depends on the payer and on how long ago the debit was first asked, so
it survives a restart and follows a virtual clock. What must hold: a reference that was approved is
never declined later.
"""

import asyncio
from collections.abc import Mapping
from enum import Enum, unique
from typing import final

from tillgate.engine.issuer import Answer, Approved, Declined, Question, Unknown
from tillgate.kernel.clock import SECOND_MS, Clock

NAME = "sandbox"
SLOW_MS = 3 * SECOND_MS
RESOLVED_AFTER_MS = 5 * SECOND_MS


@unique
class Manner(Enum):
    """How the issuer treats a payer: (payer, sentence for the sign-in page)."""

    SLOW = ("slow", "The bank takes three seconds, then says yes.")
    UNKNOWN_THEN_PAID = ("unknown-then-paid", "The bank does not answer at first, then says yes.")
    UNKNOWN_THEN_FAILED = (
        "unknown-then-failed",
        "The bank does not answer at first, then says no.",
    )

    def __init__(self, payer: str, about: str) -> None:
        """Unpack a row of the table."""
        self.payer = payer
        self.about = about


MANNERS: Mapping[str, Manner] = {manner.payer: manner for manner in Manner}


@final
class SimulatedIssuer:
    """Answers for the payers of `Manner`; everybody else is approved at once."""

    def __init__(self, clock: Clock) -> None:
        """Judge the age of a debit by this clock."""
        self._clock = clock

    async def debit(self, question: Question) -> Answer:
        """Take the money, as the payer's manner says."""
        manner = MANNERS.get(question.payer_id)
        if manner is Manner.SLOW:
            await asyncio.sleep(SLOW_MS / SECOND_MS)
            return Approved()
        return self._judged(question, manner)

    async def query(self, question: Question) -> Answer:
        """Tell what became of a debit."""
        return self._judged(question, MANNERS.get(question.payer_id))

    async def refund(self, question: Question) -> Answer:  # noqa: ARG002  The port's shape.
        """Take money back for the payer: always at once."""
        return Approved()

    def _judged(self, question: Question, manner: Manner | None) -> Answer:
        age_ms = self._clock.now_ms() - question.asked_at_ms
        if manner in (None, Manner.SLOW):
            return Approved()
        if age_ms < RESOLVED_AFTER_MS:
            return Unknown()
        return Approved() if manner is Manner.UNKNOWN_THEN_PAID else Declined()
