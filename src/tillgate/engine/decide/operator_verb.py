"""What all operators' verbs share: who acts, what stands in the log, and what a repeat is told.

It does not know what any of them changes (`operate`). What must hold: a change and its row in the
append-only log are one commit; no row carries a secret; an operation id, which an operator types
again when an answer was lost, does one thing once, also when only the log still knows it.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeVar, final

import msgspec

from tillgate.acquiring.operator import OperatorAction
from tillgate.acquiring.payer import Payer
from tillgate.engine.commands import OperatorCommand
from tillgate.engine.decide import parts
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.clock import rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import Money
from tillgate.kernel.record import Key
from tillgate.kernel.results import Result

O = TypeVar("O", bound=OperatorCommand, contravariant=True)  # noqa: E741  One letter, as type variables are.

_OTHER: Final = "Operation {id} was something else; give each its own id, or leave it out."
_OVER: Final = "Operation {id} was done on {at}; its answer is no longer kept."


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """What now holds: the subject, and whether this command changed anything."""

    subject: str
    changed: bool


class ToppedUp(msgspec.Struct, frozen=True, kw_only=True):
    """The payer's balance after a top-up."""

    payer_id: str
    balance: Money


class Act(Protocol[O]):
    """The part of an operator's verb that differs."""

    def __call__(self, command: O, rows: Rows, moment: Moment) -> Registered | ToppedUp:
        """Change rows and return the outcome."""
        ...


class Name(Protocol[O]):
    """Names the rows an operator's verb may touch."""

    def __call__(self, command: O) -> Sequence[Key]:
        """Return the keys."""
        ...


@final
class OperatorVerb:
    """An operator's verb: act, and log in the same commit when something changed."""

    def __init__(self, action: str, outcome: object, *, name: Name[Any], act: Act[Any]) -> None:
        """Bind what differs between operators' commands."""
        self.outcome = outcome
        self._action = action
        self._name = name
        self._act = act

    def lookups(self, command: OperatorCommand) -> Sequence[Lookup]:
        """Need nothing resolved."""
        return ()

    def keys(self, command: OperatorCommand, found: Found) -> Sequence[Key]:
        """Name the subject's rows and the log's."""
        return [*self._name(command), Key(OperatorAction, (command.operation_id,))]

    def decide(
        self,
        command: OperatorCommand,
        rows: Rows,
        found: Found,
        moment: Moment,
    ) -> Registered | ToppedUp:
        """Act; a command that changed nothing leaves no trace."""
        check_named(command)
        self._check_new(command, rows)
        outcome = self._act(command, rows, moment)
        if isinstance(outcome, Registered) and not outcome.changed:
            return outcome
        rows.insert(self._logged(command, _subject(outcome), now_ms=moment.now_ms))
        return outcome

    def check_repeated(self, command: OperatorCommand, rows: Rows) -> None:
        """Refuse an operation id that was something else before, if only by another operator."""
        before = rows.get(OperatorAction, command.operation_id)
        if before is None or before != self._logged(command, before.subject, now_ms=before.at_ms):
            sentence = _OTHER.format(id=command.operation_id)
            raise Refused(Result.REPEAT_REQ_INCONSISTENT, sentence, path="operation_id")

    def _check_new(self, command: OperatorCommand, rows: Rows) -> None:
        """Refuse what was done so long ago that only the log still knows it."""
        before = rows.get(OperatorAction, command.operation_id)
        if before is not None:
            self.check_repeated(command, rows)
            sentence = _OVER.format(id=command.operation_id, at=rfc3339(before.at_ms))
            raise Refused(Result.REPEAT_REQ_INCONSISTENT, sentence, path="operation_id")

    def _logged(self, command: OperatorCommand, subject: str, *, now_ms: int) -> OperatorAction:
        return parts.logged(command, self._action, subject, now_ms=now_ms)


def check_named(command: OperatorCommand) -> None:
    """Refuse a command that nobody stands for."""
    if not command.operator.strip():
        sentence = "Say who you are: every change is logged under an operator's name."
        raise Refused(Result.PARAM_MISSING, sentence)


def _subject(outcome: Registered | ToppedUp) -> str:
    if isinstance(outcome, Registered):
        return outcome.subject
    return str(Key(Payer, (outcome.payer_id,)))
