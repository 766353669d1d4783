"""Tokens of agreements and cashiers: derived from the house's secret, never stored (U22).

A repeat derives the same token, so an answer that was lost costs nobody a new one. What must hold:
tokens of different kinds, agreements and generations are worthless for each other.
"""

from tillgate.edge.desk import Desk

SHORT_BYTES = 16


def cashier_token(desk: Desk, merchant_id: str, merchant_trans_id: str, call_id: str) -> str:
    """Return the token of the cashier of one call."""
    secret = desk.secret.derived("cashier token")
    return secret.token(merchant_id, merchant_trans_id, call_id, length=SHORT_BYTES)


def signing_token(desk: Desk, merchant_id: str, merchant_agreement_id: str) -> str:
    """Return the token of the page at which an agreement is signed."""
    secret = desk.secret.derived("agreement page")
    return secret.token(merchant_id, merchant_agreement_id, length=SHORT_BYTES)


def auth_code(desk: Desk, merchant_id: str, merchant_agreement_id: str) -> str:
    """Return the authorization code that signing an agreement gives."""
    return _token(desk, "code", merchant_id, merchant_agreement_id, generation=0)


def access_token(
    desk: Desk, merchant_id: str, merchant_agreement_id: str, *, generation: int
) -> str:
    """Return the access token of a generation, counted from 1."""
    return _token(desk, "access", merchant_id, merchant_agreement_id, generation=generation)


def refresh_token(
    desk: Desk, merchant_id: str, merchant_agreement_id: str, *, generation: int
) -> str:
    """Return the refresh token of a generation, counted from 1."""
    return _token(desk, "refresh", merchant_id, merchant_agreement_id, generation=generation)


def _token(
    desk: Desk, kind: str, merchant_id: str, merchant_agreement_id: str, *, generation: int
) -> str:
    secret = desk.secret.derived("agreement token")
    return secret.token(kind, merchant_id, merchant_agreement_id, str(generation))
