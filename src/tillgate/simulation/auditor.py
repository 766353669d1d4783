"""The simulator's own auditor: rows against what clients were told, what the bank did, and people.

It shares no code with the audits that ship. Each rule is one function from the evidence to
findings. What must hold: a rule leans on what somebody outside saw, or on arithmetic; never on how
the house does it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tillgate.simulation.bank import NAME as BANK
from tillgate.simulation.bank import Bank
from tillgate.simulation.books import Books
from tillgate.simulation.buyer import Buyer
from tillgate.simulation.findings import Finding
from tillgate.simulation.people import PEOPLE
from tillgate.simulation.shop import Shop
from tillgate.simulation.targets import Heard
from tillgate.simulation.told import Tellings


class Evidence(NamedTuple):
    """Everything there is to hold against each other."""

    books: Books
    bank: Bank
    tellings: Tellings
    shops: Sequence[Shop]
    buyers: Sequence[Buyer]
    heard: Sequence[Heard]
    locked: Sequence[str]


Rule = Callable[[Evidence], Iterator[Finding]]


def entries_are_whole(seen: Evidence) -> Iterator[Finding]:
    """Every posting has its entry and moves something; every entry has its postings, and is one."""
    for leg in seen.books.legs:
        if leg.kind == "?" or leg.minor <= 0:
            yield Finding("loose posting", leg.reference, f"{leg} belongs to no entry.")
    named = Counter((entry.book, str(entry.kind), entry.reference) for entry in seen.books.entries)
    has = Counter((leg.book, leg.kind, leg.reference) for leg in seen.books.legs)
    for entry in seen.books.entries:
        name = (entry.book, str(entry.kind), entry.reference)
        if named[name] != 1 or has[name] != entry.legs or not entry.legs:
            sentence = f"{named[name]} entries with {has[name]} postings, of {entry.legs}."
            yield Finding("broken entry", entry.reference, sentence)


def balances_are_sums(seen: Evidence) -> Iterator[Finding]:
    """A payer's balance row is what the postings say, and never below zero."""
    for person in PEOPLE:
        account = f"payer:{person.name}"
        kept, summed = seen.books.balances.get(account, 0), seen.books.sums[account]
        if kept != summed:
            yield Finding("balance", account, f"The row says {kept}, the postings {summed}.")
        if summed < 0:
            yield Finding("overdrawn", account, f"It holds {summed}.")


def an_order_is_paid_once(seen: Evidence) -> Iterator[Finding]:
    """One payment at most, of the amount its merchant signed, and no more given back than that."""
    amounts = _signed_amounts(seen.shops)
    for (merchant, trans), order in seen.books.orders.items():
        subject = f"{merchant}/{trans}"
        paid = seen.books.payments(merchant, order.acquirement_id)
        back = seen.books.given_back(merchant, order.acquirement_id)
        total = sum(leg.minor for leg in paid)
        if len(paid) > 1:
            yield Finding("paid twice", subject, f"{len(paid)} payments of {total} in all.")
        if bool(paid) != (order.paid_at_ms is not None):
            yield Finding("paid or not", subject, f"The order is {order.state}, entries: {paid}.")
        for leg in paid:
            if leg.minor not in amounts.get(subject, set()):
                yield Finding("amount", subject, f"{leg.minor} was paid, {amounts} was signed.")
        if not 0 <= back <= total:
            yield Finding("refunded too much", subject, f"{back} of {total} went back.")
        if order.refunded.minor != back:
            yield Finding("refunds", subject, f"It says {order.refunded}, entries say {back}.")


def the_bank_agrees(seen: Evidence) -> Iterator[Finding]:
    """What the bank took and gave back, one by one and in all, is what our books say of it."""
    theirs = sum(seen.bank.given_back.values()) - sum(seen.bank.taken.values())
    ours = seen.books.sums[f"issuer:{BANK}"]
    if ours != theirs:
        yield Finding("issuer's ledger", BANK, f"Our books say {ours}, the bank's own {theirs}.")
    for attempt in seen.books.attempts:
        if attempt.issuer != BANK:
            continue
        reference = f"{attempt.merchant_id}/{attempt.merchant_trans_id}/{attempt.attempt_no}"
        done = reference in (seen.bank.given_back if attempt.kind == "REFUND" else seen.bank.taken)
        known = attempt.state == "APPROVED" or attempt.late_approved_at_ms is not None
        if done != known:
            sentence = f"The bank moved it: {done}; we think so: {known} ({attempt.state})."
            yield Finding("issuer's answer", reference, sentence)


def nothing_is_left_open(seen: Evidence) -> Iterator[Finding]:
    """After the quiet end nobody waits: no order, attempt, refund, message or lock."""
    for (merchant, trans), order in seen.books.orders.items():
        if order.state == "WAIT_BUYER_PAY" or order.attempt_open:
            yield Finding("left open", f"{merchant}/{trans}", f"The order is {order.state}.")
    for attempt in seen.books.attempts:
        if attempt.state in {"ASKED", "UNKNOWN", "REVIEW"}:
            subject = f"{attempt.merchant_id}/{attempt.merchant_trans_id}/{attempt.attempt_no}"
            yield Finding("left open", subject, f"The attempt is {attempt.state}.")
    for (merchant, number), refund in seen.books.refunds.items():
        if refund.state == "ASKED":
            yield Finding("left open", f"{merchant}/{number}", "The refund is asked for.")
    for key in seen.locked:
        yield Finding("left locked", key, "A lock outlived its transaction.")


def suspense_is_explained(seen: Evidence) -> Iterator[Finding]:
    """Money that belongs to nobody is what the bank would not take back, to the unit."""
    expected: Mapping[str, int] = _left_over(seen)
    for name, minor in expected.items():
        held = seen.books.sums[f"{name}:{BANK}"]
        if held != minor:
            yield Finding(name, BANK, f"It holds {held}, and {minor} can be explained.")


def _left_over(seen: Evidence) -> Mapping[str, int]:
    """Return what must lie in the accounts of money on its way."""
    left = {"returning": 0, "suspense": 0}
    for attempt in seen.books.attempts:
        if attempt.issuer != BANK:
            continue
        minor, purpose = attempt.amount.minor, str(attempt.purpose)
        went = attempt.state == "APPROVED" or attempt.late_approved_at_ms is not None
        if purpose == "PAYMENT" and attempt.late_approved_at_ms is not None:
            left["suspense"] += minor
        elif purpose == "LATE_APPROVAL":
            left["suspense"] -= minor if went else 0
        elif purpose == "CANCELLATION":
            left["returning"] += 0 if went else minor
        elif purpose == "REFUND":
            left["suspense"] -= minor if attempt.state == "DECLINED" and went else 0
    return left


def _signed_amounts(shops: Sequence[Shop]) -> dict[str, set[int]]:
    """Return the amounts that each order was ever signed with."""
    amounts: dict[str, set[int]] = {}
    for shop in shops:
        for trans, amount in shop.amounts.items():
            amounts[f"{shop.seller.merchant_id}/{trans}"] = {amount, amount + 1}
    return amounts


RULES: tuple[Rule, ...] = (
    entries_are_whole,
    balances_are_sums,
    an_order_is_paid_once,
    the_bank_agrees,
    nothing_is_left_open,
    suspense_is_explained,
)
