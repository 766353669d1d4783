"""`tillgate wallet pay | agree`: pays an order, or signs an agreement, without a browser.

It speaks the doors of PROTOCOL 11.4 and decides only what a lost answer means: the same callId asks
again, a bounded number of times, so a payment is never made twice. What must hold: it never follows
returnUrl, never sends a token to another origin, and never prints a PIN or a token.
"""

import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, final
from urllib.parse import urlsplit

import typer

from tillgate.cli.given_path import named, unreadable
from tillgate.cli.given_url import checked_origin, said_by_gateway
from tillgate.cli.surface import Exit, UsageError, command, print_json, read_pin
from tillgate.cli.wallet_open import open_page
from tillgate.kernel.errors import TillgateError
from tillgate.kernel.results import CallbackCode

FILE_BYTES_MAX: Final = 256 * 1024
ANSWER_BYTES_MAX: Final = 256 * 1024
CONNECT_WAIT_S_MAX: Final = 5.0
ANSWER_WAIT_S_MAX: Final = 15.0
WAITS_S: Final = (0.2, 1.0, 2.0)
"""Waits before an unanswered question is asked again; after the last the gateway is unreachable."""
EXITS: Final[Mapping[str, Exit]] = {
    "9000": Exit.DONE,
    **dict.fromkeys(("4000", "5000", "6001"), Exit.REFUSED),
}

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Pay as a wallet does, from a shell.

    Example: tillgate wallet pay order.txt --url http://127.0.0.1:8080 --payer rich --pin 123456
    """


app.command("open")(open_page)


@app.command()
@command
def pay(
    file: Annotated[str, typer.Argument(help="The orderStr; - is standard input.")],
    *,
    url: Annotated[str, typer.Option("--url", help="The gateway's origin.")],
    payer: Annotated[str, typer.Option("--payer", help="Who pays.")],
    pin: Annotated[
        str, typer.Option("--pin", envvar="TILLGATE_PIN", help="The payer's PIN; else asked for.")
    ] = "",
    call_id: Annotated[
        str, typer.Option("--call-id", help="Repeat an earlier call; made afresh by default.")
    ] = "",
    version: Annotated[
        str, typer.Option("--version", help="tradePay's version, as in 2.0.0; none by default.")
    ] = "",
    as_json: Annotated[  # noqa: ARG001  Taken for the sake of scripts that give it to every command.
        bool, typer.Option("--json", help="It prints one JSON value in any case.")
    ] = False,
) -> None:
    """Pay an order; print the object that the page's callback is given, as one JSON line.

    Exit code 0 for 9000, 1 for 4000, 5000 and 6001, 3 for the rest. --pin may be left out: then it
    is read from TILLGATE_PIN, the terminal, or standard input.

    Example: tillgate wallet pay order.txt --url http://127.0.0.1:8080 --payer rich --pin 123456
    """
    if file == "-" and not pin:
        raise UsageError("Standard input is the order here; give the PIN in TILLGATE_PIN or --pin.")
    origin, secret = checked_origin(url), read_pin(pin)
    call = {"orderStr": _order_str(file), "callId": call_id or secrets.token_hex(16)}
    if version:
        call["version"] = version
    wallet = Wallet(origin, wait=time.sleep)
    try:
        told = wallet.pay(call, payer=payer, pin=secret)
    except Unreachable as error:
        told = callback(CallbackCode.NETWORK_ERROR, f"{CallbackCode.NETWORK_ERROR.name}: {error}")
    print_json(told)
    raise typer.Exit(EXITS.get(str(told["resultCode"]), Exit.UNAVAILABLE))


@app.command()
@command
def agree(
    page: Annotated[str, typer.Argument(help="The address that `agreement prepare` told.")],
    *,
    url: Annotated[str, typer.Option("--url", help="The gateway's origin.")],
    payer: Annotated[str, typer.Option("--payer", help="Who agrees.")],
    pin: Annotated[
        str, typer.Option("--pin", envvar="TILLGATE_PIN", help="The payer's PIN; else asked for.")
    ] = "",
    single: Annotated[
        str, typer.Option("--single", help="The most one debit may be, as in 100.00.")
    ] = "",
    daily: Annotated[
        str, typer.Option("--daily", help="The most a day's debits may sum to, as in 500.00.")
    ] = "",
    as_json: Annotated[  # noqa: ARG001  Taken for the sake of scripts that give it to every command.
        bool, typer.Option("--json", help="It prints one JSON value in any case.")
    ] = False,
) -> None:
    """Sign an agreement; print where the payer goes then, with the code for the merchant.

    Exit code 0 when it is signed, 1 when it is not, 3 when no answer came; the address is not
    followed.

    Example: tillgate wallet agree ADDRESS --url http://127.0.0.1:8080 --payer rich --pin 123456
    """
    origin, secret = checked_origin(url), read_pin(pin)
    limits = {name: text for name, text in (("singleMax", single), ("dailyMax", daily)) if text}
    wallet = Wallet(origin, wait=time.sleep)
    try:
        told = wallet.agree(urlsplit(page).path, payer=payer, said={"pin": secret, **limits})
    except SignInRefused as refused:
        told = {"memo": str(refused)}
    print_json(told)
    if "redirectUrl" not in told:
        raise typer.Exit(Exit.REFUSED)


class Unreachable(TillgateError):
    """No answer came, however often it was asked."""


class SignInRefused(TillgateError):
    """The gateway does not let this payer in; the text is the gateway's memo."""


