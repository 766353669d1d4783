"""The live story, as server-sent events, for as long as a browser listens.

It decides nothing of what is told. What must hold: a browser that comes back hears only what it has
not heard; one that goes away costs nothing any more.
"""

import asyncio

import msgspec

from tillgate.edge.asgi import SAFE_HEADERS, Incoming, Receive, Send
from tillgate.edge.desk import Desk

HEARTBEAT_S = 15
STEP_DIGITS_MAX = 18


async def tell_story(desk: Desk, incoming: Incoming, receive: Receive, send: Send) -> None:
    """Send the story until the browser goes away."""
    after = _step_seen(incoming.headers.get("last-event-id", ""))
    telling = asyncio.ensure_future(_tell(desk, send, after))
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    finally:
        telling.cancel()


def _step_seen(text: str) -> int:
    """Return the number of the step a browser saw last; whatever is no number of ours is 0."""
    is_number = text.isascii() and text.isdigit() and len(text) <= STEP_DIGITS_MAX
    return int(text) if is_number else 0


async def _tell(desk: Desk, send: Send, after: int) -> None:
    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), *SAFE_HEADERS]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    steps = desk.story.follow(after)
    waiting = asyncio.ensure_future(anext(steps))
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=HEARTBEAT_S)
            chunk = b": still here\n\n"
            if done and isinstance(waiting.exception(), StopAsyncIteration):
                # Too many follow already; the browser asks again by itself.
                await send({"type": "http.response.body", "body": b""})
                return
            if done:
                step = waiting.result()
                data = msgspec.json.encode(step)
                chunk = b"id: %d\nevent: step\ndata: %b\n\n" % (step.id, data)
                waiting = asyncio.ensure_future(anext(steps))
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        waiting.cancel()
