"""Agreements at the gateway: begin one, get its tokens, debit, ask after and end it.

What must hold: a token is derived, hashed and handed out, never stored, logged or told a second
time by a query (U22); the merchant learns nothing of who the payer is.
"""

from tillgate.acquiring.acquirement import Acquirement, Terms
from tillgate.acquiring.agreement import (
    Agreement,
    AgreementTerms,
    Grant,
    GrantKind,
    check_grant,
)
from tillgate.acquiring.merchant import check_active
from tillgate.acquiring.states import AgreementState
from tillgate.edge import tokens
from tillgate.edge.asking import ask_debit
from tillgate.edge.desk import Desk
from tillgate.edge.executed import once_executed
from tillgate.edge.orders import debit_terms, order_signals
from tillgate.edge.posted import Posted
from tillgate.edge.secrets import digest
from tillgate.edge.standing import of_debit
from tillgate.engine.commands import ApplyToken, CancelAgreement, Debit, PrepareAgreement
from tillgate.engine.decide.debit import Debited, debited
from tillgate.engine.decide.paying import Ask
from tillgate.engine.decide.tokens import Granted
from tillgate.engine.queries import generation_after, newest_grant
from tillgate.gateway.functions.payments import must_merchant
from tillgate.kernel.clock import rfc3339
from tillgate.kernel.errors import Broken, Refused
from tillgate.kernel.ids import ClientId, MerchantAgreementId, MerchantId
from tillgate.kernel.results import Result
from tillgate.protocol.messages.agreement_pay import AgreementPayAnswer, AgreementPayBody
from tillgate.protocol.messages.apply_token import (
    AUTHORIZATION_CODE,
    ApplyTokenAnswer,
    ApplyTokenBody,
)
from tillgate.protocol.messages.authorisation import AccessTokenInfo, TokenState
from tillgate.protocol.messages.cancel_auth import CancelAuthAnswer, CancelAuthBody
from tillgate.protocol.messages.common import ResultInfo, WireMoney
from tillgate.protocol.messages.prepare_redirect import (
    PrepareRedirectAnswer,
    PrepareRedirectBody,
)
from tillgate.protocol.messages.query_auth import QueryAuthAnswer, QueryAuthBody

ACTIVE, CANCELED, EXPIRED = "ACTIVE", "CANCELED", "EXPIRED"


async def prepare(desk: Desk, posted: Posted, body: PrepareRedirectBody) -> PrepareRedirectAnswer:
    """Make the page at which a payer agrees (PROTOCOL 4.8)."""
    merchant = await must_merchant(desk, body.auth_merchant_id, path="body.authMerchantId")
    address = body.redirect_address or merchant.redirect_url
    if not address:
        sentence = "Say where the payer goes then; no address is registered for the merchant."
        raise Refused(Result.PARAM_MISSING, sentence, path="body.merchantRedirectUrl")
    agreement_id = body.agreement_pay_auth_info.merchant_agreement_id
    token = tokens.signing_token(desk, merchant.merchant_id, agreement_id)
    terms = AgreementTerms(
        merchant_id=merchant.merchant_id,
        merchant_agreement_id=MerchantAgreementId(agreement_id),
        client_id=_client_id(posted),
        version=posted.request.head.version,
        auth_site=body.auth_site,
        scopes=tuple(body.scopes),
        terminal_type=body.terminal_type,
        redirect_url=address,
        state_text=body.state,
    )
    command = PrepareAgreement(
        operation_id=desk.operation(), mark=posted.mark, terms=terms, token_hash=digest(token)
    )
    await desk.engine.execute(command)
    url = f"{desk.settings.wallet_origin}/wallet/agreement/{token}"
    return PrepareRedirectAnswer(result_info=ResultInfo.of(Result.SUCCESS), auth_site_url=url)


async def apply_token(desk: Desk, posted: Posted, body: ApplyTokenBody) -> ApplyTokenAnswer:
    """Turn a code or a refresh token into the generation that follows (PROTOCOL 4.10)."""
    is_code = body.grant_type == AUTHORIZATION_CODE
    kind = GrantKind.CODE if is_code else GrantKind.REFRESH
    given = digest((body.auth_code if is_code else body.refresh_token) or "")
    path = "body.authCode" if is_code else "body.refreshToken"
    if is_code:  # A refresh token is a right, and rights are judged before the merchant.
        merchant = await must_merchant(desk, body.auth_merchant_id, path="body.authMerchantId")
        check_active(merchant, path="body.authMerchantId")
    grant = await desk.reader.get(Grant, body.auth_merchant_id, given)
    grant = check_grant(grant, kind, _client_id(posted), path=path)
    of = (grant.merchant_id, grant.merchant_agreement_id)
    number = await generation_after(desk.reader, grant)
    access = tokens.access_token(desk, *of, generation=number)
    refresh = tokens.refresh_token(desk, *of, generation=number)
    old = digest(tokens.access_token(desk, *of, generation=number - 1)) if number > 1 else ""
    command = ApplyToken(
        operation_id=desk.operation(),
        mark=posted.mark,
        client_id=_client_id(posted),
        merchant_id=grant.merchant_id,
        kind=kind,
        given_hash=given,
        access_hash=digest(access),
        refresh_hash=digest(refresh),
        old_access_hash=old,
    )
    granted: Granted = await desk.engine.execute(command)
    info = AccessTokenInfo(
        access_token=access,
        expires_in=rfc3339(granted.access_ends_at_ms),
        refresh_token=refresh,
        re_expires_in=rfc3339(granted.refresh_ends_at_ms),
        token_status=_life(granted.access_ends_at_ms, desk.clock.now_ms()),
    )
    return ApplyTokenAnswer(
        result_info=ResultInfo.of(Result.SUCCESS),
        access_token_info=info,
        merchant_agreement_id=granted.merchant_agreement_id,
    )


