"""Which handler answers which function.

It knows no function's meaning. What must hold: every function that a merchant may post is here, and
none that the gateway sends.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from tillgate.edge.desk import Desk
from tillgate.edge.posted import Posted
from tillgate.gateway.functions import agreements, payments
from tillgate.protocol.messages import (
    agreement_pay,
    apply_token,
    cancel_auth,
    pay_cancel,
    pay_query,
    prepare_redirect,
    query_auth,
    refund,
    wap_pay,
)

Handler = Callable[[Desk, Posted, Any], Awaitable[msgspec.Struct]]

HANDLERS: Final[Mapping[str, Handler]] = {
    wap_pay.FUNCTION.name: payments.open_cashier,
    pay_query.FUNCTION.name: payments.pay_query,
    pay_cancel.FUNCTION.name: payments.pay_cancel,
    refund.FUNCTION.name: payments.refund,
    agreement_pay.FUNCTION.name: agreements.debit,
    prepare_redirect.FUNCTION.name: agreements.prepare,
    apply_token.FUNCTION.name: agreements.apply_token,
    query_auth.FUNCTION.name: agreements.query,
    cancel_auth.FUNCTION.name: agreements.cancel,
}
"""Every function that a merchant's server may post."""
