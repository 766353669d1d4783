"""One process serving: uvicorn on open sockets, the house behind it, and how a stop goes.

It knows neither the lock nor whether other processes serve the same sockets. What must hold: load
balancers hear of a stop before the listener closes, and requests under way end; the server names
neither itself nor its version, and believes no forwarded header.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import NamedTuple, final

import uvicorn

from tillgate.bootstrap.house import House, MoreDoors, open_house
from tillgate.bootstrap.ways import NO_PLAY, Play
from tillgate.cli.listener import limited
from tillgate.config.folder import Folder
from tillgate.config.settings import Limits, Settings
from tillgate.edge.asgi import App
from tillgate.gateway.front import Doorway, Front


@final
class Stopping:
    """How a server is told to stop: first load balancers hear of it, then it takes no more.

    Whoever asks a second time is in a hurry and waits for no load balancer; a third time, for no
    request.
    """

    def __init__(self, server: "Server", *, drain_s: int) -> None:
        """Stop this server when asked to."""
        self._server = server
        self._drain_s = drain_s
        self._front: Front | None = None
        self._asked = 0

    def open(self, front: Front) -> None:
        """Name what is open from now on."""
        self._front = front

    def ask(self) -> None:
        """Begin to stop, or hurry."""
        self._asked += 1
        if self._server.should_exit:
            self._server.force_exit = True
        if self._asked > 1 or not self._drain_s or self._front is None:
            self._stop()
            return
        self._front.drain()
        asyncio.get_running_loop().call_later(self._drain_s, self._stop)

    def _stop(self) -> None:
        self._server.should_exit = True
        if self._front is not None:
            self._front.stop()


@final
class Role(NamedTuple):
    """What differs between a gateway of one process and one process of several.

    Attributes:
        listens_first: whether it answers, not ready, while the house opens. One of several leaves
            what arrives to the others until it can serve.
        hear: says who asks it to stop.
        prepare: what is done in an open house before its doors open.
        came_up: is told once requests are answered.
        went_down: is told once none is answered any more, before the house closes.
        control_token: opens `/control`; "" lets the house make and keep one.
        is_alone: whether what a process remembers is what the gateway remembers.
    """

    listens_first: bool
    hear: Callable[[Stopping], None]
    prepare: Callable[[House], Awaitable[None]]
    came_up: Callable[[House], None]
    went_down: Callable[[], None]
    control_token: str = ""
    is_alone: bool = True


async def serve_house(settings: Settings, sockets: Sequence[socket.socket], role: Role) -> None:
    """Open the house and serve it on these sockets, until somebody asks to stop."""
    port, doorway = sockets[0].getsockname()[1], Doorway()
    server = Server(uvicorn_config(doorway, settings.limits))
    stopping = Stopping(server, drain_s=settings.limits.drain_s)
    role.hear(stopping)
    async with AsyncExitStack() as opened:
        if role.listens_first:
            end = await opened.enter_async_context(_answering(server, sockets))
        house = await opened.enter_async_context(
            open_house(
                settings,
                port=port,
                more_doors=_more_doors(settings, is_alone=role.is_alone),
                control_token=role.control_token,
                play=_play(settings),
            )
        )
        await role.prepare(house)
        doorway.open(house.app)
        stopping.open(house.app)
        if not role.listens_first:
            end = await opened.enter_async_context(_answering(server, sockets))
        if not server.should_exit:
            role.came_up(house)
        await end
        role.went_down()


@final
class Server(uvicorn.Server):
    """uvicorn's server, which tells when it answers and leaves signals to us."""

    def __init__(self, config: uvicorn.Config) -> None:
        """Answer nobody yet."""
        super().__init__(config)
        self.begun = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets=sockets)
        self.begun.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would raise one again, and the exit code would lie."""
        yield


@asynccontextmanager
async def _answering(
    server: Server, sockets: Sequence[socket.socket]
) -> AsyncIterator[Awaitable[None]]:
    """Answer requests for as long as the block lasts; yield what ends when the server does."""
    serving = asyncio.ensure_future(server.serve(sockets=list(sockets)))
    begun = asyncio.ensure_future(server.begun.wait())
    try:
        await asyncio.wait({serving, begun}, return_when=asyncio.FIRST_COMPLETED)
        yield serving
    finally:
        begun.cancel()
        server.should_exit = True
        await serving


def _more_doors(settings: Settings, *, is_alone: bool) -> MoreDoors | None:
    if not settings.is_sandbox:
        return None
    from tillgate.sandbox.doors import sandbox_doors

    return sandbox_doors(Folder(settings.data), is_alone=is_alone)


def _play(settings: Settings) -> Play:
    if not settings.is_sandbox:
        return NO_PLAY
    from tillgate.sandbox.chosen.play import play

    return play()


def uvicorn_config(app: App, limits: Limits) -> uvicorn.Config:
    """Return how every server of ours is set, the one inside a test as well."""
    return uvicorn.Config(
        app,
        loop="none",
        http=limited(limits.request_wait_s_max, connections_max=limits.connections_max),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=limits.keep_alive_s,
        timeout_graceful_shutdown=limits.stop_s,
    )