async def debit(desk: Desk, posted: Posted, body: AgreementPayBody) -> AgreementPayAnswer:
    """Debit a payer who allowed it (PROTOCOL 4.2, U23)."""
    token_hash = digest(posted.request.head.access_token or "")
    grant = await desk.reader.get(Grant, body.merchant_id, token_hash)
    path = "head.accessToken"
    grant = check_grant(grant, GrantKind.ACCESS, _client_id(posted), path=path)
    agreement = await desk.reader.get(Agreement, grant.merchant_id, grant.merchant_agreement_id)
    if agreement is None or agreement.payer_id is None:
        raise Broken("a token has no signed agreement")
    terms = debit_terms(desk, posted.request)
    told = await _debited(desk, posted, terms, agreement, token_hash=token_hash)
    result, order = Result[told.result], told.order
    if result is not Result.SUCCESS:
        return AgreementPayAnswer(
            result_info=ResultInfo.of(result, told.sentence),
            acquirement_id=order.acquirement_id,
            merchant_trans_id=order.merchant_trans_id,
        )
    return AgreementPayAnswer(
        result_info=ResultInfo.of(result),
        acquirement_id=order.acquirement_id,
        merchant_trans_id=order.merchant_trans_id,
        order_amount=WireMoney.of(order.amount),
        payment_time=rfc3339(order.paid_at_ms or 0),
        extend_info=order.extend_info or None,
    )


async def query(desk: Desk, _: Posted, body: QueryAuthBody) -> QueryAuthAnswer:
    """Tell how an agreement and its newest tokens stand (PROTOCOL 4.11)."""
    await must_merchant(desk, body.auth_merchant_id, path="body.authMerchantId")
    agreement = await desk.reader.get(Agreement, body.auth_merchant_id, body.merchant_agreement_id)
    if agreement is None or agreement.signed_at_ms is None:
        raise Refused(Result.TARGET_NOT_FOUND, path="body.merchantAgreementId")
    access = await newest_grant(desk.reader, agreement, GrantKind.ACCESS)
    refresh = await newest_grant(desk.reader, agreement, GrantKind.REFRESH)
    state = TokenState(
        expires_in=rfc3339(access.expires_at_ms) if access else None,
        re_expires_in=rfc3339(refresh.expires_at_ms) if refresh else None,
        token_status=_status(agreement, access, desk.clock.now_ms()),
    )
    return QueryAuthAnswer(result_info=ResultInfo.of(Result.SUCCESS), access_token_info=state)


async def cancel(desk: Desk, posted: Posted, body: CancelAuthBody) -> CancelAuthAnswer:
    """End an agreement; its payer's wallet and the merchant both know by the same commit."""
    await must_merchant(desk, body.auth_merchant_id, path="body.authMerchantId")
    command = CancelAgreement(
        operation_id=desk.operation(),
        mark=posted.mark,
        merchant_id=MerchantId(body.auth_merchant_id),
        merchant_agreement_id=MerchantAgreementId(body.merchant_agreement_id),
        client_id=_client_id(posted),
    )
    await desk.engine.execute(command)
    return CancelAuthAnswer(result_info=ResultInfo.of(Result.SUCCESS))


async def _debited(
    desk: Desk, posted: Posted, terms: Terms, agreement: Agreement, *, token_hash: str
) -> Debited:
    payer_id = agreement.payer_id
    if payer_id is None:
        raise Broken("an agreement is debited that nobody signed")
    signals = order_signals(desk, posted.request.body.risk_info)
    command = Debit(
        operation_id=desk.operation(),
        mark=posted.mark,
        terms=terms,
        access_hash=token_hash,
        merchant_agreement_id=agreement.merchant_agreement_id,
        payer_id=payer_id,
        signals=signals,
        evidence=await of_debit(desk, terms, payer_id, signals),
    )
    outcome: Ask | Debited = await desk.engine.execute(command)
    if isinstance(outcome, Debited):
        return outcome
    await ask_debit(desk, outcome)
    key = (terms.merchant_id, terms.merchant_trans_id)
    order = await once_executed(desk.reader.get(Acquirement, *key))
    if order is None:
        raise Broken("a debit that was asked has no order")
    return debited(order)


def _status(agreement: Agreement, access: Grant | None, now_ms: int) -> str:
    """Return the state of the newest access token, or of the code while there is none (U9)."""
    if agreement.state is AgreementState.CANCELED:
        return CANCELED
    ends_at_ms = access.expires_at_ms if access else agreement.code_ends_at_ms
    return _life(ends_at_ms or 0, now_ms)


def _life(ends_at_ms: int, now_ms: int) -> str:
    return ACTIVE if now_ms < ends_at_ms else EXPIRED


def _client_id(posted: Posted) -> ClientId:
    return posted.client.client.client_id
