"""A whole gateway in a thread: its socket, the server on it, and the houses behind, in turn.

Decides what a test's gateway has otherwise than `tillgate serve`: a port of its own, limits far
away, a clock to move, and PINs that are checked fast. What must hold: a new house has the rows,
keys and port that the first one had after its start, and nothing of what tests did since.
"""

import asyncio
import contextlib
import secrets
import socket
import ssl
import tempfile
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar, final

from tillgate.bootstrap.books import OURSELVES
from tillgate.bootstrap.house import Backstage, House, open_house
from tillgate.bootstrap.ready import NOTHING, Ready
from tillgate.bootstrap.virtual import FILE_NAME as CLOCK_FILE
from tillgate.bootstrap.ways import Play
from tillgate.cli.ready import announcement
from tillgate.cli.serving import Server, uvicorn_config
from tillgate.config.folder import Folder, replace
from tillgate.config.lock import ServerLock
from tillgate.config.settings import Limits, Mode, Settings
from tillgate.edge.asgi import Receive, Scope, Send, reply_json
from tillgate.edge.desk import Desk
from tillgate.edge.root import Mount
from tillgate.engine.commands import AddPayer
from tillgate.engine.committed import Committed
from tillgate.engine.issuer import Issuer
from tillgate.engine.ports import Reader
from tillgate.gateway.front import Doorway
from tillgate.issuers.pins import Effort
from tillgate.kernel.clock import Clock
from tillgate.kernel.ids import PayerId
from tillgate.protocol.keys import PrivateKey
from tillgate.sandbox import testing_books, testing_log
from tillgate.sandbox.chosen.play import play
from tillgate.sandbox.clock import Advanced, ClockDoor
from tillgate.sandbox.doors import sandbox_doors
from tillgate.sandbox.identities import PIN, register
from tillgate.sandbox.testing_carrier import Carrier
from tillgate.sandbox.testing_loop import LoopThread
from tillgate.sandbox.testing_wallet import BANK, FAILING, Bank
from tillgate.storage.backup import copy_sqlite

NOT_RUNNING: Final = "The sandbox is not running; use it in a `with` statement."
HOST: Final = "127.0.0.1"
STOP_S: Final = 1
MANY: Final = 1_000_000
LIMITS: Final = Limits(
    audit_s=0,
    keep_alive_s=MANY,
    stop_s=STOP_S,
    queue_wait_ms_max=MANY,
    requests_per_s_max=MANY,
    wrong_pins_per_min_max=MANY,
)
LITTLE: Final = Effort(passes=1, memory_kib=8)
"""A PIN that stands in every document needs no protection, and tests check it all the time."""

T = TypeVar("T")


