"""Addresses that options give: a gateway's origin, or a merchant's endpoint.

It decides what can be an address at all, and what is said of what is none. It asks nobody whether
anything answers there. What must hold: what is returned is http or https, names a host, and holds
no user information; an error shows none either.
"""

import re
from urllib.parse import SplitResult, urlsplit

from tillgate.cli.surface import UsageError


def checked_origin(url: str, *, option: str = "--url") -> str:
    """Return a gateway's origin.

    Raises:
        UsageError: it is none.
    """
    parts = _split(url)
    if parts is None:
        example = "http://127.0.0.1:8080"
        raise UsageError(f"{option} is the gateway's origin, as in {example}, not {_shown(url)!r}.")
    return f"{parts.scheme}://{parts.netloc}"


def checked_endpoint(url: str, *, option: str) -> str:
    """Return the address of a merchant's endpoint, with its path and query.

    Raises:
        UsageError: it is none.
    """
    if _split(url) is None:
        example = "http://127.0.0.1:5000/notify"
        raise UsageError(
            f"{option} is your endpoint's address, as in {example}, not {_shown(url)!r}."
        )
    return url.strip()


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        return None
    is_address = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    return parts if is_address else None


def _shown(url: str) -> str:
    return re.sub(r"//.*@", "//(hidden)@", url, flags=re.DOTALL)
