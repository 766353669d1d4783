"""Steps of the merchant's server: the functions of the gateway, and agreements around them.

It writes each function's body from the names a step gives. What must hold: the acquirer's number of
an order that no message told yet is asked for, as a merchant would ask; tokens and codes are kept
on the stage and left out of results.
"""

from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tillgate.kernel.money import Money
from tillgate.merchant.errors import VerificationError
from tillgate.protocol.function import Function
from tillgate.protocol.functions import function_of
from tillgate.protocol.messages import (
    agreement_pay,
    apply_token,
    cancel_auth,
    pay_cancel,
    pay_query,
    prepare_redirect,
    query_auth,
    refund,
)
from tillgate.sandbox.scenarios.link import Heard, StageRefused
from tillgate.sandbox.scenarios.messages import head_of, heard, money, signed
from tillgate.sandbox.scenarios.receiver import BELIEVED
from tillgate.sandbox.scenarios.stage import AgreementMade, Sent, Stage
from tillgate.sandbox.scenarios.steps import (
    Agree,
    AskAgreement,
    Asking,
    Cancel,
    Debit,
    EndAgreement,
    Prepare,
    Query,
    Refund,
    Token,
    Withdraw,
)

SITE: Final = "ALIPAY_HK"
REDIRECT_URL: Final = "http://127.0.0.1:9/agreed"
_HIDDEN: Final = frozenset({"accessToken", "refreshToken"})


def ask(stage: Stage, step: Asking) -> dict[str, Any]:
    """Call a function and return what came back, judged."""
    function, body = _body(stage, step)
    content = {"head": head_of(stage.merchant.client_id, function.name, age=step.age), "body": body}
    if isinstance(step, Debit):
        content["head"]["accessToken"] = _token(stage.agreement(step.agreement), step.which)
    if step.repeat is not None:
        sent = _sent(stage, step.repeat)
    else:
        sent = Sent(raw=signed(stage.cast, content, step), content=content)
    if step.sent_as is not None:
        stage.sent[step.sent_as] = sent
    path = _path(step.at) if step.at else function.path
    answer = stage.cast.link.send("POST", path, sent.raw, fault=step.fault)
    result = heard(stage.cast, function, sent.content, answer)
    stage.learn(result["body"])
    if isinstance(step, Prepare | Token):
        _keep(stage.agreement(step.agreement), step, result["body"])
    return result


def agree(stage: Stage, step: Agree) -> dict[str, Any]:
    """Sign or decline on the wallet's page, and read where it leads as the merchant's SDK does."""
    made, link = stage.agreement(step.agreement), stage.cast.link
    if not made.page_path:
        raise StageRefused(f"the gateway gave no page for the agreement {step.agreement!r}")
    token = stage.session(step.payer)
    if isinstance(token, Heard):
        return {"http": token.status, **(token.json() or {})}
    limits = {"singleMax": step.single, "dailyMax": step.daily}
    said: dict[str, str] = {name: value for name, value in limits.items() if value}
    act = "decline" if step.declines else "sign"
    body = {} if step.declines else {"pin": step.pin, **said}
    answer = link.post_json(f"{made.page_path}/{act}", body, token=token)
    told = answer.json()
    url = told.get("redirectUrl") if isinstance(told, dict) else None
    if not isinstance(url, str):
        return {"http": answer.status, **(told if isinstance(told, dict) else {})}
    return {"http": answer.status, **_come_back(stage, made, url)}


def withdraw(stage: Stage, step: Withdraw) -> dict[str, Any]:
    """End an agreement in the wallet."""
    made, link = stage.agreement(step.agreement), stage.cast.link
    token = stage.session(step.payer)
    if isinstance(token, Heard):
        return {"http": token.status, **(token.json() or {})}
    body = {"merchantId": stage.merchant.merchant_id, "merchantAgreementId": made.number}
    answer = link.post_json("/wallet/agreements/cancel", body, token=token)
    return {"http": answer.status, **(answer.json() or {})}


def _come_back(stage: Stage, made: AgreementMade, url: str) -> dict[str, Any]:
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    made.auth_code = query.get("authCode", made.auth_code)
    try:
        event = stage.merchant.agreement_return(url, state=made.state)
    except VerificationError as error:
        return {"verdict": type(error).__name__}
    return {
        "verdict": BELIEVED,
        "authResult": query.get("authResult", ""),
        "hasCode": event.auth_code is not None,
    }


