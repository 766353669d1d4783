"""The ledger's audit: clean books give nothing, and each planted fault gives its own code.

The books are written by hand here, row by row, not by the code that posts. What must hold: for every
code there is a corruption that produces it, and taking the corruption away makes the books clean.
"""

# ruff: noqa: E501  A row of a table is as wide as what it says.

from collections.abc import Callable
from typing import Any

import pytest

from tillgate.kernel.ids import EntryId
from tillgate.kernel.money import Money
from tillgate.ledger.audit import CLOCKS_APART_MS, Books, LedgerFault, audit
from tillgate.ledger.chart import Account, AccountKind
from tillgate.ledger.entries import Balance, Entry, EntryKind, Leg, Posting, journal

HKD = "HKD"


def entry(number: int, **changes: Any) -> Entry:
    values: dict[str, Any] = {
        "book": "b",
        "entry_id": EntryId(f"e{number}"),
        "kind": EntryKind.TOP_UP,
        "reference": f"r{number}",
        "at_ms": number,
        "legs": 1,
    }
    return Entry(**(values | changes))


def posting(number: int, source: str, destination: str, minor: int, **changes: Any) -> Posting:
    values: dict[str, Any] = {
        "book": "b",
        "entry_id": EntryId(f"e{number}"),
        "leg_no": 1,
        "source": source,
        "destination": destination,
        "money": Money.of(minor, HKD),
    }
    return Posting(**(values | changes))


def balance(account: str, minor: int, currency: str = HKD) -> Balance:
    return Balance(account=account, currency=currency, money=Money.of(minor, HKD))


IN = (entry(1), posting(1, "funding:ada", "payer:alice", 1000))
OUT = (entry(2, kind=EntryKind.PAYMENT), posting(2, "payer:alice", "merchant:shop", 400))
CLEAN = Books(
    entries=(IN[0], OUT[0]), postings=(IN[1], OUT[1]), balances=(balance("payer:alice", 600),)
)


def changed(**changes: Any) -> Books:
    values = {"entries": CLEAN.entries, "postings": CLEAN.postings, "balances": CLEAN.balances}
    return Books(**(values | changes))


def codes(books: Books) -> set[str]:
    return {finding.code for finding in audit(books)}


# A table reads best a row at a time.
# fmt: off
F = LedgerFault
PLANTED = (
    # the books                                                              the codes that find it
    (changed(postings=(IN[1],)),                                            {F.LEGS_MISCOUNTED, F.BALANCE_DIFFERS, F.SUM_NOT_ZERO}),
    (changed(entries=(IN[0], entry(2, legs=2))),                            {F.LEGS_MISCOUNTED}),
    (changed(entries=(*CLEAN.entries, entry(3, legs=0))),                   {F.LEGS_MISCOUNTED}),
    (changed(entries=(IN[0], entry(2, legs=2**53))),                        {F.LEGS_MISCOUNTED}),
    (changed(postings=(IN[1], posting(2, "payer:alice", "merchant:shop", 400, leg_no=2))), {F.LEGS_MISCOUNTED}),
    (changed(entries=(IN[0],)),                                             {F.POSTING_WITHOUT_ENTRY}),
    (changed(entries=(*CLEAN.entries, entry(3)), postings=(*CLEAN.postings, posting(3, "payer:alice", "merchant:shop", 0))), {F.AMOUNT_NOT_ABOVE_ZERO}),
    (changed(entries=(*CLEAN.entries, entry(3)), postings=(*CLEAN.postings, posting(3, "issuer:b", "suspense:b", -5))), {F.AMOUNT_NOT_ABOVE_ZERO}),
    (changed(entries=(*CLEAN.entries, entry(3)), postings=(*CLEAN.postings, posting(3, "issuer:b", "issuer:b", 5))), {F.GOES_NOWHERE}),
    (changed(entries=(*CLEAN.entries, entry(3)), postings=(*CLEAN.postings, posting(3, "issuer:b", "pocket:me", 5))), {F.ACCOUNT_UNKNOWN}),
    (changed(entries=(*CLEAN.entries, entry(3)), postings=(*CLEAN.postings, posting(3, "issuer:b", "merchant:", 5))), {F.ACCOUNT_UNKNOWN}),
    (changed(entries=(*CLEAN.entries, entry(3, reference="r1")), postings=(*CLEAN.postings, posting(3, "issuer:b", "suspense:b", 5))), {F.ENTRY_REPEATED}),
    (changed(balances=(balance("payer:alice", 601),)),                      {F.BALANCE_DIFFERS, F.SUM_NOT_ZERO}),
    (changed(balances=(balance("payer:alice", 599),)),                      {F.BALANCE_DIFFERS, F.SUM_NOT_ZERO}),
    (changed(balances=()),                                                  {F.BALANCE_DIFFERS, F.SUM_NOT_ZERO}),
    (changed(balances=(*CLEAN.balances, balance("payer:bob", 5))),          {F.BALANCE_DIFFERS, F.SUM_NOT_ZERO}),
    (changed(balances=(*CLEAN.balances, balance("merchant:shop", 0))),      {F.BALANCE_UNCALLED_FOR}),
    (changed(balances=(*CLEAN.balances, balance("payer:bob", 0, "USD"))),   {F.BALANCE_UNCALLED_FOR}),
    (changed(entries=(OUT[0],), postings=(OUT[1],), balances=(balance("payer:alice", -400),)), {F.BELOW_ZERO}),
    (changed(entries=(entry(1, at_ms=3 + CLOCKS_APART_MS), OUT[0])),        {F.BELOW_ZERO}),
)
# fmt: on


