"""`tillgate doctor`: why a signature does not fit, or what is wrong with a message. Offline.

Decides how the report is shown: on a terminal, as JSON, or as a page. What must hold: a key or a
value of the message is never printed, but values on a terminal where they were asked for; exit 0
means nothing was found but remarks, 1 that something was, 2 that the command was not given what it
needs.
"""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console, Group
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from tillgate import __version__, doctor
from tillgate.cli.doctor_recording import recording_in, report_of
from tillgate.cli.given_path import named, unreadable
from tillgate.cli.surface import AsJson, Exit, UsageError, command
from tillgate.doctor.masking import LEGEND
from tillgate.doctor.reading import INPUT_BYTES_MAX
from tillgate.doctor.signature import KEYS_MAX
from tillgate.protocol.keys import KEY_BYTES_MAX, KeyRefused
from tillgate.protocol.profile import Digest

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command(epilog="Example: [bold]tillgate doctor order.txt --key merchant.public.pem[/bold]")
@command
def doctor_command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="What failed: an orderStr, a JavaScript literal, an HTTP dump, a notification, a "
            "returnUrl, or what tillgate record wrote; - for standard input.",
        ),
    ] = Path("-"),
    *,
    key: Annotated[
        list[Path] | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="The signer's public key; give others that may have been used after it.",
            show_default=False,
        ),
    ] = None,
    digest: Annotated[
        Digest,
        typer.Option(
            help="What the client's profile signs with: RSA2 is SHA-256, RSA is SHA-1.",
            case_sensitive=False,
        ),
    ] = Digest.RSA2,
    show_values: Annotated[
        bool,
        typer.Option("--show-values", help="Show values around a difference: on a terminal only."),
    ] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print the report as a page.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with a message or its signature, and which line of code usually does it.

    Nothing leaves this machine. A merchant's order is checked with the merchant's public key, a
    notification, an answer or a returnUrl with the gateway's; a recording brings its own keys. The
    report shows no key and no value of the message, so it may be pasted in public.

    Exit codes: 0 nothing wrong found (an address of this machine is but a remark), 1 something
    found, 2 usage.
    """
    if as_json and as_html:
        raise UsageError("Give --json or --html, not both.")
    if show_values and (as_json or as_html or not sys.stdout.isatty()):
        raise UsageError(
            "--show-values is for your own screen: leave out --json, --html and any redirection."
        )
    recording = None if key else recording_in(file)
    if recording is not None:
        report = report_of(recording)
    else:
        report = doctor.examine(_content(file), _keys(key or []), digest, show_values=show_values)
    if as_json:
        typer.echo(msgspec.json.encode(report))
    elif as_html:
        typer.echo(doctor.page(report, version=__version__), nl=False)
    else:
        _tell(report, is_masked=not show_values)
    raise typer.Exit(Exit.DONE if report.is_fine else Exit.REFUSED)


def _content(file: Path) -> bytes:
    if str(file) == "-" and sys.stdin.isatty():
        raise UsageError("Name a file, or pipe a message in: tillgate doctor FILE --key KEY")
    raw = _read(file, INPUT_BYTES_MAX + 1)
    if len(raw) > INPUT_BYTES_MAX:
        raise UsageError(f"{named(file)} is larger than {INPUT_BYTES_MAX} bytes; give one message.")
    return raw


def _keys(files: list[Path]) -> list[doctor.GivenKey]:
    if not files:
        raise UsageError(
            "No key is given; type for example: tillgate doctor FILE --key merchant.public.pem"
        )
    if len(files) > KEYS_MAX:
        raise UsageError(f"At most {KEYS_MAX} keys are tried; give fewer.")
    return [_key(file) for file in files]


def _key(file: Path) -> doctor.GivenKey:
    try:
        return doctor.load_key(_read(file, KEY_BYTES_MAX + 1))
    except KeyRefused as refused:
        raise UsageError(f"--key {named(file)}: {refused}") from refused


def _read(file: Path, limit: int) -> bytes:
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(limit)
        with file.open("rb") as source:
            return source.read(limit)
    except OSError as fault:
        raise UsageError(unreadable(file, fault)) from fault


def _tell(report: doctor.Report, *, is_masked: bool) -> None:
    console = Console(highlight=False)
    for line in report.proofs():
        console.print(Text(line, style="dim"))
    if report.is_fine:
        console.print(Text("Nothing wrong found.", style="bold green"))
    shared: dict[doctor.Finding, list[int]] = {}
    for finding in report.findings:
        shared.setdefault(msgspec.structs.replace(finding, message=0), []).append(finding.message)
    for place, (finding, numbers) in enumerate(shared.items()):
        console.print(_panel(finding, numbers, is_first=place == 0, is_masked=is_masked))
    for number, facts in enumerate(report.messages, start=1):
        console.print(_facts(facts, number if len(report.messages) > 1 else 0))


def _panel(
    finding: doctor.Finding, messages: list[int], *, is_first: bool, is_masked: bool
) -> Panel:
    colour = "red" if finding.certain else "yellow"
    certainty = "proved" if finding.certain else "likely"
    certainty = "a remark" if finding.is_remark else certainty
    parts: list[Text | Table | Rule] = [
        Text(finding.sentence.removesuffix(finding.detail).strip(), style="bold")
    ]
    if finding.detail:
        parts.append(Text(finding.detail))
    where = f"At {finding.path}" if finding.path else ""
    numbers = ", ".join(str(number) for number in messages if number)
    where += f" (message{'s' if len(messages) > 1 else ''} {numbers})" if numbers else ""
    if where:
        parts.append(Text(where.strip(), style="dim"))
    if finding.sent or finding.signed:
        parts.append(Text(f"  sent    {finding.sent}"))
        parts.append(Text(f"  signed  {finding.signed}"))
        own = "masked; on your own terminal: --show-values" if is_masked else "as it stands"
        parts.append(Text(f"  {LEGEND} ({own})", style="dim"))
    if is_first and finding.remedies:
        parts += [Rule(style="dim"), _remedies(finding)]
    title = Text(f"{finding.code} · {certainty}")
    return Panel(Group(*parts), title=title, title_align="left", border_style=colour)


def _remedies(finding: doctor.Finding) -> Table:
    table = Table(box=None, padding=(0, 2, 1, 0), show_edge=False)
    table.add_column("")
    table.add_column(
        "What usually does it", ratio=1, overflow="fold", style="red", header_style="bold"
    )
    table.add_column(
        "What to write instead", ratio=1, overflow="fold", style="green", header_style="bold"
    )
    for remedy in finding.remedies:
        table.add_row(
            Text(remedy.language, style="bold"), Text(remedy.usually), Text(remedy.instead)
        )
    return table


def _facts(facts: doctor.MessageFacts, number: int) -> Text:
    told = [
        facts.kind,
        facts.function,
        facts.currency,
        f"{facts.text_bytes} bytes",
        f"SHA-256 {facts.text_digest[:16]}…" if facts.text_digest else "",
        f"signature of {facts.signature_characters} characters",
    ]
    which = f"message {number}: " if number else ""
    return Text(which + ", ".join(part for part in told if part), style="dim")
