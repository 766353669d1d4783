"""Operations: what a command's outcome was, stored with its effect.

A commit whose result is unknown is settled by reading this row, never by assuming failure. The row
is forgotten after days, because nobody repeats an operation for longer than seconds: its id is
drawn where the command is made, and lives no longer than the call, the send or the operator's
command that waits for it; an operator who types one again later finds it in the operators' log,
which is kept for ever. A payment, a refund or a debit that its merchant repeats next month
carries a new id and is known by its business key, which is kept for ever. What must hold: no id is
made anew from anything that outlives its process.
"""

from typing import ClassVar

from tillgate.kernel.ids import OperationId
from tillgate.kernel.record import Record


class Operation(Record, frozen=True, kw_only=True):
    """One command that changed something.

    Attributes:
        command: the name of the command's type.
        outcome: what the caller was told, as JSON.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("operation_id",)

    operation_id: OperationId
    command: str
    outcome: bytes
    at_ms: int
