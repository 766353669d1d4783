"""What can be wrong with a message that claims to come from the gateway, or with how we are used.

Every error says who must act. Answer none of these messages with an acknowledgement: the gateway
sends a notification again until it is acknowledged. What must hold: no error carries a whole
message or key material; nothing that the gateway answers to a request is an error (see `outcomes`).
"""

from typing import final

from tillgate.kernel.errors import TillgateError


class VerificationError(TillgateError):
    """A message was not believed; do not ship anything for it."""


@final
class InvalidMessage(VerificationError):
    """It is no message of the kind that was expected, or a member of it is wrong.

    Attributes:
        path: the JSON path of the member at fault, or "".
    """

    def __init__(self, sentence: str, *, path: str = "") -> None:
        """Say what is wrong with it."""
        self.path = path
        super().__init__(f"{path}: {sentence}" if path else sentence)


@final
class InvalidSignature(VerificationError):
    """No gateway key that was given signed these bytes: forged, changed, or by another key."""


@final
class UnknownOrder(VerificationError):
    """It speaks of an order that the merchant does not know.

    Attributes:
        merchant_trans_id: the order number it speaks of.
    """

    def __init__(self, merchant_trans_id: str) -> None:
        """Name the order."""
        self.merchant_trans_id = merchant_trans_id
        super().__init__(
            f"No order {merchant_trans_id!r} is known here; look whether `expect` searches where "
            "orders are kept before they are sent."
        )


@final
class OrderMismatch(VerificationError):
    """It is signed, but does not say what was ordered.

    Attributes:
        path: the member that differs.
        ordered: what the order has there.
        received: what the message has there.
    """

    def __init__(self, path: str, *, ordered: str, received: str) -> None:
        """Name the member and both values."""
        self.path = path
        self.ordered = ordered
        self.received = received
        super().__init__(
            f"{path} is {received}, but {ordered} was ordered; deliver nothing and query the order."
        )


@final
class NotConnected(TillgateError):
    """A function of the gateway was called, and where the gateway is was never said."""

    def __init__(self) -> None:
        """Name what is missing."""
        super().__init__(
            "This merchant was made without base_url, so it signs and verifies but asks nobody; "
            'give base_url="https://…", the address of the gateway.'
        )


@final
class AgreementMismatch(VerificationError):
    """A redirect or notification is not about what was asked for.

    Attributes:
        path: the parameter or member that differs.
    """

    def __init__(self, path: str) -> None:
        """Name it; the values may be secrets, so they are not told."""
        self.path = path
        super().__init__(f"{path} is not what was asked for; do nothing for it.")
