"""The house: everything a gateway needs to answer, put together in the order in which it comes up.

Decides which keys, issuers, doors and workers there are; it decides no rule, and it neither listens
nor locks. What must hold: no door opens before the database's mode and key are settled; workers
stop before the engine they talk to.
"""

import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final, final

import msgspec
import structlog

from tillgate.acquiring.operator import Fact
from tillgate.acquiring.risk.settings import ApproximateLimits
from tillgate.bootstrap.auditing import audit
from tillgate.bootstrap.books import Books, initialise, open_books
from tillgate.bootstrap.doors import DESCRIBED
from tillgate.bootstrap.gateway_keys import belongs_to, gateway_key, public_keys, signing_key
from tillgate.bootstrap.ready import NOTHING, Ready
from tillgate.bootstrap.risk import read_limits
from tillgate.bootstrap.watching import Watching, metrics_token, watching
from tillgate.bootstrap.ways import NO_PLAY, Play, WayIn, WayOut
from tillgate.cashier.door import CashierDoor
from tillgate.config.database import PostgresUrl
from tillgate.config.folder import Folder, replace
from tillgate.config.settings import Settings, check_serving
from tillgate.edge.day_totals import DayTotals
from tillgate.edge.desk import Desk, DoorSettings, KeyRing
from tillgate.edge.directory import Directory
from tillgate.edge.logbook import Logbook
from tillgate.edge.measured import Measured
from tillgate.edge.metrics_shared import Turn, told_folder
from tillgate.edge.peers import Gate
from tillgate.edge.rates import Rate
from tillgate.edge.root import Mount, Root
from tillgate.edge.story import Story
from tillgate.edge.turns import Turns
from tillgate.edge.who import on_https
from tillgate.gateway.api import ApiDoor
from tillgate.gateway.control import ControlApp
from tillgate.gateway.front import Front
from tillgate.gateway.metrics import MetricsDoor
from tillgate.gateway.reference.door import ReferenceDoor
from tillgate.kernel.addresses import PRODUCTION, SANDBOX
from tillgate.kernel.clock import MINUTE_MS, SECOND_MS, Clock
from tillgate.protocol.keys import PrivateKey
from tillgate.walletapp.door import WalletDoor
from tillgate.workers.outgoing.port import Sender
from tillgate.workers.outgoing.resolver import SystemResolver
from tillgate.workers.outgoing.sender import HttpSender
from tillgate.workers.run import Workers
from tillgate.workers.settings import WorkerSettings
from tillgate.workers.watchman import Watchman


