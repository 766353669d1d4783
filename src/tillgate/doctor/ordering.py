"""The orders in which programs put the members of an object.

A map sorts them, hashes them or keeps them; a class writes them as declared; a database keeps them
by length. What must hold: an order moves members and changes none; the list is fixed.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, final

import msgspec

from tillgate.doctor.tree import Items, Members, Node, member
from tillgate.protocol.functions import ALL_FUNCTIONS, FUNCTIONS
from tillgate.protocol.members import members_of
from tillgate.protocol.messages.head import RequestHead, ResponseHead

_HASH_BITS: Final = 0xFFFF_FFFF
_FIRST_TABLE: Final = 16
_SEED: Final = (
    *("head", "body"),
    *("version", "reqMsgId", "reqTime", "clientId", "reserve", "function"),
    *("merchantId", "productCode", "merchantTransId", "order", "seller"),
    *("sellerId", "sellerName", "mcc", "orderAmount", "currency", "value"),
    *("orderDetail", "orderTitle", "settleContractId", "riskInfo"),
    *("notifyUrl", "returnUrl", "extendInfo"),
)
_TABLE_OF_THE_PAGE: Final = (
    *("head", "body"),
    *("version", "function", "clientId", "reqTime", "reqMsgId", "reserve"),
    *("merchantId", "productCode", "merchantTransId", "order", "settleContractId", "riskInfo"),
    *("extendInfo", "notifyUrl", "returnUrl"),
    *("orderAmount", "currency", "value", "orderTitle", "orderDetail"),
    *("seller", "sellerId", "mcc", "sellerName"),
)


@final
class Ordering(msgspec.Struct, frozen=True, kw_only=True):
    """An order of members: words that read on after "members stand", and a sorting of names."""

    words: str
    arrange: Callable[[list[str]], list[str]]

    def apply(self, node: Node) -> Node:
        """Return a tree whose objects have their members in this order."""
        if isinstance(node, Items):
            return Items(self.apply(inner) for inner in node)
        if not isinstance(node, Members):
            return node
        inner = {name[1:-1]: (name, self.apply(value)) for name, value in node}
        if len(inner) != len(node):
            return node
        return Members(inner[name] for name in self.arrange(list(inner)))


def _java_hash(name: str) -> int:
    value = 0
    for character in name:
        value = (31 * value + ord(character)) & _HASH_BITS
    return value ^ (value >> 16)


def _by_java_hash(names: list[str]) -> list[str]:
    """Arrange as java.util.HashMap does: by bucket, of a table that doubles when 3/4 full."""
    size = _FIRST_TABLE
    while len(names) * 4 > size * 3:
        size *= 2
    return sorted(names, key=lambda name: _java_hash(name) & (size - 1))


def _listed(listed: tuple[str, ...]) -> Callable[[list[str]], list[str]]:
    places: Mapping[str, int] = {name: place for place, name in enumerate(listed)}
    return lambda names: sorted(names, key=lambda name: places.get(name, len(places)))


def as_declared(tree: Node) -> Node:
    """Return a message with its members where the messages of its function have them.

    So this library writes them: it is what a gateway's message was before somebody sorted it.
    """
    head = member(tree, "head")
    name = member(head, "function") if head is not None else None
    function = FUNCTIONS.get(name[1:-1]) if isinstance(name, str) else None
    if not isinstance(tree, Members) or head is None or function is None:
        return tree
    is_answer = member(head, "respTime") is not None
    shapes: dict[str, type[msgspec.Struct] | None] = {
        '"head"': ResponseHead if is_answer else RequestHead,
        '"body"': function.response if is_answer else function.request,
    }
    placed = sorted(tree, key=lambda pair: pair[0] != '"head"')
    return Members((name, _placed(inner, shapes.get(name))) for name, inner in placed)


def _placed(node: Node, shape: type[msgspec.Struct] | None) -> Node:
    if shape is not None and isinstance(node, Items):
        return Items(_placed(inner, shape) for inner in node)
    if shape is None or not isinstance(node, Members):
        return node
    parts = {f'"{each.name}"': each.part for each in members_of(shape)}
    places = {name: place for place, name in enumerate(parts)}
    placed = sorted(node, key=lambda pair: places.get(pair[0], len(places)))
    return Members((name, _placed(inner, parts.get(name))) for name, inner in placed)


def _declared() -> tuple[str, ...]:
    names: dict[str, None] = {"head": None, "body": None}
    waiting: list[type[msgspec.Struct]] = [RequestHead, ResponseHead]
    waiting += [function.request for function in ALL_FUNCTIONS]
    while waiting:
        for each in members_of(waiting.pop(0)):
            names[each.name] = None
            waiting += [each.part] if each.part else []
    return tuple(names)


@cache
def orderings() -> tuple[Ordering, ...]:
    """Return every order, the likeliest first."""
    return (
        Ordering(words="sorted by name", arrange=sorted),
        Ordering(words="as a Java HashMap keeps them", arrange=_by_java_hash),
        Ordering(words="in the order of the seed's sample", arrange=_listed(_SEED)),
        Ordering(words="in the order of the page's table", arrange=_listed(_TABLE_OF_THE_PAGE)),
        Ordering(words="in the order of the SDK", arrange=_listed(_declared())),
        Ordering(
            words="sorted without regard to case",
            arrange=lambda names: sorted(names, key=str.lower),
        ),
        Ordering(
            words="as PostgreSQL's jsonb keeps them",
            arrange=lambda names: sorted(names, key=lambda name: (len(name.encode()), name)),
        ),
        Ordering(words="in reverse order", arrange=lambda names: names[::-1]),
        Ordering(
            words="in reverse alphabetical order",
            arrange=lambda names: sorted(names, reverse=True),
        ),
    )
