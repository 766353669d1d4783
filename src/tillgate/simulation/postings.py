"""The auditor's rules about the ledger: which way money went, from whom, to whom, and what for.

From orders, refunds and the issuer's own ledger it works out every posting that there must be, with
its source, destination, amount and currency, and holds that against the postings that there are.
What must hold: one posting for each cause, and none without one; whoever is debited for an order
stood at one of its pages, or signed the agreement that it was debited from.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from tillgate.simulation.auditor import Evidence, Rule
from tillgate.simulation.bank import NAME as BANK
from tillgate.simulation.books import Leg
from tillgate.simulation.findings import Finding
from tillgate.simulation.people import AGREEMENTS, CURRENCY, OPERATOR, PEOPLE

PERSONS: Final = {person.name: person for person in PEOPLE}
AGREED: Final = {agreed.name: agreed.payer.name for agreed in AGREEMENTS}
WALLET: Final = "wallet"


def money_goes_its_way(seen: Evidence) -> Iterator[Finding]:
    """Every posting has a cause, and every cause has its posting, with the right accounts."""
    there = Counter(_comparable(leg) for leg in seen.books.legs)
    wanted = Counter(_wanted(seen))
    missing = {_name(leg): leg for leg in (wanted - there).elements()}
    for leg in (there - wanted).elements():
        right = missing.pop(_name(leg), None)
        if right is not None:
            yield Finding("wrong way", _subject(seen, leg), f"{leg} should be {right}.")
        else:
            yield Finding("without a cause", _subject(seen, leg), f"{leg} belongs to nothing.")
    for leg in missing.values():
        yield Finding("not booked", _subject(seen, leg), f"There is no {leg}.")


def payers_pay_for_themselves(seen: Evidence) -> Iterator[Finding]:
    """Who paid an order was told so, or stood at a page of it, or signed its agreement."""
    told = {
        (telling.merchant, telling.trans): telling.payer
        for telling in seen.tellings.of("pay", "confirm", "close")
        if telling.code == "9000"
    }
    stood = _stood(seen)
    for (merchant, trans), order in seen.books.orders.items():
        if order.paid_at_ms is None:
            continue
        may = set(stood.get((merchant, trans), {}).values())
        if (merchant, trans) in told:
            may &= {told[merchant, trans]}
        subject = f"{merchant}/{trans}"
        if order.payer_id not in may:
            yield Finding("another's money", subject, f"{order.payer_id} paid, not one of {may}.")
        elif order.issuer != PERSONS[order.payer_id].issuer:
            yield Finding("another's money", subject, f"{order.issuer} holds none of the payer's.")


def the_bank_moved_the_payers(seen: Evidence) -> Iterator[Finding]:
    """What the bank moved was the money of whoever stood at the page, and as much as was asked."""
    stood = _stood(seen)
    by = {_reference(attempt): attempt for attempt in seen.books.attempts}
    for done in (seen.bank.taken, seen.bank.given_back):
        for reference, minor in done.items():
            attempt, payer = by.get(reference), seen.bank.payers[reference]
            merchant, trans, _ = reference.split("/")
            call = "" if attempt is None else attempt.call_id
            if payer != stood.get((merchant, trans), {}).get(call):
                sentence = f"The bank moved {payer}'s money for {reference}."
                yield Finding("another's money", f"{merchant}/{trans}", sentence)
            if attempt is None or attempt.amount.minor != minor:
                sentence = f"The bank moved {minor} for {attempt}."
                yield Finding("issuer's amount", f"{merchant}/{trans}", sentence)


def orders_and_refunds_are_their_merchants(seen: Evidence) -> Iterator[Finding]:
    """No order and no refund that its merchant did not ask for, in that amount and currency."""
    shops = {shop.seller.merchant_id: shop for shop in seen.shops}
    for (merchant, trans), order in seen.books.orders.items():
        signed = shops[merchant].amounts.get(trans)
        is_tombstone = str(order.close_reason) == "NEVER_CREATED"
        is_theirs = signed is not None and order.amount.minor in {signed, signed + 1}
        if order.amount.currency.code != CURRENCY or not (is_theirs or is_tombstone):
            yield Finding("unsigned order", f"{merchant}/{trans}", f"It is over {order.amount}.")
    for (merchant, number), refund in seen.books.refunds.items():
        asked, order = shops[merchant].refunds.get(number), _paid(seen, merchant, refund)
        is_theirs = asked is not None and refund.amount.minor in {asked, asked + 1}
        if refund.amount.currency.code != CURRENCY or not is_theirs or order is None:
            yield Finding("unasked refund", f"{merchant}/{number}", f"It is over {refund.amount}.")


def _wanted(seen: Evidence) -> Iterator[Leg]:
    """Yield every posting that there must be."""
    for person in PEOPLE:
        if person.cash:
            brought = Leg(
                "TOP_UP", person.name, "", f"funding:{OPERATOR}", f"payer:{person.name}", 0, ""
            )
            yield brought._replace(minor=person.cash, currency=CURRENCY)
    for (merchant, _), order in seen.books.orders.items():
        if order.paid_at_ms is not None:
            yield _leg("PAYMENT", order, order.acquirement_id, (_funds(order), _owed(merchant)))
            if str(order.close_reason) == "CANCELLED":
                way = (_owed(merchant), _back(order))
                yield _leg("REFUND", order, f"cancel:{order.acquirement_id}", way)
    for (merchant, number), refund in seen.books.refunds.items():
        order = _paid(seen, merchant, refund)
        if order is not None:
            reference, way = (
                f"refund:{order.acquirement_id}:{number}",
                (_owed(merchant), _back(order)),
            )
            yield _leg("REFUND", refund, reference, way)
            if refund.state == "FAILED":
                yield _leg("REFUND_DECLINED", refund, reference, (way[1], way[0]))
    yield from _wanted_of_bank(seen)


def _wanted_of_bank(seen: Evidence) -> Iterator[Leg]:
    """Yield what must be booked since the bank moved something, beside payments and refunds."""
    issuer, suspense, returning = (f"{name}:{BANK}" for name in ("issuer", "suspense", "returning"))
    for attempt in seen.books.attempts:
        reference = _reference(attempt)
        order = seen.books.orders[attempt.merchant_id, attempt.merchant_trans_id]
        has_paid = order.paid_at_ms is not None and order.paid_attempt == attempt.attempt_no
        if reference in seen.bank.taken and not has_paid:
            yield _leg("LATE_APPROVAL", attempt, reference, (issuer, suspense))
        if reference in seen.bank.given_back:
            is_late = str(attempt.purpose) == "LATE_APPROVAL" or (
                str(attempt.purpose) == "REFUND" and attempt.state == "DECLINED"
            )
            source = suspense if is_late else returning
            yield _leg("RETURNED", attempt, reference, (source, issuer))


def _leg(kind: str, row: Any, reference: str, way: tuple[str, str]) -> Leg:  # noqa: ANN401  Rows of any kind.
    money = row.amount
    return Leg(kind, row.merchant_id, reference, *way, money.minor, money.currency.code)


def _funds(order: Any) -> str:  # noqa: ANN401  As above.
    """Return the account that a payer's money is taken from, by who the payer is."""
    person = PERSONS.get(order.payer_id)
    return f"payer:{order.payer_id}" if person and person.issuer == WALLET else f"issuer:{BANK}"


