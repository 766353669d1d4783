"""What a merchant's server answers when a notification arrives, whatever framework it runs on.

It decides which of the app's functions is called, in which order, and the status, headers and body
of the answer. It neither reads a request nor waits: `answer` and `returned` are conversations that
ask for one call of the app after the other, and `run` and `run_async` make those calls.
What must hold: a handler is called exactly when the message was verified and matched, and a message
is acknowledged only after its handler returned. What the app's own functions raise goes on to the
framework, which reports it and answers as for any view of the app, with 500; that is never an
acknowledgement, so the gateway sends again.

Checking a signature takes about 20 microseconds and signing an acknowledgement about 250, so both
are done in place, on an event loop too; only the app's own plain functions are given to a thread.
"""

import inspect
import logging
from collections.abc import Awaitable, Callable, Generator, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol, TypeAlias, TypeVar, final

import msgspec

from tillgate.kernel.errors import Refused
from tillgate.merchant.errors import (
    AgreementMismatch,
    InvalidMessage,
    InvalidSignature,
    OrderMismatch,
    UnknownOrder,
    VerificationError,
)
from tillgate.merchant.events import (
    UNCHECKED,
    AgreementEvent,
    Expect,
    PaymentEvent,
    PaymentReturn,
    Unchecked,
    match,
)
from tillgate.merchant.order import Order
from tillgate.protocol.envelope import MESSAGE_BYTES_MAX, cut
from tillgate.protocol.functions import FUNCTIONS
from tillgate.protocol.messages import notify_cancel

T = TypeVar("T")

READ_BYTES_MAX: Final = MESSAGE_BYTES_MAX + 1
"""A view reads this many bytes at most: one more than any message has, which tells it is longer."""

FindOrder: TypeAlias = Callable[[str], Order | None] | Literal[Unchecked.UNCHECKED]
"""Finds an order by its number, or `UNCHECKED`: the handler compares the amount itself."""
FindOrderAsync: TypeAlias = FindOrder | Callable[[str], Awaitable[Order | None]]
Handle: TypeAlias = Callable[[PaymentEvent], None]
"""Records what a verified event says. Sends are repeated, so it acts once for each order number."""
HandleAsync: TypeAlias = Handle | Callable[[PaymentEvent], Awaitable[None]]
HandleAgreement: TypeAlias = Callable[[AgreementEvent], None]
"""Records that an agreement was ended; it is told again and again, too."""
HandleAgreementAsync: TypeAlias = HandleAgreement | Callable[[AgreementEvent], Awaitable[None]]
Report: TypeAlias = Callable[[VerificationError], None]
"""Is told of each message that was not believed; it should return at once."""


class Recipient(Protocol):
    """What a view needs of a merchant: `Merchant` or anything that verifies as it does."""

    @property
    def merchant_id(self) -> str:
        """Who is to be paid."""

    def notification(self, raw_body: bytes, *, expect: Expect) -> PaymentEvent:
        """Verify a notification of a payment."""

    def agreement_notification(self, raw_body: bytes) -> AgreementEvent:
        """Verify the notification that an agreement was ended."""

    def acknowledge(self, event: PaymentEvent | AgreementEvent) -> bytes:
        """Return the signed answer to either."""

    def return_url(self, raw_url: str, *, expect: Expect) -> PaymentReturn:
        """Verify the address a buyer came back to."""


@final
class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, for a framework to carry back as it is."""

    status: int
    content_type: str
    body: bytes


@final
class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of one of the app's functions; its result goes back into the conversation."""

    function: Callable[[Any], object]
    argument: object


Conversation: TypeAlias = Generator[Call, Any, T]

_TEXT: Final = "text/plain;charset=utf-8"
TOO_LARGE: Final = Reply(status=413, content_type=_TEXT, body=b"The message is too large.\n")
REFUSALS: Final[Mapping[type[VerificationError], Reply]] = MappingProxyType(
    {
        kind: Reply(status=status, content_type=_TEXT, body=body)
        for kind, status, body in (
            (InvalidMessage, 400, b"This is no notification that is taken here.\n"),
            (InvalidSignature, 403, b"The signature does not fit.\n"),
            (UnknownOrder, 404, b"No such order is known here.\n"),
            (OrderMismatch, 409, b"This is not what was ordered.\n"),
            (AgreementMismatch, 409, b"This is not what was agreed.\n"),
        )
    }
)
"""One reply for each reason. None says what was expected, and none is an acknowledgement."""


def log_refusal(error: VerificationError) -> None:
    """Warn of a message that was not believed, on one line of the log `tillgate.merchant`."""
    logging.getLogger("tillgate.merchant").warning(
        "A message was refused: %s: %a", type(error).__name__, str(error)
    )


