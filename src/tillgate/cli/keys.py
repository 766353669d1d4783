"""`tillgate keys generate`: a new RSA key pair in two files.

Decides names and permissions only; what a key is stands in `protocol/keys`. What must hold: an
existing file is never overwritten, and the private half is readable by its owner alone.
"""

from pathlib import Path
from typing import Annotated

import typer

from tillgate.cli.surface import AsJson, UsageError, command, print_json, say

app = typer.Typer(help="Make RSA key pairs.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Make RSA key pairs.

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
    bits: Annotated[int, typer.Option("--bits", help="2048, 3072 or 4096.")] = 2048,
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
