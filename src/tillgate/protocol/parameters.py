"""Messages that travel as the parameters of an address: the redirects of PROTOCOL 4.9 and 4.14.

Texts stand as they are, objects as compact JSON, all percent-encoded; ours go after whatever the
merchant's address holds and before its fragment. It signs nothing and believes nothing. What must
hold: what is written here is read back the same, and a parameter that is given twice is refused.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote

import msgspec

from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol import scan, urls
from tillgate.protocol.members import Member, Message, members_of

ADDRESS_CHARACTERS_MAX = 16 * 1024
"""The longest address that is read; a browser's own limits are of this size."""


def appended(address: urls.Address, parameters: Message) -> str:
    """Return the address's query with a message's members after whatever it holds."""
    own = "&".join(f"{name}={quote(value, safe='')}" for name, value in _texts(parameters).items())
    return f"{address.query}&{own}" if address.query else own


def query_of(text: str) -> str:
    """Return the query of a raw address: of a whole URL, of path and query, or of a bare query.

    Raises:
        Refused: REQUEST_TOO_LARGE.
    """
    if len(text) > ADDRESS_CHARACTERS_MAX:
        raise Refused(Result.REQUEST_TOO_LARGE, "The address is longer than any of ours.")
    before_fragment = text.partition("#")[0]
    _, mark, after = before_fragment.partition("?")
    return after if mark else before_fragment


def plain_of(message: type[Message], query: str) -> dict[str, Any]:
    """Return the members of a message that a query gives, in plain Python, not yet validated.

    Raises:
        Refused: PARAM_ILLEGAL, one is given twice, or an object is no JSON.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    return {
        name: _plain(each, name, [value for found, value in pairs if found == name])
        for each in members_of(message)
        for name in filter(len, (each.name, each.other_name))
    }


def _texts(parameters: Message) -> Mapping[str, str]:
    plain: dict[str, Any] = msgspec.to_builtins(parameters)
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in plain.items()
    }


def _plain(each: Member, name: str, values: Sequence[str]) -> Any:  # noqa: ANN401  Any JSON value.
    if len(values) > 1:
        raise Refused(Result.PARAM_ILLEGAL, f"{name} is given twice in the address.", path=name)
    value = values[0] if values else None
    return _object(name, value) if each.part and value else value


def _object(name: str, value: str) -> Any:  # noqa: ANN401  Any JSON value.
    try:
        if scan.is_too_deep(value):
            raise ValueError("too deep")
        return scan.plain(value)
    except ValueError as fault:
        raise Refused(Result.PARAM_ILLEGAL, f"{name} is not compact JSON.", path=name) from fault