@final
class TestGateway:
    """The gateway of one `Sandbox`."""

    __test__ = False  # Its name begins like a test's.

    def __init__(self) -> None:
        """Stand for a gateway that is not there yet; `start` brings it up."""
        self.thread = LoopThread()
        self.bank = Bank()
        self.port = 0
        self.control_token = secrets.token_urlsafe(32)
        self._folder: Folder | None = None
        self._opened = contextlib.AsyncExitStack()
        self._held = contextlib.ExitStack()
        self._doorway = Doorway()
        self._server: Server | None = None
        self._serving: asyncio.Future[None] | None = None
        self._inside: _Inside | None = None
        self._is_used = False
        self._ready = NOTHING

    @property
    def folder(self) -> Folder:
        """Return its data folder."""
        if self._folder is None:
            raise RuntimeError(NOT_RUNNING)
        return self._folder

    @property
    def merchant_key(self) -> PrivateKey:
        """Return the demo merchant's key."""
        return testing_books.key_of("merchant")

    @property
    def house(self) -> House:
        """Return the house as it is now."""
        return self._there().house

    @property
    def carrier(self) -> Carrier:
        """Return what carries notifications now."""
        return self._there().carrier

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the coroutine returns in the gateway's loop; it counts as use."""
        if self._inside is None:
            work.close()
            raise RuntimeError(NOT_RUNNING)
        self._is_used = True
        testing_log.lead_away()
        return self.thread.call(work)

    def settle(self) -> None:
        """Do everything that is due now: sends, asks, expiries."""
        self.call(self._there().backstage.workers.tick())

    def advance(self, length_ms: int) -> Advanced:
        """Move the clock, and do what is due on the way."""
        return self.call(self._there().clock.advance(length_ms))

    def start(self) -> None:
        """Bring everything up, and keep a copy of the books for later houses."""
        with contextlib.ExitStack() as held:
            temporary = held.enter_context(tempfile.TemporaryDirectory(prefix="tillgate-"))
            self._folder = Folder(Path(temporary) / "data")
            testing_log.lead_away()
            held.callback(testing_log.lead_back)
            self._furnish()
            listening = held.enter_context(_listening())
            self.port = listening.getsockname()[1]
            lock = held.enter_context(ServerLock.hold(self.folder, self._books))
            self.thread.start()
            held.callback(self.thread.stop)
            held.callback(lambda: self.thread.wait(self._close()))
            self.thread.wait(self._serve(listening))
            copy_sqlite(self._books, self._kept)
            key = self.house.desk.key_ring.private.public.fingerprint
            lock.announce(announcement(self._settings(), [listening], key=key))
            self._held = held.pop_all()

    def _furnish(self) -> None:
        """Put into the folder what a house finds there."""
        testing_books.place_keys(self.folder)
        testing_books.place_tables(self._books)
        replace(self.folder.control_token, self.control_token.encode())
        self._ready = Ready(
            gateway_key=testing_books.key_of("gateway"),
            tls=ssl.create_default_context(),
            pin_effort=LITTLE,
        )

    @property
    def _books(self) -> Path:
        return self.folder.path / testing_books.FILE_NAME

    @property
    def _kept(self) -> Path:
        return self.folder.path.with_name("kept.sqlite")

    def reset(self) -> None:
        """Give the same address a new house that knows nothing of what was done, if any was."""
        testing_log.lead_away()
        if self._is_used or self._there().is_changed():
            self.thread.wait(self._again())
            self._is_used = False

    def stop(self) -> None:
        """Take everything down; its folder goes with it."""
        self._held.close()
        self._folder = None

    async def _serve(self, listening: socket.socket) -> None:
        self._inside = await self._open_house()
        await register(self.house)
        await _add_failing(self.house)
        self._there().begin()
        self._server = server = Server(uvicorn_config(self._answer, LIMITS))
        self._serving = asyncio.ensure_future(server.serve(sockets=[listening]))
        await server.begun.wait()
        self._doorway.open(self.house.app)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        testing_log.lead_away()  # The tester may have set structlog up meanwhile.
        await self._doorway(scope, receive, send)

    async def _again(self) -> None:
        self._doorway.open(_between_houses)
        await self._close_house()
        testing_books.put_back(self._kept, self._books)
        (self.folder.path / CLOCK_FILE).unlink(missing_ok=True)
        self.bank = Bank()
        self._inside = await self._open_house()
        self._there().begin()
        self._doorway.open(self.house.app)

    async def _close(self) -> None:
        """Take down what is up, also when the start was cut short."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            self.house.app.stop()
            await self._serving
        self._server = self._serving = None
        if self._inside is not None:
            await self._close_house()
        self._inside = None

    async def _close_house(self) -> None:
        self._there().carrier.close()
        self.thread.forget_errands()
        await self._opened.aclose()

    async def _open_house(self) -> "_Inside":
        parts: list[tuple[Backstage, Carrier, ClockDoor]] = []

        def doors(desk: Desk, backstage: Backstage) -> Sequence[Mount]:
            carrier = Carrier(self.thread)
            backstage.way_out.put(carrier.before)
            clock = ClockDoor(desk, backstage.workers, self.folder.path)
            parts.append((backstage, carrier, clock))
            return sandbox_doors(self.folder, merchant_key=self.merchant_key)(desk, backstage)

        opening = open_house(
            self._settings(),
            port=self.port,
            more_doors=doors,
            control_token=self.control_token,
            play=with_bank(self.bank),
            ready=self._ready,
        )
        house = await self._opened.enter_async_context(opening)
        [(backstage, carrier, clock)] = parts
        return _Inside(house, backstage, carrier=carrier, clock=clock)

    def _settings(self) -> Settings:
        data = self.folder.path
        return Settings(
            data=data,
            database=self._books,
            mode=Mode.SANDBOX,
            host=HOST,
            port=self.port,
            limits=LIMITS,
        )

    def _there(self) -> "_Inside":
        if self._inside is None:
            raise RuntimeError(NOT_RUNNING)
        return self._inside


@final
class _Inside:
    """One house and the parts of it that a test moves."""

    def __init__(
        self, house: House, backstage: Backstage, *, carrier: Carrier, clock: ClockDoor
    ) -> None:
        self.house = house
        self.backstage = backstage
        self.carrier = carrier
        self.clock = clock
        self._commits = 0
        self._begun = 0
        house.books.engine.watch(self._count)

    def begin(self) -> None:
        """Count as a change whatever is committed from now on."""
        self._begun = self._commits

    def is_changed(self) -> bool:
        """Tell whether anything was committed since."""
        return self._commits > self._begun

    def _count(self, _committed: Committed) -> None:
        self._commits += 1


def with_bank(bank: Bank) -> Play:
    """Return what a sandbox plays, with one more bank in it."""
    usual = play()

    def banks(reader: Reader, clock: Clock) -> Mapping[str, Issuer]:
        return {**usual.banks(reader, clock), BANK: bank}

    return usual._replace(banks=banks)


async def _add_failing(house: House) -> None:
    """Register the payer whose bank says no."""
    books = house.books
    await books.engine.execute(
        AddPayer(
            operation_id=books.operation(),
            operator=OURSELVES,
            payer_id=PayerId(FAILING),
            name="Failing",
            issuer=BANK,
            pin_hash=await books.pins.hashed(PIN),
            about="Its bank says no, for the reason that a test names.",
        )
    )


@contextlib.contextmanager
def _listening() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((HOST, 0))
        made.listen()
        yield made


async def _between_houses(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001  ASGI's shape.
    """Answer what a test asks that has ended."""
    if scope["type"] == "http":
        memo = "SYSTEM_ERROR: The sandbox begins anew for the next test."
        await reply_json(send, 503, {"resultCode": None, "memo": memo})
