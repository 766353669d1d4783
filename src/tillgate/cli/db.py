"""`tillgate db upgrade | show | backup | restore`: makes a gateway's database, and looks after it.

A database states its mode and its gateway's key from the day it is made. What must hold: an upgrade
and a restore run only while no server does, a backup at any time; a restore keeps what it replaces;
a database is never turned from one mode into another.
"""

import asyncio
from typing import Annotated, Any

import typer

from tillgate.cli.surface import (
    AsJson,
    Data,
    Exit,
    command,
    instant,
    print_facts,
    print_json,
    progress,
    say,
)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
)


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

    On PostgreSQL stop the servers of all machines first: only this folder's own is noticed here.
    One of an older version that goes on writes nothing and answers that it is unavailable.

    Example: tillgate db upgrade --data /var/lib/tillgate
    """
    from tillgate.bootstrap import databases
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
        key = None if asyncio.run(databases.exists(settings)) else gateway_key(settings)
        before, after = databases.upgrade(settings)
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
    """Show a database's mode, the fingerprint of its gateway's key, and its tables' revision.

    Example: tillgate db show --json
    """
    from tillgate.bootstrap.databases import REVISION
    from tillgate.cli.operate import read, settings_of

    settings = settings_of(data)
    found = read(settings, _facts)  # Of tables of another revision it reads none.
    facts = {"database": str(settings.database), **found, "revision": REVISION}
    if as_json:
        print_json(facts)
    else:
        print_facts("Database", facts)


@app.command()
@command
def backup(
    *,
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="The new file.")],
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Copy the database as it is now into a new file; a running server does not mind.

    Example: tillgate db backup --out /backup/tillgate-2026-01-31.sqlite
    """
    from pathlib import Path

    from tillgate.bootstrap.copies import make_copy
    from tillgate.cli.operate import settings_of

    with progress("Copying the database"):
        copied = asyncio.run(make_copy(settings_of(data), Path(out).expanduser().absolute()))
    keep = [str(path) for path in copied.keep]
    facts = {
        "file": str(copied.file),
        "bytes": copied.bytes,
        "sha256": copied.sha256,
        "revision": copied.revision,
        "at": copied.at,
    }
    if as_json:
        print_json({**facts, "keep": keep})
        return
    print_facts("Backup", facts)
    say(f"Not in it, and needed with it: {', '.join(keep)}")


@app.command()
@command
def restore(
    file: Annotated[str, typer.Argument(help="What `tillgate db backup` made.")],
    *,
    data: Data = "",
    as_json: AsJson = False,
) -> None:
    """Put a backup in the database's place and audit it; what was there is kept beside it.

    Exit 0 clean, 1 with faults. What was paid since the backup is not in it: reconcile it.

    Example: tillgate db restore /backup/tillgate-2026-01-31.sqlite --data /var/lib/tillgate
    """
    from pathlib import Path

    from tillgate.bootstrap.copies import put_back
    from tillgate.cli.operate import settings_of
    from tillgate.config.folder import Folder
    from tillgate.config.lock import ServerLock

    settings = settings_of(data)
    with ServerLock.hold(Folder(settings.data), settings.database), progress("Restoring"):
        restored = asyncio.run(put_back(settings, Path(file).expanduser().absolute()))
    found = restored.found
    facts = {
        "database": str(restored.database),
        "kept": str(restored.kept) if restored.kept else None,
        "gatewayFingerprint": restored.gateway_fingerprint,
        "faults": found.faults,
        "notes": found.notes,
        "lastEntryAt": instant(found.last_at_ms) if found.last_at_ms else None,
    }
    missing = [str(path) for path in restored.missing]
    if as_json:
        print_json({"clean": not found.faults, **facts, "missing": missing})
    else:
        print_facts("Restored", {**facts, "missing": ", ".join(missing) or "nothing"})
        say("Payments after lastEntryAt are not in these books; see docs/operations.md.")
    if missing:
        needed = ", ".join(path.name for path in restored.missing)
        where = restored.missing[0].parent
        say(f"Put {needed} in {where}, from where the backup was made, before you serve.")
    if found.faults:
        raise typer.Exit(Exit.REFUSED)


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
