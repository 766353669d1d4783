"""`tillgate merchant add | set | show`: who sells, and what was agreed with them.

Each change is an engine command with the operator's name. What must hold: `add` never changes a
merchant that is there, and `set` changes only what it was given.
"""

from typing import Annotated, Any

import typer

from tillgate.cli.surface import (
    AsJson,
    Data,
    Operator,
    UsageError,
    command,
    print_json,
    print_rows,
    tell_change,
)

app = typer.Typer(add_completion=False, no_args_is_help=True)

Merchant = Annotated[str, typer.Argument(help="The merchantId, at most 64 characters.")]
Name = Annotated[str | None, typer.Option("--name", help="Shown to the buyer as the payee.")]
NotifyUrl = Annotated[
    str | None, typer.Option("--notify-url", help="Where notifications go by default.")
]
Hosts = Annotated[
    list[str] | None,
    typer.Option("--host", help="A host for notifyUrl and returnUrl; repeat it."),
]
Origins = Annotated[
    list[str] | None, typer.Option("--origin", help="An origin whose pages may debit; repeat it.")
]
Contracts = Annotated[
    list[str] | None, typer.Option("--contract", help="A settlement contract; repeat it.")
]
Currencies = Annotated[
    list[str] | None, typer.Option("--currency", help="A currency it sells in; repeat; any.")
]
RedirectUrl = Annotated[
    str | None, typer.Option("--redirect-url", help="Where a payer who agreed goes by default.")
]
Debts = Annotated[
    list[str] | None,
    typer.Option(
        "--debt-max", help="How much refunds may make it owe, as in '1000.00 HKD'; repeat it."
    ),
]
RefundDays = Annotated[
    int | None, typer.Option("--refund-window", metavar="DAYS", help="How long it may refund.")
]
AccessDays = Annotated[
    int | None, typer.Option("--access-days", metavar="DAYS", help="How long a token lives.")
]
RefreshDays = Annotated[
    int | None,
    typer.Option("--refresh-days", metavar="DAYS", help="How long a token may be renewed."),
]


@app.callback()
def _group() -> None:
    """Register merchants and change their settings.

    Example: tillgate merchant add 2160400000002012 --name COD --host shop.example.com
    """


