"""Single key presses on a terminal, without Enter, for as long as a block runs.

It knows no key's meaning. What must hold: the terminal is as it was afterwards, however the block
ends; where there is no terminal nothing is read, and a pipe or a file is left alone.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def key_presses(pressed: Callable[[str], None]) -> Iterator[bool]:
    """Tell each key on the running loop; yield whether there is a terminal at all."""
    if not sys.stdin.isatty():
        yield False
        return
    import termios
    import tty

    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    loop = asyncio.get_running_loop()

    def read() -> None:
        for key in os.read(number, 64).decode(errors="replace"):
            pressed(key)

    try:
        tty.setcbreak(number)
        loop.add_reader(number, read)
        yield True
    finally:
        loop.remove_reader(number)
        termios.tcsetattr(number, termios.TCSADRAIN, before)
