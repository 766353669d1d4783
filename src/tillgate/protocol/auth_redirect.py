"""The redirect that brings a payer's answer to merchantRedirectUrl (PROTOCOL 4.9, C11).

It is not signed: the merchant believes it by its own `state`, which only the payer's browser and
the gateway have seen, and an authCode is worth nothing without the merchant's key. It holds the
parameters of the HKAD page and authResult. What must hold: state is compared in constant time and
before anything else is read; an authCode goes with SUCCESS alone.
"""

import hmac
from enum import StrEnum, unique
from typing import Annotated, final
from urllib.parse import parse_qsl

import msgspec

from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol import parameters, urls
from tillgate.protocol.conditions import unless, when
from tillgate.protocol.members import Message, member
from tillgate.protocol.messages.authorisation import (
    AuthCode,
    AuthMerchantId,
    AuthSite,
    MerchantAgreementId,
    State,
)
from tillgate.protocol.rules import one_of
from tillgate.protocol.validation import read_plain

FUNCTION_NAME = "alipay.intl.oauth.auth.redirectAuthResultPage"
"""What PROTOCOL calls this redirect; it is posted nowhere."""


@unique
class AuthResult(StrEnum):
    """What the payer's answer was."""

    SUCCESS = "SUCCESS"
    """The payer agreed; the authCode buys tokens for ten minutes."""
    FAIL = "FAIL"
    """The payer did not agree; a new authorisation may be begun."""
    ERROR = "ERROR"
    """Something of ours went wrong; begin a new authorisation later."""


@final
class AuthReturn(Message, frozen=True, kw_only=True):
    """What the merchant's page is told of an authorisation."""

    state: State
    auth_site: AuthSite = msgspec.field(name="auth_site")
    merchant_agreement_id: MerchantAgreementId
    auth_code: Annotated[AuthCode, when("authResult", AuthResult.SUCCESS.value)] | None = None
    client_id: AuthMerchantId = msgspec.field(name="client_id")
    auth_result: (
        Annotated[
            str,
            member(
                "what the payer's answer was; absent where only the HKAD page is followed",
                sample=AuthResult.SUCCESS.value,
                length=16,
                rule=one_of(*AuthResult),
            ),
            unless("authCode"),
        ]
        | None
    ) = None

    @property
    def result(self) -> AuthResult:
        """Return what the payer's answer was; an authCode alone says SUCCESS."""
        return AuthResult(self.auth_result) if self.auth_result else AuthResult.SUCCESS


def build_auth_redirect(url: str, said: AuthReturn) -> str:
    """Return the address the payer's browser is sent to.

    Raises:
        ValueError: the merchant's URL cannot be used, which `urls.MERCHANT_REDIRECT_URL` would have
            refused; or SUCCESS is said without an authCode, or anything else with one.
    """
    if (said.result is AuthResult.SUCCESS) != (said.auth_code is not None):
        raise ValueError("an authCode goes with SUCCESS, and with nothing else")
    address = urls.parse(url)
    urls.refuse_reserved(address, urls.AUTH_PARAMETERS)
    return str(msgspec.structs.replace(address, query=parameters.appended(address, said)))


def read_auth_redirect(text: str, *, state: str) -> AuthReturn:
    """Read an address that a payer's browser arrived at.

    Args:
        text: the raw text: the whole URL, path and query, or the query alone.
        state: what the merchant sent in prepareForRedirect for this browser's session.

    Raises:
        Refused: ACCESS_DENIED, the state is another one; or PARAM_MISSING and PARAM_ILLEGAL.
        ValueError: there is no state to compare with.
    """
    if not state:
        raise ValueError("without the state you sent, a redirect cannot be told from a forged one")
    query = parameters.query_of(text)
    _refuse_other_state(query, state)
    return read_plain(AuthReturn, parameters.plain_of(AuthReturn, query))


def _refuse_other_state(query: str, state: str) -> None:
    found = [value for name, value in parse_qsl(query) if name == "state"]
    same = [hmac.compare_digest(_bytes(value), _bytes(state)) for value in found or ("",)]
    if not all(same):
        raise Refused(
            Result.ACCESS_DENIED,
            "state is not the one that was sent for this authorisation; pass over this redirect, "
            "it may be forged.",
            path="state",
        )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
