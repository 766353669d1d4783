"""PINs: argon2id over an HMAC with a pepper, in a bounded pool and never on the event loop.

A hash without the pepper is worthless, and the pepper is not in the database. What must hold: at
most a few checks run at once and a bounded number waits, so that guessing cannot starve paying.
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from tillgate.engine.issuer import WrongPin
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result

CHECKS_AT_ONCE_MAX = 2
CHECKS_WAITING_MAX = 64


class Effort(NamedTuple):
    """What one hash costs whoever makes it, and whoever guesses."""

    passes: int
    memory_kib: int


FULL = Effort(passes=2, memory_kib=19 * 1024)
"""What every gateway takes; a test's own gateway alone takes less."""


@final
class ArgonPins:
    """Hashes and checks PINs. Implements `engine.issuer.Pins`."""

    def __init__(
        self,
        pepper: bytes,
        *,
        waited: Callable[[float], None] | None = None,
        effort: Effort = FULL,
    ) -> None:
        """Keep the pepper and open the pool; `waited` hears how long each check waited for it."""
        self._pepper = pepper
        self._waited = waited
        self._hasher = PasswordHasher(
            time_cost=effort.passes, memory_cost=effort.memory_kib, parallelism=1, type=Type.ID
        )
        self._pool = ThreadPoolExecutor(CHECKS_AT_ONCE_MAX, thread_name_prefix="tillgate-pin")
        self._waiting = 0

    async def hashed(self, pin: str) -> str:
        """Return what may be kept of a PIN."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._hasher.hash, self._peppered(pin))

    async def check(self, pin_hash: str, pin: str) -> None:
        """Return when the PIN fits; raise `WrongPin` when it does not.

        Raises:
            Refused: REQUEST_TRAFFIC_EXCEED_LIMIT, when too many checks wait.
        """
        if self._waiting >= CHECKS_WAITING_MAX:
            raise Refused(Result.REQUEST_TRAFFIC_EXCEED_LIMIT)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            asked_s = time.perf_counter()
            await loop.run_in_executor(self._pool, self._verify, asked_s, pin_hash, pin)
        except (VerificationError, InvalidHashError) as error:
            raise WrongPin("the PIN does not fit") from error
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the pool."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, asked_s: float, pin_hash: str, pin: str) -> None:
        """Check in a thread of the pool, which has come free now."""
        if self._waited is not None:
            self._waited(time.perf_counter() - asked_s)
        self._hasher.verify(pin_hash, self._peppered(pin))

    def _peppered(self, pin: str) -> bytes:
        return hmac.new(self._pepper, pin.encode(), hashlib.sha256).digest()
