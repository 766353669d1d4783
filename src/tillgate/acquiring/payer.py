"""Payers: whose money it is, and how many PIN tries they have left.

A try is reserved by a commit before the PIN is checked, so parallel guesses cannot outrun the
counter (DESIGN section 6). While it is checked, perhaps by another process, it is open: it counts
as used, and it is not wrong yet. What must hold: after the last wrong try only an operator unlocks;
a try whose process died counts as wrong when its time is over, unless a right PIN came after it; an
erased payer is never unlocked.
"""

from typing import ClassVar

from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import PayerId
from tillgate.kernel.record import Record
from tillgate.kernel.results import Result

PIN_TRIES_MAX = 3
STRANGER_TRIES_MAX = 2
"""How many of them a browser has that this payer never signed in from, in production: so whoever
knows no more than a payer's name locks nobody out."""
CHECK_MS_MAX = 20 * SECOND_MS
"""How long a reserved try may be open: a check takes 33 ms, and may have to wait its turn."""
ERASED = "erased"
"""In place of a PIN's hash, when the person was erased: no PIN ever fits it."""
ERASED_NAME = "-"
CHANGED = "The PIN was changed or the session ended while it was checked; sign in again."
CLOSED = "The paying account was closed for good; pay with another account."
WALLET = "wallet"
"""The issuer that keeps payers' money in our own ledger."""


class Payer(Record, frozen=True, kw_only=True):
    """A payer.

    Attributes:
        name: shown to the payer.
        issuer: who holds the funds: `wallet`, or the name of an outside issuer.
        pin_hash: argon2id over an HMAC of the PIN; never leaves the server.
        pin_tries_used: tries since the last right PIN, those among them that are open included.
        pin_tries_open: tries that are being checked now.
        pin_open_until_ms: from then on they count as wrong.
        pin_tries_outlived: those among them that a right PIN came after; they may be wrong as long
            as they are checked, and are forgiven when their process died.
        created_at_ms: when an operator registered the payer.
        about: one sentence for a sandbox's sign-in page, else "".
        session_no: how often this payer's sessions were ended; those of earlier numbers are over.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("payer_id",)

    payer_id: PayerId
    name: str
    issuer: str
    pin_hash: str
    created_at_ms: int
    pin_tries_used: int = 0
    about: str = ""
    session_no: int = 0
    pin_tries_open: int = 0
    pin_open_until_ms: int = 0
    pin_tries_outlived: int = 0

    @property
    def is_erased(self) -> bool:
        """Tell whether the person behind this payer was erased."""
        return self.pin_hash == ERASED

    def sessions_ended(self) -> "Payer":
        """Return the payer with every session that was issued until now over."""
        return self.replaced(session_no=self.session_no + 1)

    def erased(self) -> "Payer":
        """Return what stays of a payer whose person goes: the number, the issuer, the time."""
        gone = self.replaced(name=ERASED_NAME, pin_hash=ERASED, about="")
        return gone.tries_set(PIN_TRIES_MAX).sessions_ended()

    @property
    def pin_tries_wrong(self) -> int:
        """Return how many PIN tries were wrong since the last right one."""
        return self.pin_tries_used - self.pin_tries_open

    @property
    def is_locked(self) -> bool:
        """Tell whether no PIN try is left, nor one that may yet turn out to be right."""
        return self.is_erased or self.pin_tries_wrong >= PIN_TRIES_MAX

    @property
    def pin_tries_left(self) -> int:
        """Return how many PIN tries are left."""
        return max(0, PIN_TRIES_MAX - self.pin_tries_used)

    def tries_at(self, now_ms: int) -> "Payer":
        """Return the payer as of an instant: what was open for too long was wrong."""
        if not self.pin_tries_open or now_ms < self.pin_open_until_ms:
            return self
        return self.tries_set(self.pin_tries_used - self.pin_tries_outlived)

    def tries_set(self, used: int) -> "Payer":
        """Return the payer with so many wrong tries and none open."""
        return self.replaced(pin_tries_used=used, pin_tries_open=0, pin_tries_outlived=0)

    def try_reserved(self, now_ms: int) -> "Payer":
        """Return the payer with one more try, which is open."""
        return self.replaced(
            pin_tries_used=self.pin_tries_used + 1,
            pin_tries_open=self.pin_tries_open + 1,
            pin_open_until_ms=now_ms + CHECK_MS_MAX,
        )

    def try_wrong(self) -> "Payer":
        """Return the payer with one open try less, which stays used."""
        return self._with_open(max(0, self.pin_tries_open - 1))

    def try_released(self) -> "Payer":
        """Return the payer without an open try: it was never checked."""
        gone = min(1, self.pin_tries_open)
        left = self._with_open(self.pin_tries_open - gone)
        return left.replaced(pin_tries_used=self.pin_tries_used - gone)

    def try_right(self) -> "Payer":
        """Return the payer with all tries again but those that others are checking."""
        if self.is_erased:
            return self
        still_open = max(0, self.pin_tries_open - 1)
        return self.replaced(
            pin_tries_used=still_open, pin_tries_open=still_open, pin_tries_outlived=still_open
        )

    def _with_open(self, count: int) -> "Payer":
        """Return the payer with fewer open tries; nobody knows which, so the oldest stay."""
        outlived = min(self.pin_tries_outlived, count)
        return self.replaced(pin_tries_open=count, pin_tries_outlived=outlived)


def check_payer(payer: Payer | None) -> Payer:
    """Return the payer if it may pay; raise `Refused` otherwise."""
    if payer is None:
        raise Refused(Result.USER_NOT_EXIST)
    check_open(payer)
    if payer.is_locked:
        raise Refused(Result.USER_STATUS_ABNORMAL)
    return payer


def check_open(payer: Payer) -> None:
    """Return when the account was not closed; raise `Refused` otherwise."""
    if payer.is_erased:
        raise Refused(Result.USER_STATUS_ABNORMAL, CLOSED)


def check_proven(payer: Payer, session_no: int) -> None:
    """Return when a PIN that was right at this number of sessions still counts.

    Another PIN, the end of the sessions and an erasure each count the number on.
    """
    check_open(payer)
    if payer.session_no != session_no:
        raise Refused(Result.USER_STATUS_ABNORMAL, CHANGED)
