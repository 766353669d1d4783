"""One process of several: it serves, tells its parent when it answers, and stops when it is told.

It knows how it is asked to stop: by its parent on their channel, or once by a signal of its own.
What must hold: whoever loses its parent stops by itself, so that the folder is free again; a
service manager that signals every process at once hurries nobody.
"""

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence
from typing import final

import structlog
import uvloop

from tillgate.bootstrap.house import House
from tillgate.cli.serving import Role, Stopping, serve_house
from tillgate.cli.several import UP, Beginning
from tillgate.cli.surface import complain_of, exit_code
from tillgate.config.database import PostgresUrl
from tillgate.config.settings import Settings
from tillgate.kernel.errors import TillgateError


@final
class Child:
    """What a child does after it was made."""

    def __init__(
        self,
        settings: Settings,
        sockets: Sequence[socket.socket],
        *,
        control_token: str,
        set_logging: Callable[[], None],
        as_json: bool,
    ) -> None:
        """Serve these sockets, and open `/control` to who knows the token."""
        self._set_logging = set_logging
        self._settings = settings
        self._sockets = sockets
        self._control_token = control_token
        self._as_json = as_json

    def work(self, beginning: Beginning) -> int:
        """Serve until it is told to stop; return the exit code."""
        self._set_logging()  # The log is a thread's, and a new process has none but this one.
        log = structlog.get_logger("tillgate.processes")
        for death in beginning.deaths:
            log.warning("process_ended", **death._asdict())
        leash, is_first = _Leash(beginning.channel), beginning.is_first
        role = Role(
            listens_first=is_first,
            hear=leash.hold,
            prepare=register if is_first else leave_as_it_is,
            came_up=leash.say_up,
            went_down=lambda: None,
            control_token=self._control_token,
            is_alone=False,
        )
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(serve_house(self._settings, self._sockets, role))
        except TillgateError as error:
            complain_of(error, as_json=self._as_json and is_first)
            return exit_code(error)
        except Exception:
            log.exception("process_broken")
            return 1
        return 0


def load(settings: Settings) -> None:
    """Load what each process would load by itself, so that one that is replaced is there sooner."""
    if isinstance(settings.database, PostgresUrl):
        import tillgate.storage.postgres.opening
    if settings.is_sandbox:
        import tillgate.sandbox.doors
        import tillgate.sandbox.identities  # noqa: F401  Loaded and no more.


async def register(house: House) -> None:
    """Register the sandbox's identities, if it is one."""
    if house.settings.is_sandbox:
        from tillgate.sandbox.identities import register

        await register(house)


async def leave_as_it_is(_house: House) -> None:
    """Do nothing: the first process has done it."""


@final
class _Leash:
    """The child's end of the channel."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._asked = 0
        self._asked_by_parent = 0

    def hold(self, stopping: Stopping) -> None:
        """Hear the parent and SIGTERM from now on."""
        loop = asyncio.get_running_loop()
        self._channel.settimeout(0)
        loop.add_reader(self._channel, self._hear, stopping)
        loop.add_signal_handler(signal.SIGTERM, self._ask, stopping, 1)

    def say_up(self, house: House) -> None:
        """Tell the parent that requests are answered, and with which key."""
        key = house.desk.key_ring.private.public.fingerprint
        self._channel.send(key.encode() + UP)

    def _hear(self, stopping: Stopping) -> None:
        try:
            said = self._channel.recv(64)
        except ConnectionError:
            said = b""
        if said:
            self._asked_by_parent += len(said)
            self._ask(stopping, self._asked_by_parent)
            return
        asyncio.get_running_loop().remove_reader(self._channel)
        structlog.get_logger("tillgate.processes").error("parent_gone")
        self._ask(stopping, 2)  # Nobody holds the port for the next ones: no time to drain.

    def _ask(self, stopping: Stopping, times: int) -> None:
        """Ask so many times in all; the parent and a signal may mean the same."""
        while self._asked < times:
            self._asked += 1
            stopping.ask()
