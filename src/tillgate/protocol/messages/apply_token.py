"""`alipay.intl.oauth.auth.applyToken`: turn an authCode or a refreshToken into tokens (4.10, U22).

What must hold: the kind of grant decides which of the two is required; a repeat of the same one
gets the same tokens.
"""

from typing import Annotated, final

from tillgate.protocol.conditions import when
from tillgate.protocol.function import Direction, Function
from tillgate.protocol.members import Message, member, part
from tillgate.protocol.messages.authorisation import (
    TOKEN_SAMPLE,
    AccessTokenInfo,
    AuthCode,
    AuthMerchantId,
    AuthSite,
    MerchantAgreementId,
    RefreshToken,
)
from tillgate.protocol.messages.common import ResultOfRequest
from tillgate.protocol.rules import one_of

AUTHORIZATION_CODE = "AUTHORIZATION_CODE"
REFRESH_TOKEN = "REFRESH_TOKEN"  # noqa: S105  The name of a kind of grant.


@final
class ApplyTokenBody(Message, frozen=True, kw_only=True):
    """What the tokens are given for."""

    grant_type: Annotated[
        str,
        member(
            "what is turned into tokens",
            sample=AUTHORIZATION_CODE,
            length=64,
            rule=one_of(AUTHORIZATION_CODE, REFRESH_TOKEN),
        ),
    ]
    auth_merchant_id: AuthMerchantId
    auth_site: AuthSite
    auth_code: Annotated[AuthCode, when("grantType", AUTHORIZATION_CODE)] | None = None
    refresh_token: Annotated[RefreshToken, when("grantType", REFRESH_TOKEN)] | None = None


@final
class ApplyTokenAnswer(Message, frozen=True, kw_only=True):
    """The tokens, and the agreement they are for."""

    result_info: ResultOfRequest
    access_token_info: (
        Annotated[
            AccessTokenInfo,
            part(
                "the tokens",
                sample=f'{{"accessToken":"{TOKEN_SAMPLE}",'
                '"expiresIn":"2019-12-04T22:01:12-08:00","tokenStatus":"ACTIVE"}',
            ),
        ]
        | None
    ) = None
    merchant_agreement_id: MerchantAgreementId | None = None


FUNCTION = Function(
    name="alipay.intl.oauth.auth.applyToken",
    title="Apply for a token",
    meaning="Turn the code of a redirect, or a refresh token, into an access token.",
    section="4.10",
    direction=Direction.TO_GATEWAY,
    changes=True,
    request=ApplyTokenBody,
    response=ApplyTokenAnswer,
)