@final
class House(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway that is up: its desk, its root application, its books."""

    settings: Settings
    folder: Folder
    books: Books
    desk: Desk
    app: Front


LOOK_MS: Final = 15 * SECOND_MS
"""How often what waits in the store is counted."""
SPREAD: Final = 8
"""Out of how many times as many due rows as it has places a process picks."""
OUT_OF_STEP_MS: Final = 250


@final
class Backstage(msgspec.Struct, frozen=True, kw_only=True):
    """What only a sandbox's doors reach: workers that follow a clock, and what opens the doors.

    Attributes:
        way_in: where somebody may be put before every door.
        way_out: where somebody may be put before the sender of notifications.
    """

    folder: Folder
    workers: Workers
    control_token: str
    way_in: WayIn
    way_out: WayOut


MoreDoors = Callable[[Desk, Backstage], Sequence[Mount]]
"""Makes further doors: the sandbox's own and its shop."""


@asynccontextmanager
async def open_house(
    settings: Settings,
    *,
    port: int,
    clock: Clock | None = None,
    more_doors: MoreDoors | None = None,
    control_token: str = "",
    play: Play = NO_PLAY,
    ready: Ready = NOTHING,
) -> AsyncIterator[House]:
    """Bring up a whole gateway that is reached on `port`; the caller listens and locks.

    A `control_token` that is given lies in the folder already and stays there. Production has no
    further doors, plays nothing and makes each part itself, whatever it is given.

    Raises:
        FolderRefused: a key is missing or open to others.
        ModeRefused: the database is for another mode or key.
    """
    check_serving(settings)
    if not settings.is_sandbox:
        more_doors, play, ready = None, NO_PLAY, NOTHING
    folder = Folder(settings.data)
    own = ready.gateway_key or gateway_key(settings)  # Without one no database is made.
    token = control_token or secrets.token_urlsafe(32)
    async with AsyncExitStack() as opened:
        watched = opened.enter_context(watching(settings))
        books = await opened.enter_async_context(
            open_books(
                settings,
                clock=clock,
                observer=watched.observer,
                pin_waited=watched.metrics.pin_waited,
                pin_effort=ready.pin_effort,
                verbs=play.verbs,
            )
        )
        ring = await _settled(settings, books, own)
        desk = _desk(settings, books, ring, watched, play=play, port=port)
        if not control_token:
            replace(folder.control_token, token.encode())
            opened.callback(folder.control_token.unlink, missing_ok=True)
        resolver = SystemResolver()
        opened.callback(resolver.close)
        for watcher in (watched.metrics.watch, Logbook().watch):
            books.engine.watch(watcher)
        way_in, way_out = WayIn(), WayOut(_sender(desk, resolver, ready.tls))
        workers = _start_workers(settings, desk, way_out)
        opened.push_async_callback(workers.stop)
        opened.push_async_callback(_start_watchman(settings, desk).stop)
        metrics = MetricsDoor(
            watched.metrics.page, metrics_token(folder), is_open_here=settings.is_sandbox
        )
        backstage = Backstage(
            folder=folder, workers=workers, control_token=token, way_in=way_in, way_out=way_out
        )
        root = _root(desk, (more_doors or _no_doors)(desk, backstage), way_in)
        front = Front(root, ControlApp(books.engine, token), metrics)
        opened.callback(front.stop)
        yield House(settings=settings, folder=folder, books=books, desk=desk, app=front)


async def _settled(settings: Settings, books: Books, own: PrivateKey) -> KeyRing:
    """Settle the database's mode and key, and return the keys of the house."""
    belongs = await belongs_to(books.reader)
    key = signing_key(settings, belongs, own=own)
    await initialise(books, settings.mode, key)
    if not (belongs.fingerprint or settings.is_sandbox):
        # Whoever meant books that are there already named another database.
        structlog.get_logger("tillgate.house").warning(
            "new_books", database=str(settings.database), mode=settings.mode
        )
    return KeyRing(private=key, public=public_keys(settings, key, belongs))


def _desk(
    settings: Settings,
    books: Books,
    ring: KeyRing,
    watched: Watching,
    *,
    play: Play,
    port: int,
) -> Desk:
    return Desk(
        engine=books.engine,
        reader=books.reader,
        clock=books.clock,
        ids=books.ids,
        issuers=play.banks(books.reader, books.clock) if settings.is_sandbox else {},
        pins=books.pins,
        key_ring=ring,
        secret=books.secret,
        story=Story(books.clock, is_told=settings.is_sandbox),
        directory=Directory(books.reader, books.clock),
        settings=door_settings(settings, port=port),
        wrong_pins=Rate(settings.limits.wrong_pins_per_min_max, window_ms=MINUTE_MS),
        turns=Turns(full=watched.metrics.pins_full),
        totals=_totals(settings, books),
        meters=watched.metrics,
        traces=watched.traces,
    )


def _totals(settings: Settings, books: Books) -> DayTotals | None:
    """Return what adds up a day, when there are limits to hold it against."""
    limits = read_limits(settings)
    return None if limits == ApproximateLimits() else DayTotals(books.reader, limits)


def door_settings(settings: Settings, *, port: int) -> DoorSettings:
    """Return what doors are told of where they stand.

    This machine's own names are answered in production, too: for a proxy's health checks and for an
    operator's first payment. A page of a foreign name that leads here still gets 421.
    """
    here, shop = f"127.0.0.1:{port}", f"localhost:{port}"
    origin = settings.public_url or f"http://{here}"
    return DoorSettings(
        is_sandbox=settings.is_sandbox,
        wallet_origin=origin,
        shop_origin=f"http://{shop}" if settings.is_sandbox else "",
        hosts=frozenset({here, shop, origin.partition("://")[2]}),
        issuer_wait_s_max=settings.limits.issuer_wait_s_max,
        req_time_behind_ms_max=settings.limits.req_time_behind_s_max * SECOND_MS,
        req_time_ahead_ms_max=settings.limits.req_time_ahead_s_max * SECOND_MS,
        proxies=settings.proxies,
        requests_per_s_max=settings.limits.requests_per_s_max,
    )


def _sender(desk: Desk, resolver: SystemResolver, tls: ssl.SSLContext | None) -> HttpSender:
    return HttpSender(
        policy=SANDBOX if desk.settings.is_sandbox else PRODUCTION,
        resolver=resolver,
        tls=tls or ssl.create_default_context(),
    )


def _start_workers(settings: Settings, desk: Desk, sender: Sender) -> Workers:
    workers = Workers(desk, sender, _worker_settings(settings))
    workers.start()
    return workers


def _worker_settings(settings: Settings) -> WorkerSettings:
    """Return how the workers work; where others may work beside them, out of step with these."""
    kept_ms = settings.limits.operation_kept_s * SECOND_MS
    if not isinstance(settings.database, PostgresUrl):
        return WorkerSettings(operation_kept_ms=kept_ms)
    poll_ms = SECOND_MS + secrets.randbelow(OUT_OF_STEP_MS)
    return WorkerSettings(
        operation_kept_ms=kept_ms,
        spread=SPREAD,
        notify_poll_ms=poll_ms,
        attempts_poll_ms=poll_ms,
        expiry_poll_ms=poll_ms,
    )


def _start_watchman(settings: Settings, desk: Desk) -> Watchman:
    watchman = Watchman(
        desk,
        look_ms=LOOK_MS,
        audit=partial(audit, settings),
        audit_ms=settings.limits.audit_s * SECOND_MS,
        is_mine=Turn(told_folder(), "audit").is_mine,
    )
    watchman.start()
    return watchman


def _root(desk: Desk, more: Sequence[Mount], way_in: WayIn) -> Root:
    cashier, wallet = CashierDoor(desk), WalletDoor(desk)

    async def ready() -> None:
        await desk.reader.get(Fact, "mode")
        await desk.engine.check_writes()

    gate = Gate(desk.clock, desk.settings)
    people = (
        Mount(("/cashier", "/bridge.js", "/static/cashier"), cashier),
        Mount(("/wallet", "/static/wallet"), wallet),
        Mount(("/docs", "/openapi.json", "/static/reference"), ReferenceDoor(desk, DESCRIBED)),
        *more,
    )
    mounts = (
        # Merchants' servers ask as often as they sell; what they ask for is signed.
        Mount(("/api",), gate.before(ApiDoor(desk), is_counted=False)),
        *(mount._replace(app=gate.before(mount.app)) for mount in people),
    )
    mounts = tuple(mount._replace(app=way_in.to(_measured(desk, mount))) for mount in mounts)
    home = f"{desk.settings.wallet_origin}/wallet" if desk.settings.is_sandbox else ""
    always = on_https(desk.settings)
    return Root(mounts, hosts=desk.settings.hosts, ready=ready, home=home, always=always)


def _measured(desk: Desk, mount: Mount) -> Measured:
    name = mount.prefixes[0].strip("/")
    return Measured(name, mount.app, meters=desk.meters, traces=desk.traces)


def _no_doors(desk: Desk, backstage: Backstage) -> Sequence[Mount]:  # noqa: ARG001  The shape of `MoreDoors`.
    return ()
