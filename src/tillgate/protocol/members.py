"""What is known of each member of a message: the single source of validation, error text and pages.

A message is a msgspec Struct whose fields are annotated with `member(...)`; whether a member is
required follows from its having no default. `members_of` gives the same facts back as values, in
declared order. It decides no verdict; `validation` does. What must hold: every wire name, length
and rule is written once, in the Struct.
"""

from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, final, get_args, get_origin

import msgspec

from tillgate.protocol.rules import Rule

_TYPE_NAMES: tuple[tuple[type, str], ...] = (
    (str, "string"),
    (bool, "boolean"),
    (int, "integer"),
)


class Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Every message and part of one: frozen, named in camel case on the wire, unset parts left out.

    Members it does not know are ignored, as they are by every reader of this protocol.
    """


@final
class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member of a message, as reference pages and error text need it.

    Attributes:
        name: its name on the wire.
        attribute: its name in Python.
        required: whether a message without it is refused.
        type_name: the type in the protocol's words.
        length: the most characters it may have, or None.
        meaning: what it says.
        sample: a value as it stands in a message, or "".
        rule: the format it must have, or None.
        other_name: another spelling that is read as well (C7), or "".
        secret: whether its value must never be shown.
        part: the Struct of an object or of a list's items, or None.
        is_list: whether it is a list.
        is_text: whether it is a plain string.
        is_free: whether any JSON value is taken.
    """

    name: str
    attribute: str
    required: bool
    type_name: str
    length: int | None
    meaning: str
    sample: str
    rule: Rule | None
    other_name: str
    secret: bool
    part: type[msgspec.Struct] | None
    is_list: bool
    is_text: bool
    is_free: bool


@final
class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    sample: str
    rule: Rule | None
    other_name: str
    secret: bool


def member(
    meaning: str,
    *,
    sample: str = "",
    length: int | None = None,
    rule: Rule | None = None,
    other_name: str = "",
) -> msgspec.Meta:
    """Describe a text member; an empty text counts as absent, so its least length is 1."""
    facts = _Facts(sample=sample, rule=rule, other_name=other_name, secret=False)
    return msgspec.Meta(
        description=meaning,
        examples=[sample] if sample else None,
        min_length=1,
        max_length=length,
        pattern=rule.pattern if rule else None,
        extra={"facts": facts},
    )


def secret(meaning: str, *, length: int | None = None, rule: Rule | None = None) -> msgspec.Meta:
    """Describe a text member whose value must never be shown, not even in an error."""
    facts = _Facts(sample="", rule=rule, other_name="", secret=True)
    return msgspec.Meta(
        description=meaning,
        min_length=1,
        max_length=length,
        pattern=rule.pattern if rule else None,
        extra={"facts": facts},
    )


def part(meaning: str, *, sample: str = "") -> msgspec.Meta:
    """Describe a member that is an object, a list, a number or free JSON."""
    facts = _Facts(sample=sample, rule=None, other_name="", secret=False)
    return msgspec.Meta(description=meaning, extra={"facts": facts})


@cache
def members_of(message: type[msgspec.Struct]) -> tuple[Member, ...]:
    """Return the members of a message in declared order."""
    return tuple(_member(field) for field in msgspec.structs.fields(message))


def _member(field: msgspec.structs.FieldInfo) -> Member:
    kind, meta = _unwrap(field.type)
    is_list = get_origin(kind) is list
    inner = _unwrap(get_args(kind)[0])[0] if is_list else kind
    is_part = isinstance(inner, type) and issubclass(inner, msgspec.Struct)
    facts = (
        meta.extra["facts"]
        if meta and meta.extra
        else _Facts(sample="", rule=None, other_name="", secret=False)
    )
    return Member(
        name=field.encode_name,
        attribute=field.name,
        required=field.required,
        type_name=_type_name(inner, facts.rule, is_list=is_list),
        length=meta.max_length if meta else None,
        meaning=(meta.description or "") if meta else "",
        sample=facts.sample,
        rule=facts.rule,
        other_name=facts.other_name,
        secret=facts.secret,
        part=inner if is_part else None,
        is_list=is_list,
        is_text=kind is str,
        is_free=kind is Any,
    )


def _unwrap(annotation: Any) -> tuple[Any, msgspec.Meta | None]:  # noqa: ANN401  A type expression.
    """Return the bare type and the description of `Annotated[T, meta]`, optional or not."""
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(arm for arm in get_args(annotation) if arm is not type(None))
    if get_origin(annotation) is not Annotated:
        return annotation, None
    kind, *metas = get_args(annotation)
    return kind, next((meta for meta in metas if isinstance(meta, msgspec.Meta)), None)


def _type_name(kind: Any, rule: Rule | None, *, is_list: bool) -> str:  # noqa: ANN401  A type expression.
    if rule:
        name = rule.type_name
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        name = str(getattr(kind, "TYPE_NAME", kind.__name__))
    else:
        name = next((name for known, name in _TYPE_NAMES if kind is known), "any JSON value")
    return f"list of {name}" if is_list else name
