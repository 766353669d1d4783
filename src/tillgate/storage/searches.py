"""The indexes that only make a search quick: what they are over, in which order, of which rows.

Kept apart from the tables, because statements must say what a partial index asks for, without
loading SQLAlchemy. What must hold: an index that a payment writes to answers a question that is
asked while somebody waits, or finds what is forgotten; one of few rows leaves all others out
(`sparse`).
"""

from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.agreement import Agreement, Grant
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Call
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.replay import RequestMark
from tillgate.acquiring.risk.records import DeviceSeen, RiskDecision
from tillgate.engine.operation import Operation
from tillgate.kernel.record import Record
from tillgate.storage.shape import Shape


class Search(NamedTuple):
    """An index that only makes a search quick.

    Attributes:
        fields: what it is over; a leading "-" means descending. Ties go by key.
        sentence: what it is for.
        sparse: a field; rows that say nothing there, neither null nor "", are left out.
    """

    fields: tuple[str, ...]
    sentence: str
    sparse: str = ""

    @property
    def order(self) -> tuple[tuple[str, bool], ...]:
        """Return each field, and whether it descends."""
        return tuple((name.removeprefix("-"), name.startswith("-")) for name in self.fields)

    def name(self, of: Shape) -> str:
        """Return the name of the index."""
        return f"{of.table}_by_{'_and_'.join(name for name, _ in self.order)}"

    def condition(self, of: Shape) -> str:
        """Return which rows a sparse index holds, as SQL over constants."""
        field = of.field(self.sparse)
        return f"{field.column} IS NOT NULL" if field.nullable else f"{field.column} <> ''"


SEARCHES: Final[Mapping[type[Record], tuple[Search, ...]]] = {
    Acquirement: (
        Search(("state", "expires_at_ms"), "Orders whose time is over are found for expiry."),
        Search(
            ("acquirement_id",), "An order is found by our number when its merchant is unknown."
        ),
        Search(
            ("payer_id", "-paid_at_ms"),
            "A payer's payments are found newest first, for its history and for risk.",
            sparse="payer_id",
        ),
        Search(
            ("merchant_id", "-paid_at_ms"),
            "A merchant's payments are found newest first, for what it took in a day.",
            sparse="paid_at_ms",
        ),
    ),
    Agreement: (
        Search(
            ("payer_id", "merchant_id", "-signed_at_ms"),
            "What a payer allowed a merchant is found, the newest first.",
            sparse="payer_id",
        ),
    ),
    Attempt: (
        Search(
            ("state", "next_ask_at_ms"),
            "Attempts are found when the issuer is asked again, and those that await an operator.",
        ),
    ),
    Call: (Search(("token_hash",), "A cashier is found by the hash of its token."),),
    DeviceSeen: (Search(("device",), "Who else has a device is found."),),
    Grant: (
        Search(
            ("merchant_id", "merchant_agreement_id", "-generation"),
            "The newest tokens of an agreement are found.",
        ),
    ),
    Notification: (Search(("state", "due_at_ms"), "Sends are found when they are due."),),
    Refund: (
        Search(
            ("merchant_id", "merchant_trans_id", "-created_at_ms"),
            "The refunds of an order are found, the newest first.",
        ),
    ),
    Operation: (Search(("at_ms",), "Operations that are too old are found, to be forgotten."),),
    RequestMark: (Search(("at_ms",), "Marks that are too old are found, to be forgotten."),),
    RiskDecision: (
        Search(
            ("device", "outcome", "-at_ms"),
            "What was let pass on a device is found newest first, for what it paid in a day.",
            sparse="device",
        ),
    ),
}


@cache
def sparse_texts(of: Shape) -> Mapping[str, str]:
    """Return what a query must say to use a sparse index, by the text field that it compares.

    A field that may be null needs no word: whatever equals a value is not null.
    """
    return {
        search.sparse: search.condition(of)
        for search in SEARCHES.get(of.record, ())
        if search.sparse and not of.field(search.sparse).nullable
    }
