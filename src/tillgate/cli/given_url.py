"""Addresses that options give: a gateway's origin, or a merchant's endpoint.

It decides what can be an address at all, and what is said of what is none or of what answers there
and is no gateway. It asks nobody. What must hold: what is returned is http or https, names a host,
and holds no user information; an error shows none either.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

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


def said_by_gateway(status: int, content: bytes) -> Mapping[str, Any]:
    """Return the JSON object that a gateway answers with, whatever else it says.

    Raises:
        UsageError: it is none, so no gateway is there.
    """
    try:
        answer = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        answer = None
    if not isinstance(answer, dict):
        sentence = f"What answers at --url is no gateway (HTTP {status})."
        raise UsageError(f"{sentence} Give its origin, as in http://127.0.0.1:8080.")
    return answer


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
