"""`tillgate keys generate | next-gateway | switch-gateway | show`: pairs, and the gateway's own.

Decides names and permissions only; what a key is stands in `protocol/keys`, and how the gateway's
key changes in `bootstrap/gateway_keys`. What must hold: a private half is readable by its owner
alone and never printed; merchants can hold both keys before one takes the other's place.
"""

import asyncio
from pathlib import Path
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
    say,
)

app = typer.Typer(add_completion=False, no_args_is_help=True)

Bits = Annotated[int, typer.Option("--bits", help="2048, 3072 or 4096.")]


@app.callback()
def _group() -> None:
    """Make key pairs, and change the gateway's own.

    Example: tillgate keys generate merchant
    """


@app.command()
@command
def generate(
    name: Annotated[
        str, typer.Argument(help="The name before .private.pem and .public.pem.")
    ] = "merchant",
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write.")] = Path(),
    bits: Bits = 2048,
    as_json: AsJson = False,
) -> None:
    """Write NAME.private.pem, readable by you alone, and NAME.public.pem.

    Example: tillgate keys generate merchant --out keys
    """
    from tillgate.config.folder import write_once
    from tillgate.protocol.keys import PrivateKey

    if not name or name != Path(name).name or name.startswith("."):
        raise UsageError(
            "A key's name is a plain file name, as in: tillgate keys generate merchant"
        )
    private, public = out / f"{name}.private.pem", out / f"{name}.public.pem"
    for path in (private, public):
        if path.exists():
            raise UsageError(f"{path} exists and is not overwritten; give another name or --out.")
    out.mkdir(parents=True, exist_ok=True)
    key = PrivateKey.generate(bits)
    write_once(private, key.pem())
    write_once(public, key.public.pem().encode(), mode=0o644)
    if as_json:
        fingerprint = key.public.fingerprint
        print_json({"private": str(private), "public": str(public), "fingerprint": fingerprint})
    else:
        typer.echo(f"{private}\n{public}")
        say(f"Fingerprint {key.public.fingerprint}. Keep the private file; send the public one.")


@app.command("next-gateway")
@command
def next_gateway(*, bits: Bits = 2048, data: Data = "", as_json: AsJson = False) -> None:
    """Make the gateway's next key pair, and print the public key to hand to every merchant.

    Nothing is signed with it before `keys switch-gateway`. Merchants add it beside the one they
    have: the SDK takes both.

    Example: tillgate keys next-gateway --data /var/lib/tillgate
    """
    from tillgate.bootstrap.gateway_keys import NEXT, make_next
    from tillgate.cli.operate import settings_of
    from tillgate.config.folder import Folder

    settings = settings_of(data)
    key = make_next(settings, bits=bits).public
    path = Folder(settings.data).keys / f"{NEXT}.public.pem"
    if as_json:
        facts = {"public": str(path), "fingerprint": key.fingerprint, "publicKey": key.pem()}
        print_json(facts)
        return
    typer.echo(key.pem().rstrip())
    say(f"This is {path}, fingerprint {key.fingerprint}. Send it to every merchant.")
    say("When all of them take it, type: tillgate keys switch-gateway")


