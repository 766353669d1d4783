"""`tillgate ledger audit | show`: holds the books against themselves, and shows what is in them.

It reads one instant of the database and decides nothing about money: the checks are the ledger's
and bookkeeping's own. What must hold: clean books exit 0, a fault exits 1, and a note is no fault.
"""

from typing import Annotated, Any

import typer

from tillgate.cli.surface import (
    AsJson,
    Data,
    Exit,
    command,
    instant,
    print_json,
    print_rows,
    progress,
)

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Audit the ledger, and look into it.

    Example: tillgate ledger audit --data ./sandbox
    """


@app.command()
@command
def audit(*, data: Data = "", as_json: AsJson = False) -> None:
    """Hold every entry, balance and payment against each other. Exit 0 clean, 1 with faults.

    Example: tillgate ledger audit --data ./sandbox --json
    """
    from tillgate.cli.operate import read, settings_of

    with progress("Reading and auditing the books"):
        counts, findings = read(settings_of(data), _audit)
    faults = [finding for finding in findings if finding.is_fault]
    if as_json:
        print_json({"clean": not faults, "read": counts, "findings": [_plain(f) for f in findings]})
    else:
        if findings:
            names = ("", "code", "subject", "sentence")
            print_rows("Findings", names, [_line(finding) for finding in findings])
        read_of = ", ".join(f"{count} {name}" for name, count in counts.items())
        typer.echo(f"{'Clean' if not faults else f'{len(faults)} faults'}: read {read_of}.")
    if faults:
        raise typer.Exit(Exit.REFUSED)


@app.command()
@command
def show(
    account: Annotated[
        str, typer.Argument(help="An account as payer:rich, or a merchantTransId; else all.")
    ] = "",
    *,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Show every account and what it holds; with an account or an order, its entries.

    Example: tillgate ledger show A-1001 --data ./sandbox
    """
    from tillgate.cli.operate import read, settings_of

    settings = settings_of(data)
    if account:
        _show_entries(account, read(settings, lambda reader: _entries(reader, account)), as_json)
        return
    rows = read(settings, _accounts)
    if as_json:
        print_json(rows)
    else:
        names = ("account", "balance")
        print_rows("Accounts", names, [[row[name] for name in names] for row in rows])


def _show_entries(subject: str, rows: list[dict[str, Any]], as_json: bool) -> None:  # noqa: FBT001  It comes from an option.
    if as_json:
        print_json(rows)
        return
    lines = [
        [row["at"], row["kind"], row["reference"], *(posting.values())]
        for row in rows
        for posting in row["postings"]
    ]
    names = ("at", "kind", "reference", "from", "to", "amount")
    print_rows(f"Entries of {subject}", names, lines)


async def _audit(reader: Any) -> tuple[dict[str, int], Any]:  # noqa: ANN401  The engine's Reader.
    from tillgate.acquiring.acquirement import Acquirement
    from tillgate.bookkeeping.audit import AUDITED, audit_books
    from tillgate.cli.operate import every
    from tillgate.kernel.clock import SystemClock
    from tillgate.ledger.entries import Balance, Entry, Posting

    rows = {record: await every(reader, record) for record in AUDITED}
    findings = audit_books(rows, now_ms=SystemClock().now_ms())
    counts = {
        "entries": len(rows[Entry]),
        "postings": len(rows[Posting]),
        "balances": len(rows[Balance]),
        "orders": len(rows[Acquirement]),
    }
    return counts, findings


async def _accounts(reader: Any) -> list[dict[str, str]]:  # noqa: ANN401  The engine's Reader.
    from tillgate.cli.operate import every
    from tillgate.kernel.money import Money
    from tillgate.ledger.audit import sums
    from tillgate.ledger.entries import Posting

    held = sums(await every(reader, Posting))
    return [
        {"account": account, "balance": str(Money.of(minor, unit))}
        for (account, unit), minor in sorted(held.items())
    ]


async def _entries(reader: Any, subject: str) -> list[dict[str, Any]]:  # noqa: ANN401  The engine's Reader.
    from tillgate.acquiring.acquirement import Acquirement
    from tillgate.cli.operate import every
    from tillgate.engine.ports import Select
    from tillgate.kernel.errors import Refused
    from tillgate.kernel.results import Result
    from tillgate.ledger.entries import Entry, Posting

    orders = await reader.select(
        Select(record=Acquirement, equals=(("merchant_trans_id", subject),))
    )
    wanted = {subject, *(order.acquirement_id for order in orders)}
    postings: dict[tuple[str, str], list[Any]] = {}
    for posting in await every(reader, Posting):
        postings.setdefault((posting.book, posting.entry_id), []).append(posting)
    rows = []
    for entry in await every(reader, Entry):
        legs = postings.get((entry.book, entry.entry_id), [])
        names = {entry.reference, *entry.reference.split("/")}
        names |= {account for leg in legs for account in (leg.source, leg.destination)}
        if names & wanted:
            rows.append(_entry(entry, legs))
    if not rows:
        sentence = f"There is no entry of {subject}; see the accounts: tillgate ledger show"
        raise Refused(Result.ORDER_NOT_EXIST, sentence)
    return sorted(rows, key=lambda row: str(row["at"]))


def _entry(entry: Any, legs: list[Any]) -> dict[str, Any]:  # noqa: ANN401  An Entry; imported late.
    return {
        "at": instant(entry.at_ms),
        "kind": entry.kind,
        "reference": entry.reference,
        "postings": [
            {"from": leg.source, "to": leg.destination, "amount": str(leg.money)} for leg in legs
        ],
    }


def _plain(finding: Any) -> dict[str, Any]:  # noqa: ANN401  A Finding; imported late.
    return {
        "code": finding.code,
        "fault": finding.is_fault,
        "subject": finding.subject,
        "sentence": finding.sentence,
    }


def _line(finding: Any) -> list[str]:  # noqa: ANN401  A Finding; imported late.
    kind = "fault" if finding.is_fault else "note"
    return [kind, finding.code, finding.subject, finding.sentence]
