"""The observer port: what an engine tells of its batches while it works, for counting and tracing.

The engine measures nothing itself: an observer reads its own clock when it is told. What must hold:
nothing is decided by what an observer does, and one that fails is logged and changes nothing. What
a commit wrote is told to watchers (`Engine.watch`), not here.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, final

from tillgate.engine.commands import Command
from tillgate.engine.lanes import Job, Lane
from tillgate.kernel.errors import TillgateError


class Observer(Protocol):
    """Is told what an engine does, in the order in which it does it; it must be quick."""

    def began(self, jobs: Sequence[Job], waiting: Mapping[Lane, int]) -> None:
        """Hear that a try of a batch begins, and how many commands still wait in each lane."""
        ...

    def decided(self, jobs: Sequence[Job]) -> None:
        """Hear that the batch is decided; writing and committing it begins."""
        ...

    def committed(self, jobs: Sequence[Job]) -> None:
        """Hear that the batch is committed, or that it had nothing to write."""
        ...

    def failed(self, jobs: Sequence[Job], error: Exception) -> None:
        """Hear that this try came to nothing, or that nobody knows whether it did."""
        ...

    def answered(self, command: Command) -> None:
        """Hear that a caller got its outcome."""
        ...

    def refused(self, command: Command, error: TillgateError) -> None:
        """Hear that a caller got this error."""
        ...


@final
class Unobserved:
    """Hears and forgets."""

    def began(self, jobs: Sequence[Job], waiting: Mapping[Lane, int]) -> None:
        """Do nothing."""

    def decided(self, jobs: Sequence[Job]) -> None:
        """Do nothing."""

    def committed(self, jobs: Sequence[Job]) -> None:
        """Do nothing."""

    def failed(self, jobs: Sequence[Job], error: Exception) -> None:
        """Do nothing."""

    def answered(self, command: Command) -> None:
        """Do nothing."""

    def refused(self, command: Command, error: TillgateError) -> None:
        """Do nothing."""


UNOBSERVED: Final = Unobserved()
