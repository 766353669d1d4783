"""What a load balancer would see: when each gateway said at `/readyz` that it wants no requests.

It knows nothing but the answer's status. What must hold: a gateway that gets no commit says so,
and says that it is ready again by itself.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final, final

import httpx2
import msgspec

ASK_AGAIN_S: Final = 0.5
ANSWER_S_MAX: Final = 4.0
OUTAGE_S_MIN: Final = 10.0
"""A silence that is shorter need not be seen by a load balancer."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look at one gateway."""

    at_s: float
    is_ready: bool


@final
class Balancer:
    """Looks at gateways all the time, as a load balancer does."""

    def __init__(self, origins: Sequence[str]) -> None:
        """Look at these, when started."""
        self._looks: dict[str, list[Look]] = {origin: [] for origin in origins}
        self._watches: list[asyncio.Future[None]] = []

    def start(self) -> None:
        """Begin to look."""
        self._watches = [asyncio.ensure_future(self._watch(origin)) for origin in self._looks]

    async def stop(self) -> None:
        """Look no more."""
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)

    def findings(self, outages: Sequence[tuple[float, float]]) -> list[str]:
        """Return gateways that were not red in an outage, given by begin and length, or are now."""
        found = []
        for origin, looks in self._looks.items():
            if not looks or not looks[-1].is_ready:
                found.append(f"{origin} is not ready in the end")
            found += [
                f"{origin} said it was ready all the {length_s:.0f} s in which it could not commit"
                for began_s, length_s in outages
                if length_s > OUTAGE_S_MIN and not _was_red(looks, began_s, began_s + length_s)
            ]
        return found

    async def _watch(self, origin: str) -> None:
        async with httpx2.AsyncClient(timeout=ANSWER_S_MAX, trust_env=False) as http:
            while True:
                try:
                    is_ready = (await http.get(f"{origin}/readyz")).is_success
                except httpx2.TransportError:
                    is_ready = False
                self._looks[origin].append(Look(at_s=time.monotonic(), is_ready=is_ready))
                await asyncio.sleep(ASK_AGAIN_S)


def _was_red(looks: Sequence[Look], from_s: float, to_s: float) -> bool:
    return any(from_s <= look.at_s <= to_s and not look.is_ready for look in looks)