@app.command()
@command
def add(
    merchant: Merchant,
    *,
    name: Name = None,
    notify_url: NotifyUrl = None,
    host: Hosts = None,
    origin: Origins = None,
    contract: Contracts = None,
    currency: Currencies = None,
    redirect_url: RedirectUrl = None,
    debt_max: Debts = None,
    refund_window: RefundDays = None,
    access_days: AccessDays = None,
    refresh_days: RefreshDays = None,
    data: Data = "",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Register a merchant.

    Example: tillgate merchant add 2160400000002012 --name COD --host shop.example.com
    """
    from tillgate.acquiring.merchant import Merchant as Row
    from tillgate.cli.operate import execute, settings_of
    from tillgate.engine.commands import SetMerchant
    from tillgate.kernel.ids import MerchantId

    given = _said(
        {"name": name, "notify_url": notify_url, "redirect_url": redirect_url},
        {"hosts": host, "origins": origin, "contracts": contract, "currencies": currency},
        debts=debt_max,
        days={
            "refund_window_ms": refund_window,
            "access_life_ms": access_days,
            "refresh_life_ms": refresh_days,
        },
    )
    row = Row(merchant_id=MerchantId(merchant), **{"name": merchant, **given})
    settings = settings_of(data)
    outcome = execute(SetMerchant, settings, operator=operator, merchant=row, is_new=True)
    tell_change(outcome, f"Merchant {merchant}", as_json=as_json)


@app.command("set")
@command
def set_(
    merchant: Merchant,
    *,
    name: Name = None,
    notify_url: NotifyUrl = None,
    host: Hosts = None,
    origin: Origins = None,
    contract: Contracts = None,
    currency: Currencies = None,
    redirect_url: RedirectUrl = None,
    debt_max: Debts = None,
    refund_window: RefundDays = None,
    access_days: AccessDays = None,
    refresh_days: RefreshDays = None,
    active: Annotated[
        bool | None, typer.Option("--active/--suspended", help="Whether orders are taken.")
    ] = None,
    data: Data = "",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Change what is given and leave the rest; a list replaces the list before, "" empties it.

    Example: tillgate merchant set 2160400000002012 --host shop.example.com --host www.example.com
    """
    from tillgate.acquiring.merchant import MerchantChanges
    from tillgate.cli.operate import execute, settings_of
    from tillgate.engine.changes import ChangeMerchant
    from tillgate.kernel.ids import MerchantId

    given = _said(
        {"name": name, "notify_url": notify_url, "redirect_url": redirect_url},
        {"hosts": host, "origins": origin, "contracts": contract, "currencies": currency},
        debts=debt_max,
        days={
            "refund_window_ms": refund_window,
            "access_life_ms": access_days,
            "refresh_life_ms": refresh_days,
        },
    )
    if active is not None:
        given["active"] = active
    if not given:
        raise UsageError("Say what to change, as in: --host shop.example.com")
    members = {"merchant_id": MerchantId(merchant), "changes": MerchantChanges(**given)}
    outcome = execute(ChangeMerchant, settings_of(data), operator=operator, **members)
    tell_change(outcome, f"Merchant {merchant}", as_json=as_json)


@app.command()
@command
def show(
    merchant: Annotated[str, typer.Argument(help="One merchantId; all by default.")] = "",
    *,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Show merchants and their settings.

    Example: tillgate merchant show 2160400000002012 --json
    """
    from tillgate.cli.operate import read, settings_of

    rows = read(settings_of(data), lambda reader: _read(reader, merchant))
    if as_json:
        print_json(rows[0] if merchant else rows)
        return
    names = ("merchant", "name", "active", "hosts", "contracts", "currencies", "notifyUrl")
    print_rows("Merchants", names, [[_cell(row[name]) for name in names] for row in rows])


async def _read(reader: Any, merchant: str) -> list[dict[str, Any]]:  # noqa: ANN401  The engine's Reader.
    from tillgate.acquiring.merchant import Merchant as Row
    from tillgate.cli.operate import every

    found = await every(reader, Row, **({"merchant_id": merchant} if merchant else {}))
    if merchant and not found:
        raise _missing(merchant)
    return [
        {
            "merchant": row.merchant_id,
            "name": row.name,
            "active": row.active,
            "notifyUrl": row.notify_url,
            "hosts": list(row.hosts),
            "origins": list(row.origins),
            "contracts": list(row.contracts),
            "currencies": list(row.currencies),
            "redirectUrl": row.redirect_url,
            "debtMax": [_debt(text) for text in row.debt_max],
            "refundWindowDays": _days(row.refund_window_ms),
            "accessDays": _days(row.access_life_ms),
            "refreshDays": _days(row.refresh_life_ms),
        }
        for row in found
    ]


def _missing(merchant: str) -> Exception:
    from tillgate.kernel.errors import Refused
    from tillgate.kernel.results import Result

    step = "add it with: tillgate merchant add"
    return Refused(Result.MERCHANT_NOT_REGISTERED, f"There is no merchant {merchant}; {step}")


def _said(
    texts: dict[str, str | None],
    lists: dict[str, list[str] | None],
    *,
    debts: list[str] | None,
    days: dict[str, int | None],
) -> dict[str, Any]:
    """Return what was said, by the names of the record."""
    from tillgate.kernel.clock import DAY_MS

    said: dict[str, Any] = {key: text for key, text in texts.items() if text is not None}
    for key, values in lists.items():
        if values:  # Typer hands over an empty list for an option that was not given.
            said[key] = tuple(value for value in values if value)
    if said.get("redirect_url"):
        said["redirect_url"] = _normal(said["redirect_url"])
    if debts:
        said["debt_max"] = tuple(_debt_text(text) for text in debts if text)
    said |= {key: count * DAY_MS for key, count in days.items() if count is not None}
    return said


def _normal(url: str) -> str:
    """Return an address as a browser writes it; one that is none is left for the rule to refuse."""
    from tillgate.protocol.urls import normalise

    try:
        return normalise(url)
    except ValueError:
        return url


def _debt_text(text: str) -> str:
    """Return a debt as the record keeps it."""
    from tillgate.kernel.money import Money

    try:
        money = Money.parse(text)
    except ValueError as error:
        raise UsageError(f"--debt-max: {error}.") from None
    return f"{money.currency}:{money.minor}"


def _debt(text: str) -> str:
    """Return a debt of the record as people write it."""
    from tillgate.kernel.money import Money

    code, _, minor = text.partition(":")
    return str(Money.of(int(minor), code))


def _days(window_ms: int) -> int:
    from tillgate.kernel.clock import DAY_MS

    return window_ms // DAY_MS


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return (
        {True: "yes", False: "suspended"}.get(value, str(value))
        if isinstance(value, bool)
        else str(value)
    )
