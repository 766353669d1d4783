"""What a merchant gives back is counted, and held to its debt limit (`acquiring/debt.py`).

What must hold: a merchant that never had a limit has no row and is never asked for one; a limit
that the door did not know of when it read is never passed, nor taken for a refusal.
"""

from tillgate.acquiring.debt import Debt, Owed
from tillgate.acquiring.merchant import Merchant
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused, Unavailable
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result


def take_back(
    rows: Rows, merchant: Merchant, money: Money, *, seen: Owed | None, path: str = ""
) -> None:
    """Count what a merchant gives back; its row must have been named.

    Args:
        rows: the locked rows.
        merchant: who gives.
        money: how much.
        seen: what the door read, or None when it knew of no limit.
        path: the member of the request that a refusal names.

    Raises:
        Refused: MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH when the limit would be passed.
        Unavailable: there is a limit now and none was there when the door read.
    """
    currency = money.currency.code
    row = rows.get(Debt, merchant.merchant_id, currency)
    debt_max = merchant.debt_max_of(currency)
    if row is None and debt_max is None:
        return
    debt = row or Debt(merchant_id=merchant.merchant_id, currency=currency)
    if debt_max is not None:
        if seen is None:
            sentence = "The order or its merchant changed just now; send the same request again."
            raise Unavailable(sentence)
        if not debt.is_within(debt_max, money, seen):
            raise Refused(Result.MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH, path=path)
    if row is None:
        rows.insert(debt.with_given(money))
    else:
        rows.update(debt.with_given(money))
