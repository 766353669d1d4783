"""Who stands at a cashier: which payer is signed in, which browser it is, from which origin.

Decides whether a request may be believed to come from the wallet's own pages. What must hold: a
cookie counts only together with the wallet's exact origin; a page of another origin is never given
credentials (PROTOCOL 11.4).
"""

from typing import final

import msgspec

from tillgate.edge.asgi import Incoming
from tillgate.edge.desk import Desk
from tillgate.edge.sessions import COOKIE, cookie_value, payer_of
from tillgate.kernel.ids import PayerId

BEARER = "bearer "


@final
class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who sent a request.

    Attributes:
        is_foreign: a page of another origin sent it.
        payer_id: whose session it carries, if it is believed.
    """

    is_foreign: bool
    payer_id: PayerId | None


def visitor(desk: Desk, incoming: Incoming) -> Visitor:
    """Judge a request's origin and session."""
    origin = incoming.headers.get("origin")
    is_foreign = origin is not None and origin != desk.settings.wallet_origin
    if is_foreign:
        return Visitor(is_foreign=True, payer_id=None)
    authorization = incoming.headers.get("authorization", "")
    if authorization.lower().startswith(BEARER):
        token = authorization[len(BEARER) :].strip()
        return Visitor(is_foreign=False, payer_id=payer_of(desk, token))
    believed = origin is not None or incoming.method in {"GET", "HEAD"}
    token = cookie_value(incoming.headers.get("cookie", ""), COOKIE) if believed else ""
    return Visitor(is_foreign=False, payer_id=payer_of(desk, token) if token else None)


def session_cookie(desk: Desk, token: str, *, life_s: int) -> tuple[bytes, bytes]:
    """Return the Set-Cookie header of a payer session; a life of 0 ends it."""
    secure = "; Secure" if desk.settings.wallet_origin.startswith("https:") else ""
    text = f"{COOKIE}={token}; Path=/; Max-Age={life_s}; HttpOnly; SameSite=Strict{secure}"
    return b"set-cookie", text.encode()


def browser_cookie_name(token_hash: str) -> str:
    """Return the name of the cookie that binds a browser to one cashier."""
    return f"tillgate_cashier_{token_hash[:12]}"


def browser_cookie(
    desk: Desk, token_hash: str, value: str, *, path: str, life_s: int
) -> tuple[bytes, bytes]:
    """Return the Set-Cookie header that binds this browser to a cashier."""
    secure = "; Secure" if desk.settings.wallet_origin.startswith("https:") else ""
    name = browser_cookie_name(token_hash)
    text = f"{name}={value}; Path={path}; Max-Age={life_s}; HttpOnly; SameSite=Lax{secure}"
    return b"set-cookie", text.encode()
