"""`tillgate listen`: notifications of a gateway elsewhere, delivered to a server on this machine.

It takes what the gateway has signed, posts the very bytes to your endpoint, and brings the answer
back, so that the gateway counts it. It verifies what it is told, but judges no answer: that is the
gateway's, and its verdict is on the line. What must hold: each notification is posted once unless
somebody presses r; nothing is lost when the gateway goes away for a while; a line per delivery.
"""

import asyncio
import base64
import secrets
import signal
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, final

import msgspec
import typer

from tillgate.cli import as_merchant as by
from tillgate.cli.forwarding import About, Forwarder, about
from tillgate.cli.given_path import unreadable
from tillgate.cli.given_url import checked_endpoint, checked_origin
from tillgate.cli.key_presses import key_presses
from tillgate.cli.listen_line import Identity, Line
from tillgate.cli.surface import AsJson, Data, Exit, UsageError, command, plain, print_json, say
from tillgate.kernel.errors import Refused, TillgateError, Unavailable
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.keys import load_private_key, load_public_key
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import verify
from tillgate.sandbox.listening_wire import (
    ANSWER_BYTES_MAX,
    FAILURES,
    TAKE_MAX,
    WAIT_S_MAX,
    Answered,
    Listen,
    Told,
    Verdict,
)
from tillgate.workers.outgoing.port import SendResult

END_S_MAX: Final = 3.0
ANSWER_TRIES: Final = 4
WAIT_S: Final = 20

app = typer.Typer(add_completion=False, help="Have notifications delivered to this machine.")


@final
class Delivery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One delivery, as it is told.

    Attributes:
        says: what the notification tells: its result code.
        signature: whether the gateway's signature fits: `good` or `bad`.
        status: what your endpoint answered, or None when nothing came.
        verdict: what the gateway makes of it; "" for a resend, of which it is not told.
    """

    at: str
    order: str
    says: str
    signature: str
    status: int | None
    elapsed_ms: int
    verdict: str
    acknowledged: bool
    sentence: str
    is_resend: bool = False


@app.command()
@command
def listen(
    *,
    forward_to: Annotated[
        str, typer.Option("--forward-to", metavar="URL", help="Your endpoint on this machine.")
    ],
    url: by.Url = "",
    client_id: by.ClientId = "",
    key: by.Key = None,
    gateway_key: by.GatewayKey = None,
    profile: Annotated[
        str, typer.Option("--profile", help="How the client signs: TILLGATE or ALIPAY_HK.")
    ] = Profile.TILLGATE.name,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Deliver a sandbox's notifications to an endpoint here, and its answers back, until q.

    While it runs, the gateway gives it all of this client's notifications, whatever their notifyUrl
    is. On a terminal r sends the last one again and q ends. With --json a line is a JSON value.

    Example: tillgate listen --forward-to http://127.0.0.1:5000/notify --data ./sandbox
    """
    endpoint = checked_endpoint(forward_to, option="--forward-to")
    if profile not in Profile.__members__:
        raise UsageError(f"--profile is one of {', '.join(Profile.__members__)}.")
    asker = by.Asker(data, url, key, gateway_key, client_id, "")
    sources = asker.sources()
    identity = Identity(
        client_id=client_id or by.DEMO_CLIENT,
        key=load_private_key(_content(sources.private_key)),
        gateway_keys=tuple(load_public_key(_content(path)) for path in sources.gateway_keys),
        profile=Profile[profile],
    )
    origin = checked_origin(sources.base_url)
    asyncio.run(_Listening(origin, identity, endpoint, as_json=as_json).run())
    raise typer.Exit(Exit.DONE)


