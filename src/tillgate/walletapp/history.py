"""A payer's payments, the newest first, each with the refunds that belong to it.

Read without locks, page by page. What must hold: a payer sees only what that payer paid; a page
goes on exactly where the one before it ended, also among payments of the same millisecond.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.risk.records import RiskDecision
from tillgate.edge.answers import Answer
from tillgate.edge.desk import Desk
from tillgate.edge.shown import money_json
from tillgate.engine.queries import decisions_of_orders, payments_of_payer, refunds_of_orders
from tillgate.kernel.clock import rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import PayerId
from tillgate.kernel.results import Result

PAYMENTS_OF_PAGE = 20
CURSOR_DIGITS_MAX = 15
FIELDS_MAX = 8
SAME_INSTANT_MAX = 900
"""More payments of one payer than ever fall on one millisecond."""


class Cursor(NamedTuple):
    """Where a page begins: payments until this instant, but for so many of that very instant."""

    at_ms: int | None = None
    skipped: int = 0


OrderKey = tuple[str, str]


class Beside(NamedTuple):
    """What is shown of payments besides what their orders say.

    Attributes:
        names: of the merchants, by their ids.
        refunds: of each order, the oldest first.
        judged: what was judged of each order's tries.
    """

    names: Mapping[str, str]
    refunds: Mapping[OrderKey, Sequence[Refund]]
    judged: Mapping[OrderKey, Sequence[RiskDecision]]


async def history(desk: Desk, payer_id: PayerId, query: str) -> Answer:
    """Return one page of what a payer paid."""
    cursor = _cursor(query)
    wanted = cursor.skipped + PAYMENTS_OF_PAGE
    found = await payments_of_payer(desk.reader, payer_id, until_ms=cursor.at_ms, limit=wanted + 1)
    page = found[cursor.skipped : wanted]
    beside = await _beside(desk, page)
    return Answer(
        200,
        {
            "payments": [_payment(order, beside) for order in page],
            "next": _next(cursor, page) if len(found) > wanted else None,
        },
    )


def _cursor(query: str) -> Cursor:
    """Read where to go on; what is no cursor of ours is refused."""
    try:
        said = parse_qs(query, keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError as fault:  # More fields than anybody has to ask with.
        raise Refused(Result.PARAM_ILLEGAL, path="cursor") from fault
    if "cursor" not in said:
        return Cursor()
    parts = said["cursor"][0].split(".")
    for part in parts:
        if not (part.isascii() and part.isdigit() and len(part) <= CURSOR_DIGITS_MAX):
            raise Refused(Result.PARAM_ILLEGAL, path="cursor")
    if len(parts) != len(Cursor._fields) or int(parts[1]) > SAME_INSTANT_MAX:
        raise Refused(Result.PARAM_ILLEGAL, path="cursor")
    return Cursor(int(parts[0]), int(parts[1]))


def _next(before: Cursor, page: Sequence[Acquirement]) -> str:
    """Return the cursor behind a page's last payment."""
    at_ms = page[-1].paid_at_ms
    same = sum(order.paid_at_ms == at_ms for order in page)
    skipped = same + (before.skipped if before.at_ms == at_ms else 0)
    return f"{at_ms}.{skipped}"


async def _beside(desk: Desk, page: Sequence[Acquirement]) -> Beside:
    """Read what else is shown of these payments, in one query for each kind."""
    refunds: dict[OrderKey, list[Refund]] = {}
    for refund in await refunds_of_orders(desk.reader, page):
        refunds.setdefault((refund.merchant_id, refund.merchant_trans_id), []).append(refund)
    judged: dict[OrderKey, list[RiskDecision]] = {}
    for row in await decisions_of_orders(desk.reader, page):
        judged.setdefault((row.merchant_id, row.merchant_trans_id), []).append(row)
    names: dict[str, str] = {
        merchant_id: merchant.name if merchant else merchant_id
        for merchant_id in {order.merchant_id for order in page}
        for merchant in (await desk.directory.merchant(merchant_id),)
    }
    return Beside(names, refunds, judged)


def _payment(order: Acquirement, beside: Beside) -> dict[str, Any]:
    key = (order.merchant_id, order.merchant_trans_id)
    return {
        "payee": order.seller_name or beside.names[order.merchant_id],
        "title": order.title,
        "orderAmount": money_json(order.amount),
        "paidAt": None if order.paid_at_ms is None else rfc3339(order.paid_at_ms),
        "merchantTransId": order.merchant_trans_id,
        "acquirementId": order.acquirement_id,
        "state": order.state,
        "closeReason": order.close_reason,
        "automatic": any(
            _paid(order, row) for row in beside.judged.get(key, ()) if row.is_agreement
        ),
        "refunded": money_json(order.refunded),
        "refunds": [_refund(each) for each in beside.refunds.get(key, ())],
    }


def _paid(order: Acquirement, judged: RiskDecision) -> bool:
    """Tell whether the try that was judged is the one that paid: by number, or by its commit."""
    if order.paid_attempt:
        return judged.decision_no == order.paid_attempt
    return judged.at_ms == order.paid_at_ms


def _refund(refund: Refund) -> dict[str, Any]:
    return {
        "refundAmount": money_json(refund.amount),
        "reason": refund.reason,
        "state": refund.state,
        "at": rfc3339(refund.ended_at_ms or refund.created_at_ms),
    }
