"""Payments of a chosen amount are asked of the simulated bank, whoever holds the payer's money.

It stands around the verbs that pay and shows them such a payer as one of the bank's; which rule
follows from that is the verbs' own. What must hold: an ordinary amount sees exactly the stored
payer; nothing of what is shown is ever stored.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar, cast, final

from tillgate.acquiring.acquirement import Acquirement, Terms
from tillgate.acquiring.call import Call
from tillgate.acquiring.payer import Payer
from tillgate.engine.commands import Command, Confirm, Debit, OpenCall
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment, Verb
from tillgate.engine.verbs import VERBS
from tillgate.engine.working_set import Contradiction, Rows
from tillgate.issuers import simulated
from tillgate.kernel.money import Money
from tillgate.kernel.record import Key, Record
from tillgate.sandbox.chosen.amounts import chosen

R = TypeVar("R", bound=Record)
PAYING: Final = (Confirm, OpenCall, Debit)
"""The commands by which money leaves a payer."""


def routed(verbs: Mapping[type[Command], Verb[Any]] = VERBS) -> Mapping[type[Command], Verb[Any]]:
    """Return the verbs, with those that pay asking the bank for chosen amounts."""
    return {**verbs, **{kind: Routed(verbs[kind]) for kind in PAYING}}


@final
class Routed:
    """A verb that pays, for a sandbox."""

    def __init__(self, verb: Verb[Any]) -> None:
        """Stand around this verb."""
        self._verb = verb

    @property
    def outcome(self) -> Any:  # noqa: ANN401  As the verb's own.
        """Return the type of the verb's outcome."""
        return self._verb.outcome

    def lookups(self, command: Command) -> Sequence[Lookup]:
        """Return what the verb must have resolved."""
        return self._verb.lookups(command)

    def keys(self, command: Command, found: Found) -> Sequence[Key]:
        """Return the rows the verb may touch."""
        return self._verb.keys(command, found)

    def decide(self, command: Command, rows: Rows, found: Found, moment: Moment) -> object:
        """Let the verb decide, with the payer of a chosen amount shown as one of the bank's."""
        amount = _amount(command, rows, found)
        row = None if amount is None else chosen(amount)
        if row is None or not row.is_asked_of_bank:
            return self._verb.decide(command, rows, found, moment)
        return self._verb.decide(command, _BankRows(rows), found, moment)


def _amount(command: Command, rows: Rows, found: Found) -> Money | None:
    terms = getattr(command, "terms", None)
    if isinstance(terms, Terms):
        return terms.amount
    call = found[0] if found else None
    if not isinstance(call, Call):
        return None
    order = rows.get(Acquirement, call.merchant_id, call.merchant_trans_id)
    return None if order is None else order.amount


@final
class _BankRows:
    """Rows whose payers are the bank's; a payer that is written keeps who holds the money."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._issuers: dict[str, str] = {}

    def get(self, record: type[R], *parts: str | int) -> R | None:
        row = self._rows.get(record, *parts)
        if not isinstance(row, Payer):
            return row
        self._issuers[row.payer_id] = row.issuer
        return cast("R", row.replaced(issuer=simulated.NAME))

    def must(self, record: type[R], *parts: str | int) -> R:
        row = self.get(record, *parts)
        if row is None:
            message = f"{record.__name__}({', '.join(map(str, parts))}) is missing"
            raise Contradiction(message)
        return row

    def insert(self, row: Record) -> None:
        self._rows.insert(row)

    def update(self, row: Record) -> None:
        if isinstance(row, Payer):
            row = row.replaced(issuer=self._issuers[row.payer_id])
        self._rows.update(row)