@final
class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's notify URL, before it is a view of some framework: it takes every kind.

    Attributes:
        merchant: verifies and acknowledges.
        find_order: finds an order by its number, for the match.
        handle: is given each verified event that matches, paid or not.
        handle_agreement: is given each verified end of an agreement; without it such a message is
            refused, and so is told again.
        report: is told of each message that was refused.
    """

    merchant: Recipient
    find_order: FindOrderAsync
    handle: HandleAsync
    handle_agreement: HandleAgreementAsync | None = None
    report: Report = log_refusal

    def answer(self, raw: bytes) -> Conversation[Reply]:
        """Return the answer to a body exactly as it arrived, of at most `READ_BYTES_MAX` bytes."""
        if len(raw) > MESSAGE_BYTES_MAX:
            return TOO_LARGE
        try:
            event, handle = yield from self._believed(raw)
        except VerificationError as error:
            self.report(error)
            return REFUSALS.get(type(error), REFUSALS[InvalidMessage])
        yield Call(function=handle, argument=event)
        acknowledgement = self.merchant.acknowledge(event)
        return Reply(
            status=200, content_type="application/json;charset=utf-8", body=acknowledgement
        )

    def _believed(
        self, raw: bytes
    ) -> Conversation[tuple[PaymentEvent | AgreementEvent, Callable[[Any], object]]]:
        """Return what a message says, once it is verified and matched, and who handles it."""
        if not raw:
            raise InvalidMessage(
                "The body is empty; if the gateway sent one, something before this view has read "
                "it: look which hook or middleware parses bodies."
            )
        if _claims_an_end(raw):
            ended = self.merchant.agreement_notification(raw)
            if self.handle_agreement is None:
                raise InvalidMessage("An agreement was ended; give this view a handle_agreement.")
            return ended, self.handle_agreement
        event = self.merchant.notification(raw, expect=UNCHECKED)
        yield from _matched(event, self.find_order, self.merchant.merchant_id)
        return event, self.handle


def returned(
    merchant: Recipient, raw_query: str, find_order: FindOrderAsync
) -> Conversation[PaymentReturn]:
    """Return what a buyer's browser brought back in the undecoded query of the returnUrl.

    Raises:
        VerificationError: it is not believed; tell the buyer that the order is being looked at.
    """
    event = merchant.return_url(raw_query, expect=UNCHECKED)
    yield from _matched(event, find_order, merchant.merchant_id)
    return event


def as_text(query: bytes) -> str:
    """Return a raw query as text; what is no UTF-8 becomes what no signature fits."""
    return query.decode(errors="surrogateescape")


def run(conversation: Conversation[T]) -> T:
    """Make the calls of a conversation one after the other, and return how it ends.

    Raises:
        TypeError: a function of the app is asynchronous, and nobody here could wait for it.
    """
    result: object = None
    while True:
        try:
            call = conversation.send(result)
        except StopIteration as end:
            ending: T = end.value
            return ending
        result = call.function(call.argument)
        if inspect.isawaitable(result):
            if inspect.iscoroutine(result):
                result.close()
            raise _asynchronous(call.function)


async def run_async(
    conversation: Conversation[T],
    in_thread: Callable[[Callable[[Any], object], Any], Awaitable[object]],
) -> T:
    """Make the calls of a conversation: plain functions in a thread, the others on this loop."""
    result: object = None
    while True:
        try:
            call = conversation.send(result)
        except StopIteration as end:
            ending: T = end.value
            return ending
        if is_async(call.function):
            result = call.function(call.argument)
        else:
            result = await in_thread(call.function, call.argument)
        if inspect.isawaitable(result):
            result = await result


def is_async(function: object) -> bool:
    """Tell whether calling this makes something to be awaited."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004  Looked at, not called: may be async.
    )


def refuse_async(*functions: object) -> None:
    """Refuse functions that a view without a loop could not wait for.

    Raises:
        TypeError: one is asynchronous.
    """
    for function in functions:
        if is_async(function):
            raise _asynchronous(function)


def _claims_an_end(raw: bytes) -> bool:
    """Tell whether a message says of itself that it tells an agreement's end.

    The claim only chooses who verifies; both refuse a message that was not signed as of their kind.
    """
    try:
        function = cut(raw).claims.function
    except Refused:
        return False
    return FUNCTIONS.get(function) is notify_cancel.FUNCTION


def _matched(
    event: PaymentEvent | PaymentReturn, find_order: FindOrderAsync, merchant_id: str
) -> Conversation[None]:
    if isinstance(find_order, Unchecked):
        return
    order: Order | None = yield Call(function=find_order, argument=event.merchant_trans_id)
    match(event, lambda _: order, merchant_id)


def _asynchronous(function: object) -> TypeError:
    return TypeError(f"{function!r} is asynchronous; give a plain function here.")
