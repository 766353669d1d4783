"""Which result codes each function can give: what every function shares, and what each adds.

What is shared follows from the checks that every request goes through; the rest is one row a
function. What must hold: a function answers with no code that is not listed here, which the
gateway's own tests compare with `codes_of`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tillgate.kernel.results import Check, Result
from tillgate.protocol.function import Direction, Function
from tillgate.protocol.messages import (
    agreement_pay,
    apply_token,
    cancel_auth,
    notify_cancel,
    notify_pay,
    pay_cancel,
    pay_query,
    prepare_redirect,
    query_auth,
    refund,
    wap_pay,
)

SHARED_CHECKS = frozenset(
    {
        Check.SIZE,
        Check.PARSE,
        Check.CLIENT,
        Check.SIGNATURE,
        Check.FUNCTION,
        Check.REQUIRED,
        Check.FORMAT,
    }
)
"""What every request goes through, whatever its function."""
SHARED = frozenset(
    {
        *(result for result in Result if result.check in SHARED_CHECKS),
        Result.SUCCESS,
        Result.API_IS_INVALID,
        Result.ACCESS_DENIED,
        Result.MERCHANT_NOT_REGISTERED,
        Result.SYSTEM_ERROR,
    }
)
"""What every function that is posted to the gateway can give."""
BEFORE_AN_ANSWER = frozenset({Result.REQUEST_TOO_LARGE, Result.MSG_PARSE_ERROR})
"""Told with an HTTP status, since what came is no envelope that could be answered (U12)."""

_MARKED = frozenset({Result.REQUEST_EXPIRED, Result.REPEATED_REQ_MSG_ID})
_SELLS = frozenset(
    {
        Result.MERCHANT_STATUS_ABNORMAL,
        Result.INVALID_CONTRACT,
        Result.CURRENCY_NOT_SUPPORT,
        Result.REPEAT_REQ_INCONSISTENT,
        Result.ORDER_IS_CLOSED,
        Result.PAYMENT_IN_PROCESS,
    }
)
_DEBITS = frozenset(
    {
        Result.USER_NOT_EXIST,
        Result.USER_STATUS_ABNORMAL,
        Result.USER_AMOUNT_EXCEED_LIMIT,
        Result.PAYMENT_AMOUNT_EXCEED_LIMIT,
        Result.AMOUNT_EXCEED_DAILY_LIMIT,
        Result.PAYMENT_COUNT_EXCEED_LIMIT,
        Result.RISK_REJECT,
        Result.USER_BALANCE_NOT_ENOUGH,
        Result.UNAVAILABLE_PAYMENT_METHOD,
    }
)
_OWN: Mapping[Function, frozenset[Result]] = MappingProxyType(
    {
        wap_pay.FUNCTION: _SELLS | _DEBITS | {Result.REQUEST_EXPIRED, Result.ORDER_STATUS_INVALID},
        agreement_pay.FUNCTION: _SELLS
        | _DEBITS
        | {Result.INVALID_ACCESS_TOKEN, Result.EXPIRED_ACCESS_TOKEN},
        pay_query.FUNCTION: frozenset({Result.ORDER_NOT_EXIST}),
        refund.FUNCTION: frozenset(
            {
                Result.ORDER_NOT_EXIST,
                Result.REPEAT_REQ_INCONSISTENT,
                Result.CURRENCY_NOT_SAME,
                Result.ORDER_IS_CLOSED,
                Result.ORDER_STATUS_INVALID,
                Result.REFUND_IN_PROCESS,
                Result.AGREEMENT_REFUND_TIME_EXCEEDS_LIMIT,
                Result.AMOUNT_EXCEEDS_LIMIT,
                Result.MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH,
                Result.UNAVAILABLE_PAYMENT_METHOD,
            }
        ),
        pay_cancel.FUNCTION: frozenset(
            {
                Result.ORDER_NOT_EXIST,
                Result.PAYMENT_IN_PROCESS,
                Result.CANCEL_EXPIRED,
                Result.REFUND_TRANSACTION_EXIST,
                Result.MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH,
            }
        ),
        prepare_redirect.FUNCTION: frozenset(
            {
                Result.MERCHANT_STATUS_ABNORMAL,
                Result.REPEAT_REQ_INCONSISTENT,
                Result.AGREEMENT_STATUS_INVALID,
            }
        ),
        apply_token.FUNCTION: frozenset(
            {
                Result.MERCHANT_STATUS_ABNORMAL,
                Result.INVALID_AUTHCODE,
                Result.AUTH_CODE_EXPIRED,
                Result.INVALID_ACCESS_TOKEN,
                Result.EXPIRED_ACCESS_TOKEN,
                Result.AGREEMENT_STATUS_INVALID,
            }
        ),
        query_auth.FUNCTION: frozenset({Result.TARGET_NOT_FOUND}),
        cancel_auth.FUNCTION: frozenset({Result.TARGET_NOT_FOUND}),
        notify_pay.FUNCTION: frozenset({Result.SUCCESS, Result.ORDER_IS_CLOSED}),
        notify_cancel.FUNCTION: frozenset(),
    }
)


def codes_of(function: Function) -> tuple[Result, ...]:
    """Return every code that this function can give, in order of precedence.

    Of a function that we send, it is what the request's `resultInfo` says.
    """
    if function.direction is Direction.TO_MERCHANT:
        return in_order(_OWN[function])
    return in_order(SHARED | own_codes(function))


def own_codes(function: Function) -> frozenset[Result]:
    """Return the codes that this function adds to those of every function."""
    return _OWN[function] | (_MARKED if function.is_marked else frozenset())


def in_order(found: frozenset[Result]) -> tuple[Result, ...]:
    """Return codes as a request with several faults meets them; those without a check come last."""
    declared = list(Result)
    return tuple(sorted(found, key=lambda result: (result.check, declared.index(result))))
