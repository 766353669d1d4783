"""The audit of the ledger: a check is a function from the books to findings.

It decides whether what is written adds up, from the rows alone; it does not know what any entry was
for (`bookkeeping.audit` holds entries against payments), and it shares no code with what posts.
What must hold: clean books give no finding, and a planted fault can produce every code below.
Rows of one instant have no order among themselves, nor have those of instants so near that several
processes' clocks may have told them the other way round: floors and times are judged accordingly.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum, unique

import msgspec

from tillgate.kernel.clock import SECOND_MS
from tillgate.ledger.chart import Account
from tillgate.ledger.entries import Balance, Entry, Posting


@unique
class LedgerFault(StrEnum):
    """What can be wrong with the books by themselves."""

    LEGS_MISCOUNTED = "LEGS_MISCOUNTED"
    POSTING_WITHOUT_ENTRY = "POSTING_WITHOUT_ENTRY"
    AMOUNT_NOT_ABOVE_ZERO = "AMOUNT_NOT_ABOVE_ZERO"
    GOES_NOWHERE = "GOES_NOWHERE"
    ACCOUNT_UNKNOWN = "ACCOUNT_UNKNOWN"
    ENTRY_REPEATED = "ENTRY_REPEATED"
    BALANCE_DIFFERS = "BALANCE_DIFFERS"
    BALANCE_UNCALLED_FOR = "BALANCE_UNCALLED_FOR"
    BELOW_ZERO = "BELOW_ZERO"
    SUM_NOT_ZERO = "SUM_NOT_ZERO"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the audit saw.

    Attributes:
        code: names the check; scripts lean on it.
        sentence: what is wrong, with the numbers.
        subject: the row or account it is about.
        is_fault: False for a note: money or questions in flight that an operator should look at.
    """

    code: str
    sentence: str
    subject: str
    is_fault: bool = True


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the ledger holds, in any order."""

    entries: Sequence[Entry] = ()
    postings: Sequence[Posting] = ()
    balances: Sequence[Balance] = ()


CLOCKS_APART_MS = 5 * SECOND_MS
"""How far apart several processes' clocks may be."""
Name = tuple[str, str]
"""An entry's book and id, or an account and a currency."""
Check = Callable[[Books], Iterable[Finding]]


def audit(books: Books) -> Sequence[Finding]:
    """Return what is wrong with the books; nothing, when they are clean."""
    return [finding for check in CHECKS for finding in check(books)]


def sums(postings: Iterable[Posting]) -> Mapping[Name, int]:
    """Return what each account holds in each currency, in minor units, by its postings alone."""
    held: defaultdict[Name, int] = defaultdict(int)
    for posting in postings:
        currency = posting.money.currency.code
        held[posting.source, currency] -= posting.money.minor
        held[posting.destination, currency] += posting.money.minor
    return held


def check_legs(books: Books) -> Iterator[Finding]:
    """Each entry has the postings it says, numbered from 1; each posting has its entry."""
    numbers: defaultdict[Name, list[int]] = defaultdict(list)
    for posting in books.postings:
        numbers[posting.book, posting.entry_id].append(posting.leg_no)
    for entry in books.entries:
        found = sorted(numbers.pop((entry.book, entry.entry_id), []))
        # Not against a list of `legs` numbers: whatever is written there must not end the audit.
        if entry.legs < 1 or len(found) != entry.legs or found != list(range(1, len(found) + 1)):
            sentence = f"The entry says {entry.legs} postings; the postings there are {found}."
            yield _fault(LedgerFault.LEGS_MISCOUNTED, sentence, f"{entry.book}/{entry.entry_id}")
    for (book, entry_id), found in numbers.items():
        sentence = f"{len(found)} postings name an entry that is not there."
        yield _fault(LedgerFault.POSTING_WITHOUT_ENTRY, sentence, f"{book}/{entry_id}")


def check_movements(books: Books) -> Iterator[Finding]:
    """Each posting moves an amount above zero between two accounts of the chart."""
    for posting in books.postings:
        subject = f"{posting.book}/{posting.entry_id}/{posting.leg_no}"
        if posting.money.minor <= 0:
            sentence = f"The posting moves {posting.money}, which is not above zero."
            yield _fault(LedgerFault.AMOUNT_NOT_ABOVE_ZERO, sentence, subject)
        if posting.source == posting.destination:
            sentence = f"The posting moves money from {posting.source} to itself."
            yield _fault(LedgerFault.GOES_NOWHERE, sentence, subject)
        for account in (posting.source, posting.destination):
            if _is_floored(account) is None:
                sentence = f"The chart of accounts has no {account!r}."
                yield _fault(LedgerFault.ACCOUNT_UNKNOWN, sentence, subject)


