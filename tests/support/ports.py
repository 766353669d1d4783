"""Ports that stay a test's own while nobody listens on them.

A port that was picked and let go may be somebody else's when a server binds to it, or when it comes
back. A held one is bound and does not listen: who connects is refused, the system gives it to
nobody else, and a server that sets SO_REUSEADDR, as servers do, may listen on it all the same. What
must hold: it is bound for as long as it is held.
"""

import socket
from typing import final
from weakref import finalize


@final
class HeldPort:
    """A port of 127.0.0.1, held until it is let go or nobody has it any more."""

    def __init__(self, number: int = 0) -> None:
        """Hold this port, or a free one."""
        held = socket.socket()
        self._let_go = finalize(self, held.close)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", number))
        self.number: int = held.getsockname()[1]

    def let_go(self) -> None:
        """Hold it no longer."""
        self._let_go()
