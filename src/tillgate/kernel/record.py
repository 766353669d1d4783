"""What a stored value looks like: a frozen row with a key, and the sets it must be unique in.

Records are plain values; stores keep them, the engine loads, decides and flushes them. What must
hold: a record's fields are text, whole numbers, bools, bytes, closed enums, `Money`, tuples of text
or None, so that every store can keep them without knowing what they mean. The first field of a key
is what the row would be sharded by (DESIGN section 1).
"""

from typing import ClassVar, NamedTuple, Self

import msgspec


class Unique(NamedTuple):
    """At most one row may have the same `fields`, among the rows that `where` selects.

    `where` holds pairs (field, values): a row counts when each field has one of its values.
    """

    fields: tuple[str, ...]
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A stored value: a frozen row that knows its key.

    Attributes:
        key_fields: the fields whose values, in this order, name the row.
        unique: further sets in which the row must be alone; each a sentence in `storage/schema`.
    """

    key_fields: ClassVar[tuple[str, ...]]
    unique: ClassVar[tuple[Unique, ...]] = ()

    @property
    def key(self) -> "Key":
        """Return the name of this row."""
        return Key(type(self), tuple([str(getattr(self, name)) for name in self.key_fields]))

    def replaced(self, **changes: object) -> Self:
        """Return this row with some fields changed; the key stays."""
        changed: Self = msgspec.structs.replace(self, **changes)
        if changed.key != self.key:
            message = f"the key of {self.key} must not change"
            raise ValueError(message)
        return changed


class Key(NamedTuple):
    """The name of a row: which kind of record, and the text of its key fields."""

    record: type[Record]
    parts: tuple[str, ...]

    def __str__(self) -> str:
        """Write the key for people."""
        return f"{self.record.__name__}({', '.join(self.parts)})"
