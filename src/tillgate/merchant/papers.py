"""What `Merchant` and `AsyncMerchant` share: keys, and every message that needs no answer.

It builds and reads messages purely; it opens no connection. Time and numbers come from what it is
given, the system's by default. The two colours inherit it, the one place where the SDK inherits: a
merchant is one thing, and only how it waits differs. What must hold: private keys are loaded once,
a notification is read from its raw bytes, and nothing is returned before the signature and the
match have been checked.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from tillgate.kernel.clock import Clock, SystemClock, parse_rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import IdFactory
from tillgate.kernel.results import Result
from tillgate.merchant import sources
from tillgate.merchant.agreements import Agreements
from tillgate.merchant.asking import Asked, NotKnown, Question, Reply, Said, Signer, fault_of
from tillgate.merchant.connection import Connection, Repeating, checked_base_url
from tillgate.merchant.errors import (
    AgreementMismatch,
    InvalidMessage,
    InvalidSignature,
    NotConnected,
    OrderMismatch,
)
from tillgate.merchant.events import (
    AgreementEvent,
    AgreementReturn,
    Expect,
    PaymentEvent,
    PaymentReturn,
    match,
)
from tillgate.merchant.order import Order
from tillgate.merchant.payments import Payments
from tillgate.merchant.plans import Pause, Plan, Planner
from tillgate.merchant.secret import Secret
from tillgate.merchant.sources import KeySource, SystemIds
from tillgate.protocol import order_string
from tillgate.protocol.auth_redirect import read_auth_redirect
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.function import Function
from tillgate.protocol.functions import Request, open_request_as, write
from tillgate.protocol.keys import PrivateKey, PublicKey
from tillgate.protocol.messages import notify_cancel, notify_pay, wap_pay
from tillgate.protocol.messages.common import ResultInfo
from tillgate.protocol.messages.head import request_head, response_head
from tillgate.protocol.messages.notify_cancel import NotifyCancelBody
from tillgate.protocol.messages.notify_pay import AckBody, NotifyPayBody
from tillgate.protocol.profile import Profile
from tillgate.protocol.redirect import read_return_url
from tillgate.protocol.signature import seal, verify

B = TypeVar("B", bound=msgspec.Struct)
C = TypeVar("C")
"""What carries requests to the gateway."""

USUAL_CONNECTION: Final = Connection()
USUAL_REPEATING: Final = Repeating()


class Papers(ABC, Generic[C]):
    """A merchant, as the acquirer registered it, and what it signs and reads."""

    def __init__(
        self,
        *,
        client_id: str,
        merchant_id: str,
        private_key: KeySource | PrivateKey,
        gateway_public_key: KeySource | PublicKey | Sequence[KeySource | PublicKey],
        base_url: str | None = None,
        profile: Profile = Profile.TILLGATE,
        connection: Connection = USUAL_CONNECTION,
        repeating: Repeating = USUAL_REPEATING,
        clock: Clock | None = None,
        ids: IdFactory | None = None,
        fraction: Callable[[], float] | None = None,
        carrier: C | None = None,
    ) -> None:
        """Load the keys; open nothing.

        Args:
            client_id: the id of your calling system.
            merchant_id: whom the acquirer settles to.
            private_key: your private key: a file as `Path`, or the key's text or bytes.
            gateway_public_key: the acquirer's public key, or several while it changes keys.
            base_url: where the gateway is; signing and verifying alone does without.
            profile: how you and the acquirer sign; `Profile.ALIPAY_HK` is SHA-1, double base64.
            connection: time-outs and limits of an exchange with the gateway.
            repeating: how often what may pass the next time is sent.
            clock: where time comes from; the system's clock if absent.
            ids: where message numbers come from; the system's randomness if absent.
            fraction: gives numbers from 0 to 1, which spread the pauses; as `ids` if absent.
            carrier: what brings requests to the gateway, in the place of HTTP to `base_url`.

        Raises:
            KeyRefused: a key is not what it should be.
            ValueError: `base_url` is no address of a gateway, or http:// to another machine.
        """
        self.client_id = client_id
        self.merchant_id = merchant_id
        self.base_url = checked_base_url(base_url, connection) if base_url is not None else None
        self.profile = profile
        self._signer = Signer(
            client_id=client_id,
            key=sources.private_key(private_key),
            gateway_keys=sources.public_keys(gateway_public_key),
            profile=profile,
        )
        self._clock: Clock = clock or SystemClock()
        self._ids: IdFactory = ids or SystemIds()
        self._fraction = fraction or sources.fraction
        self._connection = connection
        planner = Planner(repeating=repeating, drive=self._run)
        self._payments = Payments(merchant_id=merchant_id, planner=planner)
        self._agreements = Agreements(merchant_id=merchant_id, planner=planner)
        self._carrier = carrier
        if carrier is None and self.base_url is not None:
            self._carrier = self._open(self.base_url)

    def __repr__(self) -> str:
        """Say which merchant this is."""
        return f"<{type(self).__name__} {self.merchant_id} by client {self.client_id}>"

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
        text = order_string.build(
            head, order.message(self.merchant_id), self._signer.key, self.profile
        )
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
        request, fingerprint = self._told(raw_body, NotifyPayBody, notify_pay.FUNCTION)
        event = _event(request, fingerprint)
        match(event, expect, self.merchant_id)
        return event

    def agreement_notification(self, raw_body: bytes) -> AgreementEvent:
        """Verify the notification that an agreement was ended, and return which.

        Args:
            raw_body: the request's body exactly as it arrived.

        Raises:
            InvalidMessage, InvalidSignature: as `notification`.
            OrderMismatch: it is for another client or merchant.
        """
        request, fingerprint = self._told(raw_body, NotifyCancelBody, notify_cancel.FUNCTION)
        body = request.body
        if body.auth_merchant_id != self.merchant_id:
            raise OrderMismatch(
                "authMerchantId", ordered=self.merchant_id, received=body.auth_merchant_id
            )
        return AgreementEvent(
            agreement_id=body.merchant_agreement_id,
            cancelled_at_ms=parse_rfc3339(body.cancel_time),
            key_fingerprint=fingerprint,
            head=request.head,
        )

    def acknowledge(self, event: PaymentEvent | AgreementEvent) -> bytes:
        """Return the signed answer to a notification; send it with HTTP 200 once it is recorded."""
        head = response_head(event.head, now_ms=self._clock.now_ms())
        body = AckBody(result_info=ResultInfo.of(Result.SUCCESS))
        return seal(Kind.RESPONSE, write(head, body), self._signer.key, self.profile)

    def return_url(self, raw_url: str, *, expect: Expect) -> PaymentReturn:
        """Verify the address a buyer came back to and return what it says.

        Args:
            raw_url: the address as it arrived, undecoded: whole, path and query, or query alone.
            expect: finds the order by its number, to compare it; or `UNCHECKED`.

        Raises:
            InvalidMessage, InvalidSignature, UnknownOrder, OrderMismatch: as `notification`.
        """
        try:
            found = read_return_url(raw_url, self._signer.gateway_keys)
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

    def agreement_return(self, raw_url: str, *, state: str) -> AgreementReturn:
        """Read the address a payer came back to after being asked for an agreement.

        It is not signed; `state` and your key, without which the code buys nothing, protect you.

        Args:
            raw_url: the address as it arrived, undecoded: whole, path and query, or query alone.
            state: what you sent to `prepare_agreement` for this browser's session.

        Raises:
            AgreementMismatch: state or merchant are not yours; the redirect may be forged.
            InvalidMessage: a parameter is missing or wrong.
        """
        try:
            found = read_auth_redirect(raw_url, state=state)
        except Refused as refused:
            if refused.result is Result.ACCESS_DENIED:
                raise AgreementMismatch(refused.path) from refused
            raise _named(refused) from refused
        if found.client_id != self.merchant_id:
            raise AgreementMismatch("client_id")
        return AgreementReturn(
            agreement_id=found.merchant_agreement_id,
            result=found.result,
            auth_code=Secret(found.auth_code) if found.auth_code else None,
        )

    @abstractmethod
    def _open(self, base_url: str) -> C:
        """Return what carries requests to this address."""

    @abstractmethod
    def _run(self, plan: Plan[Any]) -> Any:  # noqa: ANN401  Its own methods know the outcome.
        """Carry a plan out, or return what to await for that."""

    def _told(self, raw_body: bytes, body: type[B], function: Function) -> tuple[Request[B], str]:
        """Return a verified notification of a kind, and the key that signed it."""
        try:
            verified = verify(cut(raw_body, Kind.REQUEST), self._signer.gateway_keys, self.profile)
            request = open_request_as(verified, body, function)
        except Refused as refused:
            raise _named(refused) from refused
        if request.head.client_id != self.client_id:
            raise OrderMismatch(
                "head.clientId", ordered=self.client_id, received=request.head.client_id
            )
        return request, verified.key_fingerprint

    def _write(self, question: Question[Any]) -> Asked[Any]:
        """Sign a question as a new system request: its own number, the present time."""
        return self._signer.write(
            question, req_msg_id=self._ids.token(), now_ms=self._clock.now_ms()
        )

    def _heard(self, asked: Asked[Any], reply: Reply | NotKnown) -> Said[Any] | NotKnown:
        """Judge what came back."""
        return reply if isinstance(reply, NotKnown) else self._signer.judge(asked, reply)

    def _seconds(self, pause: Pause) -> float:
        """Return how long a pause is this time."""
        return pause.least_s + (pause.most_s - pause.least_s) * self._fraction()

    def _connected(self) -> C:
        if self._carrier is None:
            raise NotConnected
        return self._carrier


def _named(refused: Refused) -> InvalidMessage | InvalidSignature:
    """Return the SDK's error for what the protocol refused."""
    if refused.result in (Result.INVALID_SIGNATURE, Result.KEY_NOT_FOUND):
        return InvalidSignature(
            f"{fault_of(refused)} Check the gateway's public key (gateway_public_key); if that is "
            "right, the gateway did not send this."
        )
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
