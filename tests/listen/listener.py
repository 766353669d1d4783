"""`tillgate listen` as a process, a merchant's server of a few lines, and payers that pay.

What must hold: whatever was started is ended; what a process says is waited for, and not for
ever.
"""

import json
import os
import pty
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, final

from tests.support.gateway import command, environment
from tests.support.notify_url import Answer, notify_url
from tillgate.acquiring.notification import Notification, NotificationSend
from tillgate.cli.operate import every, read, settings_of
from tillgate.cli.wallet import Wallet
from tillgate.merchant import UNCHECKED, Merchant

SAID_S_MAX = 120.0
PIN = "123456"


class Gateway(Protocol):
    """A sandbox, in a thread or as a process of its own."""

    @property
    def origin(self) -> str:
        """Return where it answers."""
        ...

    @property
    def data(self) -> Path:
        """Return its data folder."""
        ...


@final
class Listener:
    """A listener that runs."""

    def __init__(self, process: "subprocess.Popen[str]", terminal: int | None) -> None:
        """Hear what it says."""
        self.process = process
        self._terminal = terminal
        self._lines: queue.Queue[str] = queue.Queue()
        assert process.stdout is not None
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def line(self) -> Any:
        """Return the next line that it prints."""
        try:
            return json.loads(self._lines.get(timeout=SAID_S_MAX))
        except queue.Empty:
            raise AssertionError(f"it says nothing: {self.process.poll()}") from None

    def line_about(self, order: str) -> Any:
        """Return the next line about an order; what an earlier test left may come between."""
        while (line := self.line()).get("order") != order:
            pass
        return line

    def complaint(self, word: str) -> str:
        """Return the next line for people in which a word stands."""
        assert self.process.stderr is not None
        return next(line for line in self.process.stderr if word in line)

    def press(self, key: str) -> None:
        """Press a key on its terminal."""
        assert self._terminal is not None
        os.write(self._terminal, key.encode())

    def stop(self) -> int:
        """End it as Ctrl-C does, and return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(SAID_S_MAX)


@contextmanager
def listening(
    gateway: Gateway, url: str, *options: str, on_terminal: bool = False
) -> Iterator[Listener]:
    """Run a listener for as long as the block lasts; it listens when the block begins."""
    ours, its = pty.openpty() if on_terminal else (None, None)
    arguments = ("listen", "--forward-to", url, "--data", str(gateway.data), "--json", *options)
    process = subprocess.Popen(
        command(*arguments),
        env=environment(),
        stdin=its if on_terminal else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        listener = Listener(process, ours)
        assert "listening" in listener.line()
        yield listener
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(SAID_S_MAX)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        for end in (ours, its):
            if end is not None:
                os.close(end)


@final
class Shop:
    """A merchant's server of a few lines, which answers as it is told."""

    def __init__(self, answer: Callable[[bytes], Answer]) -> None:
        """Answer each message by this function."""
        self.answer = answer
        self.url = ""
        self.heard: list[bytes] = []


@contextmanager
def selling(answer: Callable[[bytes], Answer]) -> Iterator[Shop]:
    """Run a shop for as long as the block lasts."""
    shop = Shop(answer)

    def take(raw: bytes) -> Answer:
        shop.heard.append(raw)
        return shop.answer(raw)

    with notify_url(take) as shop.url:
        yield shop


def acknowledging(merchant: Merchant) -> Callable[[bytes], Answer]:
    """Return what acknowledges whatever the gateway signed."""

    def answer(raw: bytes) -> Answer:
        event = merchant.notification(raw, expect=UNCHECKED)
        return Answer(200, merchant.acknowledge(event))

    return answer


def pay(gateway: Gateway, order_str: str, *, payer: str = "rich") -> str:
    """Have a payer pay, and return the callback's code."""
    call = {"orderStr": order_str, "callId": os.urandom(16).hex()}
    return str(
        Wallet(gateway.origin, wait=time.sleep).pay(call, payer=payer, pin=PIN)["resultCode"]
    )


def told(gateway: Gateway, number: str) -> tuple[str, list[NotificationSend]]:
    """Return how the notification of an order stands and its sends, once one is recorded."""
    settings = settings_of(str(gateway.data))
    ends_s = time.monotonic() + SAID_S_MAX
    while time.monotonic() < ends_s:
        rows, found = read(settings, lambda reader: _told(reader, number))
        if found:
            return rows[0].state.value, found
        time.sleep(0.05)
    raise AssertionError(f"nothing was sent about {number}")


async def _told(reader: Any, number: str) -> tuple[list[Notification], list[NotificationSend]]:
    rows = await every(reader, Notification, merchant_trans_id=number)
    found = [
        send
        for row in rows
        for send in await every(
            reader,
            NotificationSend,
            merchant_id=row.merchant_id,
            notification_id=row.notification_id,
        )
    ]
    return rows, found