def _back(order: Any) -> str:  # noqa: ANN401  As above.
    """Return the account that money given back comes into."""
    funds = _funds(order)
    return funds if funds.startswith("payer:") else f"returning:{BANK}"


def _owed(merchant: str) -> str:
    return f"merchant:{merchant}"


def _paid(seen: Evidence, merchant: str, refund: Any) -> Any:  # noqa: ANN401  As above.
    """Return the order that a refund gives back, if it was paid."""
    for order in seen.books.orders.values():
        if order.merchant_id == merchant and order.acquirement_id == refund.acquirement_id:
            return order if order.paid_at_ms is not None else None
    return None


def _stood(seen: Evidence) -> dict[tuple[str, str], dict[str, str]]:
    """Return who stood at each page of each order, and who signed what a debit is made from."""
    stood = {}
    for shop in seen.shops:
        for trans in shop.amounts:
            pages = dict(shop.pages.get(trans, {}))
            if trans in shop.debits:
                pages["agreement.pay"] = AGREED[shop.debits[trans]]
            stood[shop.seller.merchant_id, trans] = pages
    return stood


def _reference(attempt: Any) -> str:  # noqa: ANN401  As above.
    return f"{attempt.merchant_id}/{attempt.merchant_trans_id}/{attempt.attempt_no}"


def _comparable(leg: Leg) -> Leg:
    """Return a posting without the number that an operator's top-up has by chance."""
    return leg._replace(reference="") if leg.kind == "TOP_UP" else leg


def _name(leg: Leg) -> tuple[str, str, str]:
    return leg.kind, leg.book, leg.reference


def _subject(seen: Evidence, leg: Leg) -> str:
    """Name the order that a posting is about, as the trace does."""
    for (merchant, trans), order in seen.books.orders.items():
        is_of_order = order.acquirement_id in leg.reference.split(":")
        if leg.book == merchant and (
            is_of_order or leg.reference.startswith(f"{merchant}/{trans}/")
        ):
            return f"{merchant}/{trans}"
    return leg.reference or leg.book


BOOKED: tuple[Rule, ...] = (
    money_goes_its_way,
    payers_pay_for_themselves,
    the_bank_moved_the_payers,
    orders_and_refunds_are_their_merchants,
)
