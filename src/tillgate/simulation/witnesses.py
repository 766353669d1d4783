"""The auditor's rules about people: what pages, servers and merchants' notify URLs were told.

Whoever was told yes finds it in the books, whoever paid was told nothing else, whoever is owed a
message has it. What must hold: "unknown" binds nobody to anything.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from tillgate.simulation.auditor import Evidence, Rule
from tillgate.simulation.findings import Finding
from tillgate.simulation.people import AGREEMENTS, PEOPLE, SELLERS
from tillgate.simulation.told import Telling

PAID: Final = "9000"
LAST_WORDS: Final = frozenset({"9000", "5000", "6001", "4000"})
PASSING: Final = frozenset(
    {"REPEAT_REQ_INCONSISTENT", "ACCESS_DENIED", "REQUEST_EXPIRED", "REQUEST_TRAFFIC_EXCEED_LIMIT"}
)
"""Reasons of a 4000 that judge a request and not its order."""
NO_MONEY: Final = frozenset(
    {"USER_BALANCE_NOT_ENOUGH", "AMOUNT_EXCEED_DAILY_LIMIT", "PAYMENT_AMOUNT_EXCEED_LIMIT"}
    | {"UNAVAILABLE_PAYMENT_METHOD", "RISK_REJECT", "ORDER_IS_CLOSED", "USER_STATUS_ABNORMAL"}
)
"""What a debit that moved nothing, or whose money went back, is told."""
CLOSED: Final = "ORDER_IS_CLOSED"
DUPLICATE: Final = "5000"
NOTED: Final = "PAYMENT_IN_PROCESS"
SENDS_MAX: Final = 8


def told_paid_is_paid(seen: Evidence) -> Iterator[Finding]:
    """Every 9000, and every SUCCESS of a debit, is in the ledger exactly once."""
    for told in seen.tellings.all:
        is_yes = (told.act in {"pay", "confirm", "close", "look"} and told.code == PAID) or (
            told.act == "debit" and told.code == "SUCCESS"
        )
        if not is_yes:
            continue
        order = seen.books.orders.get((told.merchant, told.trans))
        number = order.acquirement_id if order else ""
        paid = seen.books.payments(told.merchant, number)
        if len(paid) != 1:
            yield Finding("told paid", told.order, f"{told.code} was told; payments: {paid}.")
        elif paid[0].minor != told.amount:
            sentence = f"Told for {told.amount}; {paid[0].minor} was paid."
            yield Finding("told paid", told.order, sentence)


def whoever_paid_hears_so(seen: Evidence) -> Iterator[Finding]:
    """A call that paid is never told 5000, 4000 or 6001; its last word is always the same."""
    words: dict[tuple[str, str, str], list[Telling]] = defaultdict(list)
    for told in seen.tellings.of("pay", "confirm", "close", "look"):
        if told.code in LAST_WORDS and not (told.code == "4000" and told.name in PASSING):
            words[told.merchant, told.trans, told.subject].append(told)
    for (merchant, trans, call_id), tellings in words.items():
        subject = f"{merchant}/{trans}"
        call = seen.books.calls.get((merchant, trans, call_id))
        said = sorted({f"{told.code} {told.name}" for told in tellings})
        if call is not None and call.result_code == PAID and said != [f"{PAID} SUCCESS"]:
            yield Finding("paid and told no", subject, f"Call {call_id} paid and was told {said}.")
        elif len({told.code for told in tellings}) > 1:
            yield Finding("two last words", subject, f"Call {call_id} was told {said}.")


def a_no_moved_nothing(seen: Evidence) -> Iterator[Finding]:
    """Who was told that a debit failed has lost nothing by it."""
    for told in seen.tellings.of("debit"):
        order = seen.books.orders.get((told.merchant, told.trans))
        if order is None or told.code not in NO_MONEY:
            continue
        paid = sum(leg.minor for leg in seen.books.payments(told.merchant, order.acquirement_id))
        left = paid - seen.books.given_back(told.merchant, order.acquirement_id)
        if left:
            yield Finding("told no", told.order, f"{told.code} was told, and {left} is gone.")


def other_content_gets_nothing(seen: Evidence) -> Iterator[Finding]:
    """Of two contents under one number one at most is ever told yes."""
    yes: dict[tuple[str, str, str, str], set[int]] = defaultdict(set)
    for told in seen.tellings.all:
        if told.act in {"pay", "confirm"} and told.code == PAID:
            yes["paid", told.merchant, told.trans, ""].add(told.amount)
        if told.act in {"debit", "refund"} and told.code == "SUCCESS":
            yes[told.act, told.merchant, told.trans, told.subject].add(told.amount)
    for (_, merchant, trans, subject), amounts in yes.items():
        if len(amounts) > 1:
            sentence = f"{sorted(amounts)} were all told yes under one number {subject}."
            yield Finding("two contents", f"{merchant}/{trans}", sentence)


def refunds_are_as_told(seen: Evidence) -> Iterator[Finding]:
    """A refund told SUCCESS is booked once; one told FAIL is not."""
    for told in seen.tellings.of("refund"):
        row = seen.books.refunds.get((told.merchant, told.subject))
        booked = row is not None and row.state == "DONE" and row.amount.minor == told.amount
        if told.code == "SUCCESS" and not booked:
            yield Finding("told refunded", told.order, f"{told.subject} is {row}.")
        failed = row is None or row.state == "FAILED" or row.amount.minor != told.amount
        if told.code == "UNAVAILABLE_PAYMENT_METHOD" and not failed:
            yield Finding("told not refunded", told.order, f"{told.subject} is {row}.")
    for (merchant, number), row in seen.books.refunds.items():
        reference = f"refund:{row.acquirement_id}:{number}"
        legs = [leg for leg in seen.books.of[merchant, reference] if leg.kind == "REFUND"]
        if len(legs) != 1 or legs[0].minor != row.amount.minor:
            yield Finding("refund's entry", f"{merchant}/{number}", f"{row.state}: {legs}.")


def a_cancel_is_the_end(seen: Evidence) -> Iterator[Finding]:
    """Whoever was told that a cancel succeeded has an order that is closed and costs nobody."""
    for told in seen.tellings.of("cancel"):
        order = seen.books.orders.get((told.merchant, told.trans))
        if told.code != "SUCCESS":
            continue
        if order is None or order.state != "TRADE_CLOSED":
            yield Finding("told cancelled", told.order, f"It is {order and order.state}.")
            continue
        paid = sum(leg.minor for leg in seen.books.payments(told.merchant, order.acquirement_id))
        if paid != seen.books.given_back(told.merchant, order.acquirement_id):
            yield Finding("told cancelled", told.order, "Not everything went back.")


def a_noted_cancel_holds(seen: Evidence) -> Iterator[Finding]:
    """Whoever was told that a cancel is noted has an order that nobody ever pays for good."""
    noted = {told.order for told in seen.tellings.of("cancel") if told.code == NOTED}
    for told in seen.tellings.all:
        is_yes = told.code == PAID or (told.act == "debit" and told.code == "SUCCESS")
        if is_yes and told.order in noted:
            yield Finding("noted cancel forgotten", told.order, f"{told.act} was told {told.code}.")
    for order in sorted(noted):
        merchant, trans = order.split("/")
        row = seen.books.orders[merchant, trans]
        paid = sum(leg.minor for leg in seen.books.payments(merchant, row.acquirement_id))
        left = paid - seen.books.given_back(merchant, row.acquirement_id)
        if row.state != "TRADE_CLOSED" or left:
            sentence = f"It is {row.state}, and {left} did not go back."
            yield Finding("noted cancel forgotten", order, sentence)


def queries_never_go_back(seen: Evidence) -> Iterator[Finding]:
    """A query that is asked after somebody was told that an order is paid says so as well."""
    known: dict[str, int] = {}
    for told in seen.tellings.all:
        is_paid = told.code == PAID or (told.act == "debit" and told.code == "SUCCESS")
        if told.act == "query" and told.said.get("paymentTime"):
            is_paid = True
        if is_paid:
            known[told.order] = min(known.get(told.order, told.ended_ms), told.ended_ms)
    for told in seen.tellings.of("query"):
        since = known.get(told.order)
        is_later = since is not None and told.began_ms > since and told.code == "SUCCESS"
        if is_later and not told.said.get("paymentTime"):
            sentence = f"Asked after it was paid, a query said {told.said.get('payStatus')}."
            yield Finding("query went back", told.order, sentence)


def closed_stays_closed(seen: Evidence) -> Iterator[Finding]:
    """Whoever was told that an order is closed and unpaid has an order that nobody pays later."""
    closed: dict[str, int] = {}
    for told in seen.tellings.all:
        order = seen.books.orders.get((told.merchant, told.trans))
        paid = seen.books.payments(told.merchant, order.acquirement_id) if order else []
        is_undone = order is not None and str(order.close_reason) == "CANCELLED"
        if _says_closed(told):
            closed[told.order] = min(closed.get(told.order, told.ended_ms), told.ended_ms)
            if paid:
                yield Finding("told closed", told.order, "A query said so, and it was paid later.")
        is_no = told.act != "query" and CLOSED in {told.code, told.name}
        if is_no and paid and not is_undone:
            yield Finding("told closed", told.order, f"{told.act} was told so, and it is paid.")
        if told.code == DUPLICATE and not paid:
            yield Finding("told paid", told.order, "A call was told of another, and none paid.")
    for told in seen.tellings.of("query"):
        is_later = told.order in closed and told.began_ms > closed[told.order]
        if is_later and told.code == "SUCCESS" and told.said.get("payStatus") != "TRADE_CLOSED":
            sentence = f"After it was closed a query said {told.said.get('payStatus')}."
            yield Finding("query went back", told.order, sentence)


def _says_closed(told: Telling) -> bool:
    """Tell whether a query said that an order is closed and was never paid."""
    is_closed = told.act == "query" and told.said.get("payStatus") == "TRADE_CLOSED"
    return is_closed and not told.said.get("paymentTime")


def limits_hold(seen: Evidence) -> Iterator[Finding]:
    """What an agreement paid is within its limits; a run lies within one day."""
    for agreed in AGREEMENTS:
        merchant = agreed.seller.merchant_id
        shop = next(one for one in seen.shops if one.seller == agreed.seller)
        spent = 0
        for trans, name in shop.debits.items():
            order = seen.books.orders.get((merchant, trans))
            if name != agreed.name or order is None or order.product_code != "AUTO_DEBIT":
                continue
            paid = sum(leg.minor for leg in seen.books.payments(merchant, order.acquirement_id))
            spent += paid
            if agreed.single_max is not None and paid > agreed.single_max:
                yield Finding("single limit", f"{merchant}/{trans}", f"{paid} by {agreed.name}.")
        if agreed.daily_max is not None and spent > agreed.daily_max:
            yield Finding("daily limit", agreed.name, f"{spent} of {agreed.daily_max}.")


def payers_and_merchants_keep_to_theirs(seen: Evidence) -> Iterator[Finding]:
    """No payer pays more than a day allows, no merchant owes more than was agreed."""
    spent: Counter[str] = Counter()
    for (merchant, _), order in seen.books.orders.items():
        paid = seen.books.payments(merchant, order.acquirement_id)
        spent[order.payer_id or ""] += sum(leg.minor for leg in paid)
    for person in PEOPLE:
        if person.daily_max is not None and spent[person.name] > person.daily_max:
            sentence = f"{spent[person.name]} of {person.daily_max}."
            yield Finding("daily limit", person.name, sentence)
    for seller in SELLERS:
        owed = seen.books.sums[f"merchant:{seller.merchant_id}"]
        if seller.debt_max is not None and owed < -seller.debt_max:
            yield Finding("debt limit", seller.merchant_id, f"It is owed {owed}.")


def merchants_are_told(seen: Evidence) -> Iterator[Finding]:
    """Every paid order has its message, and what is marked acknowledged was acknowledged."""
    acknowledged = Counter(
        (heard.body.get("merchantId"), heard.body.get("merchantTransId"), heard.body["payStatus"])
        for heard in seen.heard
        if heard.acknowledged and "payStatus" in heard.body
    )
    owed = defaultdict(list)
    sends = Counter((send.merchant_id, send.notification_id) for send in seen.books.sends)
    for row in seen.books.notifications:
        if str(row.kind) != "PAYMENT":
            continue
        subject = f"{row.merchant_id}/{row.merchant_trans_id}"
        owed[subject].append(row)
        key = (row.merchant_id, row.merchant_trans_id, str(row.pay_status))
        if row.state == "ACKNOWLEDGED" and not acknowledged[key]:
            yield Finding("never acknowledged", subject, "No merchant acknowledged this message.")
        if row.state == "PENDING":
            yield Finding("not told yet", subject, f"{row.pay_status} is still due.")
        if row.state == "EXHAUSTED" and row.sends < SENDS_MAX:
            number = sends[row.merchant_id, row.notification_id]
            yield Finding("given up early", subject, f"Given up after {number} sends.")
    for (merchant, trans), order in seen.books.orders.items():
        told = {str(row.pay_status) for row in owed[f"{merchant}/{trans}"]}
        is_paid = order.paid_at_ms is not None
        wanted = "TRADE_SUCCESS" if str(order.close_reason) != "CANCELLED" else ""
        if is_paid and (not told or (wanted and wanted not in told)):
            yield Finding("nobody told", f"{merchant}/{trans}", f"It was paid; told: {told}.")


def messages_are_true(seen: Evidence) -> Iterator[Finding]:
    """No merchant is told of a payment that is none, or of another amount."""
    for heard in seen.heard:
        if heard.body.get("payStatus") != "TRADE_SUCCESS":
            continue
        merchant, trans = heard.body["merchantId"], heard.body["merchantTransId"]
        order = seen.books.orders.get((merchant, trans))
        paid = seen.books.payments(merchant, order.acquirement_id) if order else []
        amounts = [str(leg.minor) for leg in paid]
        if amounts != [heard.body["orderAmount"]["value"]]:
            yield Finding("false message", f"{merchant}/{trans}", f"Payments: {amounts}.")


WITNESSED: tuple[Rule, ...] = (
    told_paid_is_paid,
    whoever_paid_hears_so,
    a_no_moved_nothing,
    other_content_gets_nothing,
    refunds_are_as_told,
    a_cancel_is_the_end,
    a_noted_cancel_holds,
    queries_never_go_back,
    closed_stays_closed,
    limits_hold,
    payers_and_merchants_keep_to_theirs,
    merchants_are_told,
    messages_are_true,
)
