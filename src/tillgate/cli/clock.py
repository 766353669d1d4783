"""`tillgate clock show | advance`: the virtual clock of a running sandbox.

It asks the sandbox's own door and decides only what is printed. What must hold: an advance that was
begun is never begun a second time by this command, whatever becomes of its answer; the token is
sent to this machine alone, and is never printed.
"""

import os
from typing import TYPE_CHECKING, Annotated, Any, Final, final
from urllib.parse import urlsplit

import typer
from typer.core import TyperCommand

from tillgate.cli.given_url import checked_origin
from tillgate.cli.surface import AsJson, Data, UsageError, command, print_facts, print_json
from tillgate.kernel.clock import duration_ms, duration_text
from tillgate.kernel.errors import Refused, Unavailable
from tillgate.kernel.results import Result

if TYPE_CHECKING:
    from tillgate.config.folder import Folder

PATH: Final = "/sandbox/clock"
ANSWER_WAIT_S_MAX: Final = 600.0
"""An advance of days makes every send that is due on the way, to servers that may be slow."""
VARIABLE: Final = "TILLGATE_CONTROL_TOKEN"
HALF_SECOND_MS: Final = 500
_ANEW: Final = (
    "A sandbox in a new folder begins at the present: tillgate serve --sandbox --data DIR"
)
_HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_NOT_HERE: Final = (401, 404)
_OK: Final = 200
_WRONG: Final = 400

app = typer.Typer(add_completion=False, no_args_is_help=True)
Url = Annotated[
    str,
    typer.Option(
        "--url",
        metavar="URL",
        help=f"A sandbox of this machine by its origin; its token in {VARIABLE}, or in --data.",
    ),
]


@app.callback()
def _group() -> None:
    """Move a sandbox's clock ahead; everybody else's stays what it is.

    Example: tillgate clock advance 25h --data ./sandbox
    """


@app.command()
@command
def show(*, data: Data = "", url: Url = "", as_json: AsJson = False) -> None:
    """Show what time it is in the sandbox.

    Example: tillgate clock show --data ./sandbox
    """
    _tell(_asked(data, url, method="GET"), as_json=as_json)


@final
class _Advance(TyperCommand):
    """Reads a length such as -1h whole: no letter of it is an option, its h is no help."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  The shape of Typer's own method.
        """Read the arguments; -h is help where it stands alone."""
        ctx.ignore_unknown_options = True
        ctx.help_option_names = ["--help"]
        return super().parse_args(ctx, ["--help" if given == "-h" else given for given in args])


@app.command(cls=_Advance)
@command
def advance(
    duration: Annotated[str, typer.Argument(help="How far, as in 90s, 15m, 25h or 2d.")],
    *,
    data: Data = "",
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Move the clock ahead, and return when everything that came due on the way is done.

    Notifications are repeated at their times, orders expire, issuers that gave no answer are asked
    again. The clock never goes back; a sandbox in a new folder begins at the present.

    Example: tillgate clock advance 25h --data ./sandbox
    """
    if duration.strip().startswith("-"):
        raise UsageError(f"The clock never goes back, so not by {duration.strip()[:40]!r}. {_ANEW}")
    try:
        length_ms = duration_ms(duration)
    except ValueError as error:
        raise UsageError(f"{error}.") from None
    _tell(_asked(data, url, method="POST", advanceMs=length_ms), as_json=as_json)


def _tell(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    ran = answer["ran"]
    facts: dict[str, object] = {
        "now": answer["now"],
        "ahead by": duration_text(answer["aheadMs"] + HALF_SECOND_MS),
    }
    names = (
        ("notificationsSent", "notifications sent"),
        ("ordersExpired", "orders expired"),
        ("attemptsResolved", "attempts resolved"),
    )
    facts |= {shown: ran[name] for name, shown in names if name in ran}
    print_facts("The sandbox's clock", facts)


def _asked(data: str, url: str, *, method: str, **body: object) -> dict[str, Any]:
    """Return what the sandbox answers.

    Raises:
        Refused: this gateway has no virtual clock.
        Unavailable: no sandbox is there, or its answer did not come.
    """
    import httpx2

    origin, token = _place(data, url)
    try:
        answer = httpx2.request(
            method,
            f"{origin}{PATH}",
            json=body or None,
            headers={"authorization": f"Bearer {token}"},
            timeout=httpx2.Timeout(ANSWER_WAIT_S_MAX, connect=2.0),
            trust_env=False,
        )
        found: dict[str, Any] = answer.json()
    except httpx2.ConnectError as error:
        raise Unavailable(f"The sandbox at {origin} cannot be reached.") from error
    except (httpx2.TransportError, ValueError) as error:
        step = "see where the clock stands: tillgate clock show"
        raise Unavailable(f"The sandbox at {origin} gave no whole answer; {step}.") from error
    if answer.status_code in _NOT_HERE:
        sentence = (
            f"The gateway at {origin} opens no clock: it is no sandbox, or not of this token."
        )
        raise Refused(Result.ACCESS_DENIED, sentence)
    if answer.status_code == _WRONG:
        raise UsageError(str(found.get("error", "")))
    if answer.status_code != _OK:
        raise Unavailable(f"The sandbox could not do it: {found.get('error', '')}")
    return found


def _place(data: str, url: str) -> tuple[str, str]:
    """Return a sandbox's origin and what opens its doors."""
    from tillgate.cli.operate import settings_of
    from tillgate.config.folder import Folder, read_private
    from tillgate.config.lock import announced

    folder = Folder(settings_of(data).data)
    if url:
        parts = urlsplit(checked_origin(url))
        if parts.scheme != "http" or parts.hostname not in _HERE:
            raise UsageError(f"--url is a sandbox of this machine, as in {_SAMPLE}, not {url!r}.")
        origin, token = f"http://{parts.netloc}", os.environ.get(VARIABLE, "").strip()
        return origin, token or _kept_token(folder)
    said = announced(folder)
    if said is None:
        step = "start it: tillgate serve --sandbox --data DIR"
        sentence = f"No gateway serves {folder.path}; {step}, or name another with --data."
        raise Unavailable(f"{sentence}{folder.demo_step}")
    return said.control, read_private(folder.control_token).decode()


def _kept_token(folder: "Folder") -> str:
    from tillgate.config.folder import read_private

    if not folder.control_token.exists():
        sentence = f"No gateway serves {folder.path}, so it holds no token for --url"
        step = f"name the sandbox's folder with --data DIR, or give its token in {VARIABLE}"
        raise UsageError(f"{sentence}; {step}.{folder.demo_step}")
    return read_private(folder.control_token).decode()


_SAMPLE: Final = "http://127.0.0.1:8080"
