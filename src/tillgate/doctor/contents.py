"""Other contents that may have been signed: a member more or less, a number or a time respelled.

Every edit is one that programs make between signing and sending, or between reading and checking.
What must hold: an edit changes one thing, the likeliest stand first, and their number is bounded by
the number of the message's members.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tillgate.doctor.findings import Code
from tillgate.doctor.places import Place, places_of
from tillgate.doctor.steps import Edit, Step
from tillgate.doctor.strings import string_edits
from tillgate.doctor.tree import Items, Members, Node, mapped, member
from tillgate.doctor.values import amount_spellings, json_spellings, time_spellings
from tillgate.protocol import functions
from tillgate.protocol.members import members_of

_EMPTY: Final = ("null", '""')
_TIMES_COMMON: Final = 11
_HEAD_DEFAULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "signType": ('"RSA2"', '"RSA"', '"SHA256"'),
    "reserve": ('"{}"', "{}"),
    "version": ('"2.0.0"',),
    "accessToken": (),
    "respTime": (),
    "reqTime": (),
}
_BODY_DEFAULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "extendInfo": ('"{}"', '"{\\"productScene\\":\\"Prepay\\"}"', "{}"),
    "riskInfo": ("{}",),
    "settleContractId": ('"USD-1"',),
    "riskExtendInfo": ('"{}"',),
    "seller": ("{}",),
    "mcc": ('"1234"',),
}
_OFTEN_LOST: Final = frozenset({"reserve", "extendInfo"})
_JSON_MEMBERS: Final = frozenset({"extendInfo", "reserve", "riskExtendInfo"})


def edits(tree: Node, *, common_only: bool = False) -> Iterator[Edit]:
    """Yield every other content, the likeliest first."""
    found = _edits(tree, common_only=common_only)
    yield from (each for each in found if each.is_common) if common_only else found


def _edits(tree: Node, *, common_only: bool) -> Iterator[Edit]:
    places = places_of(tree)
    yield from _dropped(tree, places)
    yield from _numbers(tree, places)
    yield from _json_strings(places)
    yield from _times(places)
    yield from string_edits(tree, places)
    yield from _added(tree)
    if not common_only:
        yield from _moved(tree)


def _dropped(tree: Node, places: list[Place]) -> Iterator[Edit]:
    for place in places:
        words = "What was signed lacks a member that was sent: it was added after signing."
        step = Step(Code.MEMBERS_DIFFER, words, place.path)
        yield Edit(step, place.with_values([]), is_common=True)
    for empty, words in (
        (("null",), "null"),
        (('""',), "empty"),
        (("null", '""'), "null or empty"),
        (("null", '""', "{}", "[]", '"{}"'), "null or empty, objects too"),
    ):
        said = f"What was signed lacks the members that are {words}."
        step = Step(Code.MEMBERS_DIFFER, said)
        yield from _changed(
            tree, Edit(step, _without(tree, frozenset(empty)), is_common=words == "null")
        )
    for said, leaf in (
        ("Members that are empty were signed as null.", _null_of_empty),
        ("Members that are null were signed as empty.", _empty_of_null),
    ):
        yield from _changed(tree, Edit(Step(Code.MEMBERS_DIFFER, said), mapped(tree, leaf)))


def _changed(tree: Node, edit: Edit) -> Iterator[Edit]:
    """Yield an edit that changes something: one that does not would be told of what it is not."""
    if edit.tree != tree:
        yield edit


def _without(node: Node, empty: frozenset[str]) -> Node:
    if isinstance(node, Members):
        inner = ((name, _without(value, empty)) for name, value in node)
        return Members((name, value) for name, value in inner if not _is_empty(value, empty))
    if isinstance(node, Items):
        return Items(_without(value, empty) for value in node)
    return node


def _is_empty(value: Node, empty: frozenset[str]) -> bool:
    if isinstance(value, str):
        return value in empty
    return not value and ("{}" if isinstance(value, Members) else "[]") in empty


def _null_of_empty(lexeme: str) -> str:
    return "null" if lexeme == '""' else lexeme


def _empty_of_null(lexeme: str) -> str:
    return '""' if lexeme == "null" else lexeme


def _numbers(tree: Node, places: list[Place]) -> Iterator[Edit]:
    code = Code.NUMBERS_RESPELLED
    for words, leaf in (
        ("Strings of digits were signed as numbers.", _number_of_digits),
        ("Numbers were signed as strings.", _string_of_number),
        ("true and false in quotation marks were signed without.", _bare_boolean),
        ("true and false were signed in quotation marks.", _quoted_boolean),
        ("Whole numbers were signed with a decimal point.", _with_point),
        ("Numbers with a decimal point were signed as whole ones.", _without_point),
    ):
        yield from _changed(tree, Edit(Step(code, words), mapped(tree, leaf), is_common=True))
    for place in places:
        if not isinstance(place.value, str):
            continue
        currency = member(place.parent, "currency")
        unit = currency[1:-1] if isinstance(currency, str) else ""
        for kind, words, lexeme in amount_spellings(place.value, place.name, unit):
            step = Step(kind, words, place.path)
            common = place.name == "value" and kind is code
            yield Edit(step, place.with_values([lexeme]), is_common=common)


def _number_of_digits(lexeme: str) -> str:
    inner = lexeme[1:-1]
    is_number = inner.isascii() and inner.isdigit() and (inner == "0" or inner[0] != "0")
    return inner if lexeme[0] == '"' and is_number else lexeme


def _string_of_number(lexeme: str) -> str:
    return f'"{lexeme}"' if lexeme[0] in "-0123456789" else lexeme


def _bare_boolean(lexeme: str) -> str:
    return lexeme[1:-1] if lexeme.lower() in {'"true"', '"false"'} else lexeme


def _quoted_boolean(lexeme: str) -> str:
    return f'"{lexeme}"' if lexeme in {"true", "false"} else lexeme


def _with_point(lexeme: str) -> str:
    return f"{lexeme}.0" if lexeme.isascii() and lexeme.isdigit() else lexeme


def _without_point(lexeme: str) -> str:
    whole, point, rest = lexeme.partition(".")
    is_whole = bool(point) and not rest.strip("0") and lexeme[0] != '"'
    return whole if is_whole else lexeme


def _json_strings(places: list[Place]) -> Iterator[Edit]:
    for place in places:
        if place.name in _JSON_MEMBERS or not isinstance(place.value, str):
            for words, value in json_spellings(place.value):
                step = Step(Code.DOUBLE_ENCODED, words, place.path)
                common = not isinstance(value, str)
                yield Edit(step, place.with_values([value]), is_common=common)


def _times(places: list[Place]) -> Iterator[Edit]:
    for place in places:
        if isinstance(place.value, str):
            for at, (words, lexeme) in enumerate(time_spellings(place.value)):
                step = Step(Code.TIME_RESPELLED, words, place.path)
                common = at < _TIMES_COMMON or lexeme.endswith('Z"')
                yield Edit(step, place.with_values([lexeme]), is_common=common)


def _added(tree: Node) -> Iterator[Edit]:
    head, body = member(tree, "head"), member(tree, "body")
    words = "What was signed has the member {} more: it was left out of what was sent."
    for name in ('"signature"', '"sign"'):
        for empty in (*_EMPTY, '"XXX"'):
            step = Step(Code.MEMBERS_DIFFER, words.format(name[1:-1]))
            if isinstance(tree, Members):
                yield Edit(step, Members([*tree, (name, empty)]))
    for part, defaults in ((head, _HEAD_DEFAULTS), (body, {**_optional(head), **_BODY_DEFAULTS})):
        if not isinstance(part, Members):
            continue
        name_of_part = "head" if part is head else "body"
        missing = [name for name in defaults if member(part, name) is None]
        for name in missing:
            step = Step(Code.MEMBERS_DIFFER, words.format(name), f"{name_of_part}.{name}")
            for value in (*_EMPTY, *defaults[name]):
                for at in range(len(part), -1, -1):
                    grown = Members([*part[:at], (f'"{name}"', value), *part[at:]])
                    common = (value == "null" and at == len(part)) or name in _OFTEN_LOST
                    yield Edit(step, _with(tree, name_of_part, grown), is_common=common)
        nulls = [(f'"{name}"', "null") for name in missing if name in _optional(head)]
        said = "What was signed has the absent members as null, at the end."
        yield Edit(
            Step(Code.MEMBERS_DIFFER, said), _with(tree, name_of_part, Members([*part, *nulls]))
        )


def _optional(head: Node | None) -> Mapping[str, tuple[str, ...]]:
    """Return the members the body of this function may lack."""
    name = member(head, "function") if head is not None else None
    function = functions.FUNCTIONS.get(name[1:-1]) if isinstance(name, str) else None
    if function is None:
        return {}
    return {each.name: () for each in members_of(function.request) if not each.required}


def _with(tree: Node, name: str, part: Node) -> Node:
    if not isinstance(tree, Members):
        return tree
    return Members((found, part if found == f'"{name}"' else value) for found, value in tree)


def _moved(tree: Node) -> Iterator[Edit]:
    """Yield the trees in which one member of one object stands elsewhere among its siblings."""
    words = "One member was signed at another place among its siblings."
    for path, node, whole in _objects(tree):
        for start in range(len(node)):
            rest = [*node[:start], *node[start + 1 :]]
            for end in range(len(node)):
                if end in {start, start - 1}:
                    continue
                moved = Members([*rest[:end], node[start], *rest[end:]])
                name = node[start][0][1:-1]
                step = Step(Code.KEYS_REORDERED, words, f"{path}.{name}" if path else name)
                yield Edit(step, whole(moved))


def _objects(tree: Node) -> Iterator[tuple[str, Members, Callable[[Node], Node]]]:
    if isinstance(tree, Members):
        yield "", tree, lambda new: new
    for place in places_of(tree):
        if isinstance(place.value, Members):
            yield place.path, place.value, lambda new, place=place: place.with_values([new])  # type: ignore[misc]  # As above.
