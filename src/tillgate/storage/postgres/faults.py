"""What PostgreSQL's errors mean to the engine.

Decides which error means that nothing was written and the same may be sent again, which that one
row was not to be had, which that a row broke a rule, and which that we misuse the database. What
must hold: an error's text never carries values of a row, nor a password, since it may be logged.
"""

import re
import socket
import ssl
from typing import Final

import asyncpg

from tillgate.engine.ports import RowsLocked, StoreRefused
from tillgate.kernel.errors import Broken, TillgateError, Unavailable

LOST: Final = (
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InternalClientError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    ConnectionError,
    OSError,
    TimeoutError,
)
"""After these a connection is not used again: it is gone, was stopped, or leads to a standby."""

_PASSING: Final = (
    "40",  # Deadlock, serialization.
    "25",  # A transaction that PostgreSQL gave up, or a server that only reads.
    "53",  # Out of disk, memory or connections.
    "55",  # Something is not in the state for it.
    "57",  # Cancelled, or the server is going down.
    "58",  # An error of the disk.
    "08",  # The connection.
    "XX",  # An internal error; a disk that fails is told so, too.
)
"""Classes of SQLSTATE that pass without a change of what is asked."""
_LOCKED: Final = "55P03"
"""A lock was not had in time. A deadlock (40P01) is none of these: its victim may go on at once."""
_STEPS: Final = (
    ("3D", "make it (createdb), or correct the name in the URL, and try again."),
    ("28", "check user and password in the URL, and what the server's pg_hba.conf lets in."),
    ("42501", "give its user the right to connect and to make tables there."),
    ("53300", "the server has no connection left; raise max_connections there, or stop others."),
    (_LOCKED, "its tables are being upgraded; try again when `tillgate db upgrade` has ended."),
    ("57P03", "the server is starting or stopping; try again in a moment."),
)
"""What to do about a server that answered no, by the beginning of its SQLSTATE."""
_STEPS_OF: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (socket.gaierror, "no machine of that name is known; is the host in the URL right?"),
    (TimeoutError, "no answer in time; is it running, and does a firewall let us through?"),
    (ssl.SSLError, "it does not speak TLS as the URL asks; check sslmode and certificates."),
    (OSError, "is it running, and are host and port in the URL right?"),
    (
        asyncpg.exceptions.TargetServerAttributeNotMatched,
        "no host in the URL is a primary; name the one that takes writes.",
    ),
    (ValueError, "its URL is not understood; write postgresql://user:password@host:5432/name."),
    (BaseException, "look into the server's own log."),
)
"""What to do about one that did not answer, by the kind of error, the first that fits."""
_CONFLICT: Final = "40001"
STANDBY: Final = (
    "On a standby, set hot_standby_feedback = on: without it replay ends whoever reads for long"
    " (SQLSTATE 40001 or 57P01)."
)
_REFUSING: Final = ("22", "23")
"""Classes of SQLSTATE that say a row is wrong."""


def said(error: BaseException) -> TillgateError:
    """Return what a driver's error means, for a statement that was no COMMIT."""
    if isinstance(error, TillgateError):
        return error
    state = getattr(error, "sqlstate", None) or ""
    if state.startswith(_REFUSING) or isinstance(error, ValueError | OverflowError):
        return StoreRefused(f"PostgreSQL refused a row ({named(error)})")
    if state == _LOCKED:
        return RowsLocked("Somebody holds a row of the database locked; nothing was written.")
    if isinstance(error, LOST) or state.startswith(_PASSING):
        step = f" {STANDBY}" if state == _CONFLICT else ""
        sentence = f"PostgreSQL cannot do this now ({named(error)}); nothing was written.{step}"
        return Unavailable(sentence)
    if isinstance(error, asyncpg.PostgresError):
        return Broken(f"the database is not as we know it: {named(error)}")
    return Broken(f"{type(error).__name__} in the PostgreSQL store")


def unreachable(url: str, error: BaseException) -> Unavailable:
    """Return what to say of a server that does not let us in: which one, why, and what to do."""
    state = getattr(error, "sqlstate", None) or ""
    by_state = next((step for code, step in _STEPS if code and state.startswith(code)), "")
    step = by_state or next(step for kind, step in _STEPS_OF if isinstance(error, kind))
    return Unavailable(f"{address(url)} cannot be opened ({named(error)}): {step}")


def address(url: str) -> str:
    """Return user, hosts and name of a URL; nothing that might be of a password."""
    told, *more = re.split(r"[?#]", url.partition("://")[2], maxsplit=1)
    if any("@" in each for each in more):
        return "The PostgreSQL database"  # A password may hold what should have been written as %.
    who, at, where = told.rpartition("@")
    return f"The PostgreSQL database {who.partition(':')[0]}{at}{where}"


def named(error: BaseException) -> str:
    """Return an error's name and, of PostgreSQL's own, its first line, which names no values."""
    state = getattr(error, "sqlstate", None)
    constraint = getattr(error, "constraint_name", None)
    parts = [type(error).__name__, state or "", constraint or ""]
    return " ".join(part for part in parts if part)
