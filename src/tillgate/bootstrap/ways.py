"""The way in and the way out of a house, and who may be put into them before its doors open.

A sandbox listens at its doors, plays faults there, and has notifications carried by somebody else.
It decides none of that. What must hold: in production nobody is ever put into either way; whoever
is put there last stands outermost.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, final

from tillgate.edge.asgi import App
from tillgate.engine.commands import Command
from tillgate.engine.issuer import Issuer
from tillgate.engine.ports import Reader
from tillgate.engine.verb import Verb
from tillgate.engine.verbs import VERBS
from tillgate.issuers import simulated
from tillgate.kernel.clock import Clock
from tillgate.workers.outgoing.port import Sender, SendResult


@final
class WayOut:
    """Carries notifications: by the house's own sender, or by who was put before it."""

    def __init__(self, sender: Sender) -> None:
        """Begin with the house's own."""
        self._sender = sender

    def put(self, before: Callable[[Sender], Sender]) -> None:
        """Have somebody carry who may hand on to who carried until now."""
        self._sender = before(self._sender)

    async def send(self, url: str, body: bytes) -> SendResult:
        """Send one message and return what became of it."""
        return await self._sender.send(url, body)

    def room(self, url: str) -> int:
        """Return how many more messages to the URL's host would go out without waiting."""
        return self._sender.room(url)


@final
class WayIn:
    """What a request passes before it comes to a door."""

    def __init__(self) -> None:
        """Begin with nothing in the way."""
        self._before: list[Callable[[App], App]] = []

    def put(self, before: Callable[[App], App]) -> None:
        """Have somebody stand before every door."""
        self._before.append(before)

    def to(self, door: App) -> App:
        """Return the door as it is reached by this way."""
        for before in self._before:
            door = before(door)
        return door


Banks = Callable[[Reader, Clock], Mapping[str, Issuer]]
"""Makes the outside issuers of a house by their names."""


def simulated_banks(_reader: Reader, clock: Clock) -> Mapping[str, Issuer]:
    """Return the sandbox's one outside issuer, which answers by the payer."""
    return {simulated.NAME: simulated.SimulatedIssuer(clock)}


@final
class Play(NamedTuple):
    """What a sandbox has in the place of a house's own parts; in production it counts for nothing.

    Attributes:
        verbs: what decides each kind of command.
        banks: makes the simulated issuers.
    """

    verbs: Mapping[type[Command], Verb[Any]] = VERBS
    banks: Banks = simulated_banks


NO_PLAY: Final = Play()
"""A sandbox in which nothing is chosen by an amount."""
