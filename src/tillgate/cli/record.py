"""`tillgate record`: a session at a sandbox's doors, in one file that may be shown to anybody.

The sandbox masks; here the session is begun, ended and written. It decides nothing of what is kept.
What must hold: the file is whole or not there, and whether it can be written is known before the
session; it is never larger than what reads it takes; it holds public halves of keys and no others;
an existing file is never overwritten.
"""

import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, final

import typer

from tillgate import __version__
from tillgate.cli.given_path import named
from tillgate.cli.surface import (
    AsJson,
    Data,
    UsageError,
    command,
    print_facts,
    print_json,
    say,
)
from tillgate.cli.tape import Page, Tape
from tillgate.kernel.clock import SECOND_MS, duration_ms, rfc3339
from tillgate.kernel.errors import Unavailable
from tillgate.protocol.recording import (
    EXCHANGES_MAX,
    FORMAT,
    RECORDING_BYTES_MAX,
    VERSION,
    Exchange,
    ExchangeKind,
    RecordedKey,
    Recording,
    write_recording,
)
from tillgate.sandbox.recording_masks import MASKING

LOOK_S: Final = 1
ROOM_BYTES: Final = 1024 * 1024
"""For what stands around the exchanges and the keys in the file, and those of the last page."""
OUT: Final = Path("tillgate-recording.json")

app = typer.Typer(add_completion=False, help="Write a session into one redacted file.")


@app.command()
@command
def record(
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.")] = OUT,
    lasting: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="As in 90s or 15m; until Ctrl-C.")
    ] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Begin with what the gateway still remembers.")
    ] = False,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Record what is said at a sandbox's doors until Ctrl-C, and write it into one file.

    The file opens in the doctor, and its notifications are sent again by `tillgate replay`. Tokens,
    PINs, private keys and ids of payers are masked; titles, memos and goods stay as they were sent.
    See docs/local-notifications.md.

    Example: tillgate record --out session.json --for 15m --data ./sandbox
    """
    if str(out) == "-":
        raise UsageError("--out names a file, as in session.json; it is not standard output.")
    if out.exists():
        raise UsageError(f"{out} exists; name another file with --out, or move it away.")
    ends_s = time.monotonic() + _seconds(lasting) if lasting else None
    session = _Session(Tape(data, told=say))
    with _beside(out) as written:
        session.begin(from_beginning=everything)
        if not as_json:
            end = f"for {lasting}" if lasting else "until Ctrl-C"
            say(f"Recording {session.tape.origin} {end}; then it is written to {out}.")
        _listen(session, ends_s)
        recording = session.recording()
        _write(written, recording)
        _place(written, out)
    _tell(out, recording, as_json=as_json)


def _listen(session: "_Session", ends_s: float | None) -> None:
    """Take what is said until somebody asks to end, the time is over or the file is full."""
    try:
        with _until_asked() as asked:
            while not asked and not session.is_full:
                if ends_s is not None and time.monotonic() >= ends_s:
                    break
                session.read(wait_s=LOOK_S)
            session.drain()
    except Unavailable as error:
        if not session.exchanges:
            raise
        say(f"{error} What was heard until then is written.")
    if session.is_full:
        say("The recording is as large as one may be; it ends here.")


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """Yield a file beside another one, and take it away if it is still there in the end.

    Raises:
        UsageError: nothing can be written there.
    """
    path = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        path.touch(exist_ok=False)
    except OSError as error:
        raise UsageError(_unwritten(out, error)) from error
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _write(path: Path, recording: Recording) -> None:
    try:
        path.write_bytes(write_recording(recording))
    except OSError as error:
        raise UsageError(_unwritten(path, error)) from error


def _place(path: Path, out: Path) -> None:
    """Give a whole file its name; what has that name by now is not overwritten."""
    try:
        out.hardlink_to(path)
    except FileExistsError:
        kept = out.with_name(f"{out.stem}-{secrets.token_hex(4)}{out.suffix}")
        path.rename(kept)
        raise UsageError(f"{out} exists by now; the session is in {kept}.") from None
    except OSError:  # A file system without links.
        path.rename(out)


def _unwritten(path: Path, error: OSError) -> str:
    return f"{named(path)} cannot be written ({error.strerror}); name another file with --out."


@final
class _Session:
    """What was heard so far."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.exchanges: list[Exchange] = []
        self._size = 0
        self._is_large = False
        self._keys: dict[tuple[str, str], RecordedKey] = {}
        self._missed = 0
        self._begun_at = ""

    @property
    def is_full(self) -> bool:
        """Tell whether no more may be taken."""
        return self._is_large or len(self.exchanges) >= EXCHANGES_MAX

    def begin(self, *, from_beginning: bool) -> None:
        """Find the sandbox."""
        self._begun_at = _now()
        self._note_keys(self.tape.start(from_beginning=from_beginning))

    def drain(self) -> None:
        """Take what is there, page by page."""
        while not self.is_full and self.read(wait_s=0):
            continue

    def read(self, *, wait_s: int) -> int:
        """Take what came since, and return how much that was."""
        page = self.tape.read(wait_s=wait_s)
        self._note_keys(page)
        self._missed += page.missed
        # Two runs of a gateway number their exchanges each from one.
        for exchange in page.exchanges:
            if not self.is_full:
                self._take(_numbered(exchange, len(self.exchanges) + 1))
        return len(page.exchanges)

    def _take(self, exchange: Exchange) -> None:
        size = _size_of(exchange)
        if self._size + size > RECORDING_BYTES_MAX - ROOM_BYTES:
            self._is_large = True
            return
        self._size += size
        self.exchanges.append(exchange)

    def recording(self) -> Recording:
        """Return the session as a file."""
        return Recording(
            format=FORMAT,
            version=VERSION,
            made_by=__version__,
            origin=self.tape.origin,
            begun_at=self._begun_at,
            ended_at=_now(),
            masking=MASKING,
            keys=tuple(self._keys.values()),
            exchanges=tuple(self.exchanges),
            missed=self._missed,
        )

    def _note_keys(self, page: Page) -> None:
        for key in page.keys:
            if (key.client_id, key.fingerprint) not in self._keys:
                self._keys[key.client_id, key.fingerprint] = key
                self._size += _size_of(key)


