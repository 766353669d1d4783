"""PIN tries, reserved before the check and given back by a right PIN; and the end of sessions.

What must hold: a try counts from the commit that reserves it, so a thousand parallel guesses get
three checks, and a crash between reserving and checking costs a try, rather than giving one, until
the next right PIN; nobody is told of a lock while a try that may be right is still being checked.
"""

from collections.abc import Sequence
from typing import final

import msgspec

from tillgate.acquiring.payer import PIN_TRIES_MAX, Payer, check_open, check_proven
from tillgate.engine.commands import AcceptPin, ReservePinTry
from tillgate.engine.payer_commands import EndSessions, RejectPin, ReleasePinTry
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.record import Key
from tillgate.kernel.results import Result


class PinTry(msgspec.Struct, frozen=True, kw_only=True):
    """A reserved try, and how many are left if it is wrong; no hash, since outcomes are kept.

    Attributes:
        must_wait: none was reserved: all are open, so one of them may turn out to be right.
    """

    tries_left: int
    must_wait: bool = False


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """How many tries are left, or may be, after a wrong one."""

    tries_left: int


class SessionsEnded(msgspec.Struct, frozen=True, kw_only=True):
    """Which number sessions carry from now on."""

    session_no: int


class Accepted(msgspec.Struct, frozen=True):
    """The payer has all tries again, or the one that was not checked."""


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
        payer = rows.get(Payer, command.payer_id)
        if payer is None:
            raise Refused(Result.USER_NOT_EXIST)
        payer, most = payer.tries_at(moment.now_ms), min(command.tries_max, PIN_TRIES_MAX)
        if payer.pin_tries_wrong >= most:
            check_open(payer)
            raise Refused(Result.USER_STATUS_ABNORMAL)
        if payer.pin_tries_used >= most:
            return PinTry(tries_left=0, must_wait=True)
        payer = payer.try_reserved(moment.now_ms)
        rows.update(payer)
        return PinTry(tries_left=most - payer.pin_tries_used)


@final
class RejectPinVerb:
    """Decides `RejectPin`."""

    outcome = Rejected

    def lookups(self, command: RejectPin) -> Sequence[Lookup]:
        """Need nothing resolved."""
        return ()

    def keys(self, command: RejectPin, found: Found) -> Sequence[Key]:
        """Name the payer."""
        return [Key(Payer, (command.payer_id,))]

    def decide(self, command: RejectPin, rows: Rows, found: Found, moment: Moment) -> Rejected:
        """Leave the try used, and open no more."""
        payer = rows.must(Payer, command.payer_id).tries_at(moment.now_ms)
        if payer.pin_tries_open:
            payer = payer.try_wrong()
            rows.update(payer)
        most = min(command.tries_max, PIN_TRIES_MAX)
        return Rejected(tries_left=max(0, most - payer.pin_tries_wrong))


@final
class ReleasePinTryVerb:
    """Decides `ReleasePinTry`."""

    outcome = Accepted

    def lookups(self, command: ReleasePinTry) -> Sequence[Lookup]:
        """Need nothing resolved."""
        return ()

    def keys(self, command: ReleasePinTry, found: Found) -> Sequence[Key]:
        """Name the payer."""
        return [Key(Payer, (command.payer_id,))]

    def decide(self, command: ReleasePinTry, rows: Rows, found: Found, moment: Moment) -> Accepted:
        """Take the try back if it is still open; one that was open for too long was wrong."""
        payer = rows.must(Payer, command.payer_id).tries_at(moment.now_ms)
        if payer.pin_tries_open:
            rows.update(payer.try_released())
        return Accepted()


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
        """Give all tries back, unless the PIN was changed since it was checked."""
        payer = rows.must(Payer, command.payer_id)
        check_proven(payer, command.session_no)
        if payer.pin_tries_used:
            rows.update(payer.try_right())
        return Accepted()


@final
class EndSessionsVerb:
    """Decides `EndSessions`."""

    outcome = SessionsEnded

    def lookups(self, command: EndSessions) -> Sequence[Lookup]:
        """Need nothing resolved."""
        return ()

    def keys(self, command: EndSessions, found: Found) -> Sequence[Key]:
        """Name the payer."""
        return [Key(Payer, (command.payer_id,))]

    def decide(
        self,
        command: EndSessions,
        rows: Rows,
        found: Found,
        moment: Moment,
    ) -> SessionsEnded:
        """End the sessions that carry this number; those of a later one go on."""
        payer = rows.must(Payer, command.payer_id)
        if payer.session_no == command.session_no:
            payer = payer.sessions_ended()
            rows.update(payer)
        return SessionsEnded(session_no=payer.session_no)
