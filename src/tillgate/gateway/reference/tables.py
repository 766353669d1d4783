"""Field tables: the members of a message as rows, with the parts of a part below it.

What must hold: every row comes from `members_of`, and a member's rule and condition are shown in
their own words.
"""

from collections.abc import Iterator
from functools import cache
from typing import final

import msgspec

from tillgate.protocol.members import Member, members_of

LETTERS = {"Y": "M", "C": "C", "N": "O"}
"""The letter of a member by the one it has in the seed (PROTOCOL 0.4)."""


@final
class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One member of a message as a page shows it.

    Attributes:
        path: its place, as errors name it: `order.orderAmount.value`.
        member: what the type says of it.
        depth: how many parts it lies in.
        letter: M mandatory, C conditional, O optional.
        type_name: its type in the protocol's words.
        required: the condition in words, or "".
        must_be: its rule in words, or "".
        sample: a value, or ""; a part's values stand in its own rows.
        folded: whether it lies in free JSON, which nobody needs to read first.
    """

    path: str
    member: Member
    depth: int
    letter: str
    type_name: str
    required: str
    must_be: str
    sample: str
    folded: bool


@cache
def rows(message: type[msgspec.Struct]) -> tuple[Row, ...]:
    """Return the rows of a message, the parts of a part right below it."""
    return tuple(_rows(message, "", depth=0, folded=False))


def part_of(member: Member) -> type[msgspec.Struct] | None:
    """Return the Struct that says what is inside a member, or None."""
    return member.part or member.shape


def _rows(message: type[msgspec.Struct], path: str, *, depth: int, folded: bool) -> Iterator[Row]:
    for member in members_of(message):
        here = path + member.name
        yield _row(member, here, depth=depth, folded=folded)
        inner = part_of(member)
        if inner is not None:
            inside = f"{here}[]." if member.is_list else f"{here}."
            is_free = folded or member.shape is not None
            yield from _rows(inner, inside, depth=depth + 1, folded=is_free)


def _row(member: Member, path: str, *, depth: int, folded: bool) -> Row:
    return Row(
        path=path,
        member=member,
        depth=depth,
        letter=LETTERS[member.letter],
        type_name=member.shape.__name__ if member.shape else member.type_name,
        required=member.condition.words if member.condition else "",
        must_be=member.rule.must_be if member.rule else "",
        sample="" if part_of(member) else member.sample,
        folded=folded,
    )


def names(message: type[msgspec.Struct], value: str) -> bool:
    """Tell whether a member of this message is required for this value of another one."""
    conditions = [each.condition for each in members_of(message)]
    return any(condition is not None and condition.equals == value for condition in conditions)