@final
class Wallet:
    """A wallet without a screen."""

    def __init__(self, origin: str, *, wait: Any, transport: Any = None) -> None:  # noqa: ANN401  A sleep, and httpx2's transport for tests.
        """Speak to the gateway at `origin`."""
        import httpx2

        near = urlsplit(origin).hostname in ("127.0.0.1", "localhost", "::1")
        self._http = httpx2
        self._wait = wait
        self._client = httpx2.Client(
            base_url=origin,
            timeout=httpx2.Timeout(ANSWER_WAIT_S_MAX, connect=CONNECT_WAIT_S_MAX),
            follow_redirects=False,
            transport=transport,
            trust_env=not near,  # A proxy of the environment cannot reach this machine for us.
        )

    def pay(self, call: Mapping[str, str], *, payer: str, pin: str) -> Mapping[str, Any]:
        """Return what the callback is given.

        Raises:
            Unreachable: no answer came.
        """
        with self._client:
            try:
                token = self._sign_in(payer, pin)
            except SignInRefused as refused:
                return callback(CallbackCode.FAILED, str(refused))
            self._client.headers["authorization"] = f"Bearer {token}"
            for _ in WAITS_S:
                answer = self._ask("/cashier/trade-pay", call)
                if "cashierUrl" not in answer:
                    return _final(answer)
                path = urlsplit(str(answer["cashierUrl"])).path
                confirmed = self._ask(f"{path}/confirm", {"pin": pin}, tries=1)
                if confirmed.get("resultCode") is not None:
                    return _final(confirmed)
                if "memo" in confirmed:
                    return callback(CallbackCode.FAILED, str(confirmed["memo"]))
                # The answer was lost. The same callId is told what became of it.
            raise Unreachable(_UNREACHABLE)

    def agree(self, path: str, *, payer: str, said: Mapping[str, str]) -> Mapping[str, Any]:
        """Return where a payer goes who signed, or what the gateway has against it.

        Raises:
            Unreachable: no answer came; what was signed is signed once, so it may be sent again.
        """
        with self._client:
            token = self._sign_in(payer, said["pin"])
            self._client.headers["authorization"] = f"Bearer {token}"
            answer = self._ask(f"{path.rstrip('/')}/sign", said, tries=1)
        if not answer:
            raise Unreachable("No answer came; ask again: what is signed is not signed twice.")
        return {
            name: answer[name] for name in ("redirectUrl", "memo", "triesLeft") if name in answer
        }

    def _sign_in(self, payer: str, pin: str) -> str:
        answer = self._ask("/wallet/session", {"payer": payer, "pin": pin})
        token = answer.get("token")
        if not isinstance(token, str) or not token:
            memo = answer.get("memo") or "The gateway gave neither a session nor a reason."
            raise SignInRefused(str(memo))
        return token

    def _ask(
        self, path: str, body: Mapping[str, str], *, tries: int = len(WAITS_S) + 1
    ) -> Mapping[str, Any]:
        """Return the answer, or {} when the one try there was got none.

        Raises:
            Unreachable: several tries got none.
        """
        for number in range(tries):
            if number:
                self._wait(WAITS_S[number - 1])
            answer = self._post(path, body)
            if answer is not None:
                return answer
        if tries == 1:
            self._wait(WAITS_S[0])
            return {}
        raise Unreachable(_UNREACHABLE)

    def _post(self, path: str, body: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Return one answer, or None when it was lost or the gateway is out of order."""
        try:
            with self._client.stream("POST", path, json=body) as response:
                content = b""
                for part in response.iter_bytes():
                    content += part
                    if len(content) > ANSWER_BYTES_MAX:
                        return None
        except self._http.TransportError:
            return None
        if response.status_code >= _SERVER_ERROR or response.status_code == _TOO_MANY:
            return None
        return said_by_gateway(response.status_code, content)


_SERVER_ERROR: Final = 500
_TOO_MANY: Final = 429
_UNREACHABLE: Final = "The gateway cannot be reached; query the order before you pay it again."


def callback(code: CallbackCode, memo: str) -> Mapping[str, Any]:
    """Return a callback's object of our own making."""
    return {"resultCode": code.code, "memo": memo}


def _final(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    code = answer.get("resultCode")
    if not isinstance(code, str):
        memo = str(answer.get("memo") or "The gateway's answer has no resultCode.")
        return callback(CallbackCode.CLIENT_ERROR, memo)
    return {name: answer[name] for name in ("resultCode", "memo", "returnUrl") if name in answer}


def _order_str(file: str) -> str:
    """Return the order string in a file, freed from the escapes of a JavaScript literal."""
    from tillgate.protocol import order_string
    from tillgate.protocol.envelope import Fault, NotAnEnvelope

    try:
        raw = sys.stdin.buffer.read(FILE_BYTES_MAX + 1) if file == "-" else _read(Path(file))
        text = raw.decode().strip("\r\n")
    except OSError as error:
        raise UsageError(unreadable(file, error)) from error
    except UnicodeDecodeError:
        raise UsageError(f"{named(file)} is not UTF-8; an orderStr is JSON text.") from None
    if len(raw) > FILE_BYTES_MAX:
        raise UsageError(f"{named(file)} is larger than 256 KiB, so it is no orderStr.")
    try:
        order_string.read(text)
    except NotAnEnvelope as error:
        if error.fault is Fault.JS_ESCAPED:
            return order_string.unescape_js(text.strip().strip("\"'"))
        # Whatever else is wrong with it, the gateway tells, as it tells a page.
    return text


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FILE_BYTES_MAX + 1)
