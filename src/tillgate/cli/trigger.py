"""`tillgate trigger`: has something happen at a running sandbox, or sends what it never would.

Real kinds are made by real doors and told by the gateway as it tells everything; faulty kinds are
sent straight to an endpoint. It decides which is which and what is printed. What must hold: a real
event is followed until the merchant was told, as far as that can be seen from here; a faulty
message that an endpoint takes for a right one is the command's failure, too; nothing is signed with
a key of anything but a sandbox, whose word no server in production takes.
"""

import asyncio
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, final

import msgspec
import typer

from tillgate.cli import as_merchant as by
from tillgate.cli.forwarding import Forwarder
from tillgate.cli.given_path import named, unreadable
from tillgate.cli.given_url import checked_endpoint
from tillgate.cli.surface import (
    AsJson,
    Data,
    Exit,
    UsageError,
    command,
    money_of,
    print_facts,
    print_json,
    print_rows,
    say,
)
from tillgate.cli.tape import Tape
from tillgate.cli.trigger_events import EVENTS, Happened, Scene, Subject, subject_of
from tillgate.cli.trigger_faults import FAULTS, Sent
from tillgate.kernel.clock import SystemClock
from tillgate.kernel.errors import Unavailable
from tillgate.kernel.ids import ReqMsgId
from tillgate.merchant.sources import SystemIds
from tillgate.protocol.keys import PrivateKey, PublicKey, load_private_key
from tillgate.protocol.profile import Profile
from tillgate.protocol.recording import Exchange, ExchangeKind
from tillgate.workers.ack import judge
from tillgate.workers.notify_message import Message
from tillgate.workers.outgoing.port import SendFailure, SendResult

WAIT_S: Final = 20
WAIT_S_MAX: Final = 300
ORDER_STR_BYTES_MAX: Final = 64 * 1024

app = typer.Typer(add_completion=False, help="Make something happen at a sandbox.")


