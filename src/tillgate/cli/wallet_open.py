"""`tillgate wallet open`: any merchant's page, as it is, in a Chromium of a phone's size.

Starts the browser, signs the payer in, opens the page, and says what each callback was given until
the last page is closed. What must hold: a missing Playwright or Chromium is exit 2 with the line to
type; no PIN and no token is printed; the exit code is that of the last callback, as `wallet pay`
has it.
"""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tillgate.cli.given_url import checked_origin
from tillgate.cli.surface import AsJson, Exit, UsageError, command, plain, print_json, say
from tillgate.kernel.errors import Refused, TillgateError, Unavailable
from tillgate.kernel.results import Result
from tillgate.sandbox.phone import SANDBOX_PIN, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

GATEWAY: Final = "http://127.0.0.1:8080"
PORT_MAX: Final = 65_535
LOOK_S_MAX: Final = 1.0


Gateway = Annotated[str, typer.Option("--gateway", help="The gateway's origin.")]
Payer = Annotated[str, typer.Option("--payer", help="Whose wallet it is.")]
Pin = Annotated[
    str,
    typer.Option("--pin", envvar="TILLGATE_PIN", help="Signs the payer in.", show_default=False),
]
Program = Annotated[
    str,
    typer.Option(
        "--chromium",
        envvar=chromium.VARIABLE,
        metavar="PATH",
        help="The browser; else the one on PATH.",
    ),
]
Headless = Annotated[
    bool, typer.Option("--headless", help="Show no window; drive it through --devtools.")
]
Unconfined = Annotated[
    bool, typer.Option("--no-sandbox", help="Where Chromium's own sandbox cannot start.")
]
Devtools = Annotated[
    int,
    typer.Option("--devtools", metavar="PORT", max=PORT_MAX, help="Open DevTools on this port."),
]
UserAgent = Annotated[
    str, typer.Option("--user-agent", help="For a page that looks for its wallet there.")
]
Language = Annotated[str, typer.Option("--language", help="What the phone speaks, as in zh-HK.")]


@command
def open_page(
    page: Annotated[str, typer.Argument(metavar="URL", help="The merchant's page.")],
    *,
    gateway: Gateway = GATEWAY,
    payer: Payer = "rich",
    pin: Pin = "",
    program: Program = "",
    headless: Headless = False,
    unconfined: Unconfined = False,
    devtools: Devtools = 0,
    user_agent: UserAgent = "",
    language: Language = "en-US",
    as_json: AsJson = False,
) -> None:
    """Open a merchant's page on a phone whose wallet pays at your gateway.

    The page is not changed and keeps its Content-Security-Policy. The payer is signed in (at a
    sandbox the PIN is known; elsewhere give --pin or TILLGATE_PIN). The cashier opens in a tab over
    the page; what the callback is given is printed as one line. Close the window to end; with
    --headless there is none, so a program drives the page through --devtools and closes it.

    Exit code 0 when nothing was paid or the last callback was 9000, 1 for 4000, 5000 and 6001, 3
    for the rest.

    Example: tillgate wallet open http://localhost:5000/checkout --payer rich
    """
    from tillgate.cli.wallet import EXITS

    _needs(page)
    origin = checked_origin(gateway, option="--gateway")
    if headless and not devtools:
        raise UsageError(
            "Nobody can pay or close a page that is not seen: give --headless with --devtools PORT."
        )
    _check_free(devtools)
    told: list[str] = []

    def tell(answer: Any) -> None:  # noqa: ANN401  A callback's object, whatever the gateway said.
        told.append(str(answer.get("resultCode")))
        _print(answer, as_json=as_json)

    confined = not unconfined and os.geteuid() != 0
    if not (confined or unconfined):
        say("Chromium has no sandbox of its own for root: open only pages that you trust.")
    wishes = {"headless": headless, "chromium_sandbox": confined}
    with _browser(program, devtools, wishes) as browser:
        agent = {"user_agent": user_agent} if user_agent else {}
        context = chromium.phone_sized(browser, locale=language, **agent)
        _listen(context, is_seen=not headless)
        first = _opened(context, page, (origin, payer, pin), tell)
        say(f"{page} is open in the wallet of {payer} at {origin}. {_ending(headless, devtools)}")
        try:
            _until_closed(browser, context, first)
        except KeyboardInterrupt:
            # As told. It ended the driver, too, of whose last question nobody waits for the answer.
            logging.getLogger("asyncio").disabled = True
    raise typer.Exit(EXITS.get(told[-1], Exit.UNAVAILABLE) if told else Exit.DONE)


def _check_free(port: int) -> None:
    """Raise when somebody else answers at the port; Chromium would go on without DevTools.

    Raises:
        Unavailable: somebody does.
    """
    if not port:
        return
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=LOOK_S_MAX):
        raise Unavailable(f"Port {port} is in use; give --devtools another one.")


