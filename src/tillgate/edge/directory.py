"""Clients and their keys, read through a cache that is at most five seconds old.

Keys are parsed once and kept as key objects, since parsing costs more than checking a signature.
A key's validity is judged by the gateway's now at every use, so a key whose end is known ends on
time; a change of keys may take five seconds to be known everywhere.
"""

from collections import OrderedDict
from typing import final

import msgspec

from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.merchant import Merchant
from tillgate.engine.ports import Reader, Select
from tillgate.kernel.clock import Clock
from tillgate.protocol.keys import PublicKey, load_public_key
from tillgate.protocol.profile import Profile

CACHE_MS = 5_000
CACHED_MAX = 4_096
KEYS_MAX = 1_000
"""Far more than a client ever uses, since keys that are over stay in the table; newest first."""


class KnownClient(msgspec.Struct, frozen=True, kw_only=True):
    """A client with its parsed keys."""

    client: Client
    keys: tuple[tuple[ClientKey, PublicKey], ...]
    profile: Profile

    def keys_at(self, now_ms: int) -> list[PublicKey]:
        """Return the keys that count at `now_ms`."""
        return [key for row, key in self.keys if row.is_valid(now_ms)]


@final
class Directory:
    """Finds clients and merchants."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        """Read through `reader`."""
        self._reader = reader
        self._clock = clock
        self._clients: OrderedDict[str, tuple[int, KnownClient | None]] = OrderedDict()

    async def client(self, client_id: str) -> KnownClient | None:
        """Return the active client of this id, or None."""
        now_ms = self._clock.now_ms()
        cached = self._clients.get(client_id)
        if cached is not None and now_ms - cached[0] < CACHE_MS:
            return cached[1]
        known = await self._read(client_id)
        self._clients[client_id] = (now_ms, known)
        self._clients.move_to_end(client_id)
        while len(self._clients) > CACHED_MAX:
            self._clients.popitem(last=False)
        return known

    async def merchant(self, merchant_id: str) -> Merchant | None:
        """Return the merchant of this id, or None."""
        return await self._reader.get(Merchant, merchant_id)

    async def _read(self, client_id: str) -> KnownClient | None:
        client = await self._reader.get(Client, client_id)
        if client is None or not client.active:
            return None
        query = Select(
            record=ClientKey,
            equals=(("client_id", client_id),),
            order_by=("-valid_from_ms",),
            limit=KEYS_MAX,
        )
        now_ms = self._clock.now_ms()
        rows = [row for row in await self._reader.select(query) if not row.is_over(now_ms)]
        keys = tuple((row, load_public_key(row.public_pem)) for row in rows)
        return KnownClient(client=client, keys=keys, profile=Profile[client.profile])
