"""Running a gateway as a process: the lock, the listening sockets, signals, the ready message.

Decides how uvicorn is set and how a stop goes; it knows no door. What must hold: the lock is held
from before the database is opened until after it is closed; a stop lets requests under way end; the
server names neither itself nor its version, and believes no forwarded header.
"""

import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, final

import typer
import uvicorn
import uvloop

from tillgate.bootstrap.house import House, MoreDoors, open_house
from tillgate.cli.listener import limited
from tillgate.cli.logs import set_logging
from tillgate.cli.surface import print_json, say
from tillgate.config.folder import Folder
from tillgate.config.lock import Announced, Held, ServerLock, announced
from tillgate.config.settings import Settings, check_serving
from tillgate.kernel.addresses import SANDBOX
from tillgate.kernel.errors import Unavailable

BACKLOG: Final = 2_048
ANNOUNCE_WAIT_S: Final = 3.0
"""How long a short command of an operator, which holds the lock, is waited for."""


def run_gateway(settings: Settings, *, as_json: bool, is_demo: bool = False) -> None:
    """Run a gateway until it is told to stop.

    Raises:
        Unavailable: another server holds the folder, or the port is taken.
    """
    check_serving(settings)
    set_logging()
    folder = Folder(settings.data)
    with _locked(folder, settings) as lock, _listening(settings) as sockets:
        if settings.is_sandbox:
            from tillgate.sandbox.identities import make_keys

            make_keys(folder)
        running = _run(settings, sockets, lock, as_json=as_json, is_demo=is_demo)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(running)


async def _run(
    settings: Settings,
    sockets: list[socket.socket],
    lock: ServerLock,
    *,
    as_json: bool,
    is_demo: bool,
) -> None:
    port = sockets[0].getsockname()[1]
    async with open_house(settings, port=port, more_doors=_more_doors(settings)) as house:
        if settings.is_sandbox:
            from tillgate.sandbox.identities import register

            await register(house)

        def ready() -> None:
            key = house.desk.key_ring.private.public.fingerprint
            lock.announce(_announcement(settings, sockets, key=key))
            _say_ready(house, port, as_json=as_json, is_demo=is_demo)

        server = _Server(_uvicorn(settings, house), ready)
        _stop_on_signals(server, house)
        await server.serve(sockets=sockets)
        lock.withdraw()


@final
class _Server(uvicorn.Server):
    """uvicorn's server, which tells when it is ready and leaves signals to us."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn would raise the signal again after a clean stop, and the exit code would lie.
        yield


def _more_doors(settings: Settings) -> MoreDoors | None:
    if not settings.is_sandbox:
        return None
    from tillgate.sandbox.doors import sandbox_doors

    return sandbox_doors(Folder(settings.data))


def _uvicorn(settings: Settings, house: House) -> uvicorn.Config:
    limits = settings.limits
    return uvicorn.Config(
        house.app,
        loop="none",
        http=limited(limits.request_wait_s_max),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limits.connections_max,
        timeout_keep_alive=limits.keep_alive_s,
        timeout_graceful_shutdown=limits.stop_s,
    )


def _stop_on_signals(server: uvicorn.Server, house: House) -> None:
    def stop() -> None:
        if server.should_exit:
            server.force_exit = True  # Asked twice: somebody is in a hurry.
        server.should_exit = True
        house.app.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


@contextmanager
def _locked(folder: Folder, settings: Settings) -> Iterator[ServerLock]:
    ends_s = time.monotonic() + ANNOUNCE_WAIT_S
    with contextlib.ExitStack() as held:
        while True:
            try:
                lock = held.enter_context(ServerLock.hold(folder, settings.database))
                break
            except Held:
                if announced(folder) is not None or time.monotonic() > ends_s:
                    raise
                time.sleep(0.1)
        yield lock


@contextmanager
def _listening(settings: Settings) -> Iterator[list[socket.socket]]:
    """Open the sockets: the one asked for, and one for `/control` when that is not this machine."""
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(_socket(settings.host, settings.port))]
        address = ipaddress.ip_address(settings.host)
        if not (address.is_loopback or address.is_unspecified):
            sockets.append(opened.enter_context(_socket("127.0.0.1", 0)))
        yield sockets


def _socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        reason = error.strerror or str(error)
        message = (
            f"Port {port} on {host} cannot be used ({reason}); stop what uses it, or choose "
            "another port: --port 0 lets the system choose."
        )
        raise Unavailable(message) from error
    return made


def _announcement(settings: Settings, sockets: list[socket.socket], *, key: str) -> Announced:
    near = sockets[-1].getsockname()
    host = "[::1]" if ":" in near[0] else "127.0.0.1"
    return Announced(
        pid=os.getpid(),
        host=settings.host,
        port=sockets[0].getsockname()[1],
        mode=settings.mode,
        control=f"http://{host}:{near[1]}",
        key=key,
    )


def _say_ready(house: House, port: int, *, as_json: bool, is_demo: bool) -> None:
    settings, doors = house.settings, house.desk.settings
    if as_json:
        print_json(
            {
                "ready": True,
                "url": doors.wallet_origin,
                "port": port,
                "mode": settings.mode,
                "data": str(settings.data),
                "keys": str(house.folder.keys),
                "wallet": f"{doors.wallet_origin}/wallet" if settings.is_sandbox else None,
                "shop": f"{doors.shop_origin}/shop" if settings.is_sandbox else None,
            }
        )
        sys.stdout.flush()
        return
    if settings.is_sandbox:
        _say_sandbox(house, port, is_demo=is_demo)
    else:
        typer.echo(f"Serving {doors.wallet_origin} on {settings.host} port {port}. Stop: Ctrl-C.")
    sys.stdout.flush()


def _say_sandbox(house: House, port: int, *, is_demo: bool) -> None:
    doors, keys = house.desk.settings, house.folder.keys
    if is_demo:
        typer.echo(f"\nOpen {doors.wallet_origin}/wallet\n")
        typer.echo("Sign in as rich with PIN 123456, and buy the dress.")
    else:
        typer.echo(f"Serving a sandbox at {doors.wallet_origin}")
        typer.echo(f"  wallet   {doors.wallet_origin}/wallet   payers rich, poor …; PIN 123456")
    typer.echo(f"  shop     {doors.shop_origin}/shop")
    typer.echo(f"  keys     {keys}")
    typer.echo(f"{SANDBOX.sentence} Stop: Ctrl-C.")
    address = ipaddress.ip_address(house.settings.host)
    if not address.is_loopback:
        say(f"Anybody who reaches {address} port {port} can use this sandbox.")
