"""A notify URL for Flask, and the way back for a buyer.

The view reads the request's own bytes, at most one more than a message may have, whatever type they
claim, and leaves every decision to `answer`. What must hold: no hook has parsed the body as a form
before; one that did leaves nothing to verify, and the message is refused, never taken.
"""

from collections.abc import Callable

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from tillgate.merchant.adapters.answer import (
    READ_BYTES_MAX,
    TOO_LARGE,
    FindOrder,
    Handle,
    HandleAgreement,
    Receiver,
    Recipient,
    Reply,
    Report,
    as_text,
    log_refusal,
    refuse_async,
    returned,
    run,
)
from tillgate.merchant.events import PaymentReturn


def notification_view(
    merchant: Recipient,
    *,
    find_order: FindOrder,
    handle: Handle,
    handle_agreement: HandleAgreement | None = None,
    report: Report = log_refusal,
) -> Callable[[], Response]:
    """Return the view for your notifyUrl: `app.post("/notify")(…)`.

    Args:
        merchant: who is notified.
        find_order: finds an order by its number, or `UNCHECKED`.
        handle: records a verified event; it is acknowledged once this returned, so commit before
            you return. Sends are repeated, so act once for each `merchant_trans_id`.
        handle_agreement: records that an agreement was ended, if you have any.
        report: is told of each message that was refused; by default it goes to the log.

    Raises:
        TypeError: a function is `async`; a Flask view has no loop to wait on.
    """
    refuse_async(find_order, handle, handle_agreement)
    receiver = Receiver(
        merchant=merchant,
        find_order=find_order,
        handle=handle,
        handle_agreement=handle_agreement,
        report=report,
    )

    def notify() -> Response:
        reply = _reply(receiver)
        return Response(reply.body, reply.status, content_type=reply.content_type)

    return notify


def payment_return(merchant: Recipient, *, find_order: FindOrder) -> PaymentReturn:
    """Return what the buyer's browser brought back to your returnUrl, from the current request.

    Raises:
        VerificationError: it is not believed; wait for the notification.
    """
    return run(returned(merchant, raw_query(), find_order))


def raw_query() -> str:
    """Return the current request's query, undecoded: what `agreement_return` wants, too."""
    return as_text(request.query_string)


def _reply(receiver: Receiver) -> Reply:
    # What comes in chunks is cut off at this limit in silence, so it lies above a message's own.
    request.max_content_length = READ_BYTES_MAX
    try:
        raw = request.get_data()
    except RequestEntityTooLarge:
        return TOO_LARGE
    return run(receiver.answer(raw))
