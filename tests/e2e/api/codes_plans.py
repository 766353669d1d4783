"""Each function's request that succeeds, and every fault of its own by the code it earns.

One row a fault: the code, what it touches, and what it does at each moment. What must hold: every
code that the gateway declares for its functions is earned by a row here or by a door of its own.
"""

from collections.abc import Mapping
from typing import Final

from tests.e2e.api.codes_common import COMMON, MARKED, Fault, Plan, fault, locked
from tests.e2e.api.codes_stage import (
    APPLY,
    CANCEL,
    COUNT_MAX,
    DEBIT,
    END,
    PAYMENT,
    PREPARE,
    QUERY,
    REFUND,
    STATUS,
    WAP_PAY,
    Stage,
    agreement,
    by,
    money,
    order,
    page,
    refund,
)
from tests.stateful.gateway import MERCHANT, RISK_INFO
from tillgate.bookkeeping import merchant_account
from tillgate.edge import tokens
from tillgate.engine.commands import CancelAgreement, LimitAgreement
from tillgate.kernel.clock import DAY_MS, MINUTE_MS, rfc3339
from tillgate.kernel.ids import MerchantAgreementId, MerchantId, PayerId
from tillgate.kernel.money import Money
from tillgate.ledger.chart import Account, AccountKind
from tillgate.ledger.entries import EntryKind, Leg, journal

HKD_10: Final = Money.of(PAYMENT, "HKD")

# Merchants, contracts, orders


async def suspended(stage: Stage) -> None:
    stage.merchant["active"] = False


async def no_contract(stage: Stage) -> None:
    stage.body["settleContractId"] = "NONE"


async def other_currency(stage: Stage) -> None:
    stage.merchant["currencies"] = ("USD",)


async def no_order(stage: Stage) -> None:
    stage.body["acquirementId"] = "20260302194010800100160000000000000"


async def other_amount(stage: Stage) -> None:
    stage.body["order"] = {**stage.body["order"], "orderAmount": money(701)}


# cashier.wap.pay, posted


async def cashier(stage: Stage) -> None:
    stage.body = order("T-1", 700)


async def stale_order(stage: Stage) -> None:
    stage.head["reqTime"] = rfc3339(stage.gateway.clock.now_ms() - 4 * MINUTE_MS)


async def order_posted(stage: Stage) -> None:
    await stage.does(WAP_PAY, order("T-1", 700))


async def order_closed(stage: Stage) -> None:
    await order_posted(stage)
    await stage.does(CANCEL, by(merchantTransId="T-1"))


async def order_paid(stage: Stage) -> None:
    await stage.pays("T-1", 700)


async def order_open(stage: Stage) -> None:
    stage.gateway.bank.says = "nothing"
    await stage.pays("T-1", 700, "cid")


# agreement.pay


async def debit(stage: Stage) -> None:
    await stage.signs()
    of = (stage.gateway.desk, MERCHANT, stage.gid)
    body = {"authMerchantId": MERCHANT, "authSite": "ALIPAY_HK"}
    given = {"grantType": "AUTHORIZATION_CODE", "authCode": tokens.auth_code(*of)}
    await stage.does(APPLY, {**body, **given})
    stage.head["accessToken"] = tokens.access_token(*of, generation=1)
    stage.body = order("D-1", 700, "AUTO_DEBIT")


async def debited(stage: Stage) -> None:
    token = stage.head["accessToken"]
    await stage.does(DEBIT, order("D-1", 700, "AUTO_DEBIT"), token=token)


async def no_token(stage: Stage) -> None:
    stage.head["accessToken"] = "none"


async def agreement_ended(stage: Stage) -> None:
    await stage.gateway.do(
        CancelAgreement,
        merchant_id=MerchantId(MERCHANT),
        merchant_agreement_id=MerchantAgreementId(stage.gid),
    )


async def tombstone(stage: Stage) -> None:
    await stage.does(CANCEL, by(merchantTransId="D-1"))


