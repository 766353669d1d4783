"""What operators did, append-only, and what a database is.

What must hold: a row of the log is never changed; a database says its mode and whose gateway key
it belongs to from the day it is made (DESIGN section 5).
"""

from typing import ClassVar

from tillgate.kernel.ids import OperationId
from tillgate.kernel.record import Record

GATEWAY_KEY = "gateway_fingerprint"
"""The fact that names the gateway key to which a database belongs."""
SECRET = "secret_fingerprint"  # noqa: S105  The name of a fact.
"""The fact that names the secret by which PINs and tokens of a database are made."""
PREVIOUS_KEY = "gateway_previous"
"""The fact that keeps the public key before it, as PEM: merchants may still hold it."""


class OperatorAction(Record, frozen=True, kw_only=True):
    """One thing an operator did.

    Attributes:
        operator: the operator's name.
        action: the command, as in `payer unlock`.
        subject: whom or what it was done to.
        detail: what changed, as JSON text without secrets.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("operation_id",)

    operation_id: OperationId
    at_ms: int
    operator: str
    action: str
    subject: str
    detail: str


class Fact(Record, frozen=True, kw_only=True):
    """A fact about the database itself: its mode, its gateway key's fingerprint."""

    key_fields: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    value: str
