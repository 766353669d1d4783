"""When a member is required although its type lets it be absent: the letter C of reference pages.

A condition looks at one other member of the same object, or at nothing a message holds. It is data
beside the member's type, so that validation and reference pages read the same. What must hold: a
condition decides only whether a member may be absent, never what a present one may hold.
"""

from typing import final

import msgspec


@final
class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """When a member is required.

    Attributes:
        words: the condition, read on after "required".
        other: the wire name of the member that decides, or "" when no message can tell.
        equals: the value of the other member that requires this one; None: its absence does.
    """

    words: str
    other: str = ""
    equals: str | None = None

    def requires(self, other: object) -> bool:
        """Tell whether the value of the other member, or None, makes this one required."""
        return bool(self.other) and other == self.equals


def unless(other: str) -> Condition:
    """Return the condition of a member that is required when another one is absent."""
    return Condition(words=f"when {other} is absent", other=other)


def when(other: str, value: str) -> Condition:
    """Return the condition of a member that is required when another one has this value."""
    return Condition(words=f"when {other} is {value}", other=other, equals=value)


def elsewhere(words: str) -> Condition:
    """Return a condition that no message can tell, so that whoever reads it has to judge."""
    return Condition(words=words)
