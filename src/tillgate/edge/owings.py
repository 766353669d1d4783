"""What merchants are owed, as doors ask it: at most one sum of a merchant's book at a time.

A sum reads a merchant's whole book, so requests of one merchant that each had their own would hold
every connection that reads. Who asks while a sum runs waits for the next one, together with all who
do so, since the one that runs may lack a payment they were told of. What must hold: nobody is told
a sum that began before they asked; who gives up takes it from nobody else.
"""

import asyncio
from typing import TypeAlias, final

from tillgate.acquiring.debt import Owed
from tillgate.acquiring.merchant import Merchant
from tillgate.engine.ports import Reader
from tillgate.engine.queries import owed_if_limited
from tillgate.kernel.ids import MerchantId

Whose: TypeAlias = tuple[MerchantId, str]
Sum: TypeAlias = "asyncio.Task[Owed | None]"


@final
class Owings:
    """The sums that this process asks for."""

    def __init__(self) -> None:
        """Begin with none."""
        self._running: dict[Whose, Sum] = {}
        self._next: dict[Whose, Sum] = {}

    async def of(self, reader: Reader, merchant: Merchant, currency: str) -> Owed | None:
        """Return what a merchant is owed, or None when nothing limits its debt."""
        if merchant.debt_max_of(currency) is None:
            return None
        whose = (merchant.merchant_id, currency)
        if whose not in self._next:
            self._next[whose] = asyncio.create_task(self._summed(reader, merchant, currency))
        return await asyncio.shield(self._next[whose])

    async def _summed(self, reader: Reader, merchant: Merchant, currency: str) -> Owed | None:
        whose = (merchant.merchant_id, currency)
        before = self._running.get(whose)
        if before is not None:
            await asyncio.wait([before])
        mine = self._running[whose] = self._next.pop(whose)
        try:
            return await owed_if_limited(reader, merchant, currency)
        finally:
            if self._running.get(whose) is mine:
                del self._running[whose]
