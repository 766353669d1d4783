"""Operations: what a command's outcome was, stored with its effect.

A commit whose result is unknown is settled by reading this row, never by assuming failure.
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
