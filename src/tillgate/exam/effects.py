"""Whether an order or an agreement went where it should, by what the merchant says of it.

It decides from states alone. What must hold: a change that nobody explains is a fault; what the
merchant does not tell (how often it delivered) is not guessed.
"""

from collections.abc import Sequence

from tillgate.exam.cases import Effect
from tillgate.exam.states import State


def fault(effect: Effect, before: State, after: Sequence[State], *, paid_word: str) -> str:
    """Return how an order or an agreement went wrong, or "".

    Args:
        effect: what should have become of it.
        before: how it stood.
        after: how it stood after each message.
        paid_word: the merchant's word for a paid order, or "" when it is not known yet.
    """
    last = after[-1]
    if effect in {Effect.STANDS, Effect.ENDS, Effect.STAYS_ENDED}:
        return _agreement(effect, before, after)
    if last.amount != before.amount:
        return f"the order's amount went from {before.amount} to {last.amount}"
    match effect:
        case Effect.NOTHING:
            return _changed(before, after)
        case Effect.PAYS:
            return _not_paid_once(before, last)
        case Effect.NOT_PAID:
            if paid_word and last.status == paid_word:
                return f"the order went from {before.status} to {last.status}"
            return _delivered(before, last)
        case Effect.NOTHING_AGAIN:
            if last.status != after[0].status:
                return f"the order went back from {after[0].status} to {last.status}"
            return _delivered(before, last)


def _agreement(effect: Effect, before: State, after: Sequence[State]) -> str:
    first, last = after[0].status, after[-1].status
    if effect is Effect.ENDS:
        stood = f"it was acknowledged, but the agreement is still {last}; did it stand before?"
        return stood if last == before.status else ""
    held = before.status if effect is Effect.STANDS else first
    return f"the agreement went from {held} to {last}" if last != held else ""


def _changed(before: State, after: Sequence[State]) -> str:
    for each in after:
        if each != before:
            return f"the order went from ({before}) to ({each})"
    return ""


def _not_paid_once(before: State, last: State) -> str:
    if last.status == before.status:
        return f"it was acknowledged, but the order is still {last.status}"
    if before.shipped is None or last.shipped is None:
        return ""
    times = last.shipped - before.shipped
    return "" if times == 1 else f"the order was delivered {times} times"


def _delivered(before: State, last: State) -> str:
    if before.shipped == last.shipped:
        return ""
    return f"the order was delivered: {before.shipped} times before, {last.shipped} after"
