"""`tillgate order sign | verify`: make an order string, or tell whether one is signed right.

Both work offline on files; `query`, `refund` and `cancel` ask a gateway, and stand in
`order_asking`. What must hold: a head and a body are signed byte for byte as they stand
in the file, the signature alone decides the exit code of `verify`, and neither ever prints key
material.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console

from tillgate.cli import order_asking
from tillgate.cli.given_path import named, unreadable
from tillgate.cli.surface import AsJson, Exit, UsageError, command
from tillgate.kernel.clock import SystemClock
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.merchant.sources import SystemIds, warning_of
from tillgate.protocol.envelope import MESSAGE_BYTES_MAX, Kind, cut
from tillgate.protocol.functions import content_faults, write_raw
from tillgate.protocol.keys import (
    KeyRefused,
    PrivateKey,
    PublicKey,
    load_private_key,
    load_public_key,
)
from tillgate.protocol.messages import wap_pay
from tillgate.protocol.messages.head import request_head
from tillgate.protocol.order_string import escape_js
from tillgate.protocol.profile import Digest, Profile
from tillgate.protocol.signature import seal

if TYPE_CHECKING:
    from tillgate import doctor

DEMO_CLIENT = "4Q5XSH6SSG02T006"
"""The seed's client, which the sandbox registers."""

app = typer.Typer(
    add_completion=False,
    name="order",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.callback()
def _group() -> None:
    """Make and check order strings, offline; ask, refund and cancel as the merchant.

    Example: tillgate order sign body.json --key merchant.private.pem
    """


class _Parts(msgspec.Struct):
    request: msgspec.Raw = msgspec.Raw()
    head: msgspec.Raw = msgspec.Raw()
    body: msgspec.Raw = msgspec.Raw()


File = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="A file, or - for standard input.", show_default=False),
]


for _asked in (order_asking.query, order_asking.refund, order_asking.cancel):
    app.command()(_asked)


@app.command(
    epilog="Example: [bold]tillgate order sign body.json --key merchant.private.pem[/bold]"
)
@command
def sign(
    file: File,
    *,
    key: Annotated[Path, typer.Option("--key", help="Your private key, in any shape.")],
    client_id: Annotated[
        str, typer.Option("--client-id", help="clientId of the head that a body is given.")
    ] = DEMO_CLIENT,
    js: Annotated[bool, typer.Option("--js", help="Escape it for a JavaScript literal.")] = False,
    profile: Annotated[
        str,
        typer.Option(help="How to sign: TILLGATE (SHA-256) or ALIPAY_HK (SHA-1, base64 twice)."),
    ] = Profile.TILLGATE.name,
    as_json: AsJson = False,
) -> None:
    """Sign an order and print its order string.

    FILE holds the body of cashier.wap.pay, which is given a fresh head and written on one line; or
    a head and a body, or a whole envelope, whose request is then signed byte for byte.
    """
    private = _private(key)
    if warning := warning_of(key):
        Console(stderr=True, highlight=False, soft_wrap=True).print(warning, markup=False)
    signed = _to_be_signed(_content(file), client_id)
    envelope = seal(Kind.REQUEST, signed, private, _profile(profile))
    if len(envelope) > MESSAGE_BYTES_MAX:
        raise Refused(Result.REQUEST_TOO_LARGE)
    _warn(_faults(envelope))
    text = envelope.decode()
    order_str = escape_js(text) if js else text
    if as_json:
        described = {"orderStr": order_str, "key": private.public.fingerprint, "profile": profile}
        order_str = msgspec.json.encode(described).decode()
    typer.echo(order_str.encode())


@app.command(
    epilog="Example: [bold]tillgate order verify order.txt --key merchant.public.pem[/bold]"
)
@command
def verify(
    file: File,
    *,
    key: Annotated[Path, typer.Option("--key", help="The signer's public key, in any shape.")],
    digest: Annotated[
        Digest, typer.Option(help="RSA2 is SHA-256, RSA is SHA-1.", case_sensitive=False)
    ] = Digest.RSA2,
    as_json: AsJson = False,
) -> None:
    """Tell whether the signature of a message fits, and if not, why.

    The signature alone decides: exit 0 when it fits, 1 when it does not. Other faults of the
    message are warnings.
    """
    from tillgate import doctor

    public = _public(key)
    raw = _content(file)
    findings = doctor.diagnose(raw, public, digest)
    warned = doctor.warnings(raw) if not findings else []
    if as_json:
        typer.echo(_report(findings, warned, public, digest))
    else:
        _tell(findings, public, digest)
        _warn(warned)
    raise typer.Exit(Exit.REFUSED if findings else Exit.DONE)


def _report(
    findings: "list[doctor.Finding]", warned: list[Refused], key: PublicKey, digest: Digest
) -> bytes:
    return msgspec.json.encode(
        {
            "valid": not findings,
            "key": key.fingerprint,
            "digest": digest.value,
            "findings": findings,
            "warnings": [
                {"code": each.result.name, "path": each.path, "sentence": each.sentence}
                for each in warned
            ],
        }
    )


def _tell(findings: "list[doctor.Finding]", key: PublicKey, digest: Digest) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if not findings:
        console.print("[bold green]valid[/bold green]", end=" ")
        console.print(f"{digest} by key {key.fingerprint}", markup=False)
    for finding in findings:
        console.print("[bold red]invalid[/bold red]", end=" ")
        console.print(f"{finding.code}: {finding.sentence}", markup=False)


def _to_be_signed(content: bytes, client_id: str) -> bytes:
    """Return the bytes to sign: the request of an envelope, a head and a body, or a body anew."""
    from tillgate.doctor.spacing import minified

    try:
        content.decode()
        parts = msgspec.json.decode(content, type=_Parts)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        raise Refused(Result.MSG_PARSE_ERROR, f"The file is not a JSON object: {fault}.") from fault
    if bytes(parts.request):
        return bytes(parts.request)
    bare = content.strip()
    if bytes(parts.head) and bytes(parts.body):
        return bare
    head = request_head(
        wap_pay.FUNCTION.name,
        client_id=client_id,
        req_msg_id=SystemIds().token(),
        now_ms=SystemClock().now_ms(),
    )
    return write_raw(head, minified(bare.decode()).encode())


def _faults(envelope: bytes) -> list[Refused]:
    try:
        taken = cut(envelope)
    except Refused as refused:
        return [refused]
    if taken.unreadable:
        return [taken.unreadable]
    return content_faults(taken.unverified)


def _content(file: Path) -> bytes:
    limit = 4 * MESSAGE_BYTES_MAX
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(limit)
        with file.open("rb") as source:
            return source.read(limit)
    except OSError as fault:
        raise UsageError(unreadable(file, fault)) from fault


def _private(path: Path) -> PrivateKey:
    try:
        return load_private_key(_content(path))
    except KeyRefused as refused:
        raise UsageError(f"--key {named(path)}: {refused}") from refused


def _public(path: Path) -> PublicKey:
    try:
        return load_public_key(_content(path))
    except KeyRefused as refused:
        raise UsageError(f"--key {named(path)}: {refused}") from refused


def _profile(name: str) -> Profile:
    try:
        return Profile[name.upper()]
    except KeyError as fault:
        raise UsageError(f"--profile is TILLGATE or ALIPAY_HK, not {name}.") from fault


def _warn(faults: list[Refused]) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for fault in faults:
        console.print("[yellow]warning[/yellow]", end=" ")
        console.print(f"{fault.result.name}: {fault.message}", markup=False)
