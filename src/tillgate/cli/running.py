"""Running a gateway: the lock, the listening sockets, then one process or several that serve.

Decides what is held for as long as a gateway runs, and by whom; it knows no door. What must hold:
the lock is held from before the database is opened until after it is closed, and `/control` opens
with one token however many processes there are.
"""

import asyncio
import contextlib
import ipaddress
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import uvloop

from tillgate.cli.child import Child, load, register
from tillgate.cli.listener import allow_files
from tillgate.cli.logs import set_logging
from tillgate.cli.ready import announcement, say_ready
from tillgate.cli.serving import Role, Stopping, serve_house
from tillgate.cli.several import Parent
from tillgate.config.folder import Folder, replace
from tillgate.config.lock import Held, ServerLock, announced, is_alive
from tillgate.config.settings import Settings, check_serving
from tillgate.edge.metrics_shared import together
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
    allow_files(settings.limits.connections_max)
    folder = Folder(settings.data)
    with _locked(folder, settings) as lock, _listening(settings) as sockets:
        if settings.is_sandbox:
            from tillgate.sandbox.identities import make_keys

            make_keys(folder)

        def came_up(key: str) -> None:
            lock.announce(announcement(settings, sockets, key=key))
            say_ready(settings, sockets[0].getsockname()[1], as_json=as_json, is_demo=is_demo)

        if settings.workers > 1:
            with together():
                _run_several(settings, sockets, lock, came_up, as_json=as_json)
            return

        set_logging(settings.log_level)
        role = Role(
            listens_first=True,
            hear=_hear_signals,
            prepare=register,
            came_up=lambda house: came_up(house.desk.key_ring.private.public.fingerprint),
            went_down=lock.withdraw,
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve_house(settings, sockets, role))


def _run_several(
    settings: Settings,
    sockets: Sequence[socket.socket],
    lock: ServerLock,
    came_up: Callable[[str], None],
    *,
    as_json: bool,
) -> None:
    load(settings)
    token, file = secrets.token_urlsafe(32), Folder(settings.data).control_token
    replace(file, token.encode())
    try:
        child = Child(
            settings,
            sockets,
            control_token=token,
            set_logging=lambda: set_logging(settings.log_level),
            as_json=as_json,
        )
        parent = Parent(
            settings, sockets, work=child.work, came_up=came_up, went_down=lock.withdraw
        )
        parent.run()
    finally:
        file.unlink(missing_ok=True)


def _hear_signals(stopping: Stopping) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.ask)


@contextmanager
def _locked(folder: Folder, settings: Settings) -> Iterator[ServerLock]:
    began_s = time.monotonic()
    with contextlib.ExitStack() as held:
        while True:
            try:
                lock = held.enter_context(ServerLock.hold(folder, settings.database))
                break
            except Held:
                if time.monotonic() > began_s + _wait_s_max(folder, settings):
                    raise
                time.sleep(0.1)
        yield lock


def _wait_s_max(folder: Folder, settings: Settings) -> float:
    """Return how long whoever holds the folder is waited for."""
    said = announced(folder)
    if said is None:
        return ANNOUNCE_WAIT_S
    return 0.0 if is_alive(said) else settings.limits.stop_s + ANNOUNCE_WAIT_S


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
