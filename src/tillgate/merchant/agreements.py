"""The plans for agreements: ask a payer for one, get and renew its tokens, query and cancel it.

It decides which function is asked what, and what its answer means. Tokens leave it only as
`Secret`. What must hold: a query that is refused leaves the agreement unknown; tokens are applied
for again only with the same code or refresh token, which gives the same tokens.
"""

from typing import Any, final

import msgspec

from tillgate.kernel.clock import parse_rfc3339
from tillgate.kernel.results import Result
from tillgate.merchant.asking import Question, Said
from tillgate.merchant.outcomes import (
    AccessToken,
    Agreement,
    AgreementCancelled,
    AgreementPage,
    NotFound,
)
from tillgate.merchant.payments import instant, query_refused
from tillgate.merchant.plans import Again, Plan, Planner, Wish, incomplete
from tillgate.merchant.secret import Secret
from tillgate.protocol.messages import apply_token, cancel_auth, prepare_redirect, query_auth
from tillgate.protocol.messages.apply_token import ApplyTokenAnswer, ApplyTokenBody
from tillgate.protocol.messages.authorisation import AUTH_SITES
from tillgate.protocol.messages.cancel_auth import CancelAuthAnswer, CancelAuthBody
from tillgate.protocol.messages.prepare_redirect import (
    SCOPES,
    AgreementPayAuthInfo,
    PrepareRedirectAnswer,
    PrepareRedirectBody,
)
from tillgate.protocol.messages.query_auth import QueryAuthAnswer, QueryAuthBody

SITE = AUTH_SITES[0]


@final
class PageAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A page on which a payer agrees, as a merchant wants it."""

    agreement_id: str
    redirect_url: str | None
    state: str
    terminal: str


@final
class Agreements(msgspec.Struct, frozen=True, kw_only=True):
    """Makes the plans for agreements of one merchant."""

    merchant_id: str
    planner: Planner

    def prepare(self, asked: PageAsked) -> Plan[Any]:
        """Ask for the page on which the payer agrees."""

        def read(said: Said[PrepareRedirectAnswer]) -> AgreementPage | None:
            url = said.body.auth_site_url
            return AgreementPage(url=url, agreement_id=asked.agreement_id) if url else None

        body = PrepareRedirectBody(
            auth_merchant_id=self.merchant_id,
            auth_site=SITE,
            scopes=list(SCOPES),
            terminal_type=asked.terminal,
            merchant_redirect_url=asked.redirect_url,
            agreement_pay_auth_info=AgreementPayAuthInfo(merchant_agreement_id=asked.agreement_id),
            state=asked.state,
        )
        question = Question(
            function=prepare_redirect.FUNCTION, body=body, answer=PrepareRedirectAnswer
        )
        about = f"page for agreement {asked.agreement_id}"
        return self.planner.carry_out(Wish(question=question, about=about, read=read))

    def apply(self, auth_code: Secret) -> Plan[Any]:
        """Turn the code of a redirect into tokens."""
        body = ApplyTokenBody(
            grant_type=apply_token.AUTHORIZATION_CODE,
            auth_merchant_id=self.merchant_id,
            auth_site=SITE,
            auth_code=auth_code.reveal(),
        )
        return self._tokens(body, "token for an authorization code")

    def refresh(self, refresh_token: Secret) -> Plan[Any]:
        """Turn a refresh token into the next tokens."""
        body = ApplyTokenBody(
            grant_type=apply_token.REFRESH_TOKEN,
            auth_merchant_id=self.merchant_id,
            auth_site=SITE,
            refresh_token=refresh_token.reveal(),
        )
        return self._tokens(body, "token for a refresh token")

    def _tokens(self, body: ApplyTokenBody, about: str) -> Plan[Any]:
        question = Question(function=apply_token.FUNCTION, body=body, answer=ApplyTokenAnswer)
        return self.planner.carry_out(Wish(question=question, about=about, read=_tokens_of))

    def query(self, agreement_id: str) -> Plan[Any]:
        """Ask how an agreement stands."""
        question = Question(
            function=query_auth.FUNCTION,
            body=QueryAuthBody(
                auth_merchant_id=self.merchant_id, merchant_agreement_id=agreement_id
            ),
            answer=QueryAuthAnswer,
        )
        heard = yield from self.planner.ask(question)
        if isinstance(heard, Said):
            if heard.info.result_code == Result.TARGET_NOT_FOUND.name:
                return NotFound(about=f"agreement {agreement_id}")
            state = heard.body.access_token_info if heard.done else None
            if state is not None:
                return Agreement(
                    agreement_id=agreement_id,
                    status=state.token_status,
                    expires_at_ms=instant(state.expires_in),
                    refresh_expires_at_ms=instant(state.re_expires_in),
                )
            heard = incomplete() if heard.done else query_refused(heard)
        again = Again(lambda _: self.query(agreement_id), is_open=False)
        return self.planner.unknown(heard, f"agreement {agreement_id}", again.until_known)

    def cancel(self, agreement_id: str) -> Plan[Any]:
        """End an agreement."""

        def read(_: Said[CancelAuthAnswer]) -> AgreementCancelled:
            return AgreementCancelled(agreement_id=agreement_id)

        body = CancelAuthBody(auth_merchant_id=self.merchant_id, merchant_agreement_id=agreement_id)
        question = Question(function=cancel_auth.FUNCTION, body=body, answer=CancelAuthAnswer)
        about = f"cancel of agreement {agreement_id}"
        return self.planner.carry_out(Wish(question=question, about=about, read=read))


def _tokens_of(said: Said[ApplyTokenAnswer]) -> AccessToken | None:
    info = said.body.access_token_info
    if info is None:
        return None
    return AccessToken(
        access_token=Secret(info.access_token),
        expires_at_ms=parse_rfc3339(info.expires_in),
        refresh_token=Secret(info.refresh_token) if info.refresh_token else None,
        refresh_expires_at_ms=instant(info.re_expires_in),
        status=info.token_status,
        agreement_id=said.body.merchant_agreement_id,
    )
