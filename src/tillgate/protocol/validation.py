"""The verdict on a message: typed value, or the first fault in declared order.

Two ways that must agree. The fast one is msgspec's typed decode plus the rules that are code; it
only ever accepts. Whatever it does not accept goes the slow way, over the plain tree: first every
required member, then every format, each in declared order (U3), so a message with several faults
always reports the same one. The slow way also reads what is lenient: null and "" count as absent,
and other spellings of a name (C7) are taken when the usual one is absent.
What must hold: nothing is accepted that breaks a member's type, length or rule.
"""

import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any, TypeVar

import msgspec

from tillgate.kernel.errors import Broken, Refused
from tillgate.kernel.results import Result
from tillgate.protocol.conditions import Condition
from tillgate.protocol.members import Member, members_of

M = TypeVar("M", bound=msgspec.Struct)
Tree = Any
"""What a JSON text is in plain Python: dict, list, str, int, float, bool or None."""


def read(message: type[M], text: bytes, tree: Callable[[], Tree]) -> M:
    """Return the typed value of a JSON text.

    Args:
        message: the Struct to read.
        text: well-formed JSON; the value is read from these bytes.
        tree: gives the same text as plain Python; called only when the fast way does not accept.

    Raises:
        Refused: PARAM_MISSING or PARAM_ILLEGAL, with the path of the first fault.
    """
    shape = _shape(message)
    if not any(name in text for name in shape.other_names):
        try:
            value = shape.decoder.decode(text)
            _run(shape.checks, value)
        except (msgspec.ValidationError, ValueError):
            pass
        else:
            return value  # type: ignore[no-any-return]  # The decoder is the message's own.
    return read_plain(message, tree())


def read_plain(message: type[M], plain: Tree) -> M:
    """Return the typed value of a plain one; Refused as `read`."""
    refuse_first_fault(message, plain)
    try:
        return msgspec.convert(_tidy(message, plain), message)
    except msgspec.ValidationError as fault:
        raise Broken(f"{message.__name__}: the two ways of validation disagree: {fault}") from fault


def refuse_first_fault(message: type[msgspec.Struct], plain: Tree) -> None:
    """Raise Refused for the first fault of a plain value; return when there is none."""
    fault = next(iter(faults(message, plain)), None)
    if fault:
        raise fault


def faults(message: type[msgspec.Struct], plain: Tree) -> list[Refused]:
    """Return every fault of a plain value: missing members first, then formats, as declared."""
    if not isinstance(plain, dict):
        return [Refused(Result.PARAM_ILLEGAL, f"The message is {_kind(plain)}; send an object.")]
    return [*_missing(message, plain, ""), *_illegal(message, plain, "")]


class _Checks(msgspec.Struct, frozen=True):
    """What msgspec cannot check by itself.

    Attributes:
        members: (attribute, whether it is a list, what judges it or each of its items).
        needs: (attribute, attribute of the member that decides, the condition).
    """

    members: tuple[tuple[str, bool, Callable[[Any], object]], ...]
    needs: tuple[tuple[str, str, Condition], ...]


class _Shape(msgspec.Struct, frozen=True):
    decoder: Any
    checks: _Checks
    other_names: tuple[bytes, ...]


@cache
def _shape(message: type[msgspec.Struct]) -> _Shape:
    return _Shape(
        msgspec.json.Decoder(message),
        _checks(message),
        tuple(f'"{name}"'.encode() for name in _other_names(message)),
    )


def _checks(message: type[msgspec.Struct]) -> _Checks:
    """Collect the checks of a message, as a small tree that mirrors it."""
    described = members_of(message)
    attributes = {each.name: each.attribute for each in described}
    judges = [(each.attribute, each.is_list, _judge(each)) for each in described]
    return _Checks(
        members=tuple((name, is_list, judge) for name, is_list, judge in judges if judge),
        needs=tuple(
            (each.attribute, attributes[each.condition.other], each.condition)
            for each in described
            if each.condition and each.condition.other
        ),
    )


def _judge(each: Member) -> Callable[[Any], object] | None:
    if each.part is None:
        return each.rule.check if each.rule else None
    inner = _checks(each.part)
    return partial(_run, inner) if inner.members or inner.needs else None


def _run(checks: _Checks, value: object) -> None:
    """Raise ValueError for a typed value that a check in code does not accept."""
    for attribute, is_list, judge in checks.members:
        found = getattr(value, attribute)
        if found is None:
            continue
        if is_list:
            for item in found:
                judge(item)
        else:
            judge(found)
    for attribute, other, condition in checks.needs:
        if getattr(value, attribute) is None and condition.requires(getattr(value, other)):
            raise ValueError(attribute)


def _other_names(message: type[msgspec.Struct]) -> list[str]:
    names: list[str] = []
    for each in members_of(message):
        if each.other_name:
            names.append(each.other_name)
        if each.part:
            names += _other_names(each.part)
    return names


def _value(each: Member, plain: dict[str, Tree]) -> Tree:
    """Return a member's value, by its other name if need be; absent, null and "" are all None."""
    value = plain.get(each.name)
    if value in (None, "") and each.other_name:
        value = plain.get(each.other_name)
    return None if isinstance(value, str) and not value else value


