"""The log goes to a pipe whose reader has gone, or sleeps: nobody who pays may notice.

What must hold: a line that cannot be written is lost, and neither ends a worker nor holds up the
loop; memory stays bounded however much is to be said.
"""

import socket
from pathlib import Path
from typing import Final

import pytest

from tests.hostile.measuring import PATIENCE_S, memory_kib, pid_of, status
from tests.support.gateway import Gateway, running

GONE: Final = """
import os
reading, writing = os.pipe()
os.dup2(writing, 2)
os.close(reading)
os.close(writing)
from tillgate.cli import main; main()
"""
ASLEEP: Final = """
import os
reading, writing = os.pipe()
os.set_blocking(writing, False)
try:
    while os.write(writing, b" " * 512):
        pass
except BlockingIOError:
    os.set_blocking(writing, True)
os.dup2(writing, 2)
from tillgate.cli import main; main()
"""
LINES: Final = 1_500
GROWN_KIB_MAX: Final = 30 * 1024


@pytest.mark.parametrize("program", [GONE, ASLEEP], ids=["gone", "asleep"])
def test_a_log_that_nobody_takes_harms_nobody(program: str, tmp_path: Path) -> None:
    with running(tmp_path / "gateway", program=program) as gateway:
        before_kib = memory_kib(pid_of(gateway))
        make_lines(gateway, LINES)
        assert status(gateway, "/healthz") == 200
        assert memory_kib(pid_of(gateway)) - before_kib < GROWN_KIB_MAX
    assert gateway.logged() == ""


def make_lines(gateway: Gateway, count: int) -> None:
    """Send what is no HTTP, each of which is worth a line."""
    for _ in range(count // 100):
        here = ("127.0.0.1", gateway.port)
        wires = [socket.create_connection(here, PATIENCE_S) for _ in range(100)]
        for wire in wires:
            wire.sendall(b"nonsense\r\n\r\n")
        for wire in wires:
            assert wire.recv(64).startswith(b"HTTP/1.1 400")
            wire.close()
