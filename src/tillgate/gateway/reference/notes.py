"""What must be known of repeating each function: its business key, and what a repeat is told.

PROTOCOL 7, U10, U11, U17, U22. The one place of the reference that speaks of a function by name
beside the codes. What must hold: a member between backticks is a member of that function.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tillgate.protocol.function import Function

ON_REPEATING: Mapping[str, str] = MappingProxyType(
    {
        "alipay.intl.acquiring.cashier.wap.pay": "`merchantTransId` is the key. The same order "
        "again is the same acquirement, never a second one; another amount, currency, productCode, "
        "seller or contract under the same number is REPEAT_REQ_INCONSISTENT. A paid order calls "
        "back 5000.",
        "alipay.intl.acquiring.agreement.pay": "`merchantTransId` is the key. The same request "
        "again gets the first answer and debits nothing; other content under the same number is "
        "REPEAT_REQ_INCONSISTENT. A declined debit closes its order, so the next try takes a new "
        "number.",
        "alipay.intl.acquiring.common.payQuery": "Changes nothing, so ask as often as you need. "
        "When both ids are given, `acquirementId` is the one that counts.",
        "alipay.intl.acquiring.common.refund": "`merchantRefundId` is the key. The same refund "
        "again gets its first answer, and is how its result is queried; another amount or payment "
        "under the same number is REPEAT_REQ_INCONSISTENT. On status U repeat it until it is S or "
        "F.",
        "alipay.intl.acquiring.common.payCancel": "The payment is the key. A cancelled payment "
        "answers SUCCESS again. An order that never came is cancelled all the same: later requests "
        "with its `merchantTransId` are ORDER_IS_CLOSED.",
        "alipay.intl.acquiring.common.notify.pay": "Comes until it is acknowledged, so it may come "
        "more than once: record it once by `merchantTransId`. Each send has a new reqMsgId.",
        "alipay.intl.oauth.auth.prepareForRedirect": "`agreementPayAuthInfo` names the agreement "
        "by your own number, which is its key; the payer may be led there again while it is not "
        "agreed.",
        "alipay.intl.oauth.auth.applyToken": "`authCode`, or `refreshToken`, is the key. The same "
        "one again gets the same tokens while it is valid.",
        "alipay.intl.oauth.auth.queryByAuthInfo": "Changes nothing, so ask as often as you need.",
        "alipay.intl.oauth.auth.cancelByAuthInfo": "`merchantAgreementId` is the key. An agreement "
        "that is cancelled answers SUCCESS again.",
        "alipay.intl.oauth.auth.notify.cancel": "Comes until it is acknowledged, so it may come "
        "more than once: record it once by `merchantAgreementId`.",
    }
)


def on_repeating(function: Function) -> str:
    """Return what a repeat of this function does."""
    return ON_REPEATING[function.name]
