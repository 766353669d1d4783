"""JSON Schema of messages, from the same members that validation reads by.

One component for each Struct. A schema says what should be sent; the gateway also reads what is
lenient (null and "" as absent, other spellings). What must hold: whatever a schema accepts breaks
no member's type, length or pattern; patterns are written as ECMA 262 knows them.
"""

from typing import Any

import msgspec

from tillgate.kernel.errors import Broken
from tillgate.protocol.members import Member, members_of
from tillgate.protocol.rules import DATETIME, JSON_OBJECT, Rule

Schema = dict[str, Any]
_FORMATS: dict[str, Schema] = {
    DATETIME.type_name: {"format": "date-time"},
    JSON_OBJECT.type_name: {"contentMediaType": "application/json"},
}


class Schemas:
    """The components that were asked for so far."""

    def __init__(self) -> None:
        """Begin with none."""
        self.components: dict[str, Schema] = {}
        self._types: dict[str, type[msgspec.Struct]] = {}

    def refer(self, message: type[msgspec.Struct]) -> Schema:
        """Return a reference to a message's schema, which is made on first use."""
        name = message.__name__
        known = self._types.setdefault(name, message)
        if known is not message:
            raise Broken(f"two messages are called {name}")
        if name not in self.components:
            self.components[name] = {}
            self.components[name] = self.describe(message)
        return {"$ref": f"#/components/schemas/{name}"}

    def describe(self, message: type[msgspec.Struct]) -> Schema:
        """Return a message's schema itself."""
        members = members_of(message)
        schema: Schema = {
            "type": "object",
            "properties": {each.name: self._member(each) for each in members},
        }
        about = (message.__doc__ or "").partition("\n")[0]
        if about:
            schema["description"] = about
        required = [each.name for each in members if each.required]
        if required:
            schema["required"] = required
        conditions = [_conditional(each) for each in members if _is_told(each)]
        if conditions:
            schema["allOf"] = conditions
        return schema

    def _member(self, each: Member) -> Schema:
        described: Schema = {"description": _meaning(each)}
        if each.part and not each.is_list:
            return {**self.refer(each.part), **described}
        if each.is_list:
            inside = self.refer(each.part) if each.part else _text(each)
            return {"type": "array", "items": inside, **_bounds(each), **described}
        if each.is_free:
            return described  # Held to nothing, so that it is never in the way.
        if each.is_text:
            shown = {"examples": [each.sample]} if each.sample and not each.secret else {}
            return {**_text(each), **shown, **described}
        return {"type": each.type_name, **described}


def _is_told(each: Member) -> bool:
    """Tell whether a message itself says if this member is required."""
    return each.condition is not None and bool(each.condition.other)


def _conditional(each: Member) -> Schema:
    condition = each.condition
    if condition is None:
        raise Broken(f"{each.name} has no condition")
    if condition.equals is None:
        return {"anyOf": [{"required": [condition.other]}, {"required": [each.name]}]}
    decides = {condition.other: {"const": condition.equals}}
    return {
        "if": {"properties": decides, "required": [condition.other]},
        "then": {"required": [each.name]},
    }


def _text(each: Member) -> Schema:
    schema: Schema = {"type": "string", "minLength": 1}
    if each.length is not None:
        schema["maxLength"] = each.length
    if each.secret:
        schema["format"] = "password"
    return schema | _rule(each.rule)


def _rule(rule: Rule | None) -> Schema:
    if rule is None:
        return {}
    schema = dict(_FORMATS.get(rule.type_name, {}))
    if rule.pattern:
        schema["pattern"] = ecma(rule.pattern)
    return schema


def ecma(pattern: str) -> str:
    """Return a pattern as ECMA 262 writes it."""
    return pattern.replace(r"\Z", "$")


def _bounds(each: Member) -> Schema:
    bounds = {"minItems": each.items_min or None, "maxItems": each.items_max}
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _meaning(each: Member) -> str:
    parts = [each.meaning]
    if each.condition:
        parts.append(f"required {each.condition.words}")
    if each.rule:
        parts.append(f"must be {each.rule.must_be}")
    if each.other_name:
        parts.append(f"also read as {each.other_name}")
    return "; ".join(parts)
