"""Erasing the person behind a payer: the agreements that stand end with the account.

Decides which agreements a command names and how often it is sent; what each does is the engine's.
What must hold: once it returns no agreement of the payer's stands, and each merchant was told as of
any other end. An account that is closed signs nothing new, so whatever was signed in the meantime
is found when it looks again.
"""

from typing import Any, Final

from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.states import AgreementState
from tillgate.cli.operate import every, execute, read
from tillgate.config.settings import Settings
from tillgate.engine.commands import ErasePayer

ENDED_AT_ONCE_MAX: Final = 100
"""As many as one command may name."""

_Named = tuple[str, str]


def erase_person(settings: Settings, payer: str, *, operator: str) -> dict[str, Any]:
    """Erase the person behind a payer and end what stands; return what `payer erase` tells.

    Raises:
        Refused: the answer is no.
        Unavailable: neither a server nor the database could be reached.
    """
    outcome: dict[str, Any] = {}
    while True:
        standing = read(settings, lambda reader: _standing(reader, payer))
        if outcome and not standing:
            return outcome
        named = standing[:ENDED_AT_ONCE_MAX]
        done = execute(ErasePayer, settings, operator=operator, payer_id=payer, agreements=named)
        outcome = {**done, "changed": done["changed"] or outcome.get("changed", False)}


async def _standing(reader: Any, payer: str) -> tuple[_Named, ...]:  # noqa: ANN401  The engine's Reader.
    rows = await every(reader, Agreement, payer_id=payer, state=AgreementState.ACTIVE)
    return tuple((row.merchant_id, row.merchant_agreement_id) for row in rows)
