"""Asking an outside issuer between two commits: the intent is committed, then its answer.

Used by the cashier's confirm and by the worker that asks again. What must hold: no transaction is
open while an issuer is asked; whatever goes wrong with the question is Unknown, never Declined; no
debit is begun so late that others may have asked what became of it, and have been told that there
was none.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from tillgate.acquiring.attempt import AttemptKind
from tillgate.acquiring.call import Final
from tillgate.edge.desk import Desk
from tillgate.edge.executed import once_executed
from tillgate.edge.following import follow
from tillgate.engine.commands import AnswerAttempt
from tillgate.engine.decide.paying import Ask, Opened
from tillgate.engine.issuer import Answer, Issuer, Question, Unknown
from tillgate.engine.lanes import Lane
from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.ids import MerchantId, MerchantTransId


async def ask_debit(desk: Desk, ask: Ask) -> Final | Opened:
    """Ask the issuer to debit, commit what it answered, and return what the call is told.

    `Opened` when an agreement's one try was declined: the cashier is left (U14).
    """
    follow(desk, ask.merchant_id, ask.merchant_trans_id)
    answer = await _asked(desk, ask.issuer, ask.question, AttemptKind.DEBIT)
    key = (ask.merchant_id, ask.merchant_trans_id)
    return await _commit(desk, key, ask.attempt_no, answer, lane=Lane.PEOPLE)


async def ask_refund(desk: Desk, ask: Ask) -> None:
    """Ask the issuer to take money back and commit what it answered."""
    follow(desk, ask.merchant_id, ask.merchant_trans_id)
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
    follow(desk, *key)
    answer = await _asked(desk, issuer_name, question, kind)
    await _commit(desk, key, attempt_no, answer, lane=Lane.BACKGROUND)
    return answer


async def _asked(desk: Desk, issuer_name: str, question: Question, kind: AttemptKind) -> Answer:
    """Return what the issuer of this name answers; one that is not here is Unknown."""
    issuer = desk.issuers.get(issuer_name)
    if issuer is None or (kind is AttemptKind.DEBIT and _is_too_late(desk, question)):
        return Unknown()
    ask = issuer.refund if kind is AttemptKind.REFUND else _debit_or_query(issuer, question)
    began_s = time.perf_counter()
    with desk.traces.span("issuer ask", issuer=issuer_name, kind=kind.value):
        answer = await _answered(desk, ask(question))
        name, elapsed_s = type(answer).__name__, time.perf_counter() - began_s
        desk.traces.note(answer=name)
    desk.meters.asked(issuer_name, kind.value, answer=name, elapsed_s=elapsed_s)
    structlog.get_logger("tillgate.issuer").info(
        "issuer_answered",
        issuer=issuer_name,
        kind=kind.value,
        answer=name,
        elapsed_ms=round(elapsed_s * SECOND_MS),
    )
    return answer


def _debit_or_query(issuer: Issuer, question: Question) -> Callable[[Question], Awaitable[Answer]]:
    """Return how a debit is asked."""
    return issuer.debit if _is_first(question) else issuer.query


def _is_too_late(desk: Desk, question: Question) -> bool:
    """Tell whether a debit, begun now, might still be under way when others ask about it.

    So it is after a commit whose answer came late. A question about a debit may always be asked.
    """
    answered_by_ms = desk.clock.now_ms() + desk.settings.issuer_wait_s_max * SECOND_MS
    return _is_first(question) and answered_by_ms > question.lease_until_ms


def _is_first(question: Question) -> bool:
    """Tell whether this is the debit itself, whoever asks, and no question about it."""
    return question.asks == 1


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
    outcome: Final | Opened = await once_executed(desk.engine.execute(command, lane))
    return outcome
