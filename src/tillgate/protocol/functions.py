"""The table of functions, and the typed reading of verified messages by it.

Adding a function is a module of `messages` that ends in `FUNCTION = Function(…)`, and its name in
the list below; the tables of names and paths follow from it. What must hold: a typed message is
made only from a `Verified`, and from the very bytes whose signature was checked; faults are told in
the order of U3: function, then doubles and U+0000, then required members, then formats.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Generic, TypeVar, final

import msgspec

from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import Kind, Verified
from tillgate.protocol.function import Direction, Function
from tillgate.protocol.members import Message, part
from tillgate.protocol.messages import (
    agreement_pay,
    apply_token,
    cancel_auth,
    notify_cancel,
    notify_pay,
    pay_cancel,
    pay_query,
    prepare_redirect,
    query_auth,
    refund,
    wap_pay,
)
from tillgate.protocol.messages.head import RequestHead, ResponseHead
from tillgate.protocol.validation import faults, read

B = TypeVar("B", bound=msgspec.Struct)


@final
class Request(msgspec.Struct, Generic[B], frozen=True, kw_only=True):
    """A request that was verified and read."""

    function: Function
    head: RequestHead
    body: B


@final
class Response(msgspec.Struct, Generic[B], frozen=True, kw_only=True):
    """A response that was verified, or accepted unsigned, and read."""

    function: Function
    head: ResponseHead
    body: B
    is_signed: bool


def _table(functions: Iterable[Function]) -> Mapping[str, Function]:
    names: dict[str, Function] = {}
    for function in functions:
        names[function.name] = function
        for alias in function.aliases:
            names[alias] = function
    return MappingProxyType(names)


ALL_FUNCTIONS: tuple[Function, ...] = (
    wap_pay.FUNCTION,
    agreement_pay.FUNCTION,
    pay_query.FUNCTION,
    refund.FUNCTION,
    pay_cancel.FUNCTION,
    notify_pay.FUNCTION,
    prepare_redirect.FUNCTION,
    apply_token.FUNCTION,
    query_auth.FUNCTION,
    cancel_auth.FUNCTION,
    notify_cancel.FUNCTION,
)
"""In the order of PROTOCOL section 4."""
FUNCTIONS: Mapping[str, Function] = _table(ALL_FUNCTIONS)
"""Every function by its name and by its aliases."""
_BY_PATH: Mapping[str, Function] = MappingProxyType(
    {
        path.lower(): function
        for function in ALL_FUNCTIONS
        if function.direction is Direction.TO_GATEWAY
        for path in function.paths
    }
)


def function_of_path(path: str) -> Function | None:
    """Return the function that is posted to this path, without regard to case (C17), or None.

    Functions that we post to merchants are served nowhere here.
    """
    return _BY_PATH.get(path.lower()) if path.isascii() else None


def function_of(name: str) -> Function:
    """Return the function of this name.

    Raises:
        Refused: NO_INTERFACE_DEF.
    """
    found = FUNCTIONS.get(name)
    if found is None:
        raise Refused(
            Result.NO_INTERFACE_DEF,
            "There is no function of the name in head.function; check its spelling.",
            path="head.function",
        )
    return found


def open_request(verified: Verified) -> Request[Any]:
    """Read a verified request by the function its head names.

    Raises:
        Refused: NO_INTERFACE_DEF, PARAM_MISSING or PARAM_ILLEGAL, with the path of the first fault.
    """
    _demand(verified, Kind.REQUEST)
    function = function_of(verified.claims.function)
    content = _read(verified, _content(RequestHead, function.request))
    return Request(function=function, head=content.head, body=content.body)


def open_request_as(verified: Verified, body: type[B], function: Function) -> Request[B]:
    """Read a verified request that must be of one function.

    Raises:
        Refused: FUNCTION_NOT_MATCH when it is of another one; else as `open_request`.
    """
    if function_of(verified.claims.function) is not function:
        raise Refused(
            Result.FUNCTION_NOT_MATCH,
            f"head.function must be {function.name} here.",
            path="head.function",
        )
    request = open_request(verified)
    if not isinstance(request.body, body):
        raise TypeError(f"{function.name} has another body than {body.__name__}")
    return request


def open_response(verified: Verified, body: type[B], function: Function) -> Response[B]:
    """Read the response to a request of this function.

    Raises:
        Refused: FUNCTION_NOT_MATCH, PARAM_MISSING or PARAM_ILLEGAL.
    """
    _demand(verified, Kind.RESPONSE)
    content = _read(verified, _content(ResponseHead, body))
    if FUNCTIONS.get(content.head.function) is not function:
        raise Refused(
            Result.FUNCTION_NOT_MATCH,
            f"head.function must echo the request's, {function.name}.",
            path="head.function",
        )
    return Response(
        function=function,
        head=content.head,
        body=content.body,
        is_signed=bool(verified.key_fingerprint),
    )


def content_faults(plain: dict[str, Any]) -> list[Refused]:
    """Return every fault of a request's plain content: for people who ask what is wrong with it."""
    head = plain.get("head")
    name = head.get("function") if isinstance(head, dict) else None
    try:
        function = function_of(name if isinstance(name, str) else "")
    except Refused as fault:
        return [fault]
    return faults(_content(RequestHead, function.request), plain)


def write(head: RequestHead | ResponseHead, body: msgspec.Struct) -> bytes:
    """Return the content of an envelope as compact JSON in raw UTF-8: the bytes to be signed."""
    return write_raw(head, msgspec.json.encode(body))


def write_raw(head: RequestHead | ResponseHead, body: bytes) -> bytes:
    """Return the content of an envelope around a body that is JSON already."""
    return b'{"head":%b,"body":%b}' % (msgspec.json.encode(head), body)


def _demand(verified: Verified, kind: Kind) -> None:
    if verified.cut.kind is not kind:
        raise TypeError(f"this message is a {verified.cut.kind.value}, not a {kind.value}")


def _read(verified: Verified, message: type[Any]) -> Any:  # noqa: ANN401  Typed by its two callers.
    taken = verified.cut
    if taken.unreadable:
        raise taken.unreadable
    return read(message, taken.signed, lambda: taken.unverified)


@cache
def _content(head: type[msgspec.Struct], body: type[msgspec.Struct]) -> type[Any]:
    """Return the type of an envelope's content: a head and a body, in this order."""
    return msgspec.defstruct(
        f"{body.__name__}Content",
        [
            ("head", _described(head, "who asks what, and when")),
            ("body", _described(body, "what the function is given")),
        ],
        bases=(Message,),
        frozen=True,
        kw_only=True,
    )


def _described(kind: type[msgspec.Struct], meaning: str) -> Any:  # noqa: ANN401  A type expression.
    return Annotated[kind, part(meaning)]