async def above_payers(stage: Stage) -> None:
    stage.limits["single"] = 600


async def above_agreements(stage: Stage) -> None:
    await stage.gateway.do(
        LimitAgreement,
        merchant_id=MerchantId(MERCHANT),
        merchant_agreement_id=MerchantAgreementId(stage.gid),
        payer_id=PayerId(stage.payer),
        single_max=600,
    )


async def above_days(stage: Stage) -> None:
    stage.limits["daily"] = 650


async def many_paid(stage: Stage) -> None:
    for number in range(COUNT_MAX):
        await stage.pays(f"MANY-{number}", 1)
    stage.gateway.clock.advance(2_000)


async def rejected(stage: Stage) -> None:
    stage.body["riskInfo"] = RISK_INFO["reject"]


async def drained(stage: Stage) -> None:
    await stage.pays("DRAIN", 19_600)


async def at_the_bank(stage: Stage) -> None:
    stage.payer = "cid"


async def bank_declines(stage: Stage) -> None:
    stage.gateway.bank.says = "no"


# payQuery, payCancel, refund


async def paid(stage: Stage) -> None:
    stage.body = by(acquirementId=await stage.pays("T-1", PAYMENT))


async def to_refund(stage: Stage) -> None:
    stage.body = refund(await stage.pays("T-1", PAYMENT), "R-1", 400)


async def never_created(stage: Stage) -> None:
    for number in range(10):
        await stage.does(CANCEL, by(merchantTransId=f"NEVER-{number}"))
    stage.body = by(merchantTransId="NEVER-11")


async def open_attempt(stage: Stage) -> None:
    stage.gateway.bank.says = "nothing"
    stage.body["acquirementId"] = await stage.pays("OPEN", PAYMENT, "cid")


async def next_day(stage: Stage) -> None:
    stage.gateway.clock.advance(DAY_MS)


async def next_year(stage: Stage) -> None:
    stage.gateway.clock.advance(366 * DAY_MS)


async def partly_refunded(stage: Stage) -> None:
    await stage.does(REFUND, refund(await stage.number_of("T-1"), "R-0", 700))


async def same_number(stage: Stage) -> None:
    await stage.does(REFUND, refund(await stage.pays("T-0", PAYMENT), "R-1", 100))


async def in_dollars(stage: Stage) -> None:
    stage.body["refundAmount"] = money(400, "USD")


async def cancelled(stage: Stage) -> None:
    await stage.does(CANCEL, by(merchantTransId="T-1"))


async def unpaid(stage: Stage) -> None:
    await stage.does(WAP_PAY, order("WAITS", PAYMENT))
    stage.body["acquirementId"] = await stage.number_of("WAITS")


async def too_much(stage: Stage) -> None:
    stage.body["refundAmount"] = money(PAYMENT + 1)


async def paid_out(stage: Stage) -> None:
    """Everything the merchant was owed was paid out to it, and it may not owe a thing.

    There is no settlement yet, so the entry of one is just written.
    """
    stage.merchant["debt_max"] = ("HKD:0",)
    out = Leg(merchant_account(MerchantId(MERCHANT)), Account(AccountKind.FUNDING, "out"), HKD_10)
    now_ms = stage.gateway.clock.now_ms()
    entry = journal(EntryKind.REFUND, [out], book=MERCHANT, reference="payout", at_ms=now_ms)
    await stage.keeps(entry.entry, *entry.postings)


async def refund_open(stage: Stage) -> None:
    stage.gateway.bank.says = "yes"
    ours = await stage.pays("BANK", PAYMENT, "cid")
    stage.gateway.bank.says = "nothing"
    await stage.does(REFUND, refund(ours, "R-1", 400))
    stage.body["acquirementId"] = ours


async def refund_declined(stage: Stage) -> None:
    stage.gateway.bank.says = "yes"
    stage.body["acquirementId"] = await stage.pays("BANK", PAYMENT, "cid")
    stage.gateway.bank.says = "no"


