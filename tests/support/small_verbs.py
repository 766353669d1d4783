"""A few small commands with verbs of their own, to try the engine without any rule of payments.

What must hold: they do nothing a real verb could not do, faults included.
"""

from collections.abc import Mapping, Sequence
from typing import Any, final

import msgspec

from tests.support.records import sample
from tillgate.acquiring.operator import Fact
from tillgate.engine.commands import Command
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment, ResolutionStale, Verb
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import Money
from tillgate.kernel.record import Key
from tillgate.kernel.results import Result
from tillgate.ledger.entries import Balance, Entry


class Done(msgspec.Struct, frozen=True):
    """What happened, and when."""

    what: str
    at_ms: int


class Note(Command, frozen=True, kw_only=True):
    """Write a fact; `poison` names the step that fails."""

    name: str
    value: str = ""
    poison: str = ""


class Claim(Command, frozen=True, kw_only=True):
    """Write a fact that nobody wrote before, or be refused."""

    name: str


class Spend(Command, frozen=True, kw_only=True):
    """Take from a balance without looking, and write a fact; the floor is the store's to guard."""

    minor: int
    name: str = "spent"


class Book(Command, frozen=True, kw_only=True):
    """Write an entry whose reference may be in the books already, under another key."""

    reference: str


class Look(Command, frozen=True, kw_only=True):
    """Resolve a fact that is always said to have gone stale when it is looked at."""

    name: str


@final
class NoteVerb:
    """Decides `Note`."""

    outcome = Done

    def lookups(self, command: Note) -> Sequence[Lookup]:
        """Look for nothing, or fail."""
        _fail_at("lookups", command)
        return [Lookup(Fact, (("name", command.name),))]

    def keys(self, command: Note, found: Found) -> Sequence[Key]:
        """Name the fact, or fail."""
        _fail_at("keys", command)
        return [Key(Fact, (command.name,))]

    def decide(self, command: Note, rows: Rows, found: Found, moment: Moment) -> object:
        """Write the fact, then fail perhaps."""
        fact = Fact(name=command.name, value=command.value)
        if rows.get(Fact, command.name) is None:
            rows.insert(fact)
        else:
            rows.update(fact)
        _fail_at("decide", command)
        if command.poison == "outcome":
            return object()
        if command.poison == "text":
            rows.update(Fact(name=command.name, value="\ud800"))
        return Done(command.value, moment.now_ms)


@final
class ClaimVerb:
    """Decides `Claim`."""

    outcome = Done

    def lookups(self, command: Claim) -> Sequence[Lookup]:
        """Look for nothing."""
        return []

    def keys(self, command: Claim, found: Found) -> Sequence[Key]:
        """Name the fact."""
        return [Key(Fact, (command.name,))]

    def decide(self, command: Claim, rows: Rows, found: Found, moment: Moment) -> Done:
        """Write the fact unless it is there."""
        if rows.get(Fact, command.name) is not None:
            raise Refused(Result.ACCESS_DENIED, "somebody was first")
        rows.insert(Fact(name=command.name, value=command.operation_id))
        return Done("claimed", moment.now_ms)


@final
class SpendVerb:
    """Decides `Spend`."""

    outcome = Done

    def lookups(self, command: Spend) -> Sequence[Lookup]:
        """Look for nothing."""
        return []

    def keys(self, command: Spend, found: Found) -> Sequence[Key]:
        """Name the balance and the fact."""
        return [sample(Balance).key, Key(Fact, (command.name,))]

    def decide(self, command: Spend, rows: Rows, found: Found, moment: Moment) -> Done:
        """Take the money."""
        row = rows.must(Balance, *sample(Balance).key.parts)
        rows.update(row.replaced(money=row.money - Money.of(command.minor, "HKD")))
        if rows.get(Fact, command.name) is None:
            rows.insert(Fact(name=command.name, value=""))
        return Done("spent", moment.now_ms)


@final
class BookVerb:
    """Decides `Book`."""

    outcome = Done

    def lookups(self, command: Book) -> Sequence[Lookup]:
        """Look for nothing."""
        return []

    def keys(self, command: Book, found: Found) -> Sequence[Key]:
        """Name nothing: the store has the last word."""
        return []

    def decide(self, command: Book, rows: Rows, found: Found, moment: Moment) -> Done:
        """Write the entry."""
        rows.insert(sample(Entry, entry_id=command.operation_id, reference=command.reference))
        return Done("booked", moment.now_ms)


@final
class LookVerb:
    """Decides `Look`."""

    outcome = Done

    def lookups(self, command: Look) -> Sequence[Lookup]:
        """Look for the fact."""
        return [Lookup(Fact, (("name", command.name),))]

    def keys(self, command: Look, found: Found) -> Sequence[Key]:
        """Name the fact."""
        return [Key(Fact, (command.name,))]

    def decide(self, command: Look, rows: Rows, found: Found, moment: Moment) -> Done:
        """Say that what was found holds no longer."""
        raise ResolutionStale


SMALL_VERBS: Mapping[type[Command], Verb[Any]] = {
    Note: NoteVerb(),
    Claim: ClaimVerb(),
    Spend: SpendVerb(),
    Book: BookVerb(),
    Look: LookVerb(),
}


def _fail_at(step: str, command: Note) -> None:
    if command.poison == step:
        message = f"poison in {step}"
        raise ArithmeticError(message)
