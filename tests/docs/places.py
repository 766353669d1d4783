"""What of a page is replaced where it is executed: ports, databases, folders of a server.

It decides what a reader's machine would have in a place of its own and the walk has in another:
port 8080, `postgresql://…`, `/var/lib/tillgate`. What must hold: no two walks of this machine have
one port (a lock a port, outside the range from which the system lends), and what is printed reads
as on the reader's machine.
"""

import fcntl
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir
from typing import Final, final

from tests.support import postgres

GATEWAY_PORT: Final = 8080
PORT: Final = re.compile(
    r"((?:127\.0\.0\.1|localhost|0\.0\.0\.0):"
    r"|--port[ =]|\bport ?= ?|\bPORT=|\bPORT:-|runserver |_shop\.py \S+ )(\d{4})\b"
)
DATABASE: Final = re.compile(r"postgresql://[^\s\"'<>`]+")
FOLDERS: Final = re.compile(r"(?<![\w.])/(?=(?:var/lib/tillgate|backup)\b)")
ANSWERS_S_MAX: Final = 2.0
PORTS: Final = range(20_000, 30_000)


@final
class Places:
    """What stands in for the reader's own places, for one walk."""

    def __init__(self, folder: Path, ports: Mapping[int, int], database: str) -> None:
        """Take the page's folder, the port for each of the page's, and a database's URL."""
        self.folder = folder
        self.ports = ports
        self.database = database

    def here(self, text: str) -> str:
        """Return a block's text with our places in it."""
        text = PORT.sub(lambda match: f"{match[1]}{self.ports[int(match[2])]}", text)
        text = FOLDERS.sub(f"{self.folder}/", text)
        return DATABASE.sub(self.database, text) if self.database else text

    def there(self, printed: str) -> str:
        """Return what was printed as the reader's machine would print it."""
        for told, lent in self.ports.items():
            printed = re.sub(rf"\b{lent}\b", str(told), printed)
        return printed

    def named_in(self, text: str) -> list[int]:
        """Return our ports for those that a text of the page names."""
        return [self.ports[int(match[2])] for match in PORT.finditer(text)]


@contextmanager
def lent(folder: Path, text: str) -> Iterator[Places]:
    """Lend what a page's text names, for as long as the block lasts."""
    with ExitStack() as held:
        told = {GATEWAY_PORT, *(int(match[2]) for match in PORT.finditer(text))}
        ports = {port: held.enter_context(_port()) for port in sorted(told)}
        is_named = DATABASE.search(text)
        database = held.enter_context(postgres.server().bare_database()) if is_named else ""
        for name in ("backup", "var/lib/tillgate"):
            if f"/{name}" in text:
                (folder / name).mkdir(parents=True)
        yield Places(folder, ports, database)


def is_open(port: int) -> bool:
    """Tell whether somebody listens on a port of this machine."""
    with socket.socket() as door:
        door.settimeout(ANSWERS_S_MAX)  # One that listens and does not keep up would hold us.
        return door.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _port() -> Iterator[int]:
    """Hold a port that nobody listens on and no other walk has."""
    locks = Path(gettempdir()) / f"tillgate-docs-ports-{os.getuid()}"
    locks.mkdir(exist_ok=True)
    for port in PORTS:
        with (locks / str(port)).open("w") as lock, suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not is_open(port):
                yield port
                return
    raise RuntimeError("no port is left for a page")
