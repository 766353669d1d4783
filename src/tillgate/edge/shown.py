"""Money and payers as pages are shown them.

What must hold: an outside issuer's balance is not ours to tell; nothing of a PIN is ever shown.
"""

from typing import Any

from tillgate.acquiring.payer import WALLET, Payer
from tillgate.edge.desk import Desk
from tillgate.engine.queries import first_payers, wallet_balance
from tillgate.kernel.money import Money


def money_json(money: Money) -> dict[str, Any]:
    """Return money as the wire writes it, with the currency's digits for pages."""
    return {
        "currency": money.currency.code,
        "value": str(money.minor),
        "exponent": money.currency.exponent,
    }


async def payer_json(desk: Desk, payer: Payer, currency: str) -> dict[str, Any]:
    """Return a payer with the balance in one currency."""
    balance = None
    if payer.issuer == WALLET:
        balance = money_json(await wallet_balance(desk.reader, payer.payer_id, currency))
    return {"id": payer.payer_id, "name": payer.name, "balance": balance}


async def session_json(desk: Desk, payer: Payer, currency: str, *, token: str) -> dict[str, Any]:
    """Return what signing in answers (PROTOCOL 11.4, and the payer for our pages)."""
    shown = await payer_json(desk, payer, currency)
    return {"token": token, "expiresIn": desk.settings.session_life_s, "payer": shown}


async def payers_json(desk: Desk) -> list[dict[str, str]]:
    """Return the sandbox's payers, for its sign-in pages."""
    rows = await first_payers(desk.reader)
    return [{"id": row.payer_id, "name": row.name, "about": row.about} for row in rows]
