"""The house: everything a gateway needs to answer, put together in the order in which it comes up.

Decides which keys, issuers, doors and workers there are; it decides no rule, and it neither listens
nor locks. What must hold: no door opens before the database's mode and key are settled; workers
stop before the engine they talk to.
"""

import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import final

import msgspec

from tillgate.acquiring.operator import Fact
from tillgate.acquiring.risk.settings import ApproximateLimits
from tillgate.bootstrap.books import Books, initialise, open_books
from tillgate.bootstrap.doors import DESCRIBED
from tillgate.bootstrap.gateway_keys import belongs_to, gateway_key, public_keys, signing_key
from tillgate.bootstrap.risk import read_limits
from tillgate.cashier.door import CashierDoor
from tillgate.config.folder import Folder, replace
from tillgate.config.settings import Settings, check_serving
from tillgate.edge.day_totals import DayTotals
from tillgate.edge.desk import Desk, DoorSettings, KeyRing
from tillgate.edge.directory import Directory
from tillgate.edge.root import Mount, Root
from tillgate.edge.story import Story
from tillgate.engine.issuer import Issuer
from tillgate.gateway.api import ApiDoor
from tillgate.gateway.control import ControlApp
from tillgate.gateway.front import Front
from tillgate.gateway.reference.door import ReferenceDoor
from tillgate.issuers import simulated
from tillgate.kernel.addresses import PRODUCTION, SANDBOX
from tillgate.kernel.clock import SECOND_MS, Clock
from tillgate.walletapp.door import WalletDoor
from tillgate.workers.outgoing.resolver import SystemResolver
from tillgate.workers.outgoing.sender import HttpSender
from tillgate.workers.run import Workers


@final
class House(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway that is up: its desk, its root application, its books."""

    settings: Settings
    folder: Folder
    books: Books
    desk: Desk
    app: Front


MoreDoors = Callable[[Desk], Sequence[Mount]]
"""Makes further doors from the desk: the sandbox's shop."""


@asynccontextmanager
async def open_house(
    settings: Settings,
    *,
    port: int,
    clock: Clock | None = None,
    more_doors: MoreDoors | None = None,
) -> AsyncIterator[House]:
    """Bring up a whole gateway that is reached on `port`; the caller listens and locks.

    Raises:
        FolderRefused: a key is missing or open to others.
        ModeRefused: the database is for another mode or key.
    """
    check_serving(settings)
    folder = Folder(settings.data)
    gateway_key(settings)  # Without one no database is made.
    token = secrets.token_urlsafe(32)
    async with open_books(settings, clock=clock) as books, AsyncExitStack() as opened:
        belongs = await belongs_to(books.reader)
        key = signing_key(settings, belongs)
        await initialise(books, settings.mode, key)
        ring = KeyRing(private=key, public=public_keys(settings, key, belongs))
        desk = _desk(settings, books, ring, port=port)
        root = _root(desk, (more_doors or _no_doors)(desk))
        replace(folder.control_token, token.encode())
        opened.callback(folder.control_token.unlink, missing_ok=True)
        resolver = SystemResolver()
        opened.callback(resolver.close)
        opened.push_async_callback(_start_workers(desk, resolver).stop)
        front = Front(root, ControlApp(books.engine, token))
        opened.callback(front.stop)
        yield House(settings=settings, folder=folder, books=books, desk=desk, app=front)


def _desk(settings: Settings, books: Books, ring: KeyRing, *, port: int) -> Desk:
    issuers: Mapping[str, Issuer] = {}
    if settings.is_sandbox:
        issuers = {simulated.NAME: simulated.SimulatedIssuer(books.clock)}
    return Desk(
        engine=books.engine,
        reader=books.reader,
        clock=books.clock,
        ids=books.ids,
        issuers=issuers,
        pins=books.pins,
        key_ring=ring,
        secret=books.secret,
        story=Story(books.clock, is_told=settings.is_sandbox),
        directory=Directory(books.reader, books.clock),
        settings=door_settings(settings, port=port),
        totals=_totals(settings, books),
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
    )


def _start_workers(desk: Desk, resolver: SystemResolver) -> Workers:
    sender = HttpSender(
        policy=SANDBOX if desk.settings.is_sandbox else PRODUCTION,
        resolver=resolver,
        tls=ssl.create_default_context(),
    )
    workers = Workers(desk, sender)
    workers.start()
    return workers


def _root(desk: Desk, more: Sequence[Mount]) -> Root:
    cashier, wallet = CashierDoor(desk), WalletDoor(desk)

    async def ready() -> None:
        await desk.reader.get(Fact, "mode")

    mounts = (
        Mount(("/api",), ApiDoor(desk)),
        Mount(("/cashier", "/bridge.js", "/static/cashier"), cashier),
        Mount(("/wallet", "/static/wallet"), wallet),
        Mount(("/docs", "/openapi.json", "/static/reference"), ReferenceDoor(desk, DESCRIBED)),
        *more,
    )
    home = f"{desk.settings.wallet_origin}/wallet" if desk.settings.is_sandbox else ""
    return Root(mounts, hosts=desk.settings.hosts, ready=ready, home=home)


def _no_doors(desk: Desk) -> Sequence[Mount]:  # noqa: ARG001  The shape of `MoreDoors`.
    return ()
