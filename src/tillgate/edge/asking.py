"""Asking an outside issuer between two commits: the intent is committed, then its answer.

Used by the cashier's confirm and by the worker that asks again. What must hold: no transaction is
open while an issuer is asked; whatever goes wrong with the question is Unknown, never Declined.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from tillgate.acquiring.attempt import AttemptKind
from tillgate.acquiring.call import Final
from tillgate.edge.desk import Desk
from tillgate.engine.commands import AnswerAttempt
from tillgate.engine.decide.paying import Ask, Opened
from tillgate.engine.issuer import Answer, Issuer, Question, Unknown
from tillgate.engine.lanes import Lane
from tillgate.kernel.ids import MerchantId, MerchantTransId


async def ask_debit(desk: Desk, ask: Ask) -> Final | Opened:
    """Ask the issuer to debit, commit what it answered, and return what the call is told.

    `Opened` when an agreement's one try was declined: the cashier is left (U14).
    """
    answer = await _asked(desk, ask.issuer, ask.question, AttemptKind.DEBIT)
    key = (ask.merchant_id, ask.merchant_trans_id)
    return await _commit(desk, key, ask.attempt_no, answer, lane=Lane.PEOPLE)


async def ask_refund(desk: Desk, ask: Ask) -> None:
    """Ask the issuer to take money back and commit what it answered."""
    answer = await _asked(desk, ask.issuer, ask.question, AttemptKind.REFUND)
    key = (ask.merchant_id, ask.merchant_trans_id)
    await _commit(desk, key, ask.attempt_no, answer, lane=Lane.PEOPLE)


async def ask_again(
    desk: Desk,
    key: tuple[MerchantId, MerchantTransId],
    attempt_no: int,
    *,
    kind: AttemptKind,
    issuer_name: str,
    question: Question,
) -> Answer:
    """Ask what became of an attempt, commit the answer, and return it."""
    answer = await _asked(desk, issuer_name, question, kind)
    await _commit(desk, key, attempt_no, answer, lane=Lane.BACKGROUND)
    return answer


async def _asked(desk: Desk, issuer_name: str, question: Question, kind: AttemptKind) -> Answer:
    """Return what the issuer of this name answers; one that is not here is Unknown."""
    issuer = desk.issuers.get(issuer_name)
    if issuer is None:
        return Unknown()
    ask = issuer.refund if kind is AttemptKind.REFUND else _debit_or_query(issuer, question)
    return await _answered(desk, ask(question))


def _debit_or_query(issuer: Issuer, question: Question) -> Callable[[Question], Awaitable[Answer]]:
    """Return how a debit is asked: the first ask is the debit itself, whoever asks."""
    return issuer.debit if question.asks == 1 else issuer.query


async def _answered(desk: Desk, asking: Awaitable[Answer]) -> Answer:
    """Return the answer; a time-out or any fault of the issuer's is Unknown."""
    try:
        return await asyncio.wait_for(asking, desk.settings.issuer_wait_s_max)
    except TimeoutError:
        return Unknown()
    except Exception:  # noqa: BLE001  Whatever an issuer does wrong, the money may have moved.
        structlog.get_logger("tillgate.issuer").exception("issuer_failed")
        return Unknown()


async def _commit(
    desk: Desk,
    key: tuple[MerchantId, MerchantTransId],
    attempt_no: int,
    answer: Answer,
    *,
    lane: Lane,
) -> Final | Opened:
    merchant_id, merchant_trans_id = key
    command = AnswerAttempt(
        operation_id=desk.operation(),
        merchant_id=merchant_id,
        merchant_trans_id=merchant_trans_id,
        attempt_no=attempt_no,
        answer=answer,
    )
    outcome: Final | Opened = await desk.engine.execute(command, lane)
    return outcome
