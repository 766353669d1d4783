"""What cashier verbs share: they name a call by its token's hash and judge it with its order.

A token's hash never changes, so it is resolved before rows are locked. What must hold: an unknown
token is told nothing about any order.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.call import Call, Final
from tillgate.engine.decide import parts
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.record import Key
from tillgate.kernel.results import Result


class AtCashier(NamedTuple):
    """A call with its order; `told` is what the call gets if nothing more can happen to it."""

    call: Call
    order: Acquirement
    told: Final | None


def lookups(token_hash: str) -> Sequence[Lookup]:
    """Resolve a token to its call."""
    return [Lookup(Call, (("token_hash", token_hash),))]


def keys(found: Found) -> list[Key]:
    """Name the call's rows and its order's."""
    call = found[0]
    if not isinstance(call, Call):
        return []
    return [call.key, *parts.order_keys(call.merchant_id, call.merchant_trans_id)]


def arrive(rows: Rows, found: Found, moment: Moment) -> AtCashier:
    """Return the call as it is now; an order whose time is over is closed on the way."""
    seen = found[0]
    if not isinstance(seen, Call):
        sentence = "This cashier does not exist or is over; start the payment again."
        raise Refused(Result.ORDER_NOT_EXIST, sentence)
    call = rows.must(Call, *seen.key.parts)
    order = rows.must(Acquirement, call.merchant_id, call.merchant_trans_id)
    if call.result_code:
        return AtCashier(call, order, parts.recorded(call, order))
    if order.is_over(moment.now_ms):
        order = parts.close_order(rows, order, CloseReason.EXPIRED, now_ms=moment.now_ms)
    told = parts.outcome_of_order(order)
    if told is not None and not order.attempt_open:
        told = parts.end_call(rows, call, order, told)
        call = rows.must(Call, *seen.key.parts)
    return AtCashier(call, order, told)
