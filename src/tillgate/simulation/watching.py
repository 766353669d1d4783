"""What must hold at every commit, looked at while it is made and not only at the end.

It sees each row before and after. Balances stay at zero or above, books are never rewritten, a
payment's end is an end, and only an issuer's own no makes a no. What must hold: it reads rows as
they are and asks no rule of the house.
"""

from collections.abc import Sequence
from typing import Any, Final, final

import msgspec

from tillgate.simulation.bank import NAME as BANK
from tillgate.simulation.bank import Bank
from tillgate.simulation.database import Database, Written
from tillgate.simulation.findings import Finding
from tillgate.simulation.trace import Trace

AFTER: Final = {
    "WAIT_BUYER_PAY": {"WAIT_BUYER_PAY", "TRADE_SUCCESS", "TRADE_CLOSED"},
    "TRADE_SUCCESS": {"TRADE_SUCCESS", "TRADE_FINISHED", "TRADE_CLOSED"},
    "TRADE_FINISHED": {"TRADE_FINISHED", "TRADE_CLOSED"},
    "TRADE_CLOSED": {"TRADE_CLOSED"},
}
"""What an order may be after what it was."""
FOR_EVER: Final = frozenset({"Entry", "Posting", "NotificationSend"})
LASTING: Final = ("amount", "acquirement_id", "merchant_id", "merchant_trans_id")


@final
class Watching:
    """Looks at every commit, and notes it in the trace."""

    def __init__(self, database: Database, bank: Bank, trace: Trace) -> None:
        """Watch a database."""
        self._bank = bank
        self._trace = trace
        self.findings: list[Finding] = []
        self.commits = 0
        database.watchers.append(self._look)

    def _look(self, who: str, written: Sequence[Written]) -> None:
        self.commits += 1
        content = b"".join(msgspec.json.encode(row, enc_hook=str) for _, row in written)
        named = " ".join(_named(row) for _, row in written if type(row).__name__ != "Operation")
        self._trace.note(who, f"commits {named}", content=content)
        for before, after in written:
            self._judge(before, after)

    def _judge(self, before: Any, after: Any) -> None:  # noqa: ANN401  Rows of any kind.
        kind = type(after).__name__
        if kind in FOR_EVER and before is not None:
            self._find("rewritten", str(after.key), "What is kept for ever was changed.")
        if kind == "Balance" and after.money.minor < 0:
            self._find("overdrawn", after.account, f"The balance is {after.money}.")
        if kind == "Acquirement" and before is not None:
            self._judge_order(before, after)
        if kind == "Attempt" and after.state == "DECLINED":
            self._judge_no(before, after)
        if kind == "Call" and before is not None and before.result_code:
            self._judge_last_word(before, after)

    def _judge_last_word(self, before: Any, after: Any) -> None:  # noqa: ANN401  As above.
        if after.result_code != before.result_code:
            sentence = f"The last word was {before.result_code}, now {after.result_code}."
            self._find("last word changed", str(after.key), sentence)

    def _judge_order(self, before: Any, after: Any) -> None:  # noqa: ANN401  As above.
        subject = f"{after.merchant_id}/{after.merchant_trans_id}"
        if str(after.state) not in AFTER[str(before.state)]:
            self._find("order went back", subject, f"{before.state} became {after.state}.")
        if any(getattr(before, name) != getattr(after, name) for name in LASTING):
            self._find("order rewritten", subject, "What its merchant signed was changed.")
        if after.refunded.minor > after.amount.minor:
            sentence = f"{after.refunded} of {after.amount} is refunded."
            self._find("refunded too much", subject, sentence)

    def _judge_no(self, before: Any, after: Any) -> None:  # noqa: ANN401  As above.
        was_open = before is None or before.state in {"ASKED", "UNKNOWN"}
        reference = f"{after.merchant_id}/{after.merchant_trans_id}/{after.attempt_no}"
        if after.issuer == BANK and was_open and reference not in self._bank.said_no:
            sentence = "It was taken for declined, and the issuer never said no."
            self._find("unknown taken for no", reference, sentence)

    def _find(self, rule: str, subject: str, sentence: str) -> None:
        self.findings.append(Finding(rule, subject, sentence))
        self._trace.note("auditor", f"FINDING {rule}: {subject}: {sentence}")


def _named(row: Any) -> str:  # noqa: ANN401  As above.
    parts = "/".join(row.key.parts)
    state = getattr(row, "state", getattr(row, "result_code", ""))
    return f"{type(row).__name__}({parts}){f'={state}' if state else ''}"
