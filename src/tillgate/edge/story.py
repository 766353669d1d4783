"""The live story of a payment, step by step, as the sandbox's wallet shows it.

Doors and workers tell a step after it happened, never before the commit that made it true. It is
evidence for people, not a record: the newest steps are kept in memory, in production none at all.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from enum import StrEnum, unique
from typing import Any, final

import msgspec

from tillgate.kernel.clock import Clock, rfc3339_ms

STEPS_KEPT = 500
FOLLOWERS_MAX = 32
BEHIND_MAX = 1_000


@unique
class StepKind(StrEnum):
    """What a step tells."""

    ORDER_SIGNED = "order_signed"
    SIGNATURE_CHECKED = "signature_checked"
    CASHIER_OPENED = "cashier_opened"
    PIN_CHECKED = "pin_checked"
    LEDGER_ENTRY = "ledger_entry"
    ACQUIREMENT = "acquirement"
    ISSUER_ASKED = "issuer_asked"
    CALLBACK = "callback"
    NOTIFICATION_SENT = "notification_sent"
    NOTIFICATION_ACKNOWLEDGED = "notification_acknowledged"
    NOTIFICATION_FAILED = "notification_failed"
    RETURN_REDIRECT = "return_redirect"
    AGREEMENT = "agreement"
    FUNCTION_CALLED = "function_called"


class Step(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that happened.

    Attributes:
        at: when, as RFC 3339.
        raw: the message as it was sent, or None.
        verdict: `ok`, `bad` or `info`.
    """

    id: int
    at: str
    kind: StepKind
    title: str
    summary: str
    merchant_trans_id: str
    detail: dict[str, Any]
    raw: str | None
    verdict: str


@final
class Story:
    """Keeps the newest steps and tells them to whoever follows."""

    def __init__(self, clock: Clock, *, is_told: bool) -> None:
        """Begin with no step; a story that is not told keeps nothing."""
        self._clock = clock
        self._is_told = is_told
        self._steps: deque[Step] = deque(maxlen=STEPS_KEPT)
        self._followers: set[asyncio.Queue[Step]] = set()
        self._count = 0

    def tell(
        self,
        kind: StepKind,
        title: str,
        summary: str = "",
        *,
        merchant_trans_id: str = "",
        detail: dict[str, Any] | None = None,
        raw: bytes | str | None = None,
        verdict: str = "info",
    ) -> None:
        """Add a step."""
        if not self._is_told:
            return
        self._count += 1
        step = Step(
            id=self._count,
            at=rfc3339_ms(self._clock.now_ms()),
            kind=kind,
            title=title,
            summary=summary,
            merchant_trans_id=merchant_trans_id,
            detail={name: value for name, value in (detail or {}).items() if value is not None},
            raw=raw.decode(errors="replace") if isinstance(raw, bytes) else raw,
            verdict=verdict,
        )
        self._steps.append(step)
        for follower in self._followers:
            if follower.qsize() < BEHIND_MAX:
                follower.put_nowait(step)

    async def follow(self, after: int = 0) -> AsyncIterator[Step]:
        """Yield the kept steps after `after`, then every new one, for ever."""
        if len(self._followers) >= FOLLOWERS_MAX:
            return
        mine: asyncio.Queue[Step] = asyncio.Queue()
        for step in self._steps:
            if step.id > after:
                mine.put_nowait(step)
        self._followers.add(mine)
        try:
            while True:
                yield await mine.get()
        finally:
            self._followers.discard(mine)
