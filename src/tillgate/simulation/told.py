"""What each simulated client was told: the auditor's other witness beside the rows.

A telling is one answer that really reached somebody. What must hold: an answer that was lost on its
way is no telling; one that came twice is two.
"""

from typing import Any, NamedTuple, final


class Telling(NamedTuple):
    """One answer.

    Attributes:
        act: pay, confirm, close, look, debit, refund, cancel or query.
        code: a callback's code for a page, a result code for a server, "" for neither.
        name: the result's name in a callback's memo, else "".
        amount: what the request was about, in minor units.
        subject: the callId of a page, the refund's number, else "".
        began_ms, ended_ms: when the request was first sent, and when this answer came.
        is_twisted: the request had another content than the one first sent under its number.
        said: the whole answer.
    """

    act: str
    merchant: str
    trans: str
    subject: str
    payer: str
    amount: int
    code: str
    name: str
    began_ms: int
    ended_ms: int
    is_twisted: bool
    said: dict[str, Any]

    @property
    def order(self) -> str:
        """Name the order."""
        return f"{self.merchant}/{self.trans}"


@final
class Tellings:
    """All of a run."""

    def __init__(self) -> None:
        """Start with none."""
        self.all: list[Telling] = []

    def of(self, *acts: str) -> list[Telling]:
        """Return the tellings of some acts, in the order in which they came."""
        return [telling for telling in self.all if telling.act in acts]