def _missing(message: type[msgspec.Struct], plain: dict[str, Tree], path: str) -> list[Refused]:
    found: list[Refused] = []
    for each in members_of(message):
        value = _value(each, plain)
        here = path + each.name
        if value is None and _is_needed(each, message, plain):
            found.append(Refused(Result.PARAM_MISSING, _missing_sentence(each), path=here))
        for inner, where in _parts(each, value, here):
            found += _missing(_part(each), inner, where)
    return found


def _is_needed(each: Member, message: type[msgspec.Struct], plain: dict[str, Tree]) -> bool:
    condition = each.condition
    if condition is None or not condition.other:
        return each.required
    other = next(one for one in members_of(message) if one.name == condition.other)
    return condition.requires(_value(other, plain))


def _illegal(message: type[msgspec.Struct], plain: dict[str, Tree], path: str) -> list[Refused]:
    found: list[Refused] = []
    for each in members_of(message):
        value = _value(each, plain)
        here = path + each.name
        if value is None:
            continue
        sentence = _two_spellings(each, plain) or _fault(each, value)
        if sentence:
            found.append(Refused(Result.PARAM_ILLEGAL, sentence, path=here))
        for inner, where in _parts(each, value, here):
            found += _illegal(_part(each), inner, where)
    return found


def _part(each: Member) -> type[msgspec.Struct]:
    if each.part is None:
        raise Broken(f"{each.name} has no parts")
    return each.part


def _parts(each: Member, value: Tree, path: str) -> list[tuple[dict[str, Tree], str]]:
    """Return the objects inside a member with their paths, where the member's type has them."""
    if each.part is None:
        return []
    if each.is_list:
        items = value if isinstance(value, list) else []
        pairs = [(item, f"{path}[{index}].") for index, item in enumerate(items)]
    else:
        pairs = [(value, f"{path}.")]
    return [(item, where) for item, where in pairs if isinstance(item, dict)]


def _two_spellings(each: Member, plain: dict[str, Tree]) -> str:
    first, second = plain.get(each.name), plain.get(each.other_name or "")
    if not each.other_name or first in (None, "") or second in (None, "") or first == second:
        return ""
    return f"{each.name} and {each.other_name} are both given and differ; send {each.name} alone."


def _fault(each: Member, value: Tree) -> str:
    """Return what is wrong with a member that is present, or ""."""
    if each.is_free:
        return ""
    if each.is_text:
        return _text_fault(each, value)
    if each.is_list:
        return _list_fault(each, value)
    wanted: type = dict if each.part else int
    if not isinstance(value, wanted) or isinstance(value, bool):
        return _type_sentence(each, value)
    return ""


def _list_fault(each: Member, value: Tree) -> str:
    if not isinstance(value, list):
        return _type_sentence(each, value)
    if len(value) < each.items_min:
        return f"{each.name} is an empty list{_as_in(each)}."
    if each.items_max is not None and len(value) > each.items_max:
        return f"{each.name} has {len(value)} items; it may have at most {each.items_max}."
    told = (_item_fault(each, item) for item in value)
    return next((sentence for sentence in told if sentence), "")


def _item_fault(each: Member, item: Tree) -> str:
    if not isinstance(item, dict if each.part else str):
        return f"{each.name} holds {_kind(item)}, but its type is {each.type_name}."
    if item == "":
        return f"{each.name} holds an empty string{_as_in(each)}."
    return "" if each.part else _text_fault(each, item)


def _text_fault(each: Member, value: Tree) -> str:
    if not isinstance(value, str):
        return _type_sentence(each, value)
    if each.length is not None and len(value) > each.length:
        return f"{each.name} has {len(value)} characters; it may have at most {each.length}."
    if each.rule is None:
        return ""
    if each.rule.pattern and not re.search(each.rule.pattern, value):
        return f"{each.name} must be {each.rule.must_be}."
    if each.rule.check:
        try:
            each.rule.check(value)
        except ValueError:
            return f"{each.name} must be {each.rule.must_be}."
    return ""


def _type_sentence(each: Member, value: Tree) -> str:
    return f"{each.name} is {_kind(value)}, but its type is {each.type_name}{_as_in(each)}."


def _missing_sentence(each: Member) -> str:
    words = f" {each.condition.words}" if each.condition else ""
    return f"{each.name} is missing, and it is required{words}: {each.meaning}{_as_in(each)}."


def _as_in(each: Member) -> str:
    if each.secret or not each.sample:
        return ""
    shown = each.sample if each.part or each.is_list else msgspec.json.encode(each.sample).decode()
    return f"; send for example {shown}"


def _kind(value: Tree) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"


def _tidy(message: type[msgspec.Struct], plain: dict[str, Tree]) -> dict[str, Tree]:
    """Return the members the message knows, under their usual names, without absent ones."""
    tidy: dict[str, Tree] = {}
    for each in members_of(message):
        value = _value(each, plain)
        if value is None:
            continue
        if each.part and isinstance(value, dict):
            value = _tidy(each.part, value)
        elif each.part and isinstance(value, list):
            value = [_tidy(each.part, item) for item in value if isinstance(item, dict)]
        tidy[each.name] = value
    return tidy
