"""`tillgate client add | add-key | retire-key | show`: the calling systems and their public keys.

Each change is an engine command with the operator's name. What must hold: only public keys are
taken, and a key that is retired keeps counting until the instant it was told.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from tillgate.cli.given_path import unreadable
from tillgate.cli.surface import (
    AsJson,
    Data,
    Operator,
    UsageError,
    command,
    instant,
    print_json,
    print_rows,
    say,
    tell_change,
)

app = typer.Typer(add_completion=False, no_args_is_help=True)

Client = Annotated[str, typer.Argument(help="The clientId, at most 32 characters.")]
HOUR_MS = 3_600_000


@app.callback()
def _group() -> None:
    """Register clients and their public keys.

    Example: tillgate client add 4Q5XSH6SSG02T006 --name "Shop server" --merchant 2160400000002012
    """


@app.command()
@command
def add(
    client: Client,
    *,
    name: Annotated[str, typer.Option("--name", help="For people; default: the clientId.")] = "",
    merchant: Annotated[
        list[str] | None, typer.Option("--merchant", help="A merchantId it may act for; repeat.")
    ] = None,
    function: Annotated[
        list[str] | None, typer.Option("--function", help="A function it may use; default: all.")
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", help="How it signs: TILLGATE or ALIPAY_HK.")
    ] = "TILLGATE",
    suspended: Annotated[
        bool, typer.Option("--suspended", help="Register it, and answer none of its messages.")
    ] = False,
    data: Data = "",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Register a client; one that exists keeps what it has.

    Example: tillgate client add 4Q5XSH6SSG02T006 --name "Shop server" --merchant 2160400000002012
    """
    from tillgate.acquiring.client import Client as Row
    from tillgate.cli.operate import execute, settings_of
    from tillgate.engine.commands import AddClient
    from tillgate.kernel.ids import ClientId

    if not merchant:
        raise UsageError("Name at least one merchant it may act for: --merchant 2160400000002012")
    row = Row(
        client_id=ClientId(client),
        name=name or client,
        profile=profile,
        merchant_ids=tuple(merchant),
        functions=tuple(function or ()),
        active=not suspended,
    )
    outcome = execute(AddClient, settings_of(data), operator=operator, client=row)
    tell_change(outcome, f"Client {client}", as_json=as_json)


@app.command("add-key")
@command
def add_key(
    client: Client,
    key: Annotated[Path, typer.Argument(help="The public key, in any of its shapes.")],
    *,
    data: Data = "",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """Register a client's public key; it counts from now on, beside the ones before.

    Example: tillgate client add-key 4Q5XSH6SSG02T006 merchant.public.pem
    """
    from tillgate.acquiring.client import ClientKey
    from tillgate.cli.operate import execute, settings_of
    from tillgate.engine.commands import AddClientKey
    from tillgate.kernel.ids import ClientId
    from tillgate.protocol.keys import load_public_key

    try:
        loaded = load_public_key(key.read_bytes())
    except OSError as error:
        raise UsageError(unreadable(key, error)) from error
    row = ClientKey(
        client_id=ClientId(client),
        fingerprint=loaded.fingerprint,
        public_pem=loaded.pem(),
        valid_from_ms=0,
    )
    outcome = execute(AddClientKey, settings_of(data), operator=operator, key=row)
    subject = f"Key {loaded.fingerprint} of client {client}"
    tell_change({**outcome, "fingerprint": loaded.fingerprint}, subject, as_json=as_json)


@app.command("retire-key")
@command
def retire_key(
    client: Client,
    fingerprint: Annotated[str, typer.Argument(help="As `client show` tells it.")],
    *,
    after_hours: Annotated[
        int, typer.Option("--after-hours", min=0, help="How long it still counts.")
    ] = 0,
    data: Data = "",
    operator: Operator = "",
    as_json: AsJson = False,
) -> None:
    """End the time of a client's key, now or later, and say when no door takes it any more.

    A door believes for five seconds what it read, so the end holds everywhere only after that.

    Example: tillgate client retire-key 4Q5XSH6SSG02T006 8bf0c1d2e3a4b5c6 --after-hours 24
    """
    from tillgate.acquiring.client import ClientKey
    from tillgate.cli.operate import execute, read, settings_of
    from tillgate.engine.commands import RetireClientKey

    settings = settings_of(data)
    outcome = execute(
        RetireClientKey,
        settings,
        operator=operator,
        client_id=client,
        fingerprint=fingerprint,
        after_ms=after_hours * HOUR_MS,
    )
    row = read(settings, lambda reader: reader.get(ClientKey, client, fingerprint))
    ends = {"validUntil": instant(row.valid_until_ms), "everywhereFrom": instant(_everywhere(row))}
    subject = f"Key {fingerprint} of client {client}"
    tell_change({**outcome, **ends}, subject, as_json=as_json)
    if not as_json:
        say(
            f"It counts until {ends['validUntil']}; no door takes it from {ends['everywhereFrom']}."
        )


def _everywhere(key: Any) -> int:  # noqa: ANN401  A ClientKey; imported late.
    """Return from when on no door takes a retired key: each may have read it just before."""
    from tillgate.edge.directory import CACHE_MS

    return int(key.valid_until_ms) + CACHE_MS


@app.command()
@command
def show(
    client: Annotated[str, typer.Argument(help="One clientId; all by default.")] = "",
    *,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Show clients, what they may do, and their keys.

    Example: tillgate client show 4Q5XSH6SSG02T006 --json
    """
    from tillgate.cli.operate import read, settings_of

    rows = read(settings_of(data), lambda reader: _read(reader, client))
    if as_json:
        print_json(rows[0] if client else rows)
        return
    names = ("client", "name", "profile", "merchants", "keys")
    print_rows("Clients", names, [_line(row) for row in rows])


async def _read(reader: Any, client: str) -> list[dict[str, Any]]:  # noqa: ANN401  The engine's Reader.
    from tillgate.acquiring.client import Client as Row
    from tillgate.acquiring.client import ClientKey
    from tillgate.cli.operate import every
    from tillgate.kernel.errors import Refused
    from tillgate.kernel.results import Result

    found = await every(reader, Row, **({"client_id": client} if client else {}))
    if client and not found:
        step = "see: tillgate client show"
        raise Refused(Result.INVALID_CLIENT, f"There is no client {client}; {step}")
    return [
        {
            "client": row.client_id,
            "name": row.name,
            "profile": row.profile,
            "active": row.active,
            "merchants": list(row.merchant_ids),
            "functions": list(row.functions),
            "keys": [_key(key) for key in await every(reader, ClientKey, client_id=row.client_id)],
        }
        for row in found
    ]


def _key(key: Any) -> dict[str, str]:  # noqa: ANN401  A ClientKey; imported late.
    return {
        "fingerprint": key.fingerprint,
        "validFrom": instant(key.valid_from_ms),
        "validUntil": instant(key.valid_until_ms),
    }


def _line(row: dict[str, Any]) -> list[str]:
    keys = ", ".join(
        key["fingerprint"] + (f" until {key['validUntil']}" if key["validUntil"] else "")
        for key in row["keys"]
    )
    name = row["name"] if row["active"] else f"{row['name']} (suspended)"
    return [row["client"], name, row["profile"], ", ".join(row["merchants"]), keys]
