"""What is read, or committed, after something was executed: it cannot fail as if nothing were.

A store that is away says that nothing was done, which is true of the read and untrue of the
request. What must hold: whoever was executed is told what became of it, or that it is not known.
"""

from collections.abc import Awaitable
from typing import TypeVar

from tillgate.kernel.errors import Unavailable, Unsettled

NOT_KNOWN = "The result is not known yet; ask again."
T = TypeVar("T")


async def once_executed(doing: Awaitable[T]) -> T:
    """Return what follows from something that was executed.

    Raises:
        Unsettled: what follows cannot be found out now.
    """
    try:
        return await doing
    except Unavailable as error:
        raise Unsettled(NOT_KNOWN, retry_after_s=error.retry_after_s) from error
