"""Crowds of sockets that want nothing good, opened from several addresses of this machine.

What must hold: every socket it opened is closed at the end, whatever the server did with it.
"""

import contextlib
import resource
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, final

from tests.support.gateway import Gateway

OF_AN_ADDRESS: Final = 20_000
"""Sockets from one address: the system has some 28 000 ports of its own to give."""
FIRST_ADDRESS: Final = 2
"""The last number of the first address: the ports of 127.0.0.1 are for servers of other tests."""
PATIENCE_S: Final = 60.0
SPARE: Final = 500


@final
class Crowd:
    """Sockets to one server."""

    def __init__(self, gateway: Gateway) -> None:
        """Open none yet."""
        self._to = ("127.0.0.1", gateway.port)
        self.wires: list[socket.socket] = []
        self.refused = 0

    def grow(self, count: int, said: bytes = b"") -> None:
        """Open so many more, and say something on each."""
        for _ in range(count):
            wire = socket.socket()
            wire.bind((f"127.0.0.{FIRST_ADDRESS + len(self.wires) // OF_AN_ADDRESS}", 0))
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            wire.settimeout(PATIENCE_S)
            try:
                wire.connect(self._to)
                if said:
                    wire.sendall(said)
            except OSError:
                self.refused += 1
            wire.setblocking(False)  # noqa: FBT003  The standard library's shape.
            self.wires.append(wire)

    def trickle(self, piece: bytes) -> int:
        """Send a piece on each; return how many took it."""
        took = 0
        for wire in self.wires:
            with contextlib.suppress(OSError):
                took += wire.send(piece) > 0
        return took

    def open(self) -> int:
        """Return how many the server still holds open."""
        return sum(not _is_over(wire) for wire in self.wires)

    def shrinks_to(self, most: int, within_s: float = 120) -> None:
        """Wait until the server has taken all of them in and holds no more than so many."""
        began_s = time.monotonic()
        while (held := self.open()) > most:
            assert time.monotonic() - began_s < within_s, held
            time.sleep(0.1)

    def close(self) -> None:
        """Close all of them."""
        for wire in self.wires:
            wire.close()
        self.wires.clear()


def _is_over(wire: socket.socket) -> bool:
    poll = select.poll()
    poll.register(wire, select.POLLIN | select.POLLHUP | select.POLLERR)
    if not poll.poll(0):
        return False
    try:
        while wire.recv(4_096):  # What is left of an answer would hide the end behind it.
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def crowd(gateway: Gateway, most: int) -> Iterator[Crowd]:
    """Let this process have the files for a crowd, and close it at the end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + SPARE
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    opened = Crowd(gateway)
    try:
        yield opened
    finally:
        opened.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, max(hard, wanted)))
