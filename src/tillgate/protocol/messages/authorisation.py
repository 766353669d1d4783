"""Parts that the functions of authorisation share (PROTOCOL 4.8 to 4.13): ids, site, tokens.

What must hold: a token and an authCode are secrets, so they are shown neither in an error nor when
a message is printed.
"""

from typing import Annotated, final

from tillgate.protocol.members import Message, member, secret
from tillgate.protocol.rules import DATETIME, IDENTIFIER, one_of, open_set

AUTH_SITES = ("ALIPAY_HK",)
TOKEN_SAMPLE = "M9WkKnmRGFflrgEp2ORH5sMIkH9L59AXK6SFkdzAi5000969"  # noqa: S105  A published one.
TOKEN_STATUSES = ("ACTIVE", "CANCELED", "EXPIRED")
"""What a token may be (U9)."""

AuthMerchantId = Annotated[
    str,
    member("merchant id: who is authorised", sample="2160400000002012", length=64, rule=IDENTIFIER),
]
AuthSite = Annotated[
    str,
    member("the site that authorises", sample="ALIPAY_HK", length=64, rule=one_of(*AUTH_SITES)),
]
MerchantAgreementId = Annotated[
    str,
    member(
        "the merchant's own unique number of the agreement",
        sample="8b0b4dd8218a42269483f5806e17a7d4",
        length=32,
        rule=IDENTIFIER,
    ),
]
AuthCode = Annotated[
    str,
    secret(
        "the code from the redirect, good for ten minutes",
        sample="28100413kpBklrvUk33YgGgC9yS2o679",
        length=64,
        rule=IDENTIFIER,
        other_name="auth_code",
    ),
]
State = Annotated[
    str,
    member(
        "a value of the merchant's that nobody can guess; the redirect brings it back",
        sample="4657DDUER323DK",
        length=64,
        rule=IDENTIFIER,
    ),
]
RefreshToken = Annotated[
    str,
    secret(
        "the token that buys the next access token",
        sample="9PzkKnmRGFflrgEp2ORH5sMIkH9L59AXK6SFkdzAi5000969",
        length=64,
        rule=IDENTIFIER,
    ),
]
ExpiresIn = Annotated[
    str,
    member(
        "when the access token ends, a date and no number of seconds",
        sample="2019-12-04T22:01:12-08:00",
        rule=DATETIME,
    ),
]
ReExpiresIn = Annotated[
    str,
    member("when the refresh token ends", sample="2020-12-04T22:01:12-08:00", rule=DATETIME),
]
TokenStatus = Annotated[
    str,
    member("state of the access token", sample="ACTIVE", length=64, rule=open_set(*TOKEN_STATUSES)),
]


@final
class AccessTokenInfo(Message, frozen=True, kw_only=True):
    """The tokens of an agreement."""

    access_token: Annotated[
        str,
        secret(
            "the token that debits, sent as head.accessToken",
            sample=TOKEN_SAMPLE,
            length=64,
            rule=IDENTIFIER,
        ),
    ]
    expires_in: ExpiresIn
    refresh_token: RefreshToken | None = None
    re_expires_in: ReExpiresIn | None = None
    token_status: TokenStatus


@final
class TokenState(Message, frozen=True, kw_only=True):
    """How the tokens of an agreement stand; never a token."""

    TYPE_NAME = "AccessTokenInfo"

    expires_in: ExpiresIn | None = None
    re_expires_in: ReExpiresIn | None = None
    token_status: TokenStatus
