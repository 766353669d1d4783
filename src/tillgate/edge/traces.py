"""The traces port: spans of what doors and workers do, for whoever wants to see where time goes.

Off by default, and then it costs a call that does nothing. It knows no tracing library. What must
hold: a span carries names of ours and the payment's trace id, never an id of a payer, a text of a
merchant or a secret; what a stranger sends as its own trace is not continued.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol, final


class Traces(Protocol):
    """Whatever draws spans."""

    def span(self, name: str, **attributes: str | int) -> AbstractContextManager[object]:
        """Draw a span around a block, below the one around it."""
        ...

    def note(self, **attributes: str | int) -> None:
        """Say something of the span that is open here."""
        ...


@final
class Untraced:
    """Draws nothing."""

    def __init__(self) -> None:
        """Keep the one block that does nothing."""
        self._nothing = nullcontext()

    def span(self, name: str, **attributes: str | int) -> AbstractContextManager[object]:  # noqa: ARG002  The port's shape.
        """Do nothing."""
        return self._nothing

    def note(self, **attributes: str | int) -> None:
        """Do nothing."""


UNTRACED: Final = Untraced()
