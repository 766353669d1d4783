"""The rows of a run as the auditor reads them: entries with their legs, orders, and sums.

It reads fields by name and adds integers; it shares nothing with the ledger's own audit or with
bookkeeping's. What must hold: it believes no total that a row states, only postings.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple, final

from tillgate.engine.ports import Select
from tillgate.kernel.record import Record
from tillgate.storage.memory import MemoryStore

ALL = 10**9


class Leg(NamedTuple):
    """Money that moved."""

    kind: str
    book: str
    reference: str
    source: str
    destination: str
    minor: int
    currency: str


@final
class Books:
    """Everything that was kept."""

    def __init__(self, rows: dict[str, Sequence[Any]]) -> None:
        """Sort the rows out."""
        self.orders = {(row.merchant_id, row.merchant_trans_id): row for row in rows["Acquirement"]}
        self.attempts = rows["Attempt"]
        self.refunds = {(row.merchant_id, row.merchant_refund_id): row for row in rows["Refund"]}
        self.notifications = rows["Notification"]
        self.sends = rows["NotificationSend"]
        self.balances = {row.account: row.money.minor for row in rows["Balance"]}
        self.calls = {
            (row.merchant_id, row.merchant_trans_id, row.call_id): row for row in rows["Call"]
        }
        self.entries = rows["Entry"]
        self.legs = _legs(rows["Entry"], rows["Posting"])
        self.sums: Counter[str] = Counter()
        self.of: dict[tuple[str, str], list[Leg]] = defaultdict(list)
        """Legs by book and reference."""
        for leg in self.legs:
            self.sums[leg.source] -= leg.minor
            self.sums[leg.destination] += leg.minor
            self.of[leg.book, leg.reference].append(leg)

    def payments(self, merchant: str, acquirement: str) -> list[Leg]:
        """Return the legs by which an order was paid."""
        return [leg for leg in self.of[merchant, acquirement] if leg.kind == "PAYMENT"]

    def given_back(self, merchant: str, acquirement: str) -> int:
        """Return what a merchant gave back of an order, less what an issuer would not take."""
        total = 0
        for (book, reference), legs in self.of.items():
            if book == merchant and acquirement in reference.split(":"):
                for leg in legs:
                    signs = {"REFUND": 1, "REFUND_DECLINED": -1}
                    total += signs.get(leg.kind, 0) * leg.minor
        return total


async def read_books(store: MemoryStore, kinds: Sequence[type[Record]]) -> Books:
    """Read all rows of these kinds."""
    rows: dict[str, Sequence[Any]] = {}
    for kind in kinds:
        rows[kind.__name__] = await store.select(Select(record=kind, limit=ALL))
    return Books(rows)


def _legs(entries: Sequence[Any], postings: Sequence[Any]) -> list[Leg]:
    named = {(entry.book, entry.entry_id): entry for entry in entries}
    legs = []
    for posting in postings:
        entry = named.get((posting.book, posting.entry_id))
        kind, reference = (str(entry.kind), entry.reference) if entry else ("?", "?")
        legs.append(
            Leg(
                kind=kind,
                book=posting.book,
                reference=reference,
                source=posting.source,
                destination=posting.destination,
                minor=posting.money.minor,
                currency=posting.money.currency.code,
            )
        )
    return legs
