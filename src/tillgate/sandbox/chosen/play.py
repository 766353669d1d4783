"""Where a sandbox plays what amounts and headers choose: the one list of parts that stand around.

It decides nothing. What must hold: nothing outside a sandbox imports this, and a house in
production takes none of it.
"""

import asyncio
from functools import partial

from tillgate.bootstrap.ways import Play, WayIn, WayOut
from tillgate.edge.asgi import App
from tillgate.edge.desk import Desk
from tillgate.sandbox.chosen.bank import banks
from tillgate.sandbox.chosen.callbacks import ChosenCallbacks
from tillgate.sandbox.chosen.fault_door import DELAYED_MAX, FaultDoor
from tillgate.sandbox.chosen.routing import routed
from tillgate.sandbox.chosen.sender import ChosenSender


def play() -> Play:
    """Return what stands around verbs and issuers."""
    return Play(verbs=routed(), banks=banks)


def put(way_in: WayIn, way_out: WayOut, desk: Desk) -> None:
    """Stand before the doors and before the sender of notifications."""
    late = asyncio.Semaphore(DELAYED_MAX)
    way_in.put(partial(_door, desk=desk, late=late))
    way_out.put(lambda sender: ChosenSender(sender, desk.clock))


def _door(app: App, desk: Desk, late: asyncio.Semaphore) -> App:
    return FaultDoor(ChosenCallbacks(app, desk), desk, late)