def _ending(headless: bool, devtools: int) -> str:  # noqa: FBT001  An option's value, as it was given.
    """Return how a page is reached and ended."""
    port = f"DevTools at http://127.0.0.1:{devtools}" if devtools else ""
    if headless:
        return f"{port}; Ctrl-C ends."
    return f"Close its window to end.{f' {port}.' if port else ''}"


def _pin_at(gateway: str) -> str:
    """Return the PIN of a sandbox's payers; a try of anybody else's would be spent on a guess.

    Raises:
        UsageError: it is no sandbox.
        Unavailable: no gateway answers.
    """
    import httpx2

    try:
        found = httpx2.get(f"{gateway}/wallet", trust_env=False)
    except httpx2.HTTPError as error:
        sentence = f"No gateway answers at {gateway} ({plain(str(error))})"
        raise Unavailable(f"{sentence}; start one with: tillgate demo") from error
    if found.status_code != HTTPStatus.OK:
        raise UsageError(
            f"{gateway} is no sandbox, so give the payer's PIN: --pin or TILLGATE_PIN."
        )
    return SANDBOX_PIN


def _needs(page: str) -> None:
    """Raise unless there is something to open and something to open it with.

    Raises:
        UsageError: there is not.
    """
    if not page.startswith(("http://", "https://")):
        raise UsageError(f"URL is a page's address, as in http://localhost:5000/, not {page!r}.")
    try:
        chromium.need_playwright()
    except chromium.NoBrowser as error:
        raise UsageError(str(error)) from None


@contextmanager
def _browser(named: str, devtools: int, wishes: "dict[str, Any]") -> "Iterator[Browser]":
    """Start Chromium for as long as the block lasts."""
    from playwright.sync_api import Error, sync_playwright

    arguments = list(chromium.ARGUMENTS)
    if devtools:
        arguments.append(f"--remote-debugging-port={devtools}")
    with sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(
                executable_path=chromium.program(driver, named),
                args=arguments,
                **wishes,
            )
        except chromium.NoBrowser as error:
            raise UsageError(str(error)) from None
        except Error as error:
            raise _not_started(str(error)) from error
        try:
            yield browser
        finally:
            with suppress(Error):  # Somebody closed it before.
                browser.close()


def _not_started(said: str) -> TillgateError:
    """Return what to do about a browser that does not start."""
    if "XServer" in said or "Missing X server" in said:
        return UsageError(
            "There is no screen here. Give --headless --devtools PORT, or start it with xvfb-run."
        )
    if "No usable sandbox" in said:
        sentence = "Chromium's own sandbox cannot start on this machine"
        return UsageError(f"{sentence}. Where you trust the page, give --no-sandbox.")
    return Unavailable(f"Chromium did not start: {plain(said.partition(_NEWLINE)[0])}")


def _opened(
    context: "BrowserContext",
    address: str,
    who: tuple[str, str, str],
    tell: Any,  # noqa: ANN401  A callback.
) -> "Page":
    """Sign in and open the page.

    Raises:
        Refused: the payer may not sign in.
        Unavailable: no gateway, or no page, answers.
    """
    from playwright.sync_api import Error

    from tillgate.sandbox.phone.view import SignInRefused, Wallet

    gateway, payer, pin = who
    try:
        Wallet(context, gateway=gateway, tell=tell).sign_in(payer, pin or _pin_at(gateway))
    except SignInRefused as refused:
        raise Refused(Result.ACCESS_DENIED, str(refused)) from None
    page = context.new_page()
    try:
        page.goto(address, wait_until="commit")
    except Error as error:
        raise Unavailable(f"{address} cannot be opened: {_first_line(error)}") from error
    return page


def _listen(context: "BrowserContext", *, is_seen: bool) -> None:
    """Say what a page's scripts throw, and leave its alerts to the person who sees them."""
    context.on("weberror", lambda thrown: say(f"The page threw: {_first_line(thrown.error)}"))
    if is_seen:
        context.on("dialog", _left_alone)


def _left_alone(_dialog: object) -> None:
    """Leave a page's alert to the person; the driver would answer it where nobody listens."""


def _until_closed(browser: "Browser", context: "BrowserContext", first: "Page") -> None:
    """Let the browser go on until its last page is closed."""
    from playwright.sync_api import Error

    left = [first]
    while left and browser.is_connected():
        with suppress(Error):
            left[0].wait_for_event("close", timeout=0)
        left = [page for page in context.pages if not page.is_closed()]


def _print(answer: Any, *, as_json: bool) -> None:  # noqa: ANN401  A callback's object.
    if as_json:
        print_json({name: answer[name] for name in _SHOWN if name in answer})
    else:
        typer.echo(plain(f"{answer.get('resultCode')} {answer.get('memo', '')}"))


def _first_line(error: Exception) -> str:
    return plain(str(error).partition(_NEWLINE)[0])


_NEWLINE: Final = "\n"
_SHOWN: Final = ("resultCode", "memo", "returnUrl")
