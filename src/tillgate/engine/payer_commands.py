"""Commands of a payer's own PIN and sessions that belong to no payment.

They are decided by `decide.pin`. What must hold: none of them carries a PIN or a session's token.
"""

from tillgate.acquiring.payer import PIN_TRIES_MAX
from tillgate.engine.commands import Command
from tillgate.kernel.ids import PayerId


class RejectPin(Command, frozen=True, kw_only=True):
    """The PIN was wrong: the try that was reserved for it is not open any more."""

    payer_id: PayerId
    tries_max: int = PIN_TRIES_MAX


class ReleasePinTry(Command, frozen=True, kw_only=True):
    """The PIN could not be checked: the try that was reserved for it does not count."""

    payer_id: PayerId


class EndSessions(Command, frozen=True, kw_only=True):
    """A payer signed out of the session of this number: it ends, and all others with it."""

    payer_id: PayerId
    session_no: int
