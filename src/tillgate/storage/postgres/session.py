"""One held connection: opened when needed, dropped when it fails, never cancelled in a COMMIT.

It knows SQL's transactions and no tables. What must hold: a connection that an error or a time-out
touched is not used again; a COMMIT that is not answered in time is left alone on its own connection
and never cancelled, since PostgreSQL would take that for leave to acknowledge a commit that its
synchronous standby has not. Meanwhile no other one is begun, or they would fill the server.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, final

import asyncpg

from tillgate.engine.ports import CommitUnknown
from tillgate.kernel.errors import TillgateError, Unavailable
from tillgate.storage.postgres import faults

_KEEPALIVE: Final = {
    "TCP_KEEPIDLE": 5,
    "TCP_KEEPINTVL": 2,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 8_000,
}
"""Seconds, seconds, how often; milliseconds until what was sent must be acknowledged."""

_UNANSWERED_S_MAX: Final = 60.0
"""How long a COMMIT that is not answered keeps others from being begun."""
_COMPLETION_UNKNOWN: Final = "40003"

Connect = Callable[[], Awaitable["asyncpg.Connection[Any]"]]


@final
class Session:
    """A connection and what may be done on it, one thing at a time."""

    def __init__(
        self, connect: Connect, *, url: str, wait_s_max: float, commit_wait_s_max: float
    ) -> None:
        """Open nothing yet; the URL is told without its password when there is no connecting."""
        self._connect = connect
        self._url = url
        self._wait_s_max = wait_s_max
        self._commit_wait_s_max = commit_wait_s_max
        self._connection: asyncpg.Connection[Any] | None = None
        self._warned = False
        self._unanswered: asyncio.Future[str] | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether there is a connection that no error touched."""
        return self._connection is not None and not self._connection.is_closed()

    async def open(self) -> None:
        """Connect if there is no connection.

        Raises:
            Unavailable: the server cannot be reached, or does not let us in.
        """
        if self.is_open:
            return
        if self._unanswered is not None and not self._unanswered.done():
            raise Unavailable("PostgreSQL has not answered an earlier COMMIT; nothing was done.")
        self.drop()
        try:
            self._connection = await self._connect()
        except (*faults.LOST, asyncpg.PostgresError, ValueError) as error:
            raise faults.unreachable(self._url, error) from error
        self._connection.add_log_listener(self._hear)
        _keep_alive(self._connection)

    async def rows(self, text: str, *values: object) -> Sequence[Any]:
        """Return the rows of a statement.

        Raises:
            TillgateError: as `faults.said` puts what the driver raised.
        """
        connection = self._open()
        try:
            found: Sequence[Any] = await connection.fetch(text, *values, timeout=self._wait_s_max)
        except Exception as error:
            raise self._failed(error) from error
        except BaseException:
            self.drop()
            raise
        return found

    async def begin(self) -> None:
        """Begin a transaction, on a new connection if the one held turns out to be gone.

        Raises:
            Unavailable: the server cannot be reached.
        """
        await self.rows_or_anew("BEGIN")

    async def rows_or_anew(self, text: str, *values: object) -> Sequence[Any]:
        """Return the rows of a statement outside a transaction, which may therefore run twice.

        It runs again, once and on a new connection, if the one held turns out to be gone.

        Raises:
            TillgateError: as `rows` does, the second time.
        """
        was_open = self.is_open
        await self.open()
        try:
            return await self.rows(text, *values)
        except Unavailable:
            if not was_open or self.is_open:
                raise
        await self.open()
        return await self.rows(text, *values)

    async def commit(self) -> None:
        """Make a transaction durable.

        Raises:
            CommitUnknown: no answer came, or one that says it may not have reached a standby.
            Unavailable: it was rolled back.
        """
        connection, self._warned = self._open(), False
        commit = asyncio.ensure_future(connection.execute("COMMIT"))
        try:
            done, _ = await asyncio.wait({commit}, timeout=self._commit_wait_s_max)
        except BaseException:
            commit.add_done_callback(_forget_error)
            self.drop()
            raise
        if not done:
            self._leave(commit, connection)
            raise CommitUnknown("PostgreSQL did not answer a COMMIT in time.")
        error = commit.exception()
        if error is not None:
            raise self._uncommitted(error) from error
        if commit.result() != "COMMIT":
            raise Unavailable("PostgreSQL rolled the transaction back; nothing was written.")
        if self._warned:
            self.drop()
            raise CommitUnknown("PostgreSQL warned of a COMMIT: its standby may not have it.")

    async def roll_back(self) -> None:
        """Undo a transaction; a connection that cannot is dropped, which undoes it as well."""
        if not self.is_open:
            return
        with contextlib.suppress(TillgateError):
            await self.rows("ROLLBACK")

    def drop(self) -> None:
        """Let go of the connection without a word."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def close(self) -> None:
        """Say good-bye and let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.close(timeout=self._wait_s_max)
            except (*faults.LOST, asyncpg.PostgresError):
                connection.terminate()

    def _open(self) -> "asyncpg.Connection[Any]":
        if self._connection is None or self._connection.is_closed():
            raise Unavailable("The connection to PostgreSQL is gone; nothing was written.")
        return self._connection

    def _failed(self, error: Exception) -> TillgateError:
        """Return what to raise; a connection whose state is not certain is dropped."""
        if isinstance(error, faults.LOST):
            self.drop()
        return faults.said(error)

    def _uncommitted(self, error: BaseException) -> TillgateError:
        state = getattr(error, "sqlstate", None) or ""
        if state.startswith(("23", "40")) and state != _COMPLETION_UNKNOWN:
            return faults.said(error)
        self.drop()
        return CommitUnknown(f"PostgreSQL failed while it committed ({faults.named(error)}).")

    def _leave(self, commit: "asyncio.Future[str]", connection: "asyncpg.Connection[Any]") -> None:
        """Let a COMMIT go on until it is answered, its connection ends, or long after."""
        self._connection, self._unanswered = None, commit
        end = asyncio.get_running_loop().call_later(_UNANSWERED_S_MAX, connection.terminate)

        def over(done: "asyncio.Future[str]") -> None:
            _forget_error(done)
            end.cancel()
            connection.terminate()

        commit.add_done_callback(over)

    def _hear(self, _connection: object, message: Any) -> None:  # noqa: ANN401  asyncpg gives it no type.
        """Notice a warning, whatever its language: one at a COMMIT says that no standby has it."""
        if (getattr(message, "sqlstate", None) or "").startswith("01"):
            self._warned = True


def _keep_alive(connection: "asyncpg.Connection[Any]") -> None:
    """Have the system notice within seconds that the other side is gone without a word."""
    transport = connection._transport  # noqa: SLF001  asyncpg has no public way to the socket.
    held = transport.get_extra_info("socket")
    if held is None or held.family not in (socket.AF_INET, socket.AF_INET6):
        return
    held.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            held.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _forget_error(done: "asyncio.Future[str]") -> None:
    if not done.cancelled():
        done.exception()
