"""Notifications of a chosen amount on a bad line: lost, repeated, late, preceded by a forgery.

It stands before the real sender and knows of a message only what stands in it. It keeps no state:
which sends are lost follows from how long after the payment they are made. What must hold: a
message of an ordinary amount, or about no payment, goes out untouched.
"""

import asyncio
from typing import Final, final

import msgspec

from tillgate.kernel.clock import SECOND_MS, Clock, parse_rfc3339
from tillgate.sandbox.chosen.amounts import Act, Forges, HoldsBack, Loses, Repeats, of_minor_units
from tillgate.workers.outgoing.port import Sender, SendFailure, SendResult

LOST: Final = "Your amount chose that nothing arrives here yet."
ACKNOWLEDGEMENT_LOST: Final = "Your amount chose that this acknowledgement is lost."


class _Amount(msgspec.Struct):
    value: str


class _Body(msgspec.Struct, rename="camel"):
    order_amount: _Amount
    payment_time: str


class _Request(msgspec.Struct):
    body: _Body


class _Message(msgspec.Struct):
    request: _Request
    signature: str


_DECODER: Final = msgspec.json.Decoder(_Message)


@final
class ChosenSender:
    """A sender whose line is as bad as the amount says."""

    def __init__(self, sender: Sender, clock: Clock) -> None:
        """Send with this one, and judge by this clock how long ago the payment was."""
        self._sender = sender
        self._clock = clock

    def room(self, url: str) -> int:
        """Return how many more messages would go out without waiting."""
        return self._sender.room(url)

    async def send(self, url: str, body: bytes) -> SendResult:
        """Send one message as its amount says, and return what became of it."""
        message = _read(body)
        act = None if message is None else _act(message)
        if message is None or act is None:
            return await self._sender.send(url, body)
        match act:
            case Loses() if self._age_ms(message) >= act.until_ms:
                return await self._sender.send(url, body)
            case Loses(is_acknowledgement=True):
                return _unheard(await self._sender.send(url, body))
            case Loses():
                return _lost()
            case Repeats():
                first, _ = await asyncio.gather(
                    self._sender.send(url, body), self._sender.send(url, body)
                )
                return first
            case HoldsBack():
                await asyncio.sleep(act.wait_ms / SECOND_MS)
            case Forges():
                await self._sender.send(url, forged(body, message.signature))
            case _:
                pass
        return await self._sender.send(url, body)

    def _age_ms(self, message: _Message) -> int:
        return self._clock.now_ms() - parse_rfc3339(message.request.body.payment_time)


def forged(body: bytes, signature: str) -> bytes:
    """Return a message with a signature of the right shape that does not fit."""
    start = "B" if signature.startswith("A") else "A"
    return body.replace(signature.encode(), f"{start}{signature[1:]}".encode())


def _read(body: bytes) -> _Message | None:
    try:
        return _DECODER.decode(body)
    except msgspec.DecodeError:
        return None  # Of an order that closed, or of an agreement: no amount was paid.


def _act(message: _Message) -> Act | None:
    value = message.request.body.order_amount.value
    row = of_minor_units(int(value)) if value.isdecimal() else None
    return None if row is None else row.act


def _lost() -> SendResult:
    return SendResult(
        status=None,
        body=b"",
        elapsed_ms=0,
        connected_address=None,
        failure=SendFailure.CONNECT,
        sentence=f"{SendFailure.CONNECT.sentence} {LOST}",
    )


def _unheard(result: SendResult) -> SendResult:
    return SendResult(
        status=None,
        body=b"",
        elapsed_ms=result.elapsed_ms,
        connected_address=result.connected_address,
        failure=SendFailure.BROKEN_OFF,
        sentence=f"{SendFailure.BROKEN_OFF.sentence} {ACKNOWLEDGEMENT_LOST}",
    )
