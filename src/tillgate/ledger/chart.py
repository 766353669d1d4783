"""The chart of accounts: a closed set of kinds, each with a sentence.

An account is a kind and an owner, written `payer:alice`. Its balance in a currency is what came in
less what went out. What must hold: only kinds with a floor keep a balance row, and that row never
goes below zero (DESIGN section 1: no hot row, only payers have a floor).
"""

from enum import Enum, unique
from typing import Final, NamedTuple, Self


@unique
class AccountKind(Enum):
    """A kind of account: (prefix, has a floor of zero and a balance row, sentence)."""

    PAYER = ("payer", True, "What a payer of the built-in wallet holds; we owe it to the payer.")
    MERCHANT = ("merchant", False, "What a merchant is owed; below zero it is a receivable.")
    ISSUER = ("issuer", False, "What came from an outside issuer, below zero: the issuer owes it.")
    SUSPENSE = ("suspense", False, "Money that came without a claim to it, until it is given back.")
    RETURNING = ("returning", False, "Money on its way back to a payer's outside issuer.")
    FUNDING = ("funding", False, "Where payers' top-ups come from, below zero: cash we hold.")

    def __init__(self, prefix: str, floored: bool, sentence: str) -> None:  # noqa: FBT001  An enum's row.
        """Unpack a row of the chart."""
        self.prefix = prefix
        self.floored = floored
        self.sentence = sentence


_KINDS: Final = {kind.prefix: kind for kind in AccountKind}


class Account(NamedTuple):
    """An account: its kind and who owns it."""

    kind: AccountKind
    owner: str

    def __str__(self) -> str:
        """Write the account as it is stored: `payer:alice`."""
        return f"{self.kind.prefix}:{self.owner}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` writes.

        Raises:
            ValueError: the text names no kind of the chart.
        """
        prefix, _, owner = text.partition(":")
        if prefix not in _KINDS or not owner:
            message = f"{text!r} is no account of the chart"
            raise ValueError(message)
        return cls(_KINDS[prefix], owner)
