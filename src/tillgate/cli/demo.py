"""`tillgate demo`: a sandbox in a data folder of its own, and what to open in a browser.

It is `serve --sandbox` with other defaults and other words. What must hold: it never touches the
data of a gateway that somebody set up, and a second start goes on where the first one stopped.
"""

from typing import Annotated

import typer

from tillgate.cli.surface import AsJson, command

app = typer.Typer(add_completion=False, help="Buy a dress: the whole system on this machine.")


@app.command()
@command
def demo(
    *,
    data: Annotated[
        str,
        typer.Option(
            "--data", metavar="DIR", help="The data folder. Default: demo in the user's own."
        ),
    ] = "",
    port: Annotated[
        str, typer.Option("--port", metavar="P", help="Default 8080; 0 lets the system choose.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Serve a wallet, a shop and the gateway between them, and say what to open.

    Example: tillgate demo
    """
    from tillgate.cli.operate import folder_of, settings_of
    from tillgate.cli.running import run_gateway

    folder = data or str(folder_of("").demo)
    given = {"mode": "sandbox", **({"port": port} if port else {})}
    run_gateway(settings_of(folder, **given), as_json=as_json, is_demo=True)
