"""What one commit wrote, as watchers see it: each row with what it was before.

It decides nothing and reads nothing. What must hold: it is made after the commit, from that commit
alone, so whoever watches sees no change twice, and none that was rolled back. One whose commit was
not answered is seen when a next try finds its operation, and by nobody if none does: who must not
miss it reads the store.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar, final

from tillgate.kernel.record import Record
from tillgate.ledger.entries import Entry, Journal, Posting

R = TypeVar("R", bound=Record)

Written = tuple[Record, Record | None]
"""A row as it is now, and as it was, or None when it is new."""


@final
class Committed:
    """The rows that one commit wrote."""

    __slots__ = ("_written",)

    def __init__(self, written: Sequence[Written]) -> None:
        """Keep the rows."""
        self._written = written

    def __bool__(self) -> bool:
        """Tell whether anything was written."""
        return bool(self._written)

    def of(self, record: type[R]) -> list[tuple[R, R | None]]:
        """Return the rows of one kind, each with what it was before."""
        return [
            (row, before if isinstance(before, record) else None)
            for row, before in self._written
            if isinstance(row, record)
        ]

    def journals(self) -> list[Journal]:
        """Return the entries that were written, each with its postings in their order."""
        postings = sorted((row for row, _ in self.of(Posting)), key=lambda leg: leg.leg_no)
        return [
            Journal(entry, tuple(leg for leg in postings if _belongs(leg, entry)))
            for entry, _ in self.of(Entry)
        ]


Watcher = Callable[[Committed], None]
"""Called after each commit, before its callers are answered; it must be quick and never wait."""


def _belongs(posting: Posting, entry: Entry) -> bool:
    return (posting.book, posting.entry_id) == (entry.book, entry.entry_id)
