"""What lets a merchant's developer listen in: a tape, a switchboard, and the doors to both.

It puts them into a house and decides nothing. What must hold: the sender and the doors are the
house's own, with somebody standing before them; faults that are played stand further out on the way
out and further in on the way in, so that the tape hears what was really said.
"""

from collections.abc import Sequence
from typing import final

from tillgate.bootstrap.house import Backstage
from tillgate.edge.desk import Desk
from tillgate.sandbox.control import Route
from tillgate.sandbox.listening import Switchboard
from tillgate.sandbox.listening_door import ListeningDoor
from tillgate.sandbox.listening_sender import ListeningSender
from tillgate.sandbox.recording import Tape
from tillgate.sandbox.recording_doors import Ear, LogsDoor


@final
class ListeningIn:
    """Who listens in one house."""

    def __init__(self, desk: Desk, backstage: Backstage) -> None:
        """Hear what is committed, and carry what is sent."""
        self._desk = desk
        self._backstage = backstage
        self._tape = tape = Tape(desk)
        self._switchboard = switchboard = Switchboard(desk.ids.token())
        desk.engine.watch(tape.watch)
        backstage.way_out.put(
            lambda sender: ListeningSender(desk, sender, switchboard=switchboard, tape=tape)
        )

    def routes(self) -> Sequence[Route]:
        """Hear what is said at the doors, and return the doors to what is heard."""
        desk, tape = self._desk, self._tape
        self._backstage.way_in.put(lambda door: Ear(desk, tape, door))
        return (*LogsDoor(tape).routes(), *ListeningDoor(desk, self._switchboard).routes())
