"""The simulated bank, which answers by the amount where a chosen one is asked for.

Every other question goes to the bank that answers by the payer. It keeps no state: an answer
depends on the amount and on how long ago it was first asked. What must hold: a cancel's money
always comes back, since no merchant chose an outcome for it; a yes is never followed by a no.
"""

import asyncio
from collections.abc import Mapping
from typing import final

from tillgate.acquiring.attempt import Attempt, AttemptPurpose
from tillgate.engine.issuer import Answer, Approved, Declined, Issuer, Question, Unknown
from tillgate.engine.ports import Reader
from tillgate.issuers import simulated
from tillgate.kernel.clock import SECOND_MS, Clock
from tillgate.kernel.results import Result
from tillgate.sandbox.chosen.amounts import (
    Act,
    Declines,
    DeclinesRefund,
    Resolves,
    ResolvesRefund,
    Waits,
    WaitsForRefund,
    chosen,
)


def banks(reader: Reader, clock: Clock) -> Mapping[str, Issuer]:
    """Return the sandbox's one outside issuer by its name."""
    return {simulated.NAME: ChosenBank(reader, clock)}


@final
class ChosenBank:
    """Answers by the amount, else by the payer."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        """Read attempts here, and judge their age by this clock."""
        self._reader = reader
        self._clock = clock
        self._usual = simulated.SimulatedIssuer(clock)

    async def debit(self, question: Question) -> Answer:
        """Take the money, as the amount or the payer says."""
        act = _act(question)
        if isinstance(act, Waits):
            await asyncio.sleep(act.wait_ms / SECOND_MS)
            return Approved()
        return self._payment(question, act) or await self._usual.debit(question)

    async def query(self, question: Question) -> Answer:
        """Tell what became of a debit."""
        act = _act(question)
        if isinstance(act, Waits):
            return Approved()
        return self._payment(question, act) or await self._usual.query(question)

    async def refund(self, question: Question) -> Answer:
        """Take money back for the payer, as the amount says where a merchant refunds."""
        act = _act(question)
        if isinstance(act, WaitsForRefund):
            await asyncio.sleep(act.wait_ms / SECOND_MS)
        is_chosen = isinstance(act, DeclinesRefund | ResolvesRefund)
        if not is_chosen or not await self._is_of_merchant(question):
            return await self._usual.refund(question)
        if isinstance(act, DeclinesRefund):
            return Declined(act.result.name)
        if isinstance(act, ResolvesRefund) and self._age_ms(question) < act.after_ms:
            return Unknown()
        is_done = isinstance(act, ResolvesRefund) and act.is_done
        return Approved() if is_done else Declined(Result.UNAVAILABLE_PAYMENT_METHOD.name)

    def _payment(self, question: Question, act: Act | None) -> Answer | None:
        """Return what the amount says of a debit; None leaves it to the payer."""
        match act:
            case Declines():
                return Declined(act.result.name)
            case Resolves():
                if self._age_ms(question) < act.after_ms:
                    return Unknown()
                return Approved() if act.is_paid else Declined()
            case DeclinesRefund() | ResolvesRefund() | WaitsForRefund():
                return Approved()
            case _:
                return None

    def _age_ms(self, question: Question) -> int:
        return self._clock.now_ms() - question.asked_at_ms

    async def _is_of_merchant(self, question: Question) -> bool:
        merchant_id, _, rest = question.reference.partition("/")
        trans_id, _, number = rest.rpartition("/")
        attempt = await self._reader.get(Attempt, merchant_id, trans_id, number)
        return attempt is not None and attempt.purpose is AttemptPurpose.REFUND


def _act(question: Question) -> Act | None:
    row = chosen(question.amount)
    return None if row is None else row.act
