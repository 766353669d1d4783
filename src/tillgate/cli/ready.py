"""What a server says once it answers: to people, to programs, and to operators' commands.

It knows only settings and the port. What must hold: the ready message is one JSON line for programs
and tells no secret.
"""

import ipaddress
import os
import socket
import sys
from collections.abc import Sequence

import typer

from tillgate.bootstrap.house import door_settings
from tillgate.cli.surface import print_json, say
from tillgate.config.folder import Folder
from tillgate.config.lock import Announced
from tillgate.config.settings import Settings
from tillgate.kernel.addresses import SANDBOX


def announcement(settings: Settings, sockets: Sequence[socket.socket], *, key: str) -> Announced:
    """Return what operators' commands are told of this server."""
    near = sockets[-1].getsockname()
    host = "[::1]" if ":" in near[0] else "127.0.0.1"
    return Announced(
        pid=os.getpid(),
        host=settings.host,
        port=sockets[0].getsockname()[1],
        mode=settings.mode,
        control=f"http://{host}:{near[1]}",
        key=key,
    )


def say_ready(settings: Settings, port: int, *, as_json: bool, is_demo: bool) -> None:
    """Say that requests are answered, and where."""
    doors = door_settings(settings, port=port)
    is_alone = settings.workers == 1
    if as_json:
        print_json(
            {
                "ready": True,
                "url": doors.wallet_origin,
                "port": port,
                "mode": settings.mode,
                "data": str(settings.data),
                "keys": str(Folder(settings.data).keys),
                "wallet": f"{doors.wallet_origin}/wallet" if settings.is_sandbox else None,
                "shop": f"{doors.shop_origin}/shop" if settings.is_sandbox and is_alone else None,
                **({} if is_alone else {"workers": settings.workers}),
            }
        )
    elif settings.is_sandbox:
        _say_sandbox(settings, port, is_demo=is_demo)
    else:
        many = "" if is_alone else f" with {settings.workers} processes"
        where = f"{settings.host} port {port}"
        typer.echo(f"Serving {doors.wallet_origin} on {where}{many}. Stop: Ctrl-C.")
    sys.stdout.flush()


def _say_sandbox(settings: Settings, port: int, *, is_demo: bool) -> None:
    doors, keys = door_settings(settings, port=port), Folder(settings.data).keys
    if is_demo:
        typer.echo(f"\nOpen {doors.wallet_origin}/wallet\n")
        typer.echo("Sign in as rich with PIN 123456, and buy the dress.")
    else:
        typer.echo(f"Serving a sandbox at {doors.wallet_origin}")
        typer.echo(f"  wallet   {doors.wallet_origin}/wallet   payers rich, poor …; PIN 123456")
    if settings.workers == 1:
        typer.echo(f"  shop     {doors.shop_origin}/shop")
    else:
        typer.echo(f"  no shop  it remembers orders in one process, and {settings.workers} serve")
    typer.echo(f"  keys     {keys}")
    typer.echo(f"{SANDBOX.sentence} Stop: Ctrl-C.")
    address = ipaddress.ip_address(settings.host)
    if not address.is_loopback:
        say(f"Anybody who reaches {address} port {port} can use this sandbox.")
