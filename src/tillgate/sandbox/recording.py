"""The tape: what was said at the gateway's doors lately, with verdicts, ready to be shown.

It hears each exchange after it is over, masks it, judges the merchant's signature as the doors do,
and keeps the newest. It decides nothing that a caller is told. What must hold: no secret is ever on
it; it is bounded in number and size; whoever follows hears each exchange once and in order, and is
told how many were forgotten before it came.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, final

import msgspec

from tillgate.acquiring.call import Call
from tillgate.edge.desk import Desk
from tillgate.engine.committed import Committed
from tillgate.kernel.clock import rfc3339_ms
from tillgate.protocol.envelope import Kind
from tillgate.protocol.profile import Profile
from tillgate.protocol.recording import (
    Exchange,
    ExchangeKind,
    Judged,
    RecordedKey,
    SignatureVerdict,
)
from tillgate.sandbox.recording_judging import Judge, message_of
from tillgate.sandbox.recording_masks import text_of, url_of
from tillgate.sandbox.recording_reading import function_of, order_of, order_string, result_of, said
from tillgate.workers.ack import judge
from tillgate.workers.outgoing.port import SendResult

EXCHANGES_KEPT: Final = 2_000
BYTES_KEPT: Final = 16 * 1024 * 1024
"""As they are written out, with everything that is told of them."""
PAGE_MAX: Final = 100
SENTENCE_CHARACTERS_MAX: Final = 500


@final
class Page(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Some exchanges, and what is needed to read them.

    Attributes:
        run: another one after each start of the gateway; then the numbers begin anew.
        next_seq: after which number to ask on.
        missed: how many of those numbers were forgotten, or never written down.
        keys: the public keys of whoever signed them.
    """

    run: str
    next_seq: int
    missed: int
    exchanges: tuple[Exchange, ...]
    keys: tuple[RecordedKey, ...]


@final
class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A request at a door, and its answer."""

    kind: ExchangeKind
    at_ms: int
    elapsed_ms: int
    request: bytes
    answer: bytes
    status: int


@final
class Tape:
    """Keeps the newest exchanges and tells them to whoever follows."""

    def __init__(self, desk: Desk) -> None:
        """Begin empty."""
        self._desk = desk
        self._run = desk.ids.token()
        self._kept: deque[tuple[int, Exchange]] = deque()
        self._size = 0
        self._count = 0
        self._changed = asyncio.Event()
        self._judge = Judge(desk)

    async def page(self, *, run: str, after: int, wait_s: float) -> Page:
        """Return what came after a number, once there is something, or nothing after a while."""
        if run not in ("", self._run) or after > self._count:
            after = 0
        if self._count <= after:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
        found = [each for _, each in self._kept if each.seq > after][:PAGE_MAX]
        last = found[-1].seq if len(found) == PAGE_MAX else self._count
        clients = {each.client_id for each in found if each.client_id}
        return Page(
            run=self._run,
            next_seq=last,
            missed=last - after - len(found),
            exchanges=tuple(found),
            keys=await self._keys(sorted(clients)),
        )

    @property
    def newest(self) -> int:
        """Return the number of the newest exchange."""
        return self._count

    def miss(self) -> None:
        """Note that something was said and not written down."""
        self._count += 1
        self._tell()

    async def hear(self, seen: Seen) -> None:
        """Keep what was said at a door."""
        is_order = seen.kind is ExchangeKind.ORDER
        message = order_string(seen.request) if is_order else seen.request
        taken, known = await self._judge.taken(message, Kind.REQUEST)
        result, sentence = said(seen.answer)
        self._keep(
            Exchange(
                seq=0,
                at=rfc3339_ms(seen.at_ms),
                kind=seen.kind,
                client_id=known.client.client_id if known else "",
                order=order_of(taken),
                function=function_of(taken),
                status=seen.status,
                elapsed_ms=seen.elapsed_ms,
                request=text_of(message),
                answer=text_of(seen.answer),
                signature=await self._judge.judged(message, taken, known),
                result=result,
                sentence=sentence[:SENTENCE_CHARACTERS_MAX],
            )
        )

    async def hear_notification(
        self, to: str, raw: bytes, result: SendResult, *, at_ms: int
    ) -> None:
        """Keep a notification, and what came back."""
        sent, known = await self._judge.taken(raw, Kind.REQUEST)
        answer, _ = await self._judge.taken(result.body, Kind.RESPONSE)
        keys = known.keys_at(self._desk.clock.now_ms()) if known else ()
        profile = known.profile if known else Profile.TILLGATE
        judged = judge(result, message_of(raw), keys=keys, profile=profile)
        signature = Judged(verdict=SignatureVerdict.UNREAD)
        if result.failure is None:
            signature = await self._judge.judged(result.body, answer, known)
        self._keep(
            Exchange(
                seq=0,
                at=rfc3339_ms(at_ms),
                kind=ExchangeKind.NOTIFICATION,
                client_id=known.client.client_id if known else "",
                order=order_of(sent),
                function=function_of(sent),
                to=url_of(to),
                status=result.status,
                elapsed_ms=result.elapsed_ms,
                request=text_of(raw),
                answer=text_of(result.body) if result.status is not None else None,
                signature=signature,
                result=result_of(sent),
                verdict=judged.verdict,
                sentence=judged.sentence,
            )
        )

    def watch(self, committed: Committed) -> None:
        """Keep how calls of pages ended."""
        for call, before in committed.of(Call):
            if not call.result_code or (before and before.result_code):
                continue
            self._keep(
                Exchange(
                    seq=0,
                    at=rfc3339_ms(self._desk.clock.now_ms()),
                    kind=ExchangeKind.CALLBACK,
                    order=call.merchant_trans_id,
                    result=call.result_code,
                    sentence=call.result_memo,
                )
            )

    def _keep(self, exchange: Exchange) -> None:
        self._count += 1
        exchange = msgspec.structs.replace(exchange, seq=self._count)
        size = len(msgspec.json.encode(exchange))
        self._kept.append((size, exchange))
        self._size += size
        while len(self._kept) > EXCHANGES_KEPT or self._size > BYTES_KEPT:
            self._size -= self._kept.popleft()[0]
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _keys(self, clients: Sequence[str]) -> tuple[RecordedKey, ...]:
        """Return the public keys of the gateway and of these clients."""
        own = [
            RecordedKey(owner="gateway", fingerprint=key.fingerprint, pem=key.pem())
            for key in self._desk.key_ring.public
        ]
        for client_id in clients:
            known = await self._desk.directory.client(client_id)
            own += [
                RecordedKey(
                    owner="client",
                    client_id=client_id,
                    fingerprint=key.fingerprint,
                    pem=key.pem(),
                    digest=known.profile.digest,
                )
                for key in (known.keys_at(self._desk.clock.now_ms()) if known else ())
                if known
            ]
        return tuple(own)
