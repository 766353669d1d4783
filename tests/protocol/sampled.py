"""Sample messages of every function, changed by name, on their way through a sealed envelope.

It takes the samples the house shows as right, so that a test can say what is wrong with its own.
What must hold: nothing here signs or reads by a way of its own.
"""

import copy
from typing import Any

import pytest

from tests.support.wire import ABSENT, gateway_key, merchant_key, text_of
from tillgate.kernel.errors import Refused
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.function import Function
from tillgate.protocol.functions import (
    FUNCTIONS,
    Request,
    Response,
    content_faults,
    open_request,
    open_response,
)
from tillgate.protocol.profile import Profile
from tillgate.protocol.samples import Content, sample_request, sample_response
from tillgate.protocol.signature import seal, verify

ACQUIRING = "alipay.intl.acquiring."
AUTH = "alipay.intl.oauth.auth."

PAY = FUNCTIONS[ACQUIRING + "cashier.wap.pay"]
AGREEMENT_PAY = FUNCTIONS[ACQUIRING + "agreement.pay"]
QUERY = FUNCTIONS[ACQUIRING + "common.payQuery"]
CANCEL = FUNCTIONS[ACQUIRING + "common.payCancel"]
REFUND = FUNCTIONS[ACQUIRING + "common.refund"]
NOTIFY_PAY = FUNCTIONS[ACQUIRING + "common.notify.pay"]
PREPARE = FUNCTIONS[AUTH + "prepareForRedirect"]
TOKEN = FUNCTIONS[AUTH + "applyToken"]
QUERY_AUTH = FUNCTIONS[AUTH + "queryByAuthInfo"]
CANCEL_AUTH = FUNCTIONS[AUTH + "cancelByAuthInfo"]
NOTIFY_CANCEL = FUNCTIONS[AUTH + "notify.cancel"]


def with_changes(content: Content, changes: dict[str, Any]) -> Content:
    """Return content with each path set to its value, or taken away where that is ABSENT."""
    copied = copy.deepcopy(content)
    for path, value in changes.items():
        *parents, name = path.split(".")
        place = copied
        for parent in parents:
            place = place[parent]
        place.pop(name, None)
        if value is not ABSENT:
            place[name] = value
    return copied


def asked(function: Function, changes: dict[str, Any] | None = None) -> Request[Any]:
    """Return what a gateway reads of a changed sample request that a merchant sealed."""
    content = with_changes(sample_request(function), changes or {})
    raw = seal(Kind.REQUEST, text_of(content), merchant_key(), Profile.TILLGATE)
    return open_request(verify(cut(raw), [merchant_key().public], Profile.TILLGATE))


def answered(function: Function, changes: dict[str, Any] | None = None) -> Response[Any]:
    """Return what a merchant reads of a changed sample response that a gateway sealed."""
    assert function.response
    content = with_changes(sample_response(function), changes or {})
    raw = seal(Kind.RESPONSE, text_of(content), gateway_key(), Profile.TILLGATE)
    verified = verify(cut(raw, Kind.RESPONSE), [gateway_key().public], Profile.TILLGATE)
    return open_response(verified, function.response, function)


def told(function: Function, changes: dict[str, Any]) -> Refused:
    """Return the refusal of a changed sample request; both ways of validation must give it."""
    every = content_faults(with_changes(sample_request(function), changes))
    with pytest.raises(Refused) as caught:
        asked(function, changes)
    assert (caught.value.result, caught.value.path) == (every[0].result, every[0].path)
    return caught.value
