"""The merchant's side of the command line: who asks which gateway, and how an outcome is told.

The SDK asks and judges; here stand the options that make a `Merchant`, by default the demo one of a
sandbox folder, and the words and exit codes of its outcomes: 0 done, 1 refused, 3 unknown. What
must hold: unknown is never told as a no, and no token is printed but by who was asked for it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, final

import typer

from tillgate.cli.given_path import unreadable
from tillgate.cli.surface import (
    Exit,
    UsageError,
    instant,
    money_of,
    plain,
    print_facts,
    print_json,
    say,
)
from tillgate.merchant import (
    AccessToken,
    Agreement,
    AgreementCancelled,
    AgreementPage,
    Cancelled,
    Closed,
    Merchant,
    NotFound,
    Paid,
    Refunded,
    RefundLine,
    Refusal,
    Secret,
    Unknown,
    Waiting,
)

if TYPE_CHECKING:
    from tillgate.config.folder import Folder

DEMO_CLIENT: Final = "4Q5XSH6SSG02T006"
DEMO_MERCHANT: Final = "2160400000002012"
"""The seed's client and merchant, which the sandbox registers."""
GATEWAY_KEYS: Final = ("gateway.public.pem", "gateway.next.public.pem")
"""Under which names a data folder holds the public keys that a merchant takes."""
WAIT_S_MAX: Final = 600

Url = Annotated[
    str, typer.Option("--url", help="The gateway's origin; default: the server of --data.")
]
Key = Annotated[
    Path | None,
    typer.Option("--key", metavar="PEM", help="Your private key; default: the folder's."),
]
GatewayKey = Annotated[
    list[Path] | None,
    typer.Option(
        "--gateway-key", metavar="PUB", help="The gateway's public key; repeat it for two."
    ),
]
ClientId = Annotated[str, typer.Option("--client-id", help="Your clientId; default: the demo's.")]
MerchantId = Annotated[
    str, typer.Option("--merchant-id", help="Your merchantId; default: the demo's.")
]
Wait = Annotated[
    int,
    typer.Option(
        "--wait",
        metavar="S",
        min=0,
        max=WAIT_S_MAX,
        help="Ask again for so many seconds while it is unknown.",
    ),
]
Amount = Annotated[str, typer.Option("--amount", help="As in '4.00 HKD'.")]


@final
class Asker(NamedTuple):
    """Who asks, as the options say; what is "" or missing comes from the data folder."""

    data: str
    url: str
    key: Path | None
    gateway_key: list[Path] | None
    client_id: str
    merchant_id: str

    @contextmanager
    def merchant(self) -> Iterator[Merchant]:
        """Open the merchant.

        Raises:
            UsageError: something is missing that the folder does not hold either.
        """
        sources = self.sources()
        try:
            made = Merchant(
                client_id=self.client_id or DEMO_CLIENT,
                merchant_id=self.merchant_id or DEMO_MERCHANT,
                private_key=sources.private_key,
                gateway_public_key=sources.gateway_keys,
                base_url=sources.base_url,
            )
        except OSError as error:
            raise UsageError(unreadable(error.filename, error)) from error
        except ValueError as error:
            raise UsageError(f"--url: {error}.") from None
        with made:
            yield made

    def sources(self) -> "Sources":
        """Return which files and which gateway are meant.

        Raises:
            UsageError: something is missing that the folder does not hold either.
        """
        from tillgate.cli.operate import settings_of
        from tillgate.config.folder import Folder

        folder = Folder(settings_of(self.data).data)
        return Sources(
            private_key=self.key or _there(folder, "merchant.private.pem", "--key"),
            gateway_keys=self._gateway_keys(folder),
            base_url=self.url or _served(folder),
        )

    def _gateway_keys(self, folder: "Folder") -> list[Path]:
        if self.gateway_key:
            return list(self.gateway_key)
        own, following = GATEWAY_KEYS[0], folder.keys / GATEWAY_KEYS[1]
        found = [_there(folder, own, "--gateway-key")]
        return [*found, following] if following.exists() else found


@final
class Sources(NamedTuple):
    """Where a merchant's keys lie, and where its gateway is."""

    private_key: Path
    gateway_keys: list[Path]
    base_url: str


def _there(folder: "Folder", name: str, option: str) -> Path:
    usual = folder.keys / name
    if not usual.exists():
        sentence = f"There is no {usual}; name the file with {option}"
        step = f"or a sandbox's folder with --data DIR.{folder.demo_step}"
        raise UsageError(f"{sentence}, {step}")
    return usual


def _served(folder: "Folder") -> str:
    from tillgate.config.lock import announced

    said = announced(folder)
    if said is None:
        sentence = f"No gateway serves {folder.path}; name one: --url http://127.0.0.1:8080"
        step = "or start it: tillgate serve --sandbox --data DIR."
        raise UsageError(f"{sentence}, {step}{folder.demo_step}")
    return said.control


def ask(asker: Asker, question: Callable[[Merchant], Any], *, wait: int, as_json: bool) -> None:
    """Ask, tell the outcome, and end with its exit code."""
    with asker.merchant() as merchant:
        tell(known(lambda: question(merchant), wait=wait), as_json=as_json)


