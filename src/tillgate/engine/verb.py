"""What a verb is: how one kind of command names its rows and decides.

A verb is pure: it gets a command, the locked rows, the instant and a maker of identifiers, and
returns an outcome. What must hold: raising `Refused` changes nothing; whatever must be remembered
about a refusal is an outcome instead.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec

from tillgate.engine.commands import Command
from tillgate.engine.ports import Lookup
from tillgate.engine.settings import DecideSettings
from tillgate.engine.working_set import Rows
from tillgate.kernel.ids import IdFactory
from tillgate.kernel.record import Key, Record

C = TypeVar("C", bound=Command, contravariant=True)

Found = Sequence[Record | None]
"""What a command's lookups found, in the order asked; only their fixed fields may be used."""


class ResolutionStale(Exception):
    """What was resolved no longer holds now that the rows are locked: run the command again."""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What a verb may lean on besides its rows: read once a batch."""

    now_ms: int
    ids: IdFactory
    settings: DecideSettings

    def following(self, *earlier_ms: int | None) -> "Moment":
        """Return this moment, no earlier than what it follows.

        Processes whose clocks differ share one database: what another has written may lie ahead.
        """
        known = [each for each in earlier_ms if each is not None]
        return msgspec.structs.replace(self, now_ms=max(self.now_ms, *known, 0))


class Verb(Protocol[C]):
    """One kind of command."""

    @property
    def outcome(self) -> Any:  # noqa: ANN401  A type expression that msgspec decodes to.
        """Return the type of the outcome, with which a recorded one is read back."""
        ...

    def lookups(self, command: C) -> Sequence[Lookup]:
        """Return what must be resolved before the rows can be named."""
        ...

    def keys(self, command: C, found: Found) -> Sequence[Key]:
        """Return every row that may be read or changed."""
        ...

    def decide(self, command: C, rows: Rows, found: Found, moment: Moment) -> object:
        """Return the outcome, with every change made on `rows`."""
        ...


@runtime_checkable
class Recognises(Protocol):
    """A verb whose operation ids people type, so that one may come with another content."""

    def check_repeated(self, command: Any, rows: Rows) -> None:  # noqa: ANN401  Each verb has its own.
        """Raise `Refused` unless this operation id was this very command before."""
        ...
