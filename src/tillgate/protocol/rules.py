"""Formats a text member may be held to, each with the words that explain it.

A rule is a pattern, a check in code, or both; it decides about one text and never about two
members together. What must hold: the sentence reads on after "must be", and patterns are anchored
and ASCII where the wire is ASCII (Python's digits and blanks are wider than the wire's, U18).
"""

from collections.abc import Callable
from typing import Any, final

import msgspec

from tillgate.kernel.clock import parse_rfc3339
from tillgate.kernel.money import MINOR_DIGITS_MAX, currency

NESTED_JSON_DEPTH_MAX = 32
"""How deep a JSON object inside a string may nest."""


@final
class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What a text must be.

    Attributes:
        must_be: the rule in words, read on after "must be".
        pattern: a regular expression for the whole text.
        check: raises ValueError when the text breaks the rule.
        type_name: what reference pages call the member's type.
    """

    must_be: str
    pattern: str | None = None
    check: Callable[[str], object] | None = None
    type_name: str = "string"


def one_of(*values: str, type_name: str = "enum") -> Rule:
    """Return the rule of a closed set of ASCII words; its sentence names them all."""
    quoted = [f'"{value}"' for value in values]
    listed = quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " or " + quoted[-1]
    escaped = "|".join(value.replace(".", r"\.") for value in values)
    return Rule(must_be=listed, pattern=rf"^(?:{escaped})\Z", type_name=type_name)


def open_set(*values: str) -> Rule:
    """Return the rule of a set of words that may grow: others are read, so a reader judges them."""
    return Rule(
        must_be=f"text without control characters; known are {', '.join(values)}",
        pattern=IDENTIFIER.pattern,
        type_name="enum",
    )


def json_object(text: str) -> dict[str, Any]:
    """Read the JSON object that a string member holds.

    Raises:
        ValueError: the text is no JSON object, or nests deeper than anybody needs.
    """
    if text == "{}":
        return {}
    if text.count("{") + text.count("[") > NESTED_JSON_DEPTH_MAX:
        message = f"the text has more than {NESTED_JSON_DEPTH_MAX} objects and lists"
        raise ValueError(message)
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError) as fault:
        message = "the text is not a JSON object"
        raise ValueError(message) from fault


DATETIME = Rule(
    must_be="a date and time with its offset by RFC 3339, as in 2018-12-04T22:00:53-08:00",
    check=parse_rfc3339,
    type_name="datetime",
)
JSON_OBJECT = Rule(
    must_be=f"a string that holds a JSON object of at most {NESTED_JSON_DEPTH_MAX} parts",
    check=json_object,
    type_name="string of JSON",
)
CURRENCY = Rule(
    must_be="an ISO 4217 code in capital letters that has a minor unit, as in HKD",
    pattern=r"^[A-Z]{3}\Z",
    check=currency,
)
AMOUNT = Rule(
    must_be=f"1 to {MINOR_DIGITS_MAX} ASCII digits that count minor units, without a leading zero "
    "(1000 is 10.00 HKD)",
    pattern=rf"^[1-9][0-9]{{0,{MINOR_DIGITS_MAX - 1}}}\Z",
)
IDENTIFIER = Rule(
    must_be="text without control characters",
    pattern=r"^[^\x00-\x1f\x7f]+\Z",
)
CATEGORY_CODE = Rule(must_be="4 ASCII digits, as in 1234", pattern=r"^[0-9]{4}\Z")
