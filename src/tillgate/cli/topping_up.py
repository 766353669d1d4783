"""Booking cash that was taken from a payer, once, whatever becomes of the answer.

Decides under which operation id a top-up is sent and what is told when it is not known whether it
was booked. What must hold: no sentence of ours leads to a second booking; what is to be typed
again is printed whole, with the id and the operator under whom it was sent.
"""

import shlex

from tillgate.cli.operate import execute, operation_id, settings_of
from tillgate.cli.surface import money_of, operator_name
from tillgate.engine.commands import TopUp
from tillgate.kernel.errors import Unsettled
from tillgate.kernel.money import Money


def book_cash(payer: str, amount: str, *, data: str, operator: str, operation: str) -> Money:
    """Book cash taken from a payer and return the balance.

    Raises:
        Refused: the answer is no.
        Unsettled: it may have been booked; the text says what to type.
        Unavailable: neither a server nor the database could be reached, and nothing was booked.
    """
    money, named = money_of(amount), operation or operation_id()
    members = {"operation_id": named, "payer_id": payer, "money": money}
    try:
        outcome = execute(TopUp, settings_of(data), operator=operator, **members)
    except (Unsettled, KeyboardInterrupt):
        again = ["tillgate", "payer", "top-up", payer, amount, *(["--data", data] if data else [])]
        again += ["--operator", operator_name(operator), "--operation-id", named]
        sentence = f"It is not known whether this was booked. Type exactly: {shlex.join(again)}"
        raise Unsettled(sentence) from None
    balance = outcome["balance"]
    return Money.of(balance["minor"], balance["currency"]["code"])
