"""What an exam found: one finding a case, in the words of the protocol.

What must hold: a finding says what was sent, what was expected, what happened, why it matters and
what to mend; a case that could not be seen is not judged, and is counted apart from those that
passed. No key, and no more than the beginning of an answer, is kept.
"""

from collections.abc import Sequence
from enum import Enum, unique
from typing import Any, Final, final

import msgspec

ANSWER_SHOWN_MAX: Final = 400
REQUEST_SHOWN_MAX: Final = 2_000


@unique
class Verdict(Enum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_JUDGED = "not judged"


@final
class Exchanged(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One request and its answer, as far as they are shown."""

    request: str
    status: int
    ended: str
    answer: str
    elapsed_ms: int


@final
class Finding(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one case found."""

    name: str
    title: str
    group: str
    verdict: Verdict
    sent: str
    expected: str
    happened: str
    why: str
    mend: str
    elapsed_ms: int = 0
    exchanges: Sequence[Exchanged] = ()


@final
class Report(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A whole exam.

    Attributes:
        url: the notify URL.
        begun_at: when it began, RFC 3339.
        sees_orders: whether the merchant's state URL was asked.
        findings: one a case, in the order they were held.
        remarks: what a reader should know beside them.
    """

    url: str
    begun_at: str
    sees_orders: bool
    findings: Sequence[Finding]
    remarks: Sequence[str] = ()

    def of(self, verdict: Verdict) -> Sequence[Finding]:
        """Return the findings that ended so."""
        return [each for each in self.findings if each.verdict is verdict]

    @property
    def has_passed(self) -> bool:
        """Tell whether no case failed."""
        return not self.of(Verdict.FAILED)

    def plain(self) -> dict[str, Any]:
        """Return it for programs."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        counts = {each.value: len(self.of(each)) for each in Verdict}
        return {"passed": self.has_passed, "counts": counts, **built}
