"""`tillgate agreement prepare | token | refresh | debit | show | cancel | list`.

All but `list` ask a gateway as a merchant's server does, by the SDK; `list` reads the database, for
operators. What must hold: a token is printed by `token` and `refresh`, whose answer it is, and by
nothing else; a token is taken from a variable or from standard input, so that it need not stand in
a command line.
"""

import os
import secrets
import sys
from typing import Annotated, Any, Final

import typer

from tillgate.cli import as_merchant as by
from tillgate.cli.surface import (
    AsJson,
    Data,
    Exit,
    UsageError,
    command,
    complain,
    instant,
    print_json,
    print_rows,
)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
)

Agreement = Annotated[str, typer.Argument(help="Your merchantAgreementId, at most 32 characters.")]
TOKEN_CHARACTERS_MAX: Final = 4_096
REDIRECT: Final = "://"


@app.callback()
def _group() -> None:
    """Ask payers for agreements, debit them, and see them.

    Example: tillgate agreement prepare sub-1 --data ./sandbox
    """


@app.command()
@command
def prepare(
    agreement: Agreement,
    *,
    state: Annotated[
        str, typer.Option("--state", help="What the redirect brings back; default: random.")
    ] = "",
    redirect_url: Annotated[
        str, typer.Option("--redirect-url", help="Where the payer goes then; else as registered.")
    ] = "",
    terminal: Annotated[str, typer.Option("--terminal", help="WAP, WEB or APP.")] = "WAP",
    url: by.Url = "",
    key: by.Key = None,
    gateway_key: by.GatewayKey = None,
    client_id: by.ClientId = "",
    merchant_id: by.MerchantId = "",
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Ask for the page at which a payer agrees; print its address and the state.

    Example: tillgate agreement prepare sub-1 --redirect-url https://shop.example.com/agreed
    """
    from tillgate.merchant import AgreementPage

    asker = by.Asker(data, url, key, gateway_key, client_id, merchant_id)
    said = state or secrets.token_hex(16)
    with asker.merchant() as merchant:
        outcome = merchant.prepare_agreement(
            agreement_id=agreement, state=said, redirect_url=redirect_url or None, terminal=terminal
        )
    more = {"state": said} if isinstance(outcome, AgreementPage) else {}
    by.tell(outcome, as_json=as_json, more=more)


@app.command()
@command
def token(
    code: Annotated[
        str,
        typer.Argument(help="The authCode, or the address the payer came back to; - is stdin."),
    ] = "-",
    *,
    state: Annotated[
        str, typer.Option("--state", help="That of `prepare`, to check such an address.")
    ] = "",
    url: by.Url = "",
    key: by.Key = None,
    gateway_key: by.GatewayKey = None,
    client_id: by.ClientId = "",
    merchant_id: by.MerchantId = "",
    wait: by.Wait = 0,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Turn the code of an agreement into its tokens, and print them: keep them like passwords.

    Example: tillgate agreement token - --state 4f6a --data ./sandbox --json
    """
    asker = by.Asker(data, url, key, gateway_key, client_id, merchant_id)
    given = _secret(code, "", what="the authCode")
    with asker.merchant() as merchant:
        found = _code(merchant, given, state, as_json=as_json) if REDIRECT in given else given
        outcome = by.known(lambda: merchant.apply_token(auth_code=found), wait=wait)
    by.tell(outcome, as_json=as_json, secrets=True)


@app.command()
@command
def refresh(
    refresh_token: Annotated[
        str,
        typer.Argument(help="The refresh token; - is TILLGATE_REFRESH_TOKEN, or stdin."),
    ] = "-",  # noqa: S107  It says where the token is read.
    *,
    url: by.Url = "",
    key: by.Key = None,
    gateway_key: by.GatewayKey = None,
    client_id: by.ClientId = "",
    merchant_id: by.MerchantId = "",
    wait: by.Wait = 0,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Turn a refresh token into the next tokens, and print them; the old one lives ten minutes.

    Example: tillgate agreement refresh - --data ./sandbox --json
    """
    asker = by.Asker(data, url, key, gateway_key, client_id, merchant_id)
    given = _secret(refresh_token, "TILLGATE_REFRESH_TOKEN", what="the refresh token")
    with asker.merchant() as merchant:
        outcome = by.known(lambda: merchant.refresh_token(given), wait=wait)
    by.tell(outcome, as_json=as_json, secrets=True)


@app.command()
@command
def debit(
    order: Annotated[str, typer.Argument(help="A new merchantTransId.")],
    *,
    amount: by.Amount,
    title: Annotated[str, typer.Option("--title", help="What the payer sees.")],
    access_token: Annotated[
        str,
        typer.Option("--token", help="The access token; else TILLGATE_ACCESS_TOKEN, or stdin."),
    ] = "-",  # noqa: S107  It says where the token is read.
    notify_url: Annotated[
        str, typer.Option("--notify-url", help="Where the notification goes; else as registered.")
    ] = "",
    url: by.Url = "",
    key: by.Key = None,
    gateway_key: by.GatewayKey = None,
    client_id: by.ClientId = "",
    merchant_id: by.MerchantId = "",
    wait: by.Wait = 0,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Debit a payer by an agreement; nobody is asked. A declined order is over: take a new number.

    Example: tillgate agreement debit A-2001 --amount "38.00 HKD" --title "May" --data ./sandbox
    """
    from tillgate.merchant import Order

    asker = by.Asker(data, url, key, gateway_key, client_id, merchant_id)
    given = _secret(access_token, "TILLGATE_ACCESS_TOKEN", what="the access token")
    asked = Order(
        merchant_trans_id=order,
        title=title,
        amount=by.amount_of(amount),
        notify_url=notify_url or None,
    )
    by.ask(
        asker,
        lambda merchant: merchant.debit(asked, access_token=given),
        wait=wait,
        as_json=as_json,
    )


@app.command()
@command
def show(
    agreement: Agreement,
    *,
    url: by.Url = "",
    key: by.Key = None,
    gateway_key: by.GatewayKey = None,
    client_id: by.ClientId = "",
    merchant_id: by.MerchantId = "",
    wait: by.Wait = 0,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Ask how an agreement stands: its status and dates, never a token.

    Example: tillgate agreement show sub-1 --data ./sandbox
    """
    asker = by.Asker(data, url, key, gateway_key, client_id, merchant_id)
    by.ask(asker, lambda merchant: merchant.agreement(agreement), wait=wait, as_json=as_json)


@app.command()
@command
def cancel(
    agreement: Agreement,
    *,
    url: by.Url = "",
    key: by.Key = None,
    gateway_key: by.GatewayKey = None,
    client_id: by.ClientId = "",
    merchant_id: by.MerchantId = "",
    wait: by.Wait = 0,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """End an agreement: its tokens debit nothing any more.

    Example: tillgate agreement cancel sub-1 --data ./sandbox
    """
    asker = by.Asker(data, url, key, gateway_key, client_id, merchant_id)
    by.ask(asker, lambda merchant: merchant.cancel_agreement(agreement), wait=wait, as_json=as_json)


@app.command("list")
@command
def list_(
    *,
    payer: Annotated[str, typer.Option("--payer", help="Those of one payer.")] = "",
    merchant: Annotated[str, typer.Option("--merchant", help="Those of one merchantId.")] = "",
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """List agreements and their limits, for operators; it reads the database and no token.

    Example: tillgate agreement list --payer alice --data /var/lib/tillgate
    """
    from tillgate.cli.operate import read, settings_of

    rows = read(settings_of(data), lambda reader: _read(reader, payer, merchant))
    if as_json:
        print_json(rows)
        return
    names = ("merchant", "agreement", "payer", "state", "signed", "currency", "single", "daily")
    print_rows("Agreements", names, [[row[name] or "" for name in names] for row in rows])


async def _read(reader: Any, payer: str, merchant: str) -> list[dict[str, Any]]:  # noqa: ANN401  The engine's Reader.
    from tillgate.acquiring.agreement import Agreement as Row
    from tillgate.acquiring.allowance import Allowance, agreement_owner
    from tillgate.cli.operate import every

    wanted = {"payer_id": payer, "merchant_id": merchant}
    given = {name: text for name, text in wanted.items() if text}
    rows = []
    for row in await every(reader, Row, **given):
        owner = agreement_owner(row.merchant_id, row.merchant_agreement_id)
        limits = await reader.get(Allowance, owner, row.currency)
        rows.append(_shown(row, limits))
    return rows


def _shown(row: Any, limits: Any) -> dict[str, Any]:  # noqa: ANN401  An Agreement and its Allowance; imported late.
    from tillgate.kernel.money import Money

    most = {
        name: str(Money.of(minor, row.currency)) if minor is not None else None
        for name, minor in (
            ("single", getattr(limits, "single_max", None)),
            ("daily", getattr(limits, "daily_max", None)),
        )
    }
    return {
        "merchant": row.merchant_id,
        "agreement": row.merchant_agreement_id,
        "client": row.client_id,
        "payer": row.payer_id,
        "state": row.state,
        "signed": instant(row.signed_at_ms),
        "cancelled": instant(row.cancelled_at_ms),
        "cancelledBy": row.cancelled_by,
        "currency": row.currency,
        **most,
    }


def _secret(given: str, variable: str, *, what: str) -> str:
    """Return a token: as given, from its variable, or the first line of standard input."""
    if given != "-":
        return given
    told = os.environ.get(variable, "") if variable else ""
    if not told and not sys.stdin.isatty():
        told = sys.stdin.readline(TOKEN_CHARACTERS_MAX)
    if not told.strip():
        place = f" in {variable}, or" if variable else ""
        raise UsageError(f"Give {what}{place} as the first line of standard input.")
    return told.strip()


def _code(merchant: Any, url: str, state: str, *, as_json: bool) -> Any:  # noqa: ANN401  The SDK's Merchant; a Secret.
    """Return the code of the address that a payer came back to."""
    from tillgate.merchant import AuthResult, VerificationError

    if not state:
        raise UsageError("An address is believed only with the state you sent: --state STATE")
    try:
        returned = merchant.agreement_return(url, state=state)
    except VerificationError as error:
        complain(str(error), as_json=as_json)
        raise typer.Exit(Exit.REFUSED) from None
    if returned.result is not AuthResult.SUCCESS or returned.auth_code is None:
        complain(f"The payer did not agree: authResult {returned.result}.", as_json=as_json)
        raise typer.Exit(Exit.REFUSED)
    return returned.auth_code
