"""Readiness: whether a load balancer should send requests here now, and if not, why.

Three things make it red: the house is not open yet, the server is about to stop, the database does
not answer within a bounded time. It knows neither the database nor who stops the server. What must
hold: a check that hangs is asked once, however many ask; red is logged when it begins, not at each
question.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum, unique
from typing import Final, final

import structlog

Check = Callable[[], Awaitable[None]]
CHECK_WAIT_S_MAX: Final = 2.0


@unique
class Why(StrEnum):
    """Why no requests are wanted."""

    STARTING = "starting"
    DRAINING = "draining"
    DATABASE = "database"


@final
class Readiness:
    """Tells whether requests are wanted."""

    def __init__(self, check: Check, *, wait_s_max: float = CHECK_WAIT_S_MAX) -> None:
        """`check` raises when the store does not answer; it is waited for so long."""
        self._check = check
        self._wait_s_max = wait_s_max
        self._checking: asyncio.Future[None] | None = None
        self._is_draining = False
        self._was_red = False
        self._log = structlog.get_logger("tillgate.doors")

    def drain(self) -> None:
        """Be red from now on; requests are still answered."""
        if not self._is_draining:
            self._is_draining = True
            self._log.info("not_ready", why=Why.DRAINING.value)

    async def why_not(self) -> Why | None:
        """Return why requests are not wanted, or None when they are."""
        if self._is_draining:
            return Why.DRAINING
        try:
            await self._checked()
        except Exception as error:  # noqa: BLE001  Whatever is wrong, the answer is the same: not ready.
            if not self._was_red:
                self._was_red = True
                self._log.error("not_ready", why=Why.DATABASE.value, exc_info=error)
            return Why.DATABASE
        if self._was_red:
            self._was_red = False
            self._log.warning("ready_again")
        return None

    async def _checked(self) -> None:
        """Wait for the check that is under way, or begin one."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.ensure_future(self._check())
            self._checking.add_done_callback(_look_at)
        async with asyncio.timeout(self._wait_s_max):
            await asyncio.shield(self._checking)


def _look_at(checked: "asyncio.Future[None]") -> None:
    """Look at how a check ended that nobody waits for any more."""
    if not checked.cancelled():
        checked.exception()
