"""Payers: whose money it is, and how many PIN tries they have left.

A try is reserved by a commit before the PIN is checked, so parallel guesses cannot outrun the
counter (DESIGN section 6). What must hold: after the last try only an operator unlocks.
"""

from typing import ClassVar

from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import PayerId
from tillgate.kernel.record import Record
from tillgate.kernel.results import Result

PIN_TRIES_MAX = 3
WALLET = "wallet"
"""The issuer that keeps payers' money in our own ledger."""


class Payer(Record, frozen=True, kw_only=True):
    """A payer.

    Attributes:
        name: shown to the payer.
        issuer: who holds the funds: `wallet`, or the name of an outside issuer.
        pin_hash: argon2id over an HMAC of the PIN; never leaves the server.
        pin_tries_used: tries since the last right PIN.
        created_at_ms: when an operator registered the payer.
        about: one sentence for a sandbox's sign-in page, else "".
    """

    key_fields: ClassVar[tuple[str, ...]] = ("payer_id",)

    payer_id: PayerId
    name: str
    issuer: str
    pin_hash: str
    created_at_ms: int
    pin_tries_used: int = 0
    about: str = ""

    @property
    def is_locked(self) -> bool:
        """Tell whether no PIN try is left."""
        return self.pin_tries_used >= PIN_TRIES_MAX

    @property
    def pin_tries_left(self) -> int:
        """Return how many PIN tries are left."""
        return max(0, PIN_TRIES_MAX - self.pin_tries_used)


def check_payer(payer: Payer | None) -> Payer:
    """Return the payer if it may pay; raise `Refused` otherwise."""
    if payer is None:
        raise Refused(Result.USER_NOT_EXIST)
    if payer.is_locked:
        raise Refused(Result.USER_STATUS_ABNORMAL)
    return payer
