"""`Merchant`: one merchant's side of the protocol, with its keys.

It builds and reads messages purely; it opens no connection. Time and numbers come from what it is
given, the system's by default. What must hold: private keys are loaded once, a notification is read
from its raw bytes, and nothing is returned before the signature and the match have been checked.
"""

from collections.abc import Sequence
from typing import final

from tillgate.kernel.clock import Clock, SystemClock, parse_rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import IdFactory
from tillgate.kernel.results import Result
from tillgate.merchant import sources
from tillgate.merchant.errors import InvalidMessage, InvalidSignature, OrderMismatch
from tillgate.merchant.events import Expect, PaymentEvent, PaymentReturn, match
from tillgate.merchant.order import Order
from tillgate.merchant.sources import KeySource, SystemIds
from tillgate.protocol import order_string
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.functions import Request, open_request_as, write
from tillgate.protocol.keys import PrivateKey, PublicKey
from tillgate.protocol.messages import notify_pay, wap_pay
from tillgate.protocol.messages.common import ResultInfo
from tillgate.protocol.messages.head import request_head, response_head
from tillgate.protocol.messages.notify_pay import AckBody, NotifyPayBody
from tillgate.protocol.profile import Profile
from tillgate.protocol.redirect import read_return_url
from tillgate.protocol.signature import seal, verify


@final
class Merchant:
    """A merchant, as the acquirer registered it.

    Args of the constructor, all by name:
        client_id: the id of your calling system.
        merchant_id: whom the acquirer settles to.
        private_key: your private key: a file as `Path`, or the key's text or bytes.
        gateway_public_key: the acquirer's public key, or several while it changes keys.
        base_url: where the acquirer's server functions are.
        profile: how you and the acquirer sign; `Profile.ALIPAY_HK` is SHA-1 and double base64.
        clock, ids: where time and message numbers come from; the system's if absent.
    """

    def __init__(
        self,
        *,
        client_id: str,
        merchant_id: str,
        private_key: KeySource | PrivateKey,
        gateway_public_key: KeySource | PublicKey | Sequence[KeySource | PublicKey],
        base_url: str = "http://127.0.0.1:8080",
        profile: Profile = Profile.TILLGATE,
        clock: Clock | None = None,
        ids: IdFactory | None = None,
    ) -> None:
        """Load the keys; `KeyRefused` when one is not what it should be."""
        self.client_id = client_id
        self.merchant_id = merchant_id
        self.base_url = base_url
        self.profile = profile
        self._key = sources.private_key(private_key)
        self._gateway_keys = sources.public_keys(gateway_public_key)
        self._clock: Clock = clock or SystemClock()
        self._ids: IdFactory = ids or SystemIds()

    def __repr__(self) -> str:
        """Say which merchant this is."""
        return f"<Merchant {self.merchant_id} by client {self.client_id}>"

    def order_str(self, order: Order, *, js: bool = False) -> str:
        """Return the signed order string that a page hands to `tradePay`.

        Args:
            order: what is to be paid.
            js: escape it for a JavaScript literal in a page; not wanted when the page gets it as
                JSON or from a data attribute.

        Raises:
            Refused: a member of the order is missing or illegal; the path says which.
        """
        head = request_head(
            wap_pay.FUNCTION.name,
            client_id=self.client_id,
            req_msg_id=self._ids.token(),
            now_ms=self._clock.now_ms(),
        )
        text = order_string.build(head, order.message(self.merchant_id), self._key, self.profile)
        return order_string.escape_js(text) if js else text

    def notification(self, raw_body: bytes, *, expect: Expect) -> PaymentEvent:
        """Verify a notification and return what it says.

        Args:
            raw_body: the request's body exactly as it arrived.
            expect: finds the order by its number, to compare it; or `UNCHECKED`.

        Raises:
            InvalidMessage: it is no notification.
            InvalidSignature: none of the gateway's keys signed it.
            UnknownOrder: `expect` knows no such order.
            OrderMismatch: it does not say what was ordered.
        """
        try:
            verified = verify(cut(raw_body, Kind.REQUEST), self._gateway_keys, self.profile)
            request = open_request_as(verified, NotifyPayBody, notify_pay.FUNCTION)
        except Refused as refused:
            raise _named(refused) from refused
        if request.head.client_id != self.client_id:
            raise OrderMismatch(
                "head.clientId", ordered=self.client_id, received=request.head.client_id
            )
        event = _event(request, verified.key_fingerprint)
        match(event, expect, self.merchant_id)
        return event

    def acknowledge(self, event: PaymentEvent) -> bytes:
        """Return the signed answer to a notification; send it with HTTP 200 once it is recorded."""
        head = response_head(event.head, now_ms=self._clock.now_ms())
        body = AckBody(result_info=ResultInfo.of(Result.SUCCESS))
        return seal(Kind.RESPONSE, write(head, body), self._key, self.profile)

    def return_url(self, raw_url: str, *, expect: Expect) -> PaymentReturn:
        """Verify the address a buyer came back to and return what it says.

        Args:
            raw_url: the address as it arrived, undecoded: whole, path and query, or query alone.
            expect: finds the order by its number, to compare it; or `UNCHECKED`.

        Raises:
            InvalidMessage, InvalidSignature, UnknownOrder, OrderMismatch: as `notification`.
        """
        try:
            found = read_return_url(raw_url, self._gateway_keys)
        except Refused as refused:
            raise _named(refused) from refused
        event = PaymentReturn(
            merchant_trans_id=found.merchant_trans_id,
            result=found.result_info,
            acquirement_id=found.acquirement_id,
            amount=found.order_amount.money,
            merchant_id=found.merchant_id,
            resp_time_ms=parse_rfc3339(found.resp_time),
        )
        match(event, expect, self.merchant_id)
        return event


def _named(refused: Refused) -> InvalidMessage | InvalidSignature:
    """Return the SDK's error for what the protocol refused."""
    if refused.result in (Result.INVALID_SIGNATURE, Result.KEY_NOT_FOUND):
        return InvalidSignature(refused.message)
    return InvalidMessage(refused.sentence, path=refused.path)


def _event(request: Request[NotifyPayBody], key_fingerprint: str) -> PaymentEvent:
    body = request.body
    paid_at = parse_rfc3339(body.payment_time) if body.payment_time else None
    return PaymentEvent(
        merchant_trans_id=body.merchant_trans_id,
        result=body.result_info,
        acquirement_id=body.acquirement_id,
        amount=body.order_amount.money if body.order_amount else None,
        payment_time_ms=paid_at,
        pay_status=body.pay_status,
        merchant_id=body.merchant_id,
        key_fingerprint=key_fingerprint,
        head=request.head,
    )