@final
class _Listening:
    """A listener that runs."""

    def __init__(self, origin: str, identity: Identity, endpoint: str, *, as_json: bool) -> None:
        self._identity = identity
        self._endpoint = endpoint
        self._as_json = as_json
        self._name = secrets.token_hex(8)
        self._line = Line(origin, identity, told=say)
        self._forwarder = Forwarder(endpoint, body_bytes_max=ANSWER_BYTES_MAX)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._resends: set[asyncio.Task[None]] = set()
        self._last: Told | None = None
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Listen until somebody ends it.

        Raises:
            Refused: the gateway lets nobody of this name listen.
            Unavailable: it cannot be reached at the start.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        try:
            await self._line.ask(Listen(listener=self._name), tries_max=1)
            with key_presses(self._pressed) as has_keys:
                self._tell_begun(has_keys=has_keys)
                await self._take()
        finally:
            await self._end()

    async def _take(self) -> None:
        """Take what comes until it is to end."""
        stopping = asyncio.ensure_future(self._stop.wait())
        while not self._stop.is_set():
            asking = asyncio.ensure_future(self._asked())
            await asyncio.wait({asking, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
                break
            for told in asking.result():
                if told.parcel_id not in self._under_way:
                    self._last = told
                    task = asyncio.ensure_future(self._deliver(told))
                    self._under_way[told.parcel_id] = task
                    task.add_done_callback(partial(self._ended, told.parcel_id))
        stopping.cancel()

    async def _asked(self) -> tuple[Told, ...]:
        listened = await self._line.ask(
            Listen(
                listener=self._name,
                wait_s=min(WAIT_S, WAIT_S_MAX),
                take=TAKE_MAX,
                holding=tuple(self._under_way),
            )
        )
        return listened.notifications

    def _ended(self, parcel_id: str, _: asyncio.Task[None]) -> None:
        del self._under_way[parcel_id]

    async def _deliver(self, told: Told) -> None:
        """Post one notification and bring its answer back."""
        raw = told.text.encode()
        result = await self._forwarder.post(raw)
        failure = result.failure.name if result.failure else ""
        answer = Answered(
            parcel_id=told.parcel_id,
            elapsed_ms=result.elapsed_ms,
            status=result.status,
            body=base64.b64encode(result.body).decode(),
            failure=failure if failure in FAILURES or not failure else "BROKEN_OFF",
            sentence=result.sentence,
        )
        try:
            listened = await self._line.ask(
                Listen(listener=self._name, answer=answer), tries_max=ANSWER_TRIES
            )
            verdict = listened.verdict
        except (Refused, Unavailable) as error:
            verdict = None
            say(f"The answer did not reach the gateway: {error}")
        self._tell(raw, result, verdict)

    def _pressed(self, key: str) -> None:
        if key in "qQ\x04":
            self._stop.set()
        elif key in "rR":
            if self._last is None:
                say("There is nothing to send again yet.")
                return
            task = asyncio.ensure_future(self._resend(self._last))
            self._resends.add(task)
            task.add_done_callback(self._resends.discard)

    async def _resend(self, told: Told) -> None:
        """Post the same bytes again: a duplicate, of which the gateway is told nothing."""
        raw = told.text.encode()
        self._tell(raw, await self._forwarder.post(raw), is_resend=True)

    async def _end(self) -> None:
        """Bring home what is under way, as far as that is quick, and say goodbye."""
        tasks = [*self._under_way.values(), *self._resends]
        if tasks:
            await asyncio.wait(tasks, timeout=END_S_MAX)
        for task in tasks:
            task.cancel()
        try:
            async with asyncio.timeout(END_S_MAX):
                await self._line.ask(Listen(listener=self._name, ends=True), tries_max=1)
        except (TillgateError, TimeoutError):
            pass  # The gateway notices by itself that nobody asks any more; what is none needs not.
        await self._forwarder.close()
        await self._line.close()

    def _tell_begun(self, *, has_keys: bool) -> None:
        if self._as_json:
            print_json({"listening": self._identity.client_id, "forwardTo": self._endpoint})
        keys = " Press r to send the last one again, q to quit." if has_keys else ""
        say(
            f"Listening for {self._identity.client_id} at {self._line.origin};"
            f" notifications go to {self._endpoint}.{keys}"
        )

    def _tell(
        self,
        raw: bytes,
        result: SendResult,
        verdict: Verdict | None = None,
        *,
        is_resend: bool = False,
    ) -> None:
        """Tell a delivery in a line."""
        found: About = about(raw)
        told = Delivery(
            at=time.strftime("%H:%M:%S"),
            order=found.number,
            says=found.says,
            signature=self._signature(raw),
            status=result.status,
            elapsed_ms=result.elapsed_ms,
            verdict=verdict.verdict if verdict else "",
            acknowledged=bool(verdict and verdict.acknowledged),
            sentence=verdict.sentence if verdict else result.sentence,
            is_resend=is_resend,
        )
        if self._as_json:
            print_json(told)
        else:
            typer.secho(_line(told), fg=_colour(told))

    def _signature(self, raw: bytes) -> str:
        who = self._identity
        try:
            verify(cut(raw, Kind.REQUEST), who.gateway_keys, who.profile)
        except Refused:
            return "bad"
        return "good"


def _line(told: Delivery) -> str:
    status = str(told.status) if told.status is not None else "---"
    parts: list[Any] = [told.at, told.order, told.says, status, f"{told.elapsed_ms} ms"]
    if told.signature != "good":
        parts.append("SIGNATURE DOES NOT FIT")
    if told.is_resend:
        parts.append("sent again")
    parts += [told.verdict, told.sentence]
    return plain("  ".join(part for part in parts if part))


def _colour(told: Delivery) -> str | None:
    if told.is_resend:
        return None
    return "green" if told.acknowledged else "red"


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(unreadable(path, error)) from error
