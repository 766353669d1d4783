"""Machines whose clocks differ share one database.

Found by the simulator: a refund asked for by a machine that was ahead could not be answered by one
that was behind, until its clock had caught up; and what one wrote was a fault of the books to the
audit. What must hold: an answer is taken in when it comes; clocks a little apart leave clean books.
"""

import pytest

from tests.engine import score
from tests.engine.story import Story
from tests.support.records import sample
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import Attempt, AttemptKind, AttemptPurpose
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.states import AcquirementState, AttemptState, RefundState
from tillgate.engine.decide.answer_refund import take_refund_answer
from tillgate.engine.issuer import Answer, Approved, Declined
from tillgate.engine.settings import DecideSettings
from tillgate.engine.verb import Moment
from tillgate.engine.working_set import Overlay, WorkingSet
from tillgate.simulation.ids import SeededIds
from tillgate.storage.rules import check_rules

ASKED_AT_MS = 1_700_000_000_000
HOUR_MS = 3_600_000


@pytest.mark.parametrize("answer", [Approved(), Declined()])
def test_a_refund_ends_no_earlier_than_it_began(answer: Answer) -> None:
    refund = sample(Refund, state=RefundState.ASKED, created_at_ms=ASKED_AT_MS, ended_at_ms=None)
    key = (refund.merchant_id, refund.merchant_trans_id)
    attempt = sample(
        Attempt,
        merchant_id=key[0],
        merchant_trans_id=key[1],
        kind=AttemptKind.REFUND,
        purpose=AttemptPurpose.REFUND,
        state=AttemptState.UNKNOWN,
        amount=refund.amount,
        merchant_refund_id=refund.merchant_refund_id,
    )
    order = sample(
        Acquirement,
        merchant_id=key[0],
        merchant_trans_id=key[1],
        state=AcquirementState.TRADE_SUCCESS,
        amount=refund.amount,
        refunded=refund.amount,
        paid_at_ms=ASKED_AT_MS,
        refunds_open=1,
    )
    rows = Overlay(WorkingSet({row.key: row for row in (refund, attempt, order)}))
    behind = Moment(
        now_ms=ASKED_AT_MS - HOUR_MS, ids=SeededIds("clocks"), settings=DecideSettings()
    )

    take_refund_answer(rows, attempt, answer, behind)

    ended = rows.must(Refund, *refund.key.parts)
    assert ended.ended_at_ms == ASKED_AT_MS
    check_rules(ended, is_insert=False)


async def test_books_of_machines_whose_clocks_differ_a_little_are_clean() -> None:
    ahead = Story()
    await ahead.set_up()
    behind = Story(ahead.store)
    behind.ids, behind.payers = score.SeededIds(99), ahead.payers
    behind.engine.start()
    ahead.clock.advance(HOUR_MS)
    behind.clock.advance(HOUR_MS - 4_000)
    try:
        await ahead.tops_up("poor", "9.00 HKD")
        await ahead.step("call P A-1 payer=poor")
        await behind.once(behind.confirm("P", order="A-1"))
        await ahead.step("call P A-2 payer=slow")
        await ahead.once(ahead.confirm("P", order="A-2"))
        await behind.bank_says("yes", order="A-2")
        await behind.step("refund R-1 4.00 order=A-2")
        await ahead.bank_says("no", 2, order="A-2")
        await behind.step("cancel A-1")

        assert not [each for each in await behind.findings() if each.is_fault]
    finally:
        await ahead.engine.stop()
        await behind.engine.stop()