# Agreements


async def prepares(stage: Stage) -> None:
    stage.body = page(stage.gid)


async def other_state(stage: Stage) -> None:
    stage.body["state"] = "s-2"


async def prepared(stage: Stage) -> None:
    await stage.does(PREPARE, page(stage.gid))


async def over(stage: Stage) -> None:
    await stage.signs()
    await agreement_ended(stage)


async def by_code(stage: Stage) -> None:
    await stage.signs()
    code = tokens.auth_code(stage.gateway.desk, MERCHANT, stage.gid)
    said = {"authMerchantId": MERCHANT, "authSite": "ALIPAY_HK"}
    stage.body = {**said, "grantType": "AUTHORIZATION_CODE", "authCode": code}


async def no_code(stage: Stage) -> None:
    stage.body["authCode"] = "none"


async def code_over(stage: Stage) -> None:
    stage.gateway.clock.advance(11 * MINUTE_MS)


async def by_refresh(stage: Stage) -> None:
    await by_code(stage)
    await stage.does(APPLY, stage.body)
    refresh = tokens.refresh_token(stage.gateway.desk, MERCHANT, stage.gid, generation=1)
    said = {"authMerchantId": MERCHANT, "authSite": "ALIPAY_HK"}
    stage.body = {**said, "grantType": "REFRESH_TOKEN", "refreshToken": refresh}


async def no_refresh(stage: Stage) -> None:
    stage.body["refreshToken"] = "none"


async def refresh_over(stage: Stage) -> None:
    stage.gateway.clock.advance(731 * DAY_MS)


async def stands(stage: Stage) -> None:
    await stage.signs()
    stage.body = agreement(stage.gid)


async def no_agreement(stage: Stage) -> None:
    stage.body["merchantAgreementId"] = "g-none"