def test_clean_books_give_no_finding() -> None:
    assert not audit(CLEAN)
    assert not audit(Books())


@pytest.mark.parametrize(("books", "expected"), PLANTED)
def test_a_planted_fault_is_found_by_its_code(books: Books, expected: set[LedgerFault]) -> None:
    assert codes(books) == {fault.value for fault in expected}


def test_every_code_is_planted() -> None:
    assert {fault for _, faults in PLANTED for fault in faults} == set(LedgerFault)


def test_a_finding_says_what_and_where() -> None:
    findings = audit(changed(balances=(balance("payer:alice", 601),)))

    assert findings[0].subject == "payer:alice HKD"
    assert "601" in findings[0].sentence
    assert "600" in findings[0].sentence
    assert findings[0].is_fault


def test_rows_of_one_instant_have_no_order() -> None:
    assert not audit(changed(entries=(entry(1, at_ms=5), entry(2, at_ms=5))))


def test_money_may_come_by_a_clock_that_is_ahead() -> None:
    assert not audit(changed(entries=(entry(1, at_ms=2 + CLOCKS_APART_MS), OUT[0])))


def test_money_that_came_by_a_clock_that_is_ahead_is_counted_once() -> None:
    later = 2 + CLOCKS_APART_MS
    books = Books(
        entries=(entry(1, at_ms=later), OUT[0], entry(3, at_ms=3), entry(4, at_ms=later + 1)),
        postings=(
            *CLEAN.postings,
            posting(3, "payer:alice", "merchant:shop", 601),
            posting(4, "funding:ada", "payer:alice", 1),
        ),
        balances=(balance("payer:alice", 0),),
    )
    found = [finding.sentence for finding in audit(books)]

    assert found == [], found
    early = changed(
        entries=(*books.entries[:3], entry(4, at_ms=later + 2)),
        postings=books.postings,
        balances=books.balances,
    )
    assert [(each.code, each.sentence) for each in audit(early)] == [
        (F.BELOW_ZERO, "At 3 ms the postings sum to -1 minor units.")
    ]


def test_currencies_are_held_apart() -> None:
    in_usd = posting(2, "payer:alice", "merchant:shop", 400, money=Money.of(400, "USD"))

    assert codes(changed(postings=(IN[1], in_usd))) == {
        F.BALANCE_DIFFERS,
        F.BELOW_ZERO,
        F.SUM_NOT_ZERO,
    }


ALICE = Account(AccountKind.PAYER, "alice")
SHOP = Account(AccountKind.MERCHANT, "shop")


@pytest.mark.parametrize(
    "legs",
    [
        list,
        lambda: [Leg(ALICE, SHOP, Money.of(0, HKD))],
        lambda: [Leg(ALICE, SHOP, Money.of(-1, HKD))],
        lambda: [Leg(ALICE, ALICE, Money.of(1, HKD))],
    ],
)
def test_an_entry_that_moves_nothing_is_never_made(legs: Callable[[], list[Leg]]) -> None:
    with pytest.raises(ValueError, match="posting"):
        journal(EntryKind.PAYMENT, legs(), book="b", reference="r", at_ms=1)


def test_a_journal_numbers_its_legs() -> None:
    legs = [Leg(ALICE, SHOP, Money.of(1, HKD)), Leg(SHOP, ALICE, Money.of(2, HKD))]
    made = journal(EntryKind.REFUND, legs, book="b", reference="r", at_ms=1)

    assert made.entry.legs == 2
    assert [leg.leg_no for leg in made.postings] == [1, 2]
    assert {leg.entry_id for leg in made.postings} == {made.entry.entry_id}


@pytest.mark.parametrize("kind", AccountKind)
def test_an_account_is_read_back_as_it_was_written(kind: AccountKind) -> None:
    account = Account(kind, "a:b")

    assert Account.parse(str(account)) == account


@pytest.mark.parametrize("text", ["", "payer", "payer:", ":alice", "pocket:alice", "PAYER:alice"])
def test_what_is_no_account_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no account"):
        Account.parse(text)
