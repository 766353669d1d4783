"""PINs: argon2id over an HMAC with a pepper, in a bounded pool and never on the event loop.

A hash without the pepper is worthless, and the pepper is not in the database. What must hold: at
most a few checks run at once and a bounded number waits, so that guessing cannot starve paying.
"""

import asyncio
import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor
from typing import final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from tillgate.engine.issuer import WrongPin
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result

CHECKS_AT_ONCE_MAX = 2
CHECKS_WAITING_MAX = 64
MEMORY_KIB = 19 * 1024
PASSES = 2


@final
class ArgonPins:
    """Hashes and checks PINs. Implements `engine.issuer.Pins`."""

    def __init__(self, pepper: bytes) -> None:
        """Keep the pepper and open the pool."""
        self._pepper = pepper
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1, type=Type.ID
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
            await loop.run_in_executor(
                self._pool, self._hasher.verify, pin_hash, self._peppered(pin)
            )
        except (VerificationError, InvalidHashError) as error:
            raise WrongPin("the PIN does not fit") from error
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the pool."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _peppered(self, pin: str) -> bytes:
        return hmac.new(self._pepper, pin.encode(), hashlib.sha256).digest()
