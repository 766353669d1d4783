"""The issuer port: who holds a payer's funds outside our ledger, and what it may answer.

An issuer is asked between two commits, with no transaction open. What must hold: a timeout or an
error yields Unknown, never Declined; the same reference asked again is the same debit.
"""

from typing import Protocol

import msgspec

from tillgate.kernel.errors import TillgateError
from tillgate.kernel.ids import PayerId
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result


class Approved(msgspec.Struct, frozen=True, tag="approved"):
    """Yes: the issuer moved the money."""


class Declined(msgspec.Struct, frozen=True, tag="declined"):
    """No: the issuer moved nothing and will not for this reference.

    Attributes:
        result: name of the result code that says why.
    """

    result: str = Result.UNAVAILABLE_PAYMENT_METHOD.name


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """Neither yes nor no: it may have happened, and a later query will tell."""


Answer = Approved | Declined | Unknown


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What an issuer is asked.

    Attributes:
        reference: names the debit or refund; the same at every ask.
        asked_at_ms: when it was first asked.
        asks: how often it was asked, this time included.
        lease_until_ms: from then on somebody else asks; whoever asks has its answer by then.
    """

    reference: str
    payer_id: PayerId
    amount: Money
    asked_at_ms: int
    asks: int = 1
    lease_until_ms: int = 0


class Issuer(Protocol):
    """An outside holder of funds."""

    async def debit(self, question: Question) -> Answer:
        """Ask to take the money; return when there is an answer or it is taking too long."""
        ...

    async def query(self, question: Question) -> Answer:
        """Ask what became of a debit; a reference it never saw is Declined."""
        ...

    async def refund(self, question: Question) -> Answer:
        """Ask to take money back for the payer."""
        ...


class WrongPin(TillgateError):
    """The PIN is not the payer's."""


class Pins(Protocol):
    """Hashes and checks PINs, in a bounded pool and never on the event loop."""

    async def hashed(self, pin: str) -> str:
        """Return what may be kept of a PIN."""
        ...

    async def check(self, pin_hash: str, pin: str) -> None:
        """Return when the PIN fits; raise `WrongPin` when it does not."""
        ...
