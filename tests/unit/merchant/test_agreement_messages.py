"""What a merchant hears of an agreement by itself: the return of the payer, and its end."""

from typing import Any

import pytest

from tests.support.small_gateway import CLIENT_ID, MERCHANT_ID, settings
from tests.support.wire import gateway_key, merchant_key, stranger_key, text_of
from tillgate import (
    AgreementMismatch,
    AsyncMerchant,
    AuthResult,
    InvalidMessage,
    InvalidSignature,
    Merchant,
    OrderMismatch,
    Secret,
    VerificationError,
)
from tillgate.protocol.auth_redirect import AuthReturn, build_auth_redirect
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.functions import open_response
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.messages import notify_cancel
from tillgate.protocol.messages.notify_pay import AckBody
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal, verify

COLOURS = pytest.mark.parametrize("kind", [Merchant, AsyncMerchant])


def returned(
    result: AuthResult = AuthResult.SUCCESS, client_id: str = MERCHANT_ID, state: str = "S-1"
) -> str:
    said = AuthReturn(
        state=state,
        auth_site="ALIPAY_HK",
        merchant_agreement_id="G-1",
        auth_code="code-1" if result is AuthResult.SUCCESS else None,
        client_id=client_id,
        auth_result=result.value,
    )
    return build_auth_redirect("https://shop.example/agreed?cart=7", said)


@COLOURS
def test_a_payer_who_agreed_brings_a_code(kind: Any) -> None:
    came = kind(**settings()).agreement_return(returned(), state="S-1")

    assert (came.agreement_id, came.result) == ("G-1", AuthResult.SUCCESS)
    assert came.auth_code == Secret("code-1")
    assert "code-1" not in repr(came)


@pytest.mark.parametrize("result", [AuthResult.FAIL, AuthResult.ERROR])
def test_a_payer_who_did_not_agree_brings_none(result: AuthResult) -> None:
    came = Merchant(**settings()).agreement_return(returned(result), state="S-1")

    assert (came.result, came.auth_code) == (result, None)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (returned(state="S-2"), "state"),
        ("https://shop.example/agreed?authCode=code-1", "state"),
        (returned(client_id="2160400000002013"), "client_id"),
    ],
)
def test_a_return_that_was_not_asked_for_is_refused(url: str, path: str) -> None:
    with pytest.raises(AgreementMismatch) as caught:
        Merchant(**settings()).agreement_return(url, state="S-1")

    assert caught.value.path == path
    assert "code-1" not in str(caught.value)


def test_a_return_that_lacks_its_parts_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="merchantAgreementId"):
        Merchant(**settings()).agreement_return("?state=S-1&auth_site=ALIPAY_HK", state="S-1")
    with pytest.raises(ValueError, match="state"):
        Merchant(**settings()).agreement_return(returned(), state="")


def ended(key: PrivateKey | None = None, client_id: str = CLIENT_ID, **body: Any) -> bytes:
    content = {
        "head": {
            "version": "2.0.0",
            "function": "alipay.intl.oauth.auth.notify.cancel",
            "clientId": client_id,
            "reqTime": "2018-12-05T14:00:54+08:00",
            "reqMsgId": "n-1",
            "reserve": "{}",
        },
        "body": {
            "authMerchantId": MERCHANT_ID,
            "merchantAgreementId": "G-1",
            "cancelTime": "2018-12-05T14:00:53+08:00",
            **body,
        },
    }
    return seal(Kind.REQUEST, text_of(content), key or gateway_key(), Profile.TILLGATE)


@COLOURS
def test_the_end_of_an_agreement_is_verified_told_and_acknowledged(kind: Any) -> None:
    me = kind(**settings())

    event = me.agreement_notification(ended())
    taken = verify(
        cut(me.acknowledge(event), Kind.RESPONSE), [merchant_key().public], Profile.TILLGATE
    )

    assert (event.agreement_id, event.cancelled_at_ms) == ("G-1", 1_543_989_653_000)
    assert event.key_fingerprint == gateway_key().public.fingerprint
    answer = open_response(taken, AckBody, notify_cancel.FUNCTION)
    assert (answer.head.req_msg_id, answer.body.result_info.result_code) == ("n-1", "SUCCESS")


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (ended(key=stranger_key()), InvalidSignature),
        (ended().replace(b"G-1", b"G-2"), InvalidSignature),
        (ended(client_id="OTHER"), OrderMismatch),
        (ended(authMerchantId="2160400000002013"), OrderMismatch),
        (ended(cancelTime=None), InvalidMessage),
        (b"{}", InvalidMessage),
    ],
)
def test_what_is_no_such_notification_is_refused(
    raw: bytes, error: type[VerificationError]
) -> None:
    with pytest.raises(error):
        Merchant(**settings()).agreement_notification(raw)


def test_the_two_kinds_of_notification_are_told_apart() -> None:
    with pytest.raises(InvalidMessage, match=r"notify\.pay"):
        Merchant(**settings()).notification(ended(), expect=lambda _: None)