@app.command("switch-gateway")
@command
def switch_gateway(*, data: Data = "", operator: Operator = "", as_json: AsJson = False) -> None:
    """Make the next key the gateway's own; a running server signs with it from its next start.

    The public key before it is kept and listed, for merchants who still hold it. A switch that was
    cut short is finished by the same command, or by the next start.

    Example: tillgate keys switch-gateway --data /var/lib/tillgate --operator olga
    """
    from tillgate.bootstrap.gateway_keys import NEXT, belongs_to, next_key, to_switch
    from tillgate.cli.operate import execute, read, settings_of
    from tillgate.config.folder import Folder
    from tillgate.engine.commands import SwitchGatewayKey

    settings = settings_of(data)
    switch = to_switch(settings, read(settings, belongs_to))
    changed = switch is not None
    if switch is not None:
        outcome = execute(
            SwitchGatewayKey,
            settings,
            operator=operator,
            fingerprint=switch.after.fingerprint,
            public_pem=switch.after.pem(),
            previous_fingerprint=switch.before.fingerprint,
            previous_pem=switch.before.pem(),
        )
        changed = bool(outcome["changed"])
    is_settled = _settle(settings)
    own = read(settings, belongs_to)
    facts = {
        "changed": changed,
        "fingerprint": own.fingerprint,
        "previous": own.previous.fingerprint if own.previous else "",
        "restartNeeded": not is_settled,
    }
    if as_json:
        print_json(facts)
        return
    say(f"The gateway's key is {own.fingerprint}.")
    moved = next_key(settings)
    if settings.gateway_key is not None and moved is not None:
        keys = Folder(settings.data).keys
        say(f"Put {keys / NEXT}.private.pem where TILLGATE_GATEWAY_KEY names it, then delete it.")
    if not is_settled:
        say("The running server signs with the one before until it is started again: do it now.")


@app.command()
@command
def show(*, data: Data = "", as_json: AsJson = False) -> None:
    """Show the gateway's keys: the current one, the next, and the one before, by fingerprint.

    Example: tillgate keys show --data /var/lib/tillgate
    """
    from tillgate.bootstrap.databases import exists
    from tillgate.bootstrap.gateway_keys import belongs_to
    from tillgate.cli.operate import read, settings_of

    settings = settings_of(data)
    known = read(settings, belongs_to) if asyncio.run(exists(settings)) else None
    rows = _keys_of(settings, known)
    signs = _signs(settings)
    if as_json:
        print_json({"keys": rows, "signsNow": signs or None})
        return
    names = ("key", "fingerprint", "file")
    print_rows("The gateway's keys", names, [[row[name] or "" for name in names] for row in rows])
    if signs and rows and signs != rows[0]["fingerprint"]:
        say(f"The running server still signs with {signs}: start it again.")


def _keys_of(settings: Any, known: Any) -> list[dict[str, str | None]]:  # noqa: ANN401  Settings and Belongs; imported late.
    """Return the keys that merchants may hold: what each is, and where it lies."""
    from tillgate.bootstrap.gateway_keys import NEXT, gateway_key, next_key
    from tillgate.config.folder import Folder

    keys = Folder(settings.data).keys
    following = next_key(settings)
    named = settings.gateway_key or keys / "gateway.private.pem"
    files = {gateway_key(settings).public.fingerprint: str(named)}
    if following is not None:
        files.setdefault(following.public.fingerprint, str(keys / f"{NEXT}.private.pem"))
    own = known.fingerprint if known is not None and known.fingerprint else next(iter(files))
    before = known.previous.fingerprint if known is not None and known.previous else ""
    rest = [each for each in files if each not in (own, before)]
    listed = [("current", own), *(("next", each) for each in rest)]
    if before:
        listed.append(("previous", before))
    return [
        {"key": what, "fingerprint": print_, "file": files.get(print_)} for what, print_ in listed
    ]


def _signs(settings: Any) -> str:  # noqa: ANN401  Settings; imported late.
    """Return the fingerprint with which a running server signs, or ""."""
    from tillgate.config.folder import Folder
    from tillgate.config.lock import announced

    said = announced(Folder(settings.data))
    return said.key if said is not None else ""


def _settle(settings: Any) -> bool:  # noqa: ANN401  Settings; imported late.
    """Let the files follow the database, unless a server runs, which does so when it starts."""
    from tillgate.bootstrap.gateway_keys import belongs_to, signing_key
    from tillgate.cli.operate import read
    from tillgate.config.folder import Folder
    from tillgate.config.lock import Held, ServerLock

    try:
        with ServerLock.hold(Folder(settings.data), settings.database):
            signing_key(settings, read(settings, belongs_to))
    except Held:
        return False
    return True