def known(question: Callable[[], Any], *, wait: int) -> Any:  # noqa: ANN401  An outcome of the SDK.
    """Return the outcome; while it is unknown, ask again for so many seconds."""
    try:
        outcome = question()
    except ValueError as error:
        raise UsageError(f"{error}.") from None
    if wait and isinstance(outcome, Unknown | Waiting):
        return outcome.wait_until_known(timeout=wait)
    return outcome


def tell(
    outcome: Any,  # noqa: ANN401  An outcome of the SDK.
    *,
    as_json: bool,
    secrets: bool = False,
    more: Mapping[str, str] | None = None,
) -> None:
    """Print an outcome and end with its exit code; tokens only where they are the answer."""
    facts = {"outcome": type(outcome).__name__, **_facts(outcome, secrets=secrets), **(more or {})}
    code = exit_of(outcome)
    if as_json:
        print_json(facts)
    else:
        said = {name: _cell(value) for name, value in facts.items() if value not in (None, [])}
        print_facts(type(outcome).__name__, said, style=_STYLES[code])
        if isinstance(outcome, Unknown) and outcome.may_be_done:
            say("It may yet be done: ask again under the same number, and never take it for a no.")
    if code is not Exit.DONE:
        raise typer.Exit(code)


def exit_of(outcome: object) -> Exit:
    """Return the exit code of an outcome."""
    if isinstance(outcome, Unknown):
        return Exit.UNAVAILABLE
    return Exit.REFUSED if isinstance(outcome, Refusal | NotFound) else Exit.DONE


_STYLES: Final[Mapping[Exit, str]] = {
    Exit.DONE: "green",
    Exit.REFUSED: "red",
    Exit.UNAVAILABLE: "yellow",
}


def _facts(outcome: Any, *, secrets: bool) -> Mapping[str, Any]:  # noqa: ANN401  An outcome of the SDK.
    """Return the members of an outcome by the protocol's names."""
    match outcome:
        case Paid() | Closed():
            return {**_order(outcome), **_after(outcome)}
        case Waiting():
            return _order(outcome)
        case Refunded():
            return {
                "merchantRefundId": outcome.refund_id,
                "acquirementId": outcome.acquirement_id,
                "refundAmount": str(outcome.amount),
                "refundTime": instant(outcome.refunded_at_ms),
            }
        case Cancelled():
            return {
                "merchantTransId": outcome.merchant_trans_id,
                "acquirementId": outcome.acquirement_id,
                "cancelTime": instant(outcome.cancelled_at_ms),
            }
        case Refusal():
            return {
                "resultCode": outcome.code,
                "sentence": outcome.sentence,
                "about": outcome.about,
            }
        case NotFound():
            return {"about": outcome.about}
        case Unknown():
            return {
                "cause": outcome.cause.name,
                "sentence": outcome.sentence,
                "resultCode": outcome.result_code,
                "about": outcome.about,
                "mayBeDone": outcome.may_be_done,
            }
        case _:
            return _of_agreement(outcome, secrets=secrets)


def _of_agreement(outcome: Any, *, secrets: bool) -> Mapping[str, Any]:  # noqa: ANN401  An outcome of the SDK.
    match outcome:
        case AgreementPage():
            return {"merchantAgreementId": outcome.agreement_id, "authSiteUrl": outcome.url}
        case Agreement():
            return {
                "merchantAgreementId": outcome.agreement_id,
                "tokenStatus": outcome.status,
                "expiresIn": instant(outcome.expires_at_ms),
                "reExpiresIn": instant(outcome.refresh_expires_at_ms),
            }
        case AgreementCancelled():
            return {"merchantAgreementId": outcome.agreement_id}
        case AccessToken():
            held = (("accessToken", outcome.access_token), ("refreshToken", outcome.refresh_token))
            return {
                "merchantAgreementId": outcome.agreement_id,
                "tokenStatus": outcome.status,
                **({name: _revealed(token) for name, token in held} if secrets else {}),
                "expiresIn": instant(outcome.expires_at_ms),
                "reExpiresIn": instant(outcome.refresh_expires_at_ms),
            }
        case _:
            message = f"the SDK gave {type(outcome).__name__}, which has no words here"
            raise TypeError(message)


def _revealed(token: Secret | None) -> str | None:
    return token.reveal() if token is not None else None


def _order(outcome: Any) -> dict[str, Any]:  # noqa: ANN401  Paid, Waiting or Closed.
    return {
        "merchantTransId": outcome.merchant_trans_id,
        "acquirementId": outcome.acquirement_id,
        "orderAmount": str(outcome.amount) if outcome.amount is not None else None,
    }


def _after(outcome: Paid | Closed) -> dict[str, Any]:
    return {
        "paymentTime": instant(outcome.paid_at_ms),
        "refundedAmount": str(outcome.refunded) if outcome.refunded is not None else None,
        "refunds": [_refund(each) for each in outcome.refunds],
        **({"finished": outcome.finished} if isinstance(outcome, Paid) else {}),
    }


def _refund(line: RefundLine) -> dict[str, str | None]:
    return {
        "merchantRefundId": line.refund_id,
        "refundAmount": str(line.amount),
        "refundStatus": line.status,
        "refundTime": instant(line.refunded_at_ms),
    }


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(str(each) for each in value.values() if each)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(", ".join(map(_cell, value)) if isinstance(value, list) else str(value))


def amount_of(text: str) -> str:
    """Return an amount's text as it was given, once it is known to be one.

    Raises:
        UsageError: it is none.
    """
    return str(money_of(text))