@final
class Answered(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an endpoint did with one message that was sent to it.

    Attributes:
        is_right: whether it did what it should.
    """

    status: int | None
    elapsed_ms: int
    verdict: str
    sentence: str
    should: str
    is_right: bool


@app.command()
@command
def trigger(
    kind: Annotated[str, typer.Argument(metavar="[KIND]", help="See --list.")] = "",
    *,
    listed: Annotated[bool, typer.Option("--list", help="List every kind, and end.")] = False,
    order: Annotated[
        str, typer.Option("--order", help="The order's number; a new one by default.")
    ] = "",
    amount: by.Amount = "10.00 HKD",
    order_str: Annotated[
        Path | None,
        typer.Option("--order-str", metavar="FILE", help="An orderStr of yours; - is stdin."),
    ] = None,
    notify_url: Annotated[
        str, typer.Option("--notify-url", metavar="URL", help="Where a real event is told.")
    ] = "",
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="Where a faulty message is sent.")
    ] = "",
    wait: Annotated[
        int,
        typer.Option(
            "--wait", metavar="S", min=0, max=WAIT_S_MAX, help="How long to wait for the answer."
        ),
    ] = WAIT_S,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Have something happen: a real event of the demo merchant, or a faulty message to --to.

    A real event is told to --notify-url, or to whoever listens. Exit 1 when it does not come about,
    or when an endpoint does the wrong thing with a faulty message.

    Example: tillgate trigger payment.paid --notify-url http://127.0.0.1:5000/notify
    """
    if listed:
        _list(as_json=as_json)
        return
    asker = by.Asker(data=data, url="", key=None, gateway_key=None, client_id="", merchant_id="")
    number = order or f"T-{secrets.token_hex(6)}"
    if kind in EVENTS:
        _check_event(kind, to=to, names=(order, order_str))
        text = _read(order_str) if order_str else ""
        if notify_url:
            notify_url = checked_endpoint(notify_url, option="--notify-url")
        subject = Subject(
            number=subject_of(text) if text else number,
            amount=by.amount_of(amount),
            notify_url=notify_url or None,
            order_str=text,
        )
        _make(kind, subject, asker, wait_s=wait, as_json=as_json)
    elif kind in FAULTS:
        _check_fault(kind, to=to, unused=order_str or notify_url or wait != WAIT_S)
        endpoint = checked_endpoint(to, option="--to")
        keys = _keys(asker.data)
        answered = asyncio.run(_send(kind, endpoint, keys, number=number, amount=amount))
        _tell_answers(kind, answered, as_json=as_json)
    else:
        wrong = f"There is no kind {kind!r}" if kind else "Say what is to happen, as payment.paid"
        raise UsageError(f"{wrong}; list the kinds: tillgate trigger --list")


def _check_event(kind: str, *, to: str, names: tuple[str, Path | None]) -> None:
    """Raise `UsageError` when an option is given that a real event does not use."""
    if to:
        raise UsageError(f"--to is for faulty messages; {kind} is told to --notify-url URL.")
    if names[1] and kind.startswith("agreement."):
        raise UsageError(f"{kind} signs its own order; --order-str is for payments.")
    if all(names):
        raise UsageError("An orderStr names its order: give --order-str or --order, not both.")


def _check_fault(kind: str, *, to: str, unused: object) -> None:
    """Raise `UsageError` when one is given that a faulty message does not use, or --to is not."""
    if unused:
        step = "give --to URL, and --order and --amount of an order that your server knows"
        raise UsageError(f"{kind} takes no --order-str and no --notify-url or --wait; {step}.")
    if not to:
        raise UsageError(f"{kind} is sent to --to URL; give it.")


def _make(kind: str, subject: Subject, asker: by.Asker, *, wait_s: int, as_json: bool) -> None:
    """Make a real event, and tell what the merchant made of it."""
    tape = Tape(asker.data, told=say)
    tape.start(from_beginning=False)
    with asker.merchant() as merchant:
        happened = EVENTS[kind].make(Scene(merchant, tape.origin), subject)
    told = _told(tape, happened, wait_s) if happened.is_told else None
    facts: dict[str, Any] = {"kind": kind, **msgspec.to_builtins(happened)}
    if told is not None:
        facts["told"] = {
            "to": told.to,
            "status": told.status,
            "elapsedMs": told.elapsed_ms,
            "verdict": told.verdict,
            "sentence": told.sentence,
        }
    if as_json:
        print_json(facts)
        return
    said = {"order": happened.order, "outcome": happened.outcome, "because": happened.sentence}
    if told is not None:
        said |= {"told to": told.to, "answer": _answer(told)}
    elif happened.is_told:
        said["told to"] = f"nobody within {wait_s} s"
    is_good = told is None or told.verdict.startswith("ACKNOWLEDGED")
    print_facts(kind, said, style="green" if is_good else "yellow")
    if told is not None and not is_good:
        for line in _next_step(told):
            say(line)


def _next_step(told: Exchange) -> Sequence[str]:
    """Return what to look at when an endpoint did not acknowledge."""
    if told.status is None:
        return (f"Is your server running, and is {told.to} its address?",)
    return (
        "A right message is refused, too, when your server does not know the order:",
        "give an order string that it made with --order-str FILE.",
    )


def _answer(told: Exchange) -> str:
    """Return what an endpoint answered, and what the gateway made of it."""
    status = "no answer" if told.status is None else f"HTTP {told.status}"
    is_good = told.verdict.startswith("ACKNOWLEDGED")
    why = "" if is_good or not told.sentence else f": {told.sentence}"
    return f"{status}, {told.verdict} ({told.elapsed_ms} ms){why}"


def _told(tape: Tape, happened: Happened, wait_s: int) -> Exchange | None:
    """Return the last time the merchant was told of it, once it was."""
    ends_s = time.monotonic() + wait_s
    while (rest_s := ends_s - time.monotonic()) > 0:
        for exchange in tape.read(wait_s=max(1, min(20, int(rest_s)))).exchanges:
            is_told = exchange.kind is ExchangeKind.NOTIFICATION
            if is_told and exchange.order == happened.order:
                return exchange
    return None


async def _send(
    kind: str, endpoint: str, keys: tuple[PrivateKey, PublicKey], *, number: str, amount: str
) -> Sequence[Answered]:
    """Send faulty messages, and hold what an endpoint does against what it should do.

    Raises:
        Unavailable: nobody answers there.
    """
    from tillgate.exam.acquirer import Acquirer, Keys
    from tillgate.exam.orders import Ordered

    gateway, merchant = keys
    acquirer = Acquirer(
        Keys(gateway=gateway, stranger=PrivateKey.generate()),
        Profile.TILLGATE,
        clock=SystemClock(),
        ids=SystemIds(),
    )
    ordered = Ordered(
        client_id=by.DEMO_CLIENT,
        merchant_id=by.DEMO_MERCHANT,
        merchant_trans_id=number,
        money=money_of(amount),
        version="2.0.0",
    )
    forwarder, answered = Forwarder(endpoint), []
    try:
        for sent in FAULTS[kind].write(acquirer, ordered):
            result = await forwarder.post(sent.message.raw)
            if result.failure is SendFailure.CONNECT:
                raise Unavailable(f"Nobody answers at {endpoint}. {result.sentence}")
            answered.append(_judged(sent, result, merchant))
    finally:
        await forwarder.close()
    return answered


def _judged(sent: Sent, result: SendResult, key: PublicKey) -> Answered:
    message = Message(
        function=sent.message.function,
        req_msg_id=ReqMsgId(sent.message.req_msg_id),
        sent_at_ms=0,
        raw=sent.message.raw,
    )
    judged = judge(result, message, keys=[key], profile=Profile.TILLGATE)
    return Answered(
        status=result.status,
        elapsed_ms=result.elapsed_ms,
        verdict=judged.verdict,
        sentence=judged.sentence,
        should="acknowledge it" if sent.is_right else "refuse it",
        is_right=judged.acknowledged is sent.is_right,
    )


def _keys(data: str) -> tuple[PrivateKey, PublicKey]:
    """Return the sandbox's own key, and the demo merchant's public one.

    Raises:
        ModeRefused: the folder's database is not a sandbox's, or the key is not that database's.
        UsageError: they do not lie in the folder.
        FolderRefused: others can read them.
    """
    from tillgate.bootstrap.gateway_keys import ModeRefused
    from tillgate.cli.operate import settings_of
    from tillgate.config.folder import Folder, read_private

    settings = settings_of(data)
    keys = Folder(settings.data).keys
    signs = _signs(settings)
    private, merchant = keys / "gateway.private.pem", keys / "merchant.private.pem"
    if not (private.exists() and merchant.exists()):
        sentence = f"{keys} holds no sandbox's keys, and a faulty message is signed with them"
        raise UsageError(f"{sentence}; name a sandbox's folder with --data DIR.")
    gateway = load_private_key(read_private(private))
    if gateway.public.fingerprint != signs:
        raise ModeRefused(f"{private} is not the key of this sandbox; start the sandbox once.")
    return gateway, load_private_key(read_private(merchant)).public


def _signs(settings: Any) -> str:  # noqa: ANN401  The settings, which need libraries of their own.
    """Return the fingerprint of the key that a sandbox signs with.

    Raises:
        ModeRefused: the database is of something else, or there is none that says it is not.
    """
    from tillgate.acquiring.operator import Fact
    from tillgate.bootstrap.databases import NoDatabase
    from tillgate.bootstrap.gateway_keys import ModeRefused, belongs_to
    from tillgate.cli.operate import read
    from tillgate.config.settings import Mode

    async def asked(reader: Any) -> tuple[str, str]:  # noqa: ANN401  The engine's Reader.
        mode = await reader.get(Fact, "mode")
        return mode.value if mode is not None else "", (await belongs_to(reader)).fingerprint

    try:
        mode, fingerprint = read(settings, asked)
    except NoDatabase:
        mode = fingerprint = ""
    if mode != Mode.SANDBOX or not fingerprint:
        found = f"is for {mode}" if mode else "has no database that says it is a sandbox's"
        sentence = f"{settings.data} {found}; messages are made up with a sandbox's key alone"
        raise ModeRefused(f"{sentence}. Name a sandbox's folder with --data DIR.")
    return fingerprint


def _tell_answers(kind: str, answered: Sequence[Answered], *, as_json: bool) -> None:
    is_right = all(each.is_right for each in answered)
    if as_json:
        print_json({"kind": kind, "right": is_right, "messages": answered})
    else:
        names = ("status", "ms", "verdict", "it should", "right")
        rows = [
            (
                each.status if each.status is not None else "---",
                each.elapsed_ms,
                each.verdict,
                each.should,
                "yes" if each.is_right else f"NO: {each.sentence}",
            )
            for each in answered
        ]
        print_rows(kind, names, rows, style="green" if is_right else "red")
    if not is_right:
        if not as_json:
            say("A right message is refused, too, when your server does not know the order:")
            say("name one that it knows with --order and --amount.")
        raise typer.Exit(Exit.REFUSED)


def _list(*, as_json: bool) -> None:
    rows = [
        *(("event", name, each.meaning) for name, each in EVENTS.items()),
        *(("message", name, each.meaning) for name, each in FAULTS.items()),
    ]
    if as_json:
        print_json([{"is": what, "kind": name, "meaning": text} for what, name, text in rows])
    else:
        print_rows("What can be triggered", ("", "kind", "meaning"), rows)


def _read(path: Path) -> str:
    try:
        if str(path) == "-":
            raw = sys.stdin.buffer.read(ORDER_STR_BYTES_MAX + 1)
        else:
            with path.open("rb") as opened:
                raw = opened.read(ORDER_STR_BYTES_MAX + 1)
        text = raw.decode().strip("\r\n")
    except OSError as error:
        raise UsageError(unreadable(path, error)) from error
    except UnicodeDecodeError:
        raise UsageError(f"{named(path)} is not UTF-8; an orderStr is JSON text.") from None
    if len(raw) > ORDER_STR_BYTES_MAX:
        raise UsageError(f"{named(path)} is longer than any orderStr.")
    return text