NO_SUCH_ORDER: Final = fault("order", then=no_order)
NO_SUCH_AGREEMENT: Final = fault("agreement", then=no_agreement)
ENDED: Final = fault("agreement", then=agreement_ended)
SELLS: Final[Mapping[str, Fault]] = {
    "MERCHANT_STATUS_ABNORMAL": fault("merchant", then=suspended),
    "INVALID_CONTRACT": fault("contract", then=no_contract),
    "CURRENCY_NOT_SUPPORT": fault("currency", then=other_currency),
}
OF_TOKENS: Final = {
    code: fault for code, fault in COMMON.items() if code != "MERCHANT_NOT_REGISTERED"
}
"""A token is of a registered merchant, so with no such merchant there is none: it is invalid."""
# A table reads best a row at a time, so the formatter stays out.
# fmt: off
PLANS: Final[Mapping[str, Plan]] = {
    "cashier": Plan(WAP_PAY, cashier, {
        **COMMON, **SELLS,
        "REQUEST_EXPIRED": fault("age order content client merchant", then=stale_order),
        "REPEAT_REQ_INCONSISTENT": fault("content", happened=order_posted, then=other_amount),
        "ORDER_IS_CLOSED": fault("order", happened=order_closed),
        "ORDER_STATUS_INVALID": fault("order", happened=order_paid),
        "PAYMENT_IN_PROCESS": fault("order", happened=order_open),
    }),
    "debit": Plan(DEBIT, debit, {
        **OF_TOKENS, **MARKED, **SELLS,
        "INVALID_ACCESS_TOKEN": fault("token", then=no_token),
        "EXPIRED_ACCESS_TOKEN": fault("token client", then=agreement_ended),
        "REPEAT_REQ_INCONSISTENT": fault("order", happened=debited, then=other_amount),
        "ORDER_IS_CLOSED": fault("order", happened=tombstone),
        "USER_STATUS_ABNORMAL": fault("payer", then=locked),
        "USER_AMOUNT_EXCEED_LIMIT": fault("single", then=above_payers),
        "PAYMENT_AMOUNT_EXCEED_LIMIT": fault("agreed", time=above_agreements),
        "AMOUNT_EXCEED_DAILY_LIMIT": fault("daily", then=above_days),
        "PAYMENT_COUNT_EXCEED_LIMIT": fault("count order", happened=many_paid),
        "RISK_REJECT": fault("risk", then=rejected),
        "USER_BALANCE_NOT_ENOUGH": fault("funds", happened=drained),
        "UNAVAILABLE_PAYMENT_METHOD": fault("funds", first=at_the_bank, then=bank_declines),
    }),
    "query": Plan(QUERY, paid, {**COMMON, "ORDER_NOT_EXIST": NO_SUCH_ORDER}),
    "cancel": Plan(CANCEL, paid, {
        **COMMON, **MARKED,
        "REQUEST_TRAFFIC_EXCEED_LIMIT": fault("order number", happened=never_created),
        "ORDER_NOT_EXIST": NO_SUCH_ORDER,
        "PAYMENT_IN_PROCESS": fault("order", happened=open_attempt),
        "CANCEL_EXPIRED": fault("time", time=next_day),
        "REFUND_TRANSACTION_EXIST": fault("back", happened=partly_refunded),
        "MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH": fault("debt", happened=paid_out),
    }),
    "refund": Plan(REFUND, to_refund, {
        **COMMON, **MARKED,
        "ORDER_NOT_EXIST": NO_SUCH_ORDER,
        "REPEAT_REQ_INCONSISTENT": fault("refund", happened=same_number),
        "CURRENCY_NOT_SAME": fault("currency", then=in_dollars),
        "ORDER_IS_CLOSED": fault("order back", happened=cancelled),
        "ORDER_STATUS_INVALID": fault("order time", happened=unpaid),
        "REFUND_IN_PROCESS": fault("order refund amount currency", happened=refund_open),
        "AGREEMENT_REFUND_TIME_EXCEEDS_LIMIT": fault("time", time=next_year),
        "AMOUNT_EXCEEDS_LIMIT": fault("amount currency", then=too_much),
        "MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH": fault("debt", happened=paid_out),
        "UNAVAILABLE_PAYMENT_METHOD": fault("order issuer debt", happened=refund_declined),
    }),
    "prepare": Plan(PREPARE, prepares, {
        **COMMON, **MARKED,
        "MERCHANT_STATUS_ABNORMAL": SELLS["MERCHANT_STATUS_ABNORMAL"],
        "REPEAT_REQ_INCONSISTENT": fault("content", happened=prepared, then=other_state),
        "AGREEMENT_STATUS_INVALID": fault("agreement", happened=over),
    }),
    "apply": Plan(APPLY, by_code, {
        **COMMON, **MARKED,
        "MERCHANT_STATUS_ABNORMAL": SELLS["MERCHANT_STATUS_ABNORMAL"],
        "INVALID_AUTHCODE": fault("code", then=no_code),
        "AUTH_CODE_EXPIRED": fault("code", time=code_over),
        "AGREEMENT_STATUS_INVALID": ENDED,
    }),
    "refresh": Plan(APPLY, by_refresh, {
        **OF_TOKENS, **MARKED,
        "MERCHANT_STATUS_ABNORMAL": SELLS["MERCHANT_STATUS_ABNORMAL"],
        "INVALID_ACCESS_TOKEN": fault("code", then=no_refresh),
        "EXPIRED_ACCESS_TOKEN": fault("code number", time=refresh_over),
        "AGREEMENT_STATUS_INVALID": ENDED,
    }),
    "status": Plan(STATUS, stands, {**COMMON, "TARGET_NOT_FOUND": NO_SUCH_AGREEMENT}),
    "end": Plan(END, stands, {**COMMON, **MARKED, "TARGET_NOT_FOUND": NO_SUCH_AGREEMENT}),
}
# fmt: on
"""Every function, with every fault that its requests can have."""
