"""Which result codes each function can give: what every function shares, and what each adds.

A code that comes from the common checks follows from its `Check`; the rest is one row a function.
What must hold: a function answers with none that is not listed here; the tests of the gateway hold
every answer they get against `codes_of`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tillgate.kernel.results import Check, Result
from tillgate.protocol.function import Direction, Function

EVERY_CHECK = frozenset(
    {
        Check.SIZE,
        Check.PARSE,
        Check.CLIENT,
        Check.SIGNATURE,
        Check.FUNCTION,
        Check.REQUIRED,
        Check.FORMAT,
        Check.FRESHNESS,
    }
)
"""What every request goes through, whatever its function."""
EVERYWHERE = frozenset(
    {
        *(result for result in Result if result.check in EVERY_CHECK),
        Result.SUCCESS,
        Result.API_IS_INVALID,
        Result.ACCESS_DENIED,
        Result.MERCHANT_NOT_REGISTERED,
        Result.SYSTEM_ERROR,
    }
)
_ACTING = frozenset({Result.MERCHANT_STATUS_ABNORMAL})
_PAYING = _ACTING | {
    Result.INVALID_CONTRACT,
    Result.CURRENCY_NOT_SUPPORT,
    Result.REPEAT_REQ_INCONSISTENT,
    Result.ORDER_IS_CLOSED,
}
_DEBITING = _PAYING | {
    Result.PAYMENT_IN_PROCESS,
    Result.USER_STATUS_ABNORMAL,
    Result.USER_AMOUNT_EXCEED_LIMIT,
    Result.PAYMENT_AMOUNT_EXCEED_LIMIT,
    Result.AMOUNT_EXCEED_DAILY_LIMIT,
    Result.PAYMENT_COUNT_EXCEED_LIMIT,
    Result.RISK_REJECT,
    Result.USER_BALANCE_NOT_ENOUGH,
    Result.UNAVAILABLE_PAYMENT_METHOD,
}
_ADDED: Mapping[str, frozenset[Result]] = MappingProxyType(
    {
        "alipay.intl.acquiring.cashier.wap.pay": _PAYING,
        "alipay.intl.acquiring.agreement.pay": _DEBITING
        | {Result.INVALID_ACCESS_TOKEN, Result.EXPIRED_ACCESS_TOKEN},
        "alipay.intl.acquiring.common.payQuery": frozenset({Result.ORDER_NOT_EXIST}),
        "alipay.intl.acquiring.common.refund": _ACTING
        | {
            Result.ORDER_NOT_EXIST,
            Result.REPEAT_REQ_INCONSISTENT,
            Result.CURRENCY_NOT_SAME,
            Result.ORDER_STATUS_INVALID,
            Result.REFUND_IN_PROCESS,
            Result.AGREEMENT_REFUND_TIME_EXCEEDS_LIMIT,
            Result.AMOUNT_EXCEEDS_LIMIT,
            Result.MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH,
            Result.UNAVAILABLE_PAYMENT_METHOD,
        },
        "alipay.intl.acquiring.common.payCancel": _ACTING
        | {
            Result.ORDER_NOT_EXIST,
            Result.PAYMENT_IN_PROCESS,
            Result.REFUND_IN_PROCESS,
            Result.CANCEL_EXPIRED,
            Result.REFUND_TRANSACTION_EXIST,
            Result.MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH,
        },
        "alipay.intl.oauth.auth.prepareForRedirect": _ACTING | {Result.AGREEMENT_STATUS_INVALID},
        "alipay.intl.oauth.auth.applyToken": _ACTING
        | {
            Result.INVALID_AUTHCODE,
            Result.AUTH_CODE_EXPIRED,
            Result.INVALID_ACCESS_TOKEN,
            Result.EXPIRED_ACCESS_TOKEN,
            Result.AGREEMENT_STATUS_INVALID,
        },
        "alipay.intl.oauth.auth.queryByAuthInfo": frozenset({Result.TARGET_NOT_FOUND}),
        "alipay.intl.oauth.auth.cancelByAuthInfo": _ACTING | {Result.TARGET_NOT_FOUND},
    }
)
_SENT: Mapping[str, frozenset[Result]] = MappingProxyType(
    {
        "alipay.intl.acquiring.common.notify.pay": frozenset(
            {Result.SUCCESS, Result.ORDER_IS_CLOSED}
        ),
        "alipay.intl.oauth.auth.notify.cancel": frozenset({Result.SUCCESS}),
    }
)
"""What we say in the functions that we send."""


def codes_of(function: Function) -> tuple[Result, ...]:
    """Return every code that this function's `resultInfo` can hold, in order of precedence.

    Of a function that we send, it is the request's `resultInfo`.
    """
    if function.direction is Direction.TO_MERCHANT:
        return in_order(_SENT[function.name])
    shared = EVERYWHERE | ({Result.REPEATED_REQ_MSG_ID} if function.changes else set())
    return in_order(shared | _ADDED[function.name])


def in_order(found: frozenset[Result]) -> tuple[Result, ...]:
    """Return codes as a request with several faults meets them; those without a check come last."""
    declared = list(Result)
    return tuple(sorted(found, key=lambda result: (result.check, declared.index(result))))
