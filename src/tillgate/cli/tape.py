"""Reading what was said at the doors of the sandbox that serves a data folder.

`logs` shows it and `record` writes it down. It decides where the sandbox is and what is told when
it is not there. What must hold: every exchange is yielded once and in order, however often the
sandbox is asked; one that started anew is read from its beginning, and that is said.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, final

import msgspec

from tillgate.cli.surface import UsageError
from tillgate.kernel.errors import Refused, Unavailable
from tillgate.kernel.results import Result
from tillgate.protocol.recording import Exchange, RecordedKey

PATH: Final = "/sandbox/logs"
WAIT_S: Final = 20
PAUSE_S: Final = 0.5
AWAY_S_MAX: Final = 10.0
"""How long a sandbox that was there may be away, as while it starts anew."""
_OK: Final = 200
_NOT_HERE: Final = (401, 404)


class Page(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one question is answered with."""

    run: str
    next_seq: int
    missed: int
    exchanges: tuple[Exchange, ...]
    keys: tuple[RecordedKey, ...]


@final
class Tape:
    """The tape of one sandbox."""

    def __init__(self, data: str, *, told: Callable[[str], None]) -> None:
        """Open nothing yet; `told` hears what a person should know."""
        from tillgate.cli.operate import settings_of
        from tillgate.config.folder import Folder

        self._folder = Folder(settings_of(data).data)
        self._told = told
        self._run = ""
        self._after = 0
        self.origin = ""

    @property
    def data(self) -> Path:
        """Return the data folder."""
        return self._folder.path

    def start(self, *, from_beginning: bool) -> Page:
        """Find the sandbox, and stand at its newest exchange, or at the oldest it remembers.

        Raises:
            Unavailable: no sandbox serves the folder.
            Refused: a gateway serves it that is no sandbox.
        """
        page = self._page("after=0" if from_beginning else "")
        self._run, self._after = page.run, 0 if from_beginning else page.next_seq
        return page

    def read(self, *, wait_s: int = WAIT_S) -> Page:
        """Return what came since, once there is something, or nothing after a while.

        Raises:
            Unavailable: the sandbox is away for longer than a start takes.
        """
        page = self._patiently(f"run={self._run}&after={self._after}&waitS={wait_s}")
        if page.run != self._run:
            self._told("The gateway started anew; this is what it heard since.")
        elif page.missed:
            self._told(f"{page.missed} exchanges came faster than they were read and are lost.")
        self._run, self._after = page.run, page.next_seq
        return page

    def pages(self, *, is_over: Callable[[], bool], wait_s: int = WAIT_S) -> Iterator[Page]:
        """Yield what comes until it is over."""
        while not is_over():
            yield self.read(wait_s=wait_s)

    def _patiently(self, query: str) -> Page:
        ends_s = time.monotonic() + AWAY_S_MAX
        while True:
            try:
                return self._page(query)
            except Unavailable:
                if time.monotonic() > ends_s:
                    raise
                time.sleep(PAUSE_S)

    def _page(self, query: str) -> Page:
        """Ask once."""
        import httpx2

        from tillgate.config.folder import read_private
        from tillgate.config.lock import announced

        said = announced(self._folder)
        if said is None:
            step = "start it: tillgate serve --sandbox --data DIR"
            sentence = f"No gateway serves {self._folder.path}; {step}, or name another."
            raise Unavailable(f"{sentence}{self._folder.demo_step}")
        self.origin = said.control
        token = read_private(self._folder.control_token).decode()
        try:
            answer = httpx2.get(
                f"{said.control}{PATH}?{query}",
                headers={"authorization": f"Bearer {token}"},
                timeout=httpx2.Timeout(WAIT_S + 10.0, connect=2.0),
                trust_env=False,
            )
        except httpx2.TransportError as error:
            raise Unavailable(f"The gateway at {said.control} cannot be reached.") from error
        if answer.status_code in _NOT_HERE:
            sentence = "This gateway has no tape: only a sandbox of one process has."
            raise Refused(Result.ACCESS_DENIED, sentence)
        if answer.status_code != _OK:
            raise Unavailable(f"The gateway does not answer (HTTP {answer.status_code}).")
        return _decoded(answer.content)


def _decoded(content: bytes) -> Page:
    try:
        return msgspec.json.decode(content, type=Page)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"The gateway is of another version: {error}.") from error


def last_words(name: str) -> str:
    """Return the last two parts of a function's name, which tell it from all others."""
    return ".".join(name.rsplit(".", 2)[-2:])


def facts(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange as it is written as JSON."""
    built: dict[str, Any] = msgspec.to_builtins(exchange)
    return built
