"""The addresses in a message: in production https, on a host that is registered for the merchant.

A scheme is a matter of format and is judged while the message is read; a host is a matter of rights
and is judged with them (U3, U6). What must hold: in production no address of a message is kept that
was not judged here; a sandbox takes any.
"""

from collections.abc import Iterator

from tillgate.acquiring.merchant import Merchant
from tillgate.edge.desk import Desk
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol.urls import host_of

MEMBERS = (
    ("body.notifyUrl", "notify_address"),
    ("body.returnUrl", "return_address"),
    ("body.merchantRedirectUrl", "redirect_address"),
)
"""Where a body may hold an address, and the attribute that has it without blanks."""


def check_schemes(desk: Desk, body: object) -> None:
    """Refuse, in production, an address that is not https."""
    if desk.settings.is_sandbox:
        return
    for path, url in _addresses(body):
        if not url.lower().startswith("https://"):
            sentence = "In production this address must be https."
            raise Refused(Result.PARAM_ILLEGAL, sentence, path=path)


async def check_hosts(desk: Desk, body: object, merchant_id: str) -> None:
    """Refuse, in production, an address on a host that is not registered for the merchant."""
    if desk.settings.is_sandbox:
        return
    merchant = await desk.directory.merchant(merchant_id)
    if merchant is None:
        return
    for path, url in _addresses(body):
        _check_host(merchant, url, path)


def _check_host(merchant: Merchant, url: str, path: str) -> None:
    if host_of(url) not in merchant.hosts:
        sentence = (
            f"The host of this address is not registered for merchant {merchant.merchant_id};"
            " ask the acquirer to register it."
        )
        raise Refused(Result.ACCESS_DENIED, sentence, path=path)


def _addresses(body: object) -> Iterator[tuple[str, str]]:
    for path, name in MEMBERS:
        url = getattr(body, name, None)
        if url:
            yield path, url
