"""One gateway process: the real engine, doors and workers, on simulated lines to the world.

It is put together as `bootstrap` does it, with a virtual clock and seeded identifiers. What must
hold: a process that died answers nobody; one that is stopped in order drains as a real one does.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, final
from urllib.parse import unquote

from tillgate.acquiring.operator import Fact
from tillgate.cashier.door import CashierDoor
from tillgate.edge.desk import Desk, DoorSettings, KeyRing
from tillgate.edge.directory import Directory
from tillgate.edge.root import Mount, Root
from tillgate.edge.secrets import Secret
from tillgate.edge.story import Story
from tillgate.engine.batcher import Engine
from tillgate.engine.settings import DecideSettings, LaneSettings
from tillgate.engine.verbs import VERBS
from tillgate.gateway.api import ApiDoor
from tillgate.simulation import bank as banks
from tillgate.simulation.bank import Bank, BankLine
from tillgate.simulation.clock import SimulatedClock
from tillgate.simulation.database import Database
from tillgate.simulation.faults import Faults
from tillgate.simulation.ids import PlainPins, SeededIds
from tillgate.simulation.keys import Keys
from tillgate.simulation.life import Life
from tillgate.simulation.line import Line
from tillgate.simulation.targets import TargetLine, Targets
from tillgate.walletapp.door import WalletDoor
from tillgate.workers.run import Workers
from tillgate.workers.settings import WorkerSettings

HOST: Final = "pay.example"
ORIGIN: Final = f"https://{HOST}"
SECRET: Final = b"a secret of simulations, 32 bytes and more"
POLL_MS: Final = 5_000
"""Commits wake workers, so polls may be seldom; each one costs a simulation real time."""
SETTINGS: Final = WorkerSettings(
    notify_poll_ms=POLL_MS, attempts_poll_ms=POLL_MS, expiry_poll_ms=POLL_MS
)


class Reply(NamedTuple):
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:  # noqa: ANN401  JSON is anything.
        """Return the body as JSON."""
        return json.loads(self.body)


class Town(NamedTuple):
    """What all processes share."""

    database: Database
    bank: Bank
    targets: Targets
    faults: Faults
    keys: Keys
    seed: str


@final
class Process:
    """A gateway process."""

    def __init__(self, town: Town, name: str, *, run: int, decide: DecideSettings) -> None:
        """Put it together; `run` counts how often this machine was started."""
        self.name = name
        self.life = Life(name, town.faults)
        self.clock = SimulatedClock(asyncio.get_running_loop())
        line = Line(town.database, self.life, town.faults)
        ids = SeededIds(f"{town.seed}/{name}/{run}")
        self.engine = Engine(
            line, verbs=VERBS, clock=self.clock, ids=ids, decide=decide, lanes=LaneSettings()
        )
        self.desk = Desk(
            engine=self.engine,
            reader=line,
            clock=self.clock,
            ids=ids,
            issuers={banks.NAME: BankLine(town.bank, self.life, town.faults)},
            pins=PlainPins(),
            key_ring=KeyRing(private=town.keys.gateway, public=(town.keys.gateway.public,)),
            secret=Secret(SECRET),
            story=Story(self.clock, is_told=False),
            directory=Directory(line, self.clock),
            settings=DoorSettings(
                is_sandbox=False, wallet_origin=ORIGIN, shop_origin="", hosts=frozenset({HOST})
            ),
        )
        self.workers = Workers(
            self.desk, TargetLine(town.targets, self.life, town.faults), SETTINGS
        )
        mounts = (
            Mount(("/api",), ApiDoor(self.desk)),
            Mount(("/cashier",), CashierDoor(self.desk)),
            Mount(("/wallet",), WalletDoor(self.desk)),
        )
        self._stopping: asyncio.Future[None] | None = None
        self._app = Root(mounts, hosts=frozenset({HOST}), ready=self._ready)

    def start(self, *, polls: bool) -> None:
        """Begin to work; without polls somebody else says when the workers look."""
        self.engine.start()
        if polls:
            self.workers.start()

    async def stop(self) -> None:
        """End in order: the workers first, then the engine; then the process is gone.

        One that ends already, or dies on the way, is waited for until it is gone.
        """
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._end_in_order())
        await self.life.ended.wait()

    async def _end_in_order(self) -> None:
        await self.workers.stop()
        await self.engine.stop()
        self.life.end()

    async def ask(
        self, method: str, path: str, content: bytes, headers: Mapping[str, str]
    ) -> Reply:
        """Send one request to the process's own application and return the answer."""
        named = {"host": HOST, "content-length": str(len(content)), **headers}
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
            "client": ("192.0.2.7", 50_000),
        }
        sent: list[Mapping[str, Any]] = []
        coming = [content]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": coming.pop(), "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            await self.life.go_on()
            sent.append(message)

        await self._app(scope, receive, send)
        await self.life.go_on()
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Reply(sent[0]["status"], body)

    async def _ready(self) -> None:
        await self.desk.reader.get(Fact, "mode")
