"""`tillgate payer add | top-up | limit | unlock | pin | sign-out | erase | show`: the payers.

Each change is an engine command with the operator's name. What must hold: a PIN is hashed before it
leaves this process, is never printed, and never becomes part of an error; a list of payers shows no
name in full, since whoever looks for one payer asks for that one.
"""

import asyncio
from typing import Annotated, Any

import typer

from tillgate.cli.surface import (
    AsJson,
    Data,
    Operator,
    UsageError,
    command,
    money_of,
    print_facts,
    print_json,
    print_rows,
    read_pin,
    say,
    tell_change,
)

app = typer.Typer(add_completion=False, no_args_is_help=True)

Payer = Annotated[str, typer.Argument(help="The payer's id, as in alice.")]


@app.callback()
def _group() -> None:
    """Register payers, top them up, unlock them.

    Example: tillgate payer add alice --name "Alice Chan"
    """


@app.command()
@command
def add(
    payer: Payer,
    *,
    name: Annotated[str, typer.Option("--name", help="Shown to the payer; default: the id.")] = "",
    issuer: Annotated[str, typer.Option("--issuer", help="Who holds the funds.")] = "wallet",
    pin: Annotated[
        str, typer.Option("--pin", envvar="TILLGATE_PIN", help="6 digits; else asked for.")
    ] = "",
    data: Data = "",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Register a payer. The same payer again is no change; its PIN stays.

    Example: tillgate payer add alice --name "Alice Chan" --data /var/lib/tillgate
    """
    from tillgate.cli.operate import execute, read, settings_of
    from tillgate.engine.commands import AddPayer

    settings = settings_of(data)
    issuers = read(settings, _issuers)
    if issuer not in issuers:
        raise UsageError(f"This gateway knows no issuer {issuer!r}; it has {', '.join(issuers)}.")
    secret = read_pin(pin)
    pin_hash = asyncio.run(_hashed(settings, secret))
    outcome = execute(
        AddPayer,
        settings,
        operator=operator,
        payer_id=payer,
        name=name or payer,
        issuer=issuer,
        pin_hash=pin_hash,
    )
    kept = "registered before; the PIN stays as it was"
    tell_change(outcome, f"Payer {payer}", as_json=as_json, unchanged=kept)


@app.command("top-up")
@command
def top_up(
    payer: Payer,
    amount: Annotated[str, typer.Argument(help="Cash taken, as in '100.00 HKD'.")],
    *,
    operation: Annotated[
        str,
        typer.Option("--operation-id", metavar="ID", help="Booked once, however often it is sent."),
    ] = "",
    data: Data = "",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Book cash that was taken from a payer.

    When its answer is lost it ends with 3 and prints what to type: the same under the same
    operation id, which is booked once. A program makes such an id itself, new for each top-up.

    Example: tillgate payer top-up alice "100.00 HKD"
    """
    from tillgate.cli.topping_up import book_cash

    booked = book_cash(payer, amount, data=data, operator=operator, operation=operation)
    balance = str(booked)
    if as_json:
        print_json({"payer": payer, "balance": balance})
    else:
        print_facts("Topped up", {"payer": payer, "balance": balance})


@app.command()
@command
def limit(
    payer: Payer,
    *,
    single: Annotated[
        str, typer.Option("--single", help="The most one payment may be, as in '100.00 HKD'.")
    ] = "",
    daily: Annotated[
        str, typer.Option("--daily", help="The most a day's payments may sum to.")
    ] = "",
    none: Annotated[
        bool, typer.Option("--none", help="Take away every limit that an operator set.")
    ] = False,
    data: Data = "",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Limit what a payer may pay at once and in a day; what is not given stays as it was.

    A limit holds in its currency alone. A day is Hong Kong's, and what was paid today counts.

    Example: tillgate payer limit alice --single "100.00 HKD" --daily "500.00 HKD"
    """
    from tillgate.cli.operate import execute, read, settings_of
    from tillgate.engine.commands import LimitPayer

    settings = settings_of(data)
    if not none:
        members = [_limited(single, daily)]
    elif single or daily:
        raise UsageError("Give limits, or --none to take them away, and not both.")
    else:
        members = _lifted(read(settings, lambda reader: _limits_of(reader, payer)))
    changed = [
        execute(LimitPayer, settings, operator=operator, payer_id=payer, **each)["changed"]
        for each in members
    ]
    outcome = {"payer": payer, "changed": any(changed)}
    tell_change(outcome, f"Limits of payer {payer}", as_json=as_json)


def _limited(single: str, daily: str) -> dict[str, Any]:
    """Return the members of the command: what is given and nothing else."""
    given = {
        name: money_of(text)
        for name, text in (("single_max", single), ("daily_max", daily))
        if text
    }
    codes = {str(money.currency) for money in given.values()}
    if len(codes) != 1:
        raise UsageError('Give limits in one currency, as in: --single "100.00 HKD"; or --none')
    return {"currency": codes.pop(), **{name: money.minor for name, money in given.items()}}


def _lifted(before: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the members of the commands that leave no limit."""
    return [
        {"currency": code, "single_max": None, "daily_max": None}
        for code, row in before.items()
        if row.single_max is not None or row.daily_max is not None
    ]


@app.command()
@command
def unlock(
    payer: Payer, *, data: Data = "", operator: Operator = "", as_json: AsJson = False
) -> None:
    """Give a payer all PIN tries again.

    Example: tillgate payer unlock alice
    """
    from tillgate.cli.operate import execute, settings_of
    from tillgate.engine.commands import UnlockPayer

    outcome = execute(UnlockPayer, settings_of(data), operator=operator, payer_id=payer)
    tell_change(outcome, f"Payer {payer}", as_json=as_json)


@app.command("pin")
@command
def set_pin(
    payer: Payer,
    *,
    pin: Annotated[
        str, typer.Option("--pin", envvar="TILLGATE_PIN", help="6 digits; else asked for.")
    ] = "",
    data: Data = "",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Give a payer another PIN and all tries; every session of the payer ends.

    Example: tillgate payer pin alice --data /var/lib/tillgate
    """
    from tillgate.cli.operate import execute, settings_of
    from tillgate.engine.commands import SetPin

    settings = settings_of(data)
    pin_hash = asyncio.run(_hashed(settings, read_pin(pin, prompt="New PIN")))
    outcome = execute(SetPin, settings, operator=operator, payer_id=payer, pin_hash=pin_hash)
    tell_change(outcome, f"PIN of payer {payer}", as_json=as_json)


@app.command("sign-out")
@command
def sign_out(
    payer: Payer, *, data: Data = "", operator: Operator = "", as_json: AsJson = False
) -> None:
    """End every session of a payer, on every device.

    Example: tillgate payer sign-out alice
    """
    from tillgate.cli.operate import execute, settings_of
    from tillgate.engine.commands import SignOutPayer

    outcome = execute(SignOutPayer, settings_of(data), operator=operator, payer_id=payer)
    tell_change(outcome, f"Sessions of payer {payer}", as_json=as_json)


@app.command()
@command
def erase(
    payer: Payer,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="It cannot be undone, and is meant.")] = False,
    data: Data = "",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Erase the person: the name, the PIN, every session, every agreement. Entries stay.

    What the books must keep stays under the payer's number, which nobody can sign in with, top up
    or debit any more. What the account still holds stays there and is owed: no command pays it out,
    so settle it with the payer outside of these books first.

    Example: tillgate payer erase alice --yes
    """
    from tillgate.cli.erasing import erase_person
    from tillgate.cli.operate import read, settings_of

    settings = settings_of(data)
    [row] = read(settings, lambda reader: _read(reader, payer))
    held = ", ".join(row["balances"])
    if not yes:
        stays = f"it holds {held or 'nothing'}{', which no command pays out' if held else ''}"
        sentence = f"Erasing payer {payer} cannot be undone, and {stays}."
        raise UsageError(f"{sentence} Say --yes when that is settled.")
    outcome = erase_person(settings, payer, operator=operator)
    tell_change(outcome, f"Person behind payer {payer}", as_json=as_json)
    if held and not as_json:
        say(f"The account still holds {held}, which stays owed to the person outside of it.")


@app.command()
@command
def show(
    payer: Annotated[str, typer.Argument(help="One payer; all by default.")] = "",
    *,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Show payers, what they hold, and whether they are locked; names in full for one alone.

    Example: tillgate payer show alice --json
    """
    from tillgate.cli.operate import read, settings_of

    rows = read(settings_of(data), lambda reader: _read(reader, payer))
    if as_json:
        print_json(rows[0] if payer else rows)
    else:
        names = ("payer", "name", "issuer", "triesLeft", "balances", "limits")
        print_rows("Payers", names, [[_cell(row[name]) for name in names] for row in rows])


async def _read(reader: Any, payer: str) -> list[dict[str, Any]]:  # noqa: ANN401  The engine's Reader.
    from tillgate.acquiring.allowance import payer_owner
    from tillgate.acquiring.payer import Payer as Row
    from tillgate.engine.ports import Select
    from tillgate.ledger.entries import Balance

    wanted = (("payer_id", payer),) if payer else ()
    found = await reader.select(Select(record=Row, equals=wanted))
    if payer and not found:
        raise _nobody(payer)
    rows = []
    name_of = str if payer else masked
    for row in found:
        held = Select(record=Balance, equals=(("account", f"payer:{row.payer_id}"),))
        rows.append(
            {
                "payer": row.payer_id,
                "name": name_of(row.name),
                "issuer": row.issuer,
                "locked": row.is_locked,
                "triesLeft": row.pin_tries_left,
                "balances": [str(balance.money) for balance in await reader.select(held)],
                "limits": [
                    shown
                    for limit in (await _limits(reader, payer_owner(row.payer_id))).values()
                    if (shown := limits_shown(limit))
                ],
            }
        )
    return rows


def masked(name: str) -> str:
    """Return a name of which only the first letter of each word is left, and not its length."""
    return " ".join(f"{word[0]}***" for word in name.split())


def _nobody(payer: str) -> Exception:
    from tillgate.kernel.errors import Refused
    from tillgate.kernel.results import Result

    sentence = f"There is no payer {payer}; see: tillgate payer show"
    return Refused(Result.USER_NOT_EXIST, sentence)


async def _limits_of(reader: Any, payer: str) -> dict[str, Any]:  # noqa: ANN401  The engine's Reader.
    """Return the allowances of a payer by currency."""
    from tillgate.acquiring.allowance import payer_owner
    from tillgate.acquiring.payer import Payer as Row

    if await reader.get(Row, payer) is None:
        raise _nobody(payer)
    return await _limits(reader, payer_owner(payer))


async def _limits(reader: Any, owner: str) -> dict[str, Any]:  # noqa: ANN401  The engine's Reader.
    """Return the allowances of an owner by currency."""
    from tillgate.engine.queries import allowances_of

    return {row.currency: row for row in await allowances_of(reader, [owner])}


def limits_shown(row: Any) -> dict[str, str]:  # noqa: ANN401  An Allowance; imported late.
    """Return the limits of an allowance as people write money; nothing when there are none."""
    from tillgate.kernel.money import Money

    return {
        name: str(Money.of(minor, row.currency))
        for name, minor in (("single", row.single_max), ("daily", row.daily_max))
        if minor is not None
    }


async def _issuers(reader: Any) -> list[str]:  # noqa: ANN401  The engine's Reader.
    from tillgate.acquiring.operator import Fact
    from tillgate.acquiring.payer import WALLET
    from tillgate.config.settings import Mode
    from tillgate.issuers import simulated

    mode = await reader.get(Fact, "mode")
    is_sandbox = mode is not None and mode.value == Mode.SANDBOX
    return [WALLET, simulated.NAME] if is_sandbox else [WALLET]


async def _hashed(settings: Any, pin: str) -> str:  # noqa: ANN401  Settings; imported late.
    from tillgate.bootstrap.books import hashed_pin

    return await hashed_pin(settings, pin)


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name} {amount}" for name, amount in value.items())
    return ", ".join(map(_cell, value)) if isinstance(value, list) else str(value)
