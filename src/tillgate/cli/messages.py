"""`tillgate logs`: what is said at a sandbox's doors, live, each message with its verdict.

It shows what the sandbox heard: who asked which function, whether the signature fits and if not
why, the result, how long it took; pages' orders and their callbacks; notifications and what came
back. It decides words alone. What must hold: what it is told is masked already, and nothing that a
stranger wrote moves the cursor.
"""

import shutil
import sys
from textwrap import wrap
from typing import Annotated, Final

import typer

from tillgate.cli.surface import AsJson, Data, command, plain, print_json, say
from tillgate.cli.tape import Tape, facts, last_words
from tillgate.protocol.recording import Exchange, ExchangeKind, SignatureVerdict

LIVE_WAIT_S: Final = 20
INDENT: Final = " " * 14
_KINDS: Final = {
    ExchangeKind.FUNCTION: "asked",
    ExchangeKind.ORDER: "page",
    ExchangeKind.CALLBACK: "callback",
    ExchangeKind.NOTIFICATION: "told",
}
_GOOD_RESULTS: Final = frozenset({"", "SUCCESS", "9000"})
_GOOD_VERDICTS: Final = frozenset({"", "ACKNOWLEDGED", "ACKNOWLEDGED_UNSIGNED"})

app = typer.Typer(add_completion=False, help="Follow messages live, with their verdicts.")


@app.command()
@command
def logs(
    *,
    data: Data = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Begin with what the gateway still remembers.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Show what there is, and end.")] = False,
    order: Annotated[str, typer.Option("--order", help="Only this order or agreement.")] = "",
    as_json: AsJson = False,
) -> None:
    """Follow what is said at a sandbox's doors: one line a message, until Ctrl-C.

    With --once it shows what the gateway still remembers and ends. With --json each line is a JSON
    value, with the messages themselves.

    Example: tillgate logs --data ./sandbox
    """
    tape = Tape(data, told=say)
    tape.start(from_beginning=everything or once)
    if not (once or as_json):
        say(f"Following {tape.origin}. Ctrl-C ends.")
    try:
        _follow(tape, order, once=once, as_json=as_json)
    except KeyboardInterrupt:
        if once:
            raise
        # It is how following ends, as it was said.


def _follow(tape: Tape, order: str, *, once: bool, as_json: bool) -> None:
    """Show what comes; with `once` until nothing is left."""
    while True:
        page = tape.read(wait_s=0 if once else LIVE_WAIT_S)
        for exchange in page.exchanges:
            if order in ("", exchange.order):
                _tell(exchange, as_json=as_json)
        if once and not page.exchanges:
            return


def _tell(exchange: Exchange, *, as_json: bool) -> None:
    if as_json:
        print_json(facts(exchange))
        return
    typer.secho(_folded(_line(exchange)), fg=_colour(exchange))
    signature = exchange.signature
    if signature is not None and signature.sentence:
        code = f"{signature.finding}: " if signature.finding else ""
        typer.echo(_folded(f"{INDENT}{code}{signature.sentence}"))
    if exchange.sentence and not _is_good(exchange):
        typer.echo(_folded(f"{INDENT}{exchange.sentence}"))


def _folded(text: str) -> str:
    """Return a line as a terminal shows it: what is wider goes on below, indented."""
    line = plain(text)
    if not sys.stdout.isatty():
        return line
    width = max(shutil.get_terminal_size().columns, 2 * len(INDENT))
    return "\n".join(wrap(line, width, subsequent_indent=INDENT, break_on_hyphens=False))


def _line(exchange: Exchange) -> str:
    """Return the line of an exchange: when, what, of which order, how it stands, how long."""
    status = f"{exchange.status}" if exchange.status is not None else "---"
    is_told = exchange.kind is ExchangeKind.NOTIFICATION
    parts = [
        exchange.at[11:23],
        f"{_KINDS[exchange.kind]:<8}",
        last_words(exchange.function),
        exchange.order,
        f"signature {exchange.signature.verdict}" if exchange.signature else "",
        exchange.result or ("cashier opened" if exchange.kind is ExchangeKind.ORDER else ""),
        exchange.verdict,
    ]
    if exchange.kind is not ExchangeKind.CALLBACK:
        parts += [status, f"{exchange.elapsed_ms} ms"]
    if is_told:
        parts.append(f"to {exchange.to}")
    elif exchange.client_id:
        parts.append(f"by {exchange.client_id}")
    return "  ".join(part for part in parts if part)


def _is_good(exchange: Exchange) -> bool:
    return exchange.result in _GOOD_RESULTS and exchange.verdict in _GOOD_VERDICTS


def _colour(exchange: Exchange) -> str | None:
    bad = (SignatureVerdict.BAD, SignatureVerdict.MISSING)
    is_told = exchange.kind is ExchangeKind.NOTIFICATION
    if exchange.signature is not None and exchange.signature.verdict in bad and not is_told:
        return "red"
    good = exchange.verdict in _GOOD_VERDICTS if is_told else _is_good(exchange)
    return "green" if good else "yellow"