def check_references(books: Books) -> Iterator[Finding]:
    """What happened is recorded once: one entry of a kind per reference, one entry per id."""
    facts = Counter((entry.book, entry.kind, entry.reference) for entry in books.entries)
    for (book, kind, reference), count in facts.items():
        if count > 1:
            sentence = f"{count} entries of kind {kind} record {reference}; there must be one."
            yield _fault(LedgerFault.ENTRY_REPEATED, sentence, f"{book}/{reference}")


def check_balances(books: Books) -> Iterator[Finding]:
    """Each balance row equals the sum of its postings, and only accounts with a floor have one."""
    held = {name: minor for name, minor in sums(books.postings).items() if _is_floored(name[0])}
    for row in books.balances:
        subject = f"{row.account} {row.currency}"
        if not _is_floored(row.account) or row.money.currency.code != row.currency:
            sentence = f"A row keeps {row.money} for an account that has no row of this kind."
            yield _fault(LedgerFault.BALANCE_UNCALLED_FOR, sentence, subject)
            continue
        summed = held.pop((row.account, row.currency), 0)
        if summed != row.money.minor:
            sentence = f"The row says {row.money.minor} minor units, its postings sum to {summed}."
            yield _fault(LedgerFault.BALANCE_DIFFERS, sentence, subject)
    for (account, currency), summed in held.items():
        if summed:
            sentence = f"There is no row, but the postings sum to {summed} minor units."
            yield _fault(LedgerFault.BALANCE_DIFFERS, sentence, f"{account} {currency}")


def check_floors(books: Books) -> Iterator[Finding]:
    """No account with a floor is below zero: not in its row, and not at any instant of the past.

    What came in by a clock that was ahead may have been there before what went out by another one,
    so an instant counts what came in until `CLOCKS_APART_MS` after it.
    """
    for row in books.balances:
        if row.money.minor < 0:
            sentence = f"The row says {row.money}."
            yield _fault(LedgerFault.BELOW_ZERO, sentence, f"{row.account} {row.currency}")
    for name, instants in _moved(books).items():
        for instant, held in _lowest(instants):
            if held < 0:
                sentence = f"At {instant} ms the postings sum to {held} minor units."
                yield _fault(LedgerFault.BELOW_ZERO, sentence, f"{name[0]} {name[1]}")


def check_total(books: Books) -> Iterator[Finding]:
    """All accounts together hold nothing: balance rows where there must be one, else postings.

    Postings alone sum to zero by their shape; taking the rows for the accounts that keep one makes
    this the trial balance, which a change to a row or a lost posting upsets.
    """
    total: defaultdict[str, int] = defaultdict(int)
    for row in books.balances:
        total[row.currency] += row.money.minor
    for (account, currency), minor in sums(books.postings).items():
        if not _is_floored(account):
            total[currency] += minor
    for currency, minor in total.items():
        if minor:
            sentence = f"All accounts together hold {minor} minor units; it must be 0."
            yield _fault(LedgerFault.SUM_NOT_ZERO, sentence, currency)


CHECKS: Sequence[Check] = (
    check_legs,
    check_movements,
    check_references,
    check_balances,
    check_floors,
    check_total,
)


class _Flow:
    """What came into an account at one instant, and what went out."""

    __slots__ = ("came", "went")

    def __init__(self) -> None:
        self.came = 0
        self.went = 0


def _moved(books: Books) -> Mapping[Name, Mapping[int, _Flow]]:
    """Return what moved at each instant, for each account with a floor and each currency."""
    at_ms = {(entry.book, entry.entry_id): entry.at_ms for entry in books.entries}
    moved: defaultdict[Name, defaultdict[int, _Flow]] = defaultdict(lambda: defaultdict(_Flow))
    for posting in books.postings:
        instant = at_ms.get((posting.book, posting.entry_id))
        if instant is None:
            continue
        currency, minor = posting.money.currency.code, posting.money.minor
        if _is_floored(posting.source):
            moved[posting.source, currency][instant].went += minor
        if _is_floored(posting.destination):
            moved[posting.destination, currency][instant].came += minor
    return moved


def _lowest(instants: Mapping[int, _Flow]) -> Iterator[tuple[int, int]]:
    """Return what was held at least, at each instant at which more went out than came in."""
    order = sorted(instants)
    came, went, ahead = 0, 0, 0
    for instant in order:
        while ahead < len(order) and order[ahead] <= instant + CLOCKS_APART_MS:
            came += instants[order[ahead]].came
            ahead += 1
        went += instants[instant].went
        if instants[instant].went > instants[instant].came:
            yield instant, came - went


def _is_floored(account: str) -> bool | None:
    """Tell whether an account has a floor and so a row; None when the chart does not know it."""
    try:
        return Account.parse(account).kind.floored
    except ValueError:
        return None


def _fault(code: LedgerFault, sentence: str, subject: str) -> Finding:
    return Finding(code=code.value, sentence=sentence, subject=subject)
