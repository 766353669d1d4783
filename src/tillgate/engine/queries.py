"""Named reads: what doors and workers ask of the `Reader`, as functions.

Nothing is decided from what they return; whatever decides locks its rows in a command.
"""

from collections.abc import Sequence

from tillgate.acquiring.call import Call
from tillgate.acquiring.payer import Payer
from tillgate.engine.decide.parts import balance_key
from tillgate.engine.ports import Reader, Select
from tillgate.kernel.ids import PayerId
from tillgate.kernel.money import Money, zero
from tillgate.ledger.entries import Balance

PAYERS_SHOWN_MAX = 50


async def call_of_token(reader: Reader, token_hash: str) -> Call | None:
    """Return the call whose cashier a token opens."""
    query = Select(record=Call, equals=(("token_hash", token_hash),), limit=1)
    found: Sequence[Call] = await reader.select(query)
    return found[0] if found else None


async def wallet_balance(reader: Reader, payer_id: PayerId, currency: str) -> Money:
    """Return what a payer of the built-in wallet holds in a currency."""
    row = await reader.get(Balance, *balance_key(payer_id, currency).parts)
    return row.money if row is not None else zero(currency)


async def first_payers(reader: Reader) -> Sequence[Payer]:
    """Return the first payers that were registered, for a sandbox's sign-in pages."""
    found: Sequence[Payer] = await reader.select(
        Select(record=Payer, order_by=("created_at_ms",), limit=PAYERS_SHOWN_MAX)
    )
    return found
