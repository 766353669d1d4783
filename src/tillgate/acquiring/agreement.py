"""Agreements: a payer's standing permission to be debited by a merchant, and its tokens.

Decides when an agreement may be signed, debited and cancelled, and what a token row says. It never
sees a token: a door derives each from a secret, the agreement and a generation, and hands its hash
in (U22). What must hold: a token serves only the client and merchant it was issued to; the merchant
learns nothing of who the payer is.
"""

from enum import StrEnum, unique
from typing import ClassVar

import msgspec

from tillgate.acquiring.states import AGREEMENT, AgreementEvent, AgreementState, after
from tillgate.kernel.clock import MINUTE_MS
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import ClientId, MerchantAgreementId, MerchantId, PayerId
from tillgate.kernel.record import Record, Unique
from tillgate.kernel.results import Result

CODE_LIFE_MS = 10 * MINUTE_MS
"""How long an authorization code is good (PROTOCOL 4.9)."""
OLD_TOKEN_LIFE_MS = 10 * MINUTE_MS
"""How long an access token lives on after it was refreshed (U22)."""


class AgreementTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant's server asked the payer to agree to (PROTOCOL 4.8)."""

    merchant_id: MerchantId
    merchant_agreement_id: MerchantAgreementId
    client_id: ClientId
    version: str
    auth_site: str
    scopes: tuple[str, ...]
    terminal_type: str
    redirect_url: str
    state_text: str = ""


class Agreement(Record, frozen=True, kw_only=True):
    """An agreement as we hold it.

    Attributes:
        token_hash: SHA-256 of the signing page's token, in hexadecimal.
        state_text: the merchant's `state`, echoed on the redirect.
        currency: the one in which the agreement may be debited and its limits are set.
        expires_at_ms: until when it may be signed.
        code_ends_at_ms: until when the authorization code of its signing is good.
        cancelled_by: `payer` or `merchant`, once cancelled.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("merchant_id", "merchant_agreement_id")
    unique: ClassVar[tuple[Unique, ...]] = (Unique(("token_hash",)),)

    merchant_id: MerchantId
    merchant_agreement_id: MerchantAgreementId
    client_id: ClientId
    version: str
    auth_site: str
    scopes: tuple[str, ...]
    terminal_type: str
    redirect_url: str
    state_text: str
    token_hash: str
    currency: str
    state: AgreementState
    created_at_ms: int
    expires_at_ms: int
    payer_id: PayerId | None = None
    signed_at_ms: int | None = None
    code_ends_at_ms: int | None = None
    cancelled_at_ms: int | None = None
    cancelled_by: str = ""

    @property
    def is_active(self) -> bool:
        """Tell whether the payer's permission stands."""
        return self.state is AgreementState.ACTIVE

    def stepped(self, event: AgreementEvent, **changes: object) -> "Agreement":
        """Return the agreement after an event of the table, with further fields changed."""
        return self.replaced(state=after(AGREEMENT, self.state, event), **changes)

    def check_same(self, terms: AgreementTerms) -> None:
        """Raise `Refused` naming the first member in which a repeat differs."""
        sentence = (
            f"Agreement {self.merchant_agreement_id} exists with another {{}};"
            " use a new merchantAgreementId for another agreement."
        )
        for path, ours, theirs in (
            ("head.clientId", self.client_id, terms.client_id),
            ("body.authSite", self.auth_site, terms.auth_site),
            ("body.scopes", self.scopes, terms.scopes),
            ("body.merchantRedirectUrl", self.redirect_url, terms.redirect_url),
            ("body.state", self.state_text, terms.state_text),
        ):
            if ours != theirs:
                name = path.partition(".")[2]
                raise Refused(Result.REPEAT_REQ_INCONSISTENT, sentence.format(name), path=path)


@unique
class GrantKind(StrEnum):
    """What a token is for."""

    CODE = "CODE"
    ACCESS = "ACCESS"
    REFRESH = "REFRESH"


class Grant(Record, frozen=True, kw_only=True):
    """A token that was issued: its hash, never itself.

    Attributes:
        token_hash: SHA-256 of the token, in hexadecimal.
        generation: 0 for a code; a code yields 1, a refresh token of n yields n + 1.
        expires_at_ms: first instant at which it no longer counts.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("merchant_id", "token_hash")

    merchant_id: MerchantId
    token_hash: str
    kind: GrantKind
    merchant_agreement_id: MerchantAgreementId
    client_id: ClientId
    generation: int
    issued_at_ms: int
    expires_at_ms: int


def check_grant(grant: Grant | None, kind: GrantKind, client_id: str, *, path: str) -> Grant:
    """Return the grant if it is of this kind and was issued to this client.

    Raises:
        Refused: INVALID_AUTHCODE for a code, else INVALID_ACCESS_TOKEN.
    """
    if grant is None or grant.kind is not kind or grant.client_id != client_id:
        is_code = kind is GrantKind.CODE
        result = Result.INVALID_AUTHCODE if is_code else Result.INVALID_ACCESS_TOKEN
        raise Refused(result, path=path)
    return grant
