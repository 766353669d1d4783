"""`tillgate serve`: runs a gateway until it is told to stop.

Decides the order of coming up (lock, port, keys, house, ready message) and of going down (no new
requests, those under way to their end, then the house), in one process or in several that serve the
same port. What must hold: one server per data folder; the ready message is printed only once
requests are answered.
"""

from typing import Annotated

import typer

from tillgate.cli.surface import AsJson, Data, command

app = typer.Typer(add_completion=False, help="Run a gateway.")


@app.command()
@command
def serve(
    *,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Try things out: demo keys, payers and shop.")
    ] = False,
    data: Data = "",
    port: Annotated[
        str, typer.Option("--port", metavar="P", help="Default 8080; 0 lets the system choose.")
    ] = "",
    host: Annotated[
        str, typer.Option("--host", metavar="H", help="Address to listen on; default 127.0.0.1.")
    ] = "",
    workers: Annotated[
        str, typer.Option("--workers", metavar="N", help="Processes that serve; default 1.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Run a gateway until SIGTERM or Ctrl-C; --json prints its addresses as JSON once it is ready.

    Example: tillgate serve --sandbox --data ./sandbox --port 8080
    """
    from tillgate.cli.operate import settings_of
    from tillgate.cli.running import run_gateway

    given = {"mode": "sandbox"} if sandbox else {}
    said = (("port", port), ("host", host), ("workers", workers))
    given |= {name: text for name, text in said if text}
    run_gateway(settings_of(data, **given), as_json=as_json)
