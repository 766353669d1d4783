"""`tillgate db upgrade | show`: makes a gateway's database, brings it up to date, says what it is.

A database states its mode and its gateway's key from the day it is made. What must hold: an upgrade
runs only while no server does, and a database is never turned from one mode into another.
"""

import asyncio
from typing import Annotated, Any

import typer

from tillgate.cli.surface import AsJson, Data, command, print_facts, print_json

app = typer.Typer(help="Make, upgrade and look at a gateway's database.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Make, upgrade and look at a gateway's database.

    Example: tillgate db upgrade --data /var/lib/tillgate
    """


@app.command()
@command
def upgrade(
    *,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Make a new database for a sandbox.")
    ] = False,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Make the database if there is none, and bring its tables up to date. Back it up before.

    Example: tillgate db upgrade --data /var/lib/tillgate
    """
    from tillgate.bootstrap import books
    from tillgate.bootstrap.gateway_keys import gateway_key
    from tillgate.cli.operate import settings_of
    from tillgate.config.folder import Folder
    from tillgate.config.lock import ServerLock

    settings = settings_of(data, **({"mode": "sandbox"} if sandbox else {}))
    folder = Folder(settings.data)
    with ServerLock.hold(folder, settings.database):
        if settings.is_sandbox:
            from tillgate.sandbox.identities import make_keys

            make_keys(folder)
        key = None if settings.database.exists() else gateway_key(settings)
        before, after = books.upgrade(settings)
        if key is not None:
            asyncio.run(_initialise(settings, key))
    facts = {"database": str(settings.database), "before": before, "after": after}
    if as_json:
        print_json(facts)
    else:
        print_facts("Database", {**facts, "before": before or "new"})


@app.command()
@command
def show(*, data: Data = "", as_json: AsJson = False) -> None:
    """Show a database's mode, the fingerprint of its gateway's key, and its age.

    Example: tillgate db show --json
    """
    from tillgate.cli.operate import read, settings_of

    settings = settings_of(data)
    facts = {"database": str(settings.database), **read(settings, _facts)}
    if as_json:
        print_json(facts)
    else:
        print_facts("Database", facts)


async def _initialise(settings: Any, key: Any) -> None:  # noqa: ANN401  Settings and a key; imported late.
    from tillgate.bootstrap.books import initialise, open_books

    async with open_books(settings) as opened:
        await initialise(opened, settings.mode, key)


async def _facts(reader: Any) -> dict[str, str]:  # noqa: ANN401  The engine's Reader.
    from tillgate.acquiring.operator import Fact
    from tillgate.cli.operate import every

    names = {"mode": "mode", "gateway_fingerprint": "gatewayFingerprint"}
    facts = {fact.name: fact.value for fact in await every(reader, Fact)}
    return {shown: facts[name] for name, shown in names.items() if name in facts}
