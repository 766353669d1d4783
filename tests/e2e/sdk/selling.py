"""What tests of the SDK beside a running gateway do again and again: connect, be paid, be allowed.

What must hold: each number is used once in a run, so that tests may share a gateway.
"""

import secrets
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from tests.support.doors import Browser
from tests.support.gateway import PIN, Gateway, order
from tests.support.small_gateway import Colour
from tillgate import AccessToken, AgreementPage, AuthResult, Connection

NUMBERS = count(1)
BACK = "https://shop.example.com/agreed?cart=7"


def connected(colour: Colour, gateway: Gateway, **changes: Any) -> Colour:
    """Make a merchant with the sandbox's keys; the system's clock and randomness are its own."""
    keys = gateway.data / "keys"
    given = {
        "private_key": keys / "merchant.private.pem",
        "gateway_public_key": keys / "gateway.public.pem",
        "fraction": None,
        "connection": Connection(connect_s=60, read_s=120, total_s=240),
        **changes,
    }
    return colour.over_http(given.pop("base_url", gateway.origin), **given)


def a_number(kind: str = "S") -> str:
    return f"{kind}-{next(NUMBERS)}"


def paid(wallet: Browser, me: Colour, number: str, payer: str = "rich") -> str:
    """Let a payer pay an order, and return the code that the page heard."""
    session = wallet.sign_in(payer)
    path = wallet.cashier(me.call("order_str", order(number)), f"call-{number}", **session)
    code: str = wallet.post(f"{path}/confirm", {"pin": PIN}, **session)["resultCode"]
    return code


def agreed(wallet: Browser, me: Colour, agreement_id: str, payer: str) -> AccessToken:
    """Let a payer agree, and return the tokens."""
    state = secrets.token_hex(16)
    page = me.call("prepare_agreement", agreement_id=agreement_id, redirect_url=BACK, state=state)
    assert isinstance(page, AgreementPage)
    session = wallet.sign_in(payer)
    back = wallet.post(f"{urlsplit(page.url).path}/sign", {"pin": PIN}, **session)["redirectUrl"]
    came = me.call("agreement_return", back, state=state)
    assert (came.result, came.agreement_id) == (AuthResult.SUCCESS, agreement_id)
    tokens = me.call("apply_token", auth_code=came.auth_code)
    assert isinstance(tokens, AccessToken)
    assert tokens.agreement_id == agreement_id
    return tokens
