"""A notify URL for Django, and the way back for a buyer.

The view reads the request's own bytes, at most one more than a message may have, whatever type they
claim, and leaves every decision to `answer`. It is exempt from the check of forms, since a gateway
has no cookie. What must hold: no middleware has parsed the body as a multipart form before; one
that did leaves nothing to verify, and the message is refused, never taken.
"""

from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tillgate.merchant.adapters.answer import (
    READ_BYTES_MAX,
    FindOrder,
    FindOrderAsync,
    HandleAgreementAsync,
    HandleAsync,
    Receiver,
    Recipient,
    Reply,
    Report,
    is_async,
    log_refusal,
    returned,
    run,
    run_async,
)
from tillgate.merchant.events import PaymentReturn


def notification_view(
    merchant: Recipient,
    *,
    find_order: FindOrderAsync,
    handle: HandleAsync,
    handle_agreement: HandleAgreementAsync | None = None,
    report: Report = log_refusal,
) -> Callable[..., Any]:
    """Return the view for your notifyUrl: `path("notify", …)`.

    Args:
        merchant: who is notified.
        find_order: finds an order by its number, or `UNCHECKED`.
        handle: records a verified event; it is acknowledged once this returned, and with
            ATOMIC_REQUESTS once that is committed. Sends are repeated, so act once for each
            `merchant_trans_id`.
        handle_agreement: records that an agreement was ended, if you have any.
        report: is told of each message that was refused; by default it goes to the log.

    With plain functions it is a plain view; if one is `async` it is an asynchronous view, where a
    plain one runs in Django's own thread for such.
    """
    receiver = Receiver(
        merchant=merchant,
        find_order=find_order,
        handle=handle,
        handle_agreement=handle_agreement,
        report=report,
    )

    def notify(request: HttpRequest) -> HttpResponse:
        return _response(run(receiver.answer(request.read(READ_BYTES_MAX))))

    async def notify_async(request: HttpRequest) -> HttpResponse:
        answer = receiver.answer(request.read(READ_BYTES_MAX))
        return _response(await run_async(answer, _in_thread))

    waits = any(is_async(each) for each in (find_order, handle, handle_agreement))
    view = notify_async if waits else notify
    exempt: Callable[..., Any] = csrf_exempt(require_POST(view))
    return exempt


def payment_return(
    request: HttpRequest, merchant: Recipient, *, find_order: FindOrder
) -> PaymentReturn:
    """Return what the buyer's browser brought back to your returnUrl.

    Raises:
        VerificationError: it is not believed; wait for the notification.
    """
    return run(returned(merchant, raw_query(request), find_order))


def raw_query(request: HttpRequest) -> str:
    """Return the query as it arrived, undecoded: what `agreement_return` wants, too."""
    query: str = request.META["QUERY_STRING"]
    return query


async def _in_thread(function: Callable[[Any], object], argument: object) -> object:
    result: object = await sync_to_async(function)(argument)
    return result


def _response(reply: Reply) -> HttpResponse:
    return HttpResponse(reply.body, status=reply.status, content_type=reply.content_type)
