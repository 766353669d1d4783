"""`tillgate exam URL`: play acquirer against a merchant's notify URL, and tell what it makes of it.

It gathers keys and orders, shows progress and writes reports; what is sent and judged is `exam`'s.
What must hold: exit 0 when no case failed, 1 when one did, 2 when something given cannot be used, 3
when nobody is at the address; no key is printed.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tillgate.cli.report_file import check_writable, write_report
from tillgate.cli.surface import (
    AsJson,
    Data,
    Exit,
    UsageError,
    command,
    counted_of,
    plain,
    print_json,
    print_rows,
    say,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tillgate.exam import Finding, Report

app = typer.Typer(add_completion=False, help="Play acquirer against your own notify URL.")

_COLOURS: Final = {"passed": "green", "failed": "red", "not judged": "yellow"}

Orders = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="An order string your server signed, or - ; repeat it."),
]
OrderUrl = Annotated[
    str, typer.Option(metavar="URL", help="A POST there answers a new order string.")
]
StateUrl = Annotated[
    str,
    typer.Option(
        metavar="URL", help="With {merchant_trans_id}; answers JSON with status and amount."
    ),
]
Agreement = Annotated[
    str,
    typer.Option(metavar="NUMBER", help="A merchantAgreementId that stands; it will be ended."),
]
AgreementStateUrl = Annotated[
    str,
    typer.Option(metavar="URL", help="With {merchant_agreement_id}; answers JSON with status."),
]
Ca = Annotated[
    Path | None,
    typer.Option(metavar="PEM", help="A certificate to trust besides your system's."),
]
RefundUrl = Annotated[
    str,
    typer.Option(metavar="URL", help="With {merchant_trans_id}; a POST there books a refund."),
]
Key = Annotated[
    Path | None, typer.Option(metavar="PEM", help="The gateway's private key; --data has it.")
]
OldKey = Annotated[
    Path | None, typer.Option(metavar="PEM", help="A private key the gateway had before.")
]
MerchantKey = Annotated[
    Path | None, typer.Option(metavar="PUB", help="Your public key; --data has it.")
]
TimeLimit = Annotated[str, typer.Option(metavar="TIME", help="How long an answer may take.")]
Only = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Hold this case alone; repeat it.")
]


@app.command(
    epilog="Example: [bold]tillgate exam http://127.0.0.1:8001/notify "
    "--order-url http://127.0.0.1:8001/orders "
    "--state 'http://127.0.0.1:8001/orders/{merchant_trans_id}'[/bold]"
)
@command
def exam(
    url: Annotated[str, typer.Argument(metavar="URL", help="Your notify URL.")] = "",
    *,
    order: Orders = None,
    order_url: OrderUrl = "",
    state: StateUrl = "",
    refund: RefundUrl = "",
    agreement: Agreement = "",
    agreement_state: AgreementStateUrl = "",
    ca: Ca = None,
    data: Data = "",
    key: Key = None,
    old_key: OldKey = None,
    merchant_key: MerchantKey = None,
    profile: Annotated[str, typer.Option(help="TILLGATE or ALIPAY_HK.")] = "TILLGATE",
    time_limit: TimeLimit = "10s",
    only: Only = None,
    names: Annotated[bool, typer.Option("--list", help="Print the names of all cases.")] = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send your notify URL what an acquirer sends, and what nobody should believe.

    Exit 0 all passed, 1 some failed, 2 usage, 3 the address cannot be reached.
    """
    from tillgate.cli.exam_given import Given, held
    from tillgate.exam import rows

    if names:
        _list(rows(), as_json=as_json)
        return
    if not url:
        raise UsageError("Name your notify URL, as in: tillgate exam http://127.0.0.1:8001/notify")
    given = Given(
        url=url,
        orders=order or [],
        order_url=order_url,
        state=state,
        refund=refund,
        agreement=agreement,
        agreement_state=agreement_state,
        ca=ca,
        data=data,
        key=key,
        old_key=old_key,
        merchant_key=merchant_key,
        profile=profile,
        time_limit=time_limit,
    )
    check_writable(junit, option="--junit")
    check_writable(html, option="--html")
    with _progress(is_quiet=as_json) as tell:
        report = held(given, only or [], tell)
    _write(report, junit=junit, html=html)
    _tell(report, as_json=as_json)
    raise typer.Exit(Exit.DONE if report.has_passed else Exit.REFUSED)


def _list(rows: Sequence[tuple[str, str, str]], *, as_json: bool) -> None:
    if as_json:
        print_json([{"name": name, "group": group, "title": title} for name, group, title in rows])
    else:
        print_rows("Cases", ("name", "group", "what it is"), rows)


@contextmanager
def _progress(*, is_quiet: bool) -> Iterator["Callable[[Finding], None]"]:
    """Show on a terminal how far it is; say nothing elsewhere."""
    if is_quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from tillgate.exam import names_of

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("cases", total=len(names_of()))
        yield lambda finding: progress.update(bar, advance=1, description=finding.title)


def _write(report: "Report", *, junit: Path | None, html: Path | None) -> None:
    from tillgate.exam import as_html, as_junit

    write_report(junit, as_junit(report), option="--junit")
    write_report(html, as_html(report).encode(), option="--html")


def _tell(report: "Report", *, as_json: bool) -> None:
    """Print the report: JSON, a table on a terminal with what is to be mended, or plain lines."""
    if as_json:
        print_json(report.plain())
        return
    if sys.stdout.isatty():
        _show(report)
    else:
        rows = ((each.verdict.value, each.name, each.happened) for each in report.findings)
        print_rows("", ("verdict", "case", "what happened"), rows)
    for remark in report.remarks:
        say(remark)
    say(_summary(report))


def _summary(report: "Report") -> str:
    from tillgate.exam import Verdict

    counted = ", ".join(f"{len(report.of(each))} {each.value}" for each in Verdict)
    return f"{counted_of(len(report.findings), 'case')}: {counted}."


def _show(report: "Report") -> None:
    from itertools import groupby

    from rich.console import Console

    from tillgate.exam import Verdict

    console = Console(highlight=False)
    for group, findings in groupby(report.findings, key=lambda finding: finding.group):
        console.print(f"[bold]{group}[/bold]")
        console.print(_table(findings))
    for each in report.of(Verdict.FAILED):
        facts = [("sent", each.sent), ("expected", each.expected), ("happened", each.happened)]
        _show_facts(console, each, [*facts, ("why", each.why), ("mend", each.mend)])
    for each in report.of(Verdict.NOT_JUDGED):
        _show_facts(console, each, [("happened", each.happened)])
    console.print()


def _table(findings: "Iterable[Finding]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False)
    for width in (13, 15, 40):
        table.add_column(width=width)
    table.add_column(justify="right", width=8)
    for each in findings:
        verdict = Text(f"  {each.verdict.value}", style=_COLOURS[each.verdict.value])
        table.add_row(verdict, Text(each.name), Text(each.title), Text(f"{each.elapsed_ms} ms"))
    return table


def _show_facts(console: "Console", finding: "Finding", facts: Sequence[tuple[str, str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    colour = _COLOURS[finding.verdict.value]
    console.print(f"\n[bold {colour}]{finding.name}[/]  {finding.title}")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in facts:
        grid.add_row(f"  {name}", Text(plain(text)))
    console.print(grid)
