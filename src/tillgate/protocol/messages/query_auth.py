"""`alipay.intl.oauth.auth.queryByAuthInfo`: ask how an agreement stands (PROTOCOL 4.11).

What must hold: the answer carries status and dates, never a token (U22).
"""

from typing import Annotated, final

from tillgate.protocol.function import Direction, Function
from tillgate.protocol.members import Message, part
from tillgate.protocol.messages.authorisation import (
    AuthMerchantId,
    MerchantAgreementId,
    TokenState,
)
from tillgate.protocol.messages.common import ResultOfRequest


@final
class QueryAuthBody(Message, frozen=True, kw_only=True):
    """Which agreement is asked for."""

    auth_merchant_id: AuthMerchantId
    merchant_agreement_id: MerchantAgreementId


@final
class QueryAuthAnswer(Message, frozen=True, kw_only=True):
    """How the agreement stands."""

    result_info: ResultOfRequest
    access_token_info: (
        Annotated[
            TokenState,
            part(
                "status and dates of its tokens, never a token",
                sample='{"expiresIn":"2019-12-04T22:01:12-08:00","tokenStatus":"ACTIVE"}',
            ),
        ]
        | None
    ) = None


FUNCTION = Function(
    name="alipay.intl.oauth.auth.queryByAuthInfo",
    title="Query an agreement",
    meaning="Tell whether an agreement is in force, and until when its tokens are.",
    section="4.11",
    direction=Direction.TO_GATEWAY,
    changes=False,
    request=QueryAuthBody,
    response=QueryAuthAnswer,
)
