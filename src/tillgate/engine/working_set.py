"""The working set of a batch and the overlay of one command.

Every command decides on an overlay, which is merged only when it succeeds: an exception fails that
command alone. What must hold: a verb touches only rows it named before they were locked; a row that
was absent is recorded as absent, so a second creator in the batch sees the first.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar, cast, final

from tillgate.engine.ports import Change
from tillgate.kernel.errors import Broken
from tillgate.kernel.record import Key, Record

R = TypeVar("R", bound=Record)


class Contradiction(Broken):
    """The rows do not fit together: one that must be there is not, or the other way round.

    Rows are read table after table, and what another process commits in between may be seen in one
    table and not in another. So the rows are read anew before this counts as a defect.
    """


class Rows(Protocol):
    """What a verb sees of the store: the locked rows, and its own changes to them."""

    def get(self, record: type[R], *parts: str | int) -> R | None:
        """Return the row of this key, or None when there is none; it must have been named."""
        ...

    def must(self, record: type[R], *parts: str | int) -> R:
        """Return the row of this key; its absence is a defect of ours."""
        ...

    def insert(self, row: Record) -> None:
        """Add a row that does not exist yet."""
        ...

    def update(self, row: Record) -> None:
        """Change a row that exists."""
        ...


@final
class WorkingSet:
    """All rows that a batch locked, as they were loaded and as they are now."""

    def __init__(self, loaded: Mapping[Key, Record | None]) -> None:
        """Start from what the store locked."""
        self._loaded = loaded
        self._now: dict[Key, Record | None] = dict(loaded)

    def knows(self, key: Key) -> bool:
        """Tell whether the key was locked or written in this batch."""
        return key in self._now

    def get(self, key: Key) -> Record | None:
        """Return the row as the batch sees it now."""
        return self._now[key]

    def loaded(self, row: Record) -> Record | None:
        """Return what the store held of this row before the batch, or None when it is new."""
        return self._loaded.get(row.key)

    def merge(self, changed: Mapping[Key, Record]) -> None:
        """Take over what one command changed."""
        self._now.update(changed)

    def changes(self) -> Sequence[Change]:
        """Return every row that differs from what was loaded."""
        found = []
        for key, row in self._now.items():
            before = self._loaded.get(key)
            if row is not None and row is not before and row != before:
                found.append(Change(row, before is None))
        return found


@final
class Overlay:
    """One command's view of the working set, dropped when the command fails."""

    def __init__(self, base: WorkingSet) -> None:
        """Look at `base` and keep changes apart from it."""
        self._base = base
        self.changed: dict[Key, Record] = {}

    def get(self, record: type[R], *parts: str | int) -> R | None:
        """Return the row of this key, or None when there is none; it must have been named."""
        key = Key(record, tuple(str(part) for part in parts))
        if key in self.changed:
            return cast("R", self.changed[key])
        if not self._base.knows(key):
            message = f"{key} was not locked before it was read"
            raise Broken(message)
        return cast("R | None", self._base.get(key))

    def must(self, record: type[R], *parts: str | int) -> R:
        """Return the row of this key; its absence is a defect of ours."""
        row = self.get(record, *parts)
        if row is None:
            message = f"{record.__name__}({', '.join(map(str, parts))}) is missing"
            raise Contradiction(message)
        return row

    def insert(self, row: Record) -> None:
        """Add a row that does not exist yet; the store has the last word on that."""
        key = row.key
        if key in self.changed or (self._base.knows(key) and self._base.get(key) is not None):
            message = f"{key} exists already"
            raise Contradiction(message)
        self.changed[key] = row

    def update(self, row: Record) -> None:
        """Change a row that exists and was locked."""
        key = row.key
        known = key in self.changed or (self._base.knows(key) and self._base.get(key) is not None)
        if not known:
            message = f"{key} is changed but was not locked"
            raise Broken(message)
        self.changed[key] = row
