"""Names to addresses, by the machine's own resolver, on threads of its own.

It decides nothing about which addresses are good. The C library cannot be interrupted, so a name
whose servers hang would hold a thread long after its sender gave up; what must hold is that one
name never holds more than one thread, and that nobody else's threads are used.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address
from typing import Final, final

from tillgate.kernel.addresses import IPAddress
from tillgate.workers.outgoing.port import ResolutionFailed

THREADS: Final = 16
LOOKUPS_MAX: Final = 128


def addresses_of(name: str) -> tuple[IPAddress, ...]:
    """Return what the machine's resolver knows of a name, waiting for as long as that takes.

    Raises:
        ResolutionFailed: it has no address.
    """
    try:
        found = socket.getaddrinfo(name, port=None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ResolutionFailed(f"{name} has no address: {error}.") from error
    texts = dict.fromkeys(_text(sockaddr) for *_, sockaddr in found)
    return tuple(ip_address(text) for text in texts)


def _text(sockaddr: tuple[object, ...]) -> str:
    """Return an address as text, with its scope id when it has one, so that the guard sees it."""
    match sockaddr:
        case (str(host), _, _, int(scope)) if scope and "%" not in host:
            return f"{host}%{scope}"
        case (str(host), *_):
            return host
        case _:
            raise ResolutionFailed("The machine's resolver answered with no IP address.")


@final
class SystemResolver:
    """Asks `getaddrinfo`; senders that ask for the same name at once share one question."""

    def __init__(
        self,
        *,
        lookup: Callable[[str], tuple[IPAddress, ...]] = addresses_of,
        threads: int = THREADS,
        lookups_max: int = LOOKUPS_MAX,
    ) -> None:
        """Allow so many questions at a time, and so many waiting or asked altogether."""
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="tillgate-resolver")
        self._lookups_max = lookups_max
        self._lookups: dict[str, asyncio.Future[tuple[IPAddress, ...]]] = {}

    async def resolve(self, name: str) -> tuple[IPAddress, ...]:
        """Return every address of a name, as the machine orders them.

        Raises:
            ResolutionFailed: there is none, or too many questions are open.
        """
        lookup = self._lookups.get(name)
        if lookup is None:
            lookup = self._ask(name)
        # Shielded, because giving up does not end the question, and others may wait for it.
        return await asyncio.shield(lookup)

    def close(self) -> None:
        """Ask nothing more; questions already asked end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, name: str) -> asyncio.Future[tuple[IPAddress, ...]]:
        if len(self._lookups) >= self._lookups_max:
            raise ResolutionFailed("Too many names are being resolved already.")
        loop = asyncio.get_running_loop()
        lookup = loop.run_in_executor(self._threads, partial(self._lookup, name))
        self._lookups[name] = lookup
        lookup.add_done_callback(partial(self._forget, name))
        return lookup

    def _forget(self, name: str, lookup: asyncio.Future[tuple[IPAddress, ...]]) -> None:
        del self._lookups[name]
        if not lookup.cancelled():
            lookup.exception()  # Read, so that a failure nobody waited for is not reported.
