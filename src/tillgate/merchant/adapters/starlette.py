"""A notify URL for Starlette and FastAPI, and the way back for a buyer.

The endpoint reads the request's own bytes, at most one more than a message may have, whatever type
they claim, and leaves every decision to `answer`. What must hold: nothing has parsed the body
before; a middleware that consumed it without keeping it makes an error, never an empty message.
"""

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tillgate.merchant.adapters.answer import (
    READ_BYTES_MAX,
    FindOrderAsync,
    HandleAgreementAsync,
    HandleAsync,
    Receiver,
    Recipient,
    Report,
    as_text,
    log_refusal,
    returned,
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
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint for your notifyUrl: `app.add_route("/notify", …, methods=["POST"])`.

    Args:
        merchant: who is notified.
        find_order: finds an order by its number, or `UNCHECKED`.
        handle: records a verified event; it is acknowledged once this returned. Sends are repeated,
            so act once for each `merchant_trans_id`.
        handle_agreement: records that an agreement was ended, if you have any.
        report: is told of each message that was refused; by default it goes to the log.

    The functions may be `async`; plain ones run in a thread of Starlette's pool.
    """
    receiver = Receiver(
        merchant=merchant,
        find_order=find_order,
        handle=handle,
        handle_agreement=handle_agreement,
        report=report,
    )

    async def notify(request: Request) -> Response:
        reply = await run_async(receiver.answer(await _raw(request)), run_in_threadpool)
        return Response(reply.body, reply.status, {"content-type": reply.content_type})

    return notify


async def payment_return(
    request: Request, merchant: Recipient, *, find_order: FindOrderAsync
) -> PaymentReturn:
    """Return what the buyer's browser brought back to your returnUrl.

    Raises:
        VerificationError: it is not believed; wait for the notification.
    """
    conversation = returned(merchant, raw_query(request), find_order)
    return await run_async(conversation, run_in_threadpool)


def raw_query(request: Request) -> str:
    """Return the query as it arrived, undecoded: what `agreement_return` wants, too."""
    query: bytes = request.scope["query_string"]
    return as_text(query)


async def _raw(request: Request) -> bytes:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk[: READ_BYTES_MAX - len(raw)]
        if len(raw) == READ_BYTES_MAX:
            break
    return bytes(raw)
