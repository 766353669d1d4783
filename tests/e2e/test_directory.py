"""The directory of clients: which of a client's keys count.

What must hold: however often a client changed its keys, the ones it may use now are found.
"""

import pytest

from tests.support.engines import NOW_MS, keep
from tests.support.records import sample
from tillgate.acquiring.client import Client, ClientKey
from tillgate.edge.directory import Directory
from tillgate.kernel.clock import ManualClock
from tillgate.protocol.keys import PrivateKey
from tillgate.storage.memory import MemoryStore

PEM = PrivateKey.generate().public.pem()


@pytest.mark.parametrize("place", ["0", "f"], ids=["before the retired", "after them"])
async def test_a_new_key_counts_after_many_were_retired(place: str) -> None:
    store = MemoryStore()
    client = sample(Client)
    retired = [_key(f"8{number:02}", number, until_ms=NOW_MS - 1) for number in range(20)]
    await keep(store, client, *retired, _key(place, NOW_MS - 1, until_ms=None))

    known = await Directory(store, ManualClock(NOW_MS)).client(client.client_id)

    assert known is not None
    assert [row.fingerprint for row, _ in known.keys] == [place]
    assert len(known.keys_at(NOW_MS)) == 1


def _key(fingerprint: str, from_ms: int, *, until_ms: int | None) -> ClientKey:
    return sample(
        ClientKey,
        client_id=sample(Client).client_id,
        fingerprint=fingerprint,
        public_pem=PEM,
        valid_from_ms=from_ms,
        valid_until_ms=until_ms,
    )
