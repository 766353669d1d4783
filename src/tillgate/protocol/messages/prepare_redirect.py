"""`alipay.intl.oauth.auth.prepareForRedirect`: begin to ask a payer for an agreement (4.8, U4).

The answer names the page of the wallet that the payer is to be sent to; the payer's answer comes
back by the redirect of PROTOCOL 4.9. What must hold: state and merchantAgreementId are the
merchant's and come back unchanged.
"""

from typing import Annotated, final

from tillgate.protocol.conditions import elsewhere
from tillgate.protocol.function import Direction, Function
from tillgate.protocol.members import Message, items, member, part
from tillgate.protocol.messages.authorisation import (
    AuthMerchantId,
    AuthSite,
    MerchantAgreementId,
    State,
)
from tillgate.protocol.messages.common import ResultOfRequest
from tillgate.protocol.rules import one_of
from tillgate.protocol.urls import MERCHANT_REDIRECT_URL, NOTIFY_URL

SCOPES = ("AUTH_AGREEMENTPAY",)
SCOPES_MAX = 8
TERMINAL_TYPES = ("WEB", "WAP", "APP")

Scope = Annotated[
    str, member("what is allowed", sample=SCOPES[0], length=256, rule=one_of(*SCOPES))
]


@final
class AgreementPayAuthInfo(Message, frozen=True, kw_only=True):
    """What the agreement is to be."""

    merchant_agreement_id: MerchantAgreementId


@final
class PrepareRedirectBody(Message, frozen=True, kw_only=True):
    """Who wants to be allowed what, and where the payer's answer goes."""

    auth_merchant_id: AuthMerchantId
    auth_site: AuthSite
    scopes: Annotated[
        list[Scope],
        items(
            "what is to be allowed",
            sample='["AUTH_AGREEMENTPAY"]',
            items_min=1,
            items_max=SCOPES_MAX,
        ),
    ]
    terminal_type: Annotated[
        str,
        member(
            "where the payer is sent on from",
            sample="WAP",
            length=32,
            rule=one_of(*TERMINAL_TYPES),
        ),
    ]
    merchant_redirect_url: (
        Annotated[
            str,
            member(
                "where the payer is sent with the answer",
                sample="https://merchant.example/authorised",
                length=512,
                rule=MERCHANT_REDIRECT_URL,
            ),
            elsewhere("when none is registered for the merchant"),
        ]
        | None
    ) = None
    agreement_pay_auth_info: Annotated[
        AgreementPayAuthInfo,
        part(
            "the agreement to be made",
            sample='{"merchantAgreementId":"8b0b4dd8218a42269483f5806e17a7d4"}',
        ),
    ]
    state: State

    @property
    def redirect_address(self) -> str | None:
        """Return merchantRedirectUrl without surrounding blanks."""
        return self.merchant_redirect_url.strip() if self.merchant_redirect_url else None


@final
class PrepareRedirectAnswer(Message, frozen=True, kw_only=True):
    """Where the payer is to be sent."""

    result_info: ResultOfRequest
    auth_site_url: (
        Annotated[
            str,
            member(
                "the wallet's page on which the payer agrees",
                sample="https://gateway.example/wallet/authorise/3q2-7wAAAAAAAAAAAAAAAA",
                length=2048,
                rule=NOTIFY_URL,
                other_name="authSiteURL",
            ),
        ]
        | None
    ) = None


FUNCTION = Function(
    name="alipay.intl.oauth.auth.prepareForRedirect",
    title="Prepare an authorisation",
    meaning="Begin to ask a payer for an agreement; answers the page the payer is sent to.",
    section="4.8",
    direction=Direction.TO_GATEWAY,
    changes=True,
    request=PrepareRedirectBody,
    response=PrepareRedirectAnswer,
)
