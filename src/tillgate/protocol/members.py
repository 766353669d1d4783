"""What is known of each member of a message: the single source of validation, error text and pages.

A message is a msgspec Struct whose fields are annotated with `member(...)`; whether a member is
required follows from its having no default, or from a `Condition` beside its type. `members_of`
gives the same facts back as values, in declared order. It decides no verdict; `validation` does.
What must hold: every wire name, length and rule is written once, in the Struct, and a message that
is printed does not show its secrets.
"""

from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, final, get_args, get_origin

import msgspec

from tillgate.protocol.conditions import Condition
from tillgate.protocol.rules import Rule

HIDDEN = "(hidden)"
"""What is printed in place of a secret."""

_TYPE_NAMES: tuple[tuple[type, str], ...] = (
    (str, "string"),
    (bool, "boolean"),
    (int, "integer"),
)


class Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Every message and part of one: frozen, named in camel case on the wire, unset parts left out.

    Members it does not know are ignored, as they are by every reader of this protocol.
    """

    def __repr__(self) -> str:
        """Return the message in Python's words, with its secrets hidden."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Return each member and its value, with secrets hidden."""
        return [
            (each.attribute, HIDDEN if each.secret and value is not None else value)
            for each in members_of(type(self))
            for value in (getattr(self, each.attribute),)
        ]


@final
class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member of a message, as reference pages and error text need it.

    Attributes:
        name: its name on the wire.
        attribute: its name in Python.
        required: whether a message without it is always refused.
        condition: when a message without it is refused, where that depends; else None.
        type_name: the type in the protocol's words.
        length: the most characters it, or each text of a list, may have; or None.
        meaning: what it says.
        sample: a value as it stands in a message, or "".
        rule: the format it, or each text of a list, must have; or None.
        other_name: another spelling that is read as well (C7), or "".
        secret: whether its value must never be shown.
        part: the Struct of an object or of a list's items, or None.
        shape: what free JSON is read as, or None.
        is_list: whether it is a list.
        items_min: how many items a list must have.
        items_max: how many items a list may have, or None.
        is_text: whether it is a plain string.
        is_free: whether any JSON value is taken.
    """

    name: str
    attribute: str
    required: bool
    condition: Condition | None
    type_name: str
    length: int | None
    meaning: str
    sample: str
    rule: Rule | None
    other_name: str
    secret: bool
    part: type[msgspec.Struct] | None
    shape: type[msgspec.Struct] | None
    is_list: bool
    items_min: int
    items_max: int | None
    is_text: bool
    is_free: bool

    @property
    def letter(self) -> str:
        """Return Y when it is required, C when that depends, N when it is not."""
        if self.required:
            return "Y"
        return "C" if self.condition else "N"


@final
class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    sample: str = ""
    rule: Rule | None = None
    other_name: str = ""
    secret: bool = False
    shape: type[msgspec.Struct] | None = None


def member(
    meaning: str,
    *,
    sample: str = "",
    length: int | None = None,
    rule: Rule | None = None,
    other_name: str = "",
) -> msgspec.Meta:
    """Describe a text member; an empty text counts as absent, so its least length is 1."""
    facts = _Facts(sample=sample, rule=rule, other_name=other_name)
    return _text(meaning, facts, length)


def secret(
    meaning: str,
    *,
    sample: str = "",
    length: int | None = None,
    rule: Rule | None = None,
    other_name: str = "",
) -> msgspec.Meta:
    """Describe a text member whose value must never be shown, not even in an error.

    Its sample is a published one, which opens nothing.
    """
    facts = _Facts(sample=sample, rule=rule, other_name=other_name, secret=True)
    return _text(meaning, facts, length)


def part(
    meaning: str, *, sample: str = "", shape: type[msgspec.Struct] | None = None
) -> msgspec.Meta:
    """Describe a member that is an object, a number, or free JSON that is read as `shape`."""
    return msgspec.Meta(description=meaning, extra={"facts": _Facts(sample=sample, shape=shape)})


def items(
    meaning: str, *, sample: str = "", items_min: int = 0, items_max: int | None = None
) -> msgspec.Meta:
    """Describe a member that is a list; the type of its items describes each of them."""
    return msgspec.Meta(
        description=meaning,
        min_length=items_min or None,
        max_length=items_max,
        extra={"facts": _Facts(sample=sample)},
    )


def _text(meaning: str, facts: _Facts, length: int | None) -> msgspec.Meta:
    return msgspec.Meta(
        description=meaning,
        examples=[facts.sample] if facts.sample else None,
        min_length=1,
        max_length=length,
        pattern=facts.rule.pattern if facts.rule else None,
        extra={"facts": facts},
    )


@cache
def members_of(message: type[msgspec.Struct]) -> tuple[Member, ...]:
    """Return the members of a message in declared order."""
    return tuple(_member(field) for field in msgspec.structs.fields(message))


def _member(field: msgspec.structs.FieldInfo) -> Member:
    kind, meta, condition = _unwrap(field.type)
    is_list = get_origin(kind) is list
    inner, inner_meta, _ = _unwrap(get_args(kind)[0]) if is_list else (kind, meta, None)
    is_part = isinstance(inner, type) and issubclass(inner, msgspec.Struct)
    facts, inner_facts = _facts(meta), _facts(inner_meta)
    return Member(
        name=field.encode_name,
        attribute=field.name,
        required=field.required,
        condition=condition,
        type_name=_type_name(inner, inner_facts.rule, is_list=is_list),
        length=inner_meta.max_length if inner_meta else None,
        meaning=(meta.description or "") if meta else "",
        sample=facts.sample,
        rule=inner_facts.rule,
        other_name=facts.other_name,
        secret=facts.secret,
        part=inner if is_part else None,
        shape=facts.shape,
        is_list=is_list,
        items_min=(meta.min_length or 0) if is_list and meta else 0,
        items_max=meta.max_length if is_list and meta else None,
        is_text=kind is str,
        is_free=kind is Any,
    )


def _facts(meta: msgspec.Meta | None) -> _Facts:
    return meta.extra["facts"] if meta and meta.extra else _Facts()


def _unwrap(
    annotation: Any,  # noqa: ANN401  A type expression.
) -> tuple[Any, msgspec.Meta | None, Condition | None]:
    """Return the bare type, description and condition of `Annotated[T, …]`, optional or not."""
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(arm for arm in get_args(annotation) if arm is not type(None))
    if get_origin(annotation) is not Annotated:
        return annotation, None, None
    kind, *notes = get_args(annotation)
    return (
        kind,
        next((note for note in notes if isinstance(note, msgspec.Meta)), None),
        next((note for note in notes if isinstance(note, Condition)), None),
    )


def _type_name(kind: Any, rule: Rule | None, *, is_list: bool) -> str:  # noqa: ANN401  A type expression.
    if rule:
        name = rule.type_name
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        name = str(getattr(kind, "TYPE_NAME", kind.__name__))
    else:
        name = next((name for known, name in _TYPE_NAMES if kind is known), "any JSON value")
    return f"list of {name}" if is_list else name