def _body(stage: Stage, step: Asking) -> tuple[Function, dict[str, Any]]:
    """Return the function that a step calls, and the body it is asked with."""
    match step:
        case Query() | Cancel():
            made = stage.order(step.order)
            function = pay_query.FUNCTION if isinstance(step, Query) else pay_cancel.FUNCTION
            return function, {
                "merchantId": stage.merchant.merchant_id,
                "merchantTransId": made.number,
            }
        case Refund():
            return refund.FUNCTION, {
                "merchantId": stage.merchant.merchant_id,
                "acquirementId": _acquirement_id(stage, step),
                "merchantRefundId": stage.refund_id(step.refund),
                "refundAmount": money(step.amount),
            }
        case Debit():
            return agreement_pay.FUNCTION, _debit(stage, step)
        case _:
            return _about_agreement(stage, step)


def _about_agreement(stage: Stage, step: Asking) -> tuple[Function, dict[str, Any]]:
    whose = {"authMerchantId": stage.merchant.merchant_id}
    match step:
        case Prepare():
            made = stage.agreement(step.agreement, is_new=True)
            return prepare_redirect.FUNCTION, {
                **whose,
                "authSite": SITE,
                "scopes": ["AUTH_AGREEMENTPAY"],
                "terminalType": "WAP",
                "merchantRedirectUrl": REDIRECT_URL,
                "agreementPayAuthInfo": {"merchantAgreementId": made.number},
                "state": made.state,
            }
        case Token():
            made = stage.agreement(step.agreement)
            by_code = {"grantType": "AUTHORIZATION_CODE", "authCode": made.auth_code}
            by_token = {"grantType": "REFRESH_TOKEN", "refreshToken": made.refresh_token}
            grant = by_code if step.by == "code" else by_token
            return apply_token.FUNCTION, {**whose, "authSite": SITE, **grant}
        case AskAgreement() | EndAgreement():
            is_query = isinstance(step, AskAgreement)
            function = query_auth.FUNCTION if is_query else cancel_auth.FUNCTION
            number = stage.agreement(step.agreement).number
            return function, {**whose, "merchantAgreementId": number}
        case _:
            message = f"{type(step).__name__} calls no function"
            raise StageRefused(message)


def _debit(stage: Stage, step: Debit) -> dict[str, Any]:
    made = stage.order(step.order, is_new=True)
    amount = money(step.amount)
    stage.receiver.know(made.number, Money.parse(step.amount))
    return {
        "merchantId": stage.merchant.merchant_id,
        "productCode": "AUTO_DEBIT",
        "merchantTransId": made.number,
        "order": {"orderAmount": amount, "orderTitle": "Monthly pass"},
        "notifyUrl": stage.receiver.url,
    }


def _acquirement_id(stage: Stage, step: Refund) -> str:
    made = stage.order(step.order)
    if not made.acquirement_id:
        ask(stage, Query(order=step.order))
    if not made.acquirement_id:
        raise StageRefused(f"the gateway knows no acquirementId of {step.order!r} to refund")
    return made.acquirement_id


def _token(made: AgreementMade, which: str) -> str:
    back = 1 if which == "newest" else 2
    if len(made.access_tokens) < back:
        raise StageRefused(f"no step before has got the {which} token of the agreement")
    return made.access_tokens[-back]


def _keep(made: AgreementMade, step: Prepare | Token, body: dict[str, Any]) -> None:
    """Keep what an answer opens, and take it out of the result."""
    if isinstance(step, Prepare):
        made.page_path = urlsplit(str(body.get("authSiteUrl", ""))).path
        return
    info = body.get("accessTokenInfo")
    if not isinstance(info, dict):
        return
    token = str(info.get("accessToken", ""))
    body["isSameToken"] = token in made.access_tokens
    if not body["isSameToken"]:
        made.access_tokens.append(token)
    made.refresh_token = str(info.get("refreshToken", made.refresh_token))
    for name in _HIDDEN & info.keys():
        info[name] = "…"


def _sent(stage: Stage, name: str) -> Sent:
    if name not in stage.sent:
        raise StageRefused(f"no step before has sent anything as {name!r}")
    return stage.sent[name]


def _path(name: str) -> str:
    """Return the address of a function by its name, or a path that was given as one."""
    if name.startswith("/"):
        return name
    return function_of(name).path
