"""`tillgate replay`: a recording's notifications, sent to an endpoint once more, byte for byte.

It is for CI: what your server answered when the session was recorded, it must answer now. It
decides what counts as the same: status, the gateway's verdict, and the body of the answer; not the
time of an answer, nor the text of its signature. What must hold: the acknowledgement's signature is
checked with the recorded public keys; nothing of the file but notifications is ever sent.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, final

import msgspec
import typer

from tillgate.cli.forwarding import Forwarder, about
from tillgate.cli.given_path import named, unreadable
from tillgate.cli.given_url import checked_endpoint
from tillgate.cli.surface import AsJson, Exit, UsageError, command, print_json, print_rows, say
from tillgate.kernel.errors import Unavailable
from tillgate.kernel.ids import ReqMsgId
from tillgate.protocol.envelope import Kind, NotAnEnvelope, cut
from tillgate.protocol.profile import Digest, Profile
from tillgate.protocol.recording import (
    RECORDING_BYTES_MAX,
    Exchange,
    ExchangeKind,
    Recording,
    RecordingRefused,
    read_recording,
)
from tillgate.workers.ack import judge
from tillgate.workers.notify_message import Message
from tillgate.workers.outgoing.port import SendFailure, SendResult

NOTHING_CAME: Final = frozenset({SendFailure.CONNECT, SendFailure.TLS, SendFailure.DNS})

app = typer.Typer(add_completion=False, help="Send a recording's notifications again.")


@final
class Replayed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One notification, sent again.

    Attributes:
        differs: what is not as it was recorded, in words; "" when it is the same.
    """

    seq: int
    order: str
    says: str
    status: int | None
    elapsed_ms: int
    verdict: str
    recorded_status: int | None
    recorded_verdict: str
    differs: str

    @property
    def is_same(self) -> bool:
        """Tell whether it was answered as recorded."""
        return not self.differs


@app.command()
@command
def replay(
    file: Annotated[Path, typer.Argument(help="A file that `tillgate record` wrote.")],
    *,
    to: Annotated[str, typer.Option("--to", metavar="URL", help="Your endpoint.")],
    order: Annotated[str, typer.Option("--order", help="Only this order or agreement.")] = "",
    as_json: AsJson = False,
) -> None:
    """Send a recording's notifications to your endpoint; exit 0 if it answers as it did then.

    Exit 1 when an answer differs, 2 when the file holds none, 3 when the endpoint is not there.
    Your server must hold the gateway's public key of the recording, and know its orders.

    Example: tillgate replay session.json --to http://127.0.0.1:5000/notify
    """
    endpoint = checked_endpoint(to, option="--to")
    recording = _read(file)
    found = [
        each
        for each in recording.exchanges
        if each.kind is ExchangeKind.NOTIFICATION
        and each.request is not None
        and each.request.raw is not None
        and order in ("", each.order)
    ]
    if not found:
        raise UsageError(f"{named(file)} holds no such notification; record one: tillgate record")
    replayed = asyncio.run(_send(recording, found, endpoint))
    is_same = all(each.is_same for each in replayed)
    if as_json:
        print_json({"same": is_same, "notifications": replayed})
    else:
        _tell(replayed)
    raise typer.Exit(Exit.DONE if is_same else Exit.REFUSED)


def _read(file: Path) -> Recording:
    try:
        with file.open("rb") as opened:
            return read_recording(opened.read(RECORDING_BYTES_MAX + 1))
    except OSError as error:
        raise UsageError(unreadable(file, error)) from error
    except RecordingRefused as error:
        raise UsageError(f"{named(file)}: {error}") from error


async def _send(
    recording: Recording, exchanges: Sequence[Exchange], endpoint: str
) -> list[Replayed]:
    """Send one after the other, as they were sent, and hold the answers against those recorded.

    Raises:
        Unavailable: nobody listens at the endpoint.
    """
    forwarder = Forwarder(endpoint)
    replayed = []
    try:
        for exchange in exchanges:
            raw = (exchange.request.raw if exchange.request else None) or b""
            result = await forwarder.post(raw)
            was_there = exchange.status is not None
            if result.failure in NOTHING_CAME and was_there:
                raise Unavailable(f"Nobody answers at {endpoint}. {result.sentence}")
            replayed.append(_compared(recording, exchange, raw, result))
    finally:
        await forwarder.close()
    return replayed


def _compared(recording: Recording, exchange: Exchange, raw: bytes, result: SendResult) -> Replayed:
    verdict = _verdict(recording, exchange, raw, result)
    found = about(raw)
    return Replayed(
        seq=exchange.seq,
        order=found.number,
        says=found.says,
        status=result.status,
        elapsed_ms=result.elapsed_ms,
        verdict=verdict,
        recorded_status=exchange.status,
        recorded_verdict=exchange.verdict,
        differs="; ".join(_differences(exchange, result, verdict)),
    )


def _verdict(recording: Recording, exchange: Exchange, raw: bytes, result: SendResult) -> str:
    """Return what the gateway would make of the answer."""
    found = about(raw)
    message = Message(
        function=found.function, req_msg_id=ReqMsgId(found.req_msg_id), sent_at_ms=0, raw=raw
    )
    is_sha1 = recording.digest_of(exchange.client_id) is Digest.RSA
    keys = recording.keys_of(exchange.client_id) if exchange.client_id else ()
    profile = Profile.ALIPAY_HK if is_sha1 else Profile.TILLGATE
    return judge(result, message, keys=keys, profile=profile).verdict


def _differences(exchange: Exchange, result: SendResult, verdict: str) -> Sequence[str]:
    found = []
    if exchange.status != result.status:
        found.append(f"{_status(result.status)}, recorded {_status(exchange.status)}")
    if exchange.verdict != verdict:
        found.append(f"{verdict}, recorded {exchange.verdict}")
    before = exchange.answer.raw if exchange.answer is not None else None
    if not found and before is not None and _body(before) != _body(result.body):
        found.append("the answer's body says something else")
    return found


def _status(status: int | None) -> str:
    return "no answer" if status is None else f"status {status}"


def _body(answer: bytes) -> Any:  # noqa: ANN401  Any JSON value.
    """Return what an acknowledgement says, without when; of anything else nothing is compared."""
    try:
        return cut(answer, Kind.RESPONSE).unverified.get("body")
    except NotAnEnvelope:
        return None


def _tell(replayed: Sequence[Replayed]) -> None:
    names = ("order", "says", "status", "ms", "verdict", "as recorded")
    rows = [
        (
            each.order,
            each.says,
            each.status if each.status is not None else "---",
            each.elapsed_ms,
            each.verdict,
            each.differs or "yes",
        )
        for each in replayed
    ]
    is_same = all(each.is_same for each in replayed)
    print_rows("Replayed", names, rows, style="green" if is_same else "red")
    wrong = sum(not each.is_same for each in replayed)
    say(f"{len(replayed)} sent, {len(replayed) - wrong} answered as recorded, {wrong} otherwise.")
