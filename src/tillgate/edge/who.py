"""Who stands at a cashier: which payer is signed in, which browser it is, from which origin.

Decides whether a request may be believed to come from the wallet's own pages. What must hold: a
cookie counts only together with the wallet's exact origin; a page of another origin is never given
credentials (PROTOCOL 11.4); on https no other site and no plain http can set one of our cookies.
"""

from typing import final

import msgspec

from tillgate.acquiring.payer import Payer
from tillgate.edge.asgi import Headers, Incoming
from tillgate.edge.cookies import cookie_value
from tillgate.edge.desk import Desk, DoorSettings
from tillgate.edge.secrets import digest
from tillgate.edge.sessions import issue, session_of
from tillgate.kernel.ids import PayerId

BEARER = "bearer "
COOKIE = "tillgate_payer"
KNOWN_LIFE_S = 400 * 24 * 3_600
"""How long a browser stays known for a payer: as long as browsers keep a cookie at all."""
CROSS_SITE = "cross-site"
STAY_ON_HTTPS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


@final
class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who sent a request.

    Attributes:
        is_foreign: a page of another origin sent it.
        payer: whose session it carries, if it is believed.
    """

    is_foreign: bool
    payer: Payer | None

    @property
    def payer_id(self) -> PayerId | None:
        """Return the payer's number."""
        return None if self.payer is None else self.payer.payer_id


async def visitor(desk: Desk, incoming: Incoming) -> Visitor:
    """Judge a request's origin and session."""
    if is_foreign(desk, incoming):
        return Visitor(is_foreign=True, payer=None)
    token = _token(desk, incoming)
    return Visitor(is_foreign=False, payer=await session_of(desk, token) if token else None)


def is_foreign(desk: Desk, incoming: Incoming) -> bool:
    """Tell whether a page of another origin sent a request.

    A browser that names no origin where it posts may still say that the page was of another site.
    """
    origin = incoming.headers.get("origin")
    if origin is not None:
        return origin != desk.settings.wallet_origin
    is_read = incoming.method in {"GET", "HEAD"}
    return not is_read and incoming.headers.get("sec-fetch-site") == CROSS_SITE


def _token(desk: Desk, incoming: Incoming) -> str:
    """Return the token that a request of our own pages, or of no page, carries, or ""."""
    authorization = incoming.headers.get("authorization", "")
    if authorization.lower().startswith(BEARER):
        return authorization[len(BEARER) :].strip()
    is_believed = "origin" in incoming.headers or incoming.method in {"GET", "HEAD"}
    name = _host_cookie(desk, COOKIE)
    return cookie_value(incoming.headers.get("cookie", ""), name) if is_believed else ""


def signed_in(desk: Desk, payer: Payer) -> tuple[str, tuple[tuple[bytes, bytes], ...]]:
    """Return a new session's token, and the cookies of a browser in which this payer signed in."""
    token = issue(desk, payer.payer_id, session_no=payer.session_no)
    session = session_cookie(desk, token, life_s=desk.settings.session_life_s)
    return token, (session, _known_cookie(desk, payer.payer_id))


def session_cookie(desk: Desk, token: str, *, life_s: int) -> tuple[bytes, bytes]:
    """Return the Set-Cookie header of a payer session; a life of 0 ends it."""
    return _set(desk, _host_cookie(desk, COOKIE), token, life_s=life_s)


def is_known_browser(desk: Desk, incoming: Incoming, payer_id: PayerId) -> bool:
    """Tell whether this payer has signed in from this browser before."""
    held = cookie_value(incoming.headers.get("cookie", ""), _known_name(desk, payer_id))
    return bool(held) and desk.secret.derived("known browser").is_token(held, payer_id)


def _known_cookie(desk: Desk, payer_id: PayerId) -> tuple[bytes, bytes]:
    mark = desk.secret.derived("known browser").token(payer_id)
    return _set(desk, _known_name(desk, payer_id), mark, life_s=KNOWN_LIFE_S)


def _known_name(desk: Desk, payer_id: PayerId) -> str:
    return _host_cookie(desk, f"tillgate_known_{digest(payer_id)[:12]}")


def _set(desk: Desk, name: str, value: str, *, life_s: int) -> tuple[bytes, bytes]:
    secure = "; Secure" if _is_https(desk) else ""
    text = f"{name}={value}; Path=/; Max-Age={life_s}; HttpOnly; SameSite=Strict{secure}"
    return b"set-cookie", text.encode()


def _host_cookie(desk: Desk, name: str) -> str:
    """Return a cookie's name: on https browsers take a `__Host-` from this very host alone."""
    return f"__Host-{name}" if _is_https(desk) else name


def on_https(settings: DoorSettings) -> Headers:
    """Return what keeps a browser on https, once it came that way."""
    return (STAY_ON_HTTPS,) if settings.wallet_origin.startswith("https:") else ()


def _is_https(desk: Desk) -> bool:
    return desk.settings.wallet_origin.startswith("https:")


def browser_cookie_name(desk: Desk, token_hash: str) -> str:
    """Return the name of the cookie that binds a browser to one cashier."""
    return f"{'__Secure-' if _is_https(desk) else ''}tillgate_cashier_{token_hash[:12]}"


def browser_cookie(
    desk: Desk, token_hash: str, value: str, *, path: str, life_s: int
) -> tuple[bytes, bytes]:
    """Return the Set-Cookie header that binds this browser to a cashier."""
    secure = "; Secure" if _is_https(desk) else ""
    name = browser_cookie_name(desk, token_hash)
    text = f"{name}={value}; Path={path}; Max-Age={life_s}; HttpOnly; SameSite=Lax{secure}"
    return b"set-cookie", text.encode()