def _size_of(part: Exchange | RecordedKey) -> int:
    """Return how long a part is as it stands in the file: two levels in, and a line more."""
    from msgspec.json import encode
    from msgspec.json import format as formatted

    return len(formatted(encode([[part]]), indent=1))


def _numbered(exchange: Exchange, seq: int) -> Exchange:
    from msgspec.structs import replace

    return replace(exchange, seq=seq)


@contextmanager
def _until_asked() -> Iterator[list[int]]:
    """Yield what stays empty until somebody asks to end; then it is ended in order."""
    asked: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: asked.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _seconds(text: str) -> float:
    try:
        return duration_ms(text) / SECOND_MS
    except ValueError as error:
        raise UsageError(f"--for: {error}.") from None


def _now() -> str:
    return rfc3339(time.time_ns() // 1_000_000)


def _tell(out: Path, recording: Recording, *, as_json: bool) -> None:
    told = sum(each.kind is ExchangeKind.NOTIFICATION for each in recording.exchanges)
    facts = {
        "file": str(out),
        "exchanges": len(recording.exchanges),
        "notifications": told,
        "masked": sum(
            bool(side and side.masked)
            for each in recording.exchanges
            for side in (each.request, each.answer)
        ),
        "keys": len(recording.keys),
        "missed": recording.missed,
    }
    if as_json:
        print_json(facts)
        return
    print_facts("Recorded", facts, style="green")
    again = f"Send its notifications again: tillgate replay {out} --to URL"
    say(f"Explain it: tillgate doctor {out}. {again}")
