"""Whole sample messages, put together from the samples of their members.

Pages show them and doors are tried with them. It knows no message by name: whatever a member's
description says stands in the sample. What must hold: every sample validates, and a member that
another one's value makes needless is left out.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from tillgate.protocol.function import Function
from tillgate.protocol.members import Member, members_of
from tillgate.protocol.messages.head import RequestHead, ResponseHead

Content = dict[str, Any]
"""What a JSON object is in plain Python."""
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
LEFT_OUT: Final = frozenset({"signType"})
"""Right only for a client whose profile agrees, so the samples' heads go without."""


def sample_request(function: Function) -> Content:
    """Return the content of a request envelope: `{"head": …, "body": …}`."""
    return {"head": _head(RequestHead, function), "body": sample_of(function.request)}


def sample_response(function: Function) -> Content:
    """Return the content of a response envelope.

    Raises:
        ValueError: the function has no response.
    """
    if function.response is None:
        message = f"{function.name} has no response"
        raise ValueError(message)
    return {"head": _head(ResponseHead, function), "body": sample_of(function.response)}


def sample_of(message: type[msgspec.Struct], given: Mapping[str, Any] = _NOTHING) -> Content:
    """Return a sample of one message, in which the members of `given` have those values."""
    members = members_of(message)
    told = {each.name: given.get(each.name, each.sample) for each in members}
    return {
        each.name: _value(each, given.get(each.name)) for each in members if _belongs(each, told)
    }


def _head(head: type[msgspec.Struct], function: Function) -> Content:
    sample = sample_of(head, {"function": function.name})
    return {name: value for name, value in sample.items() if name not in LEFT_OUT}


def _belongs(each: Member, told: Mapping[str, Any]) -> bool:
    """Tell whether a member stands in a sample: not where another's value makes it needless."""
    condition = each.condition
    if condition is None or condition.equals is None:
        return True
    return condition.requires(told[condition.other])


def _value(each: Member, given: Any) -> Any:  # noqa: ANN401  Any JSON value.
    """Return a member's value: as given, else its sample, in which objects are made complete."""
    described = each.part or each.shape
    if not described:
        return given or (msgspec.json.decode(each.sample) if each.is_list else each.sample)
    value = given or msgspec.json.decode(each.sample or "{}")
    if not each.is_list:
        return sample_of(described, value)
    return [sample_of(described, item) for item in value or (_NOTHING,)]
