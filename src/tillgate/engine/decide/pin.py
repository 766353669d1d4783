"""PIN tries: reserved before the check, given back by a right PIN.

What must hold: a try counts from the commit that reserves it, so a thousand parallel guesses get
three checks, and a crash between reserving and checking costs a try rather than giving one.
"""

from collections.abc import Sequence
from typing import final

import msgspec

from tillgate.acquiring.payer import Payer, check_payer
from tillgate.engine.commands import AcceptPin, ReservePinTry
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.record import Key


class PinTry(msgspec.Struct, frozen=True, kw_only=True):
    """A reserved try, and how many are left if it is wrong; no hash, since outcomes are kept."""

    tries_left: int


class Accepted(msgspec.Struct, frozen=True):
    """The payer has all tries again."""


@final
class ReservePinTryVerb:
    """Decides `ReservePinTry`."""

    outcome = PinTry

    def lookups(self, command: ReservePinTry) -> Sequence[Lookup]:
        """Need nothing resolved."""
        return ()

    def keys(self, command: ReservePinTry, found: Found) -> Sequence[Key]:
        """Name the payer."""
        return [Key(Payer, (command.payer_id,))]

    def decide(
        self,
        command: ReservePinTry,
        rows: Rows,
        found: Found,
        moment: Moment,
    ) -> PinTry:
        """Count a try; refuse when none is left."""
        payer = check_payer(rows.get(Payer, command.payer_id))
        payer = payer.replaced(pin_tries_used=payer.pin_tries_used + 1)
        rows.update(payer)
        return PinTry(tries_left=payer.pin_tries_left)


@final
class AcceptPinVerb:
    """Decides `AcceptPin`."""

    outcome = Accepted

    def lookups(self, command: AcceptPin) -> Sequence[Lookup]:
        """Need nothing resolved."""
        return ()

    def keys(self, command: AcceptPin, found: Found) -> Sequence[Key]:
        """Name the payer."""
        return [Key(Payer, (command.payer_id,))]

    def decide(
        self,
        command: AcceptPin,
        rows: Rows,
        found: Found,
        moment: Moment,
    ) -> Accepted:
        """Give all tries back."""
        payer = rows.must(Payer, command.payer_id)
        if payer.pin_tries_used:
            rows.update(payer.replaced(pin_tries_used=0))
        return Accepted()
