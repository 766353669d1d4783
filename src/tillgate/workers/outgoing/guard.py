"""Which addresses one send may connect to.

It resolves a host once and judges everything that comes back; it opens no connection, so whoever
does must use exactly what is returned. What must hold: one internal address among public ones
refuses the whole name, because a mixed answer is how a name is bent, and never an accident.
"""

from typing import Final

from tillgate.kernel.addresses import (
    AddressPolicy,
    AddressRefused,
    Destination,
    IPAddress,
    check_address,
)
from tillgate.workers.outgoing.port import ResolutionFailed, Resolver

ADDRESSES_MAX: Final = 8


async def approved_addresses(
    destination: Destination, *, resolver: Resolver, policy: AddressPolicy
) -> tuple[IPAddress, ...]:
    """Return the addresses to connect to, in the order to be tried, at most `ADDRESSES_MAX`.

    Raises:
        AddressRefused: the host leads to an internal address.
        ResolutionFailed: it leads nowhere.
    """
    host = destination.host
    addresses = await resolver.resolve(host.name) if host.address is None else (host.address,)
    if not addresses:
        raise ResolutionFailed(f"{host.name} has no address.")
    for address in addresses:
        try:
            check_address(address, policy)
        except AddressRefused as refusal:
            raise AddressRefused(f"{host.name} leads astray. {refusal.sentence}") from refusal
    return addresses[:ADDRESSES_MAX]
