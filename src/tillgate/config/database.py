"""Where a gateway's records are kept: a SQLite file, or a PostgreSQL database by its URL.

It knows how each is written and opens neither. What must hold: the password in a URL never prints.
"""

from pathlib import Path
from typing import Final, final
from urllib.parse import parse_qs, urlsplit

from tillgate.config.values import refused

SQLITE: Final = "sqlite:///"
POSTGRESQL: Final = ("postgresql://", "postgres://")
FILE_NAME: Final = "tillgate.sqlite"
_STEP: Final = (
    "write postgresql://user:password@host:5432/name, sqlite:///relative.sqlite or "
    "sqlite:////absolute.sqlite, or use --data DIR"
)


@final
class PostgresUrl:
    """The URL of a PostgreSQL database, as libpq writes it; it prints without its password."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        """Keep the URL."""
        self.text = text

    def __str__(self) -> str:
        """Return user, host and name, without what lets somebody in."""
        parts = urlsplit(self.text)
        user = f"{parts.username}@" if parts.username else ""
        return f"postgresql://{user}{parts.netloc.rpartition('@')[2]}{parts.path}"

    def __repr__(self) -> str:
        """Return what `str` does, in the name of the type."""
        return f"PostgresUrl({self})"

    def __eq__(self, other: object) -> bool:
        """Tell whether the other is the same URL."""
        return isinstance(other, PostgresUrl) and other.text == self.text

    def __hash__(self) -> int:
        """Return the hash of the URL."""
        return hash(self.text)


Database = Path | PostgresUrl


def has_password(url: str) -> bool:
    """Tell whether a URL lets somebody into a database of PostgreSQL, as far as it can be read."""
    if not url.startswith(POSTGRESQL):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False  # It is refused where it is used.
    return bool(parts.password) or "password" in parse_qs(parts.query)


def read_database(url: str, data: Path, *, data_given: bool) -> Database:
    """Return where records are kept.

    A data folder that was named on the command line holds the file as well, but a database of
    PostgreSQL stays what it is: the folder then holds keys, secret and lock alone.

    Raises:
        SettingRefused: the URL is of neither kind.
    """
    if url.startswith(POSTGRESQL):
        return _postgres(url)
    path = url.removeprefix(SQLITE)
    if url and (path == url or not path or "?" in path or path == ":memory:"):
        # Even beside --data: one wrong letter must not put the books into a new file.
        raise refused("database_url", "it names a database by its URL", _STEP)
    return data / FILE_NAME if data_given or not url else Path(path).absolute()


def _postgres(url: str) -> PostgresUrl:
    try:
        parts = urlsplit(url)
        hosts = parts.netloc.rpartition("@")[2].split(",")
        are_hosts = not parts.netloc or all(_is_host(host) for host in hosts)
        are_known = are_hosts and "@" not in parts.path + parts.query
    except ValueError:
        are_known = False
    if not are_known or parts.fragment:
        rule = "in it, write / ? # @ : of a user or a password as %2F %3F %23 %40 %3A"
        raise refused("database_url", rule, _STEP)
    if not parts.path.strip("/") or any(ord(each) < ord("!") for each in url):
        raise refused("database_url", "it names no database of PostgreSQL", _STEP)
    return PostgresUrl(url)


def _is_host(text: str) -> bool:
    """Tell whether this is a host, with or without a port; one of IPv6 stands in brackets."""
    if text.startswith("["):
        _, bracket, port = text.partition("]")
        return bool(bracket) and (not port or port[1:].isdigit())
    host, _, port = text.partition(":")
    return bool(host) and (not port or port.isdigit())
