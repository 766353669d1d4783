"""What the notifier sees of sending: one method, one result, a closed list of failures.

It decides nothing and knows no HTTP library. What must hold: a result is a value, whatever the
other side does; only a cancelled task and a defect of ours leave `send` as an exception.
"""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Protocol, final

from tillgate.kernel.addresses import IPAddress


@unique
class SendFailure(Enum):
    """Why there is no whole answer; the value is the sentence an attempt is shown with."""

    REFUSED_BY_GUARD = "The URL leads to a place we do not send to; nothing was sent."
    BUSY = "Too many messages to that host were under way; nothing was sent."
    DNS = "The host's name could not be resolved; nothing was sent."
    CONNECT = "No connection could be made; nothing was sent."
    TLS = "The host's certificate or TLS was not accepted; nothing was sent."
    TIMEOUT = "The whole exchange did not end within its time; it may have been received."
    BROKEN_OFF = "The connection ended before the answer was whole; it may have been received."
    PROTOCOL = "What came back is not HTTP; it may have been received."
    TOO_LARGE = "The answer was longer than we read; it may have been received."
    REDIRECT = "The answer was a redirect, which is never followed."

    @property
    def sentence(self) -> str:
        """Return what happened, in a full sentence."""
        return self.value


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What became of one send.

    Attributes:
        status: the HTTP status, once an answer began; a status outside 2xx is no failure here.
        body: what came back, cut off at the limit; a failed send keeps the part that arrived.
        elapsed_ms: how long it took, from the moment the message had its turn.
        connected_address: the address that was really connected to.
        failure: why there is no whole answer, or None.
        sentence: the failure in full, with what is particular to this send; "" without one.
    """

    status: int | None
    body: bytes
    elapsed_ms: int
    connected_address: IPAddress | None
    failure: SendFailure | None
    sentence: str


class Sender(Protocol):
    """Whatever can carry a message to a merchant."""

    async def send(self, url: str, body: bytes) -> SendResult:
        """Send one message and return what became of it."""
        ...

    def room(self, url: str) -> int:
        """Return how many more messages to the URL's host would go out without waiting."""
        ...


class ResolutionFailed(Exception):
    """A name has no address, or nobody could be asked; the text says which."""


class Resolver(Protocol):
    """Whatever can turn a name into addresses."""

    async def resolve(self, name: str) -> tuple[IPAddress, ...]:
        """Return every address of a name, in the order to be tried.

        Raises:
            ResolutionFailed: there is none.
        """
        ...
