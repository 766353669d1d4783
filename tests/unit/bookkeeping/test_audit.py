"""The audit of payments: every code is produced by a corruption planted into books that were clean.

The clean books come from a real run of the engine: one order paid from the wallet, one by the bank
and cancelled, one declined and approved too late, and everything that may follow a payment. What
must hold: they give no fault, each planted change gives its code, and every code is planted.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.engine.story import Story
from tests.unit.bookkeeping.plants import (
    ALL_PLANTED,
    CANCELLED,
    KNOWN,
    LATE,
    OPEN,
    WALLET,
    Rows,
)
from tillgate.acquiring.acquirement import Acquirement
from tillgate.bookkeeping.audit import audit_books
from tillgate.bookkeeping.audit.notes import Note
from tillgate.kernel.ids import MerchantTransId
from tillgate.kernel.record import Record
from tillgate.ledger.audit import Finding
from tillgate.ledger.entries import Entry, EntryKind

AFTERWARDS = """
    shop notify_url=https://shop.example/n debt_max=HKD:100000  -
    pay part                                      9000
    refund R-1 4.00 order=part                    DONE
    pay back payer=slow                           asks
    bank yes 1 order=back                         9000
    refund R-2 3.00 order=back                    asks
    bank no 2 order=back                          9000
    refund R-3 2.00 order=back                    asks
    refund R-4 1.00 order=back                    asks
    bank yes 4 order=back                         9000
    prepare G-1                                   SIGNING
    sign G-1                                      ACTIVE
    apply code                                    generation 1
    apply refresh 1                               generation 2
    debit debited 1.00                            SUCCESS
    debit short 1000.00                           USER_BALANCE_NOT_ENOUGH
    prepare G-2                                   SIGNING
    sign G-2 payer=slow                           ACTIVE
    apply code agreement=G-2                      generation 1
    debit asked agreement=G-2                     asks
    prepare G-3                                   SIGNING
    sign G-3 payer=poor                           ACTIVE
    end G-3 payer=poor                            CANCELED
    pay held seen=jailbroken                      8000
    pay decided seen=jailbroken                   8000
    decide release decided                        Registered
"""


@pytest.fixture
async def papers() -> Rows:
    """Return all records of a run in which everything happened once."""
    score = Story()
    await score.set_up()
    await score.calls("B", "poor", merchant_trans_id=MerchantTransId(WALLET))
    for name, payer in ((WALLET, "rich"), (CANCELLED, "slow"), (LATE, "slow"), (OPEN, "slow")):
        await score.calls("A", payer, merchant_trans_id=MerchantTransId(name))
        await score.confirms("A", order=name)
    await score.confirms("B", order=WALLET)
    await score.bank_says("yes", order=CANCELLED)
    await score.merchant_cancels(CANCELLED)
    await score.bank_says("no", order=LATE)
    await score.bank_says("yes", order=LATE)
    await score.money_goes_back()
    await score.perform(AFTERWARDS)
    rows = {record: list(found) for record, found in (await score.everything()).items()}
    await score.engine.stop()
    return rows


def _audit(rows: Mapping[type[Record], Sequence[Any]]) -> Sequence[Finding]:
    return audit_books(rows, now_ms=rows[Acquirement][0].created_at_ms)


async def test_books_in_which_everything_happened_are_clean(papers: Rows) -> None:
    noted = {finding.code for finding in _audit(papers)}
    assert noted == {Note.REFUND_DECLINED}
    assert {entry.kind for entry in papers[Entry]} == set(EntryKind)


@pytest.mark.parametrize(("plant", "code"), ALL_PLANTED)
async def test_a_planted_change_is_found(
    papers: Rows, plant: Callable[[Rows], None], code: str
) -> None:
    before = _audit(papers)
    plant(papers)

    found = [finding for finding in _audit(papers) if finding not in before]
    assert code in {finding.code for finding in found}
    for finding in found:
        if finding.code == code:
            assert finding.is_fault is not isinstance(code, Note)
            assert finding.subject
            assert finding.sentence.endswith(".")


def test_every_code_is_planted() -> None:
    assert {code for _, code in ALL_PLANTED} == KNOWN
