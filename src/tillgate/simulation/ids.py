"""Identifiers from a seed, and PINs that are kept as they are.

Real identifiers are drawn from the system and real PINs are hashed in threads; neither could be
repeated. What must hold: two processes of one run never draw from the same stream.
"""

import random
from typing import final

from tillgate.engine.issuer import WrongPin


@final
class SeededIds:
    """Implements `kernel.ids.IdFactory`."""

    def __init__(self, stream: str) -> None:
        """Draw from a stream of its own."""
        self._random = random.Random(stream)

    def token(self) -> str:
        """Return 128 bits as hexadecimal digits."""
        return f"{self._random.getrandbits(128):032x}"

    def digits(self, length: int) -> str:
        """Return decimal digits."""
        return f"{self._random.randrange(10**length):0{length}d}"


@final
class PlainPins:
    """Implements `engine.issuer.Pins`: a PIN is its own hash."""

    async def hashed(self, pin: str) -> str:
        """Return the PIN."""
        return pin

    async def check(self, pin_hash: str, pin: str) -> None:
        """Return when the PIN fits."""
        if pin_hash != pin:
            raise WrongPin("the PIN does not fit")
