"""What callers are told whose commands were not decided here, or not to the end.

It decides how much is known, never whether to try again. What must hold: what may have happened is
never called a no, and nobody is told of whom an error speaks.
"""

from typing import Final

from tillgate.engine.lanes import Job
from tillgate.engine.ports import CommitUnknown, StoreRefused
from tillgate.engine.verb import ResolutionStale
from tillgate.kernel.errors import Broken, TillgateError, Unavailable, Unsettled

UNSETTLED: Final = "The store did not settle this in time; send the same again."
"""Said of a command that may have happened and of one that may not: it is not known."""


class Lost(Exception):
    """An insert lost against a row that was there already; the batch is decided again."""


def surrendered(error: Exception) -> TillgateError:
    """Return what a caller is told whose command was tried to the end."""
    if isinstance(error, StoreRefused):
        return broken(error)
    if isinstance(error, Unavailable):
        return error
    if isinstance(error, CommitUnknown):
        return Unsettled(UNSETTLED)
    if isinstance(error, Lost | ResolutionStale):
        return Unavailable(UNSETTLED)
    return broken(error)


def stopped(job: Job, why: str) -> Unavailable:
    """Return what a caller is told whose command will not be decided here.

    What it carries on was done before: an issuer may have moved the money.
    """
    if job.goes_on:
        return Unsettled(f"{why}; the result is not known, so ask again.")
    return Unavailable(f"{why}; nothing was executed.")


def broken(error: Exception) -> Broken:
    """Return a `Broken` that says what happened without saying to whom."""
    told = Broken(f"{type(error).__name__} while deciding; nothing was changed")
    told.__cause__ = error
    return told
