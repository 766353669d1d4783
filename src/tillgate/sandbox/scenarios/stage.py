"""The stage of a scenario: the gateway, the merchant with its keys and server, and what is known.

It keeps what steps have made, by their names, and puts kept values into later steps. It acts
nothing. What must hold: each scenario has orders, calls and agreements of its own, whatever was
played at the same gateway before; a name nobody made is told, never guessed.
"""

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self, final

import msgspec

from tillgate.acquiring.merchant import Merchant as Registered
from tillgate.merchant import Merchant
from tillgate.merchant.asking import Signer
from tillgate.protocol.keys import PrivateKey, load_private_key, load_public_key
from tillgate.protocol.profile import Profile
from tillgate.sandbox.scenarios.link import Heard, Link, StageRefused
from tillgate.sandbox.scenarios.receiver import Receiver

CLIENT_ID: Final = "4Q5XSH6SSG02T006"
MERCHANT_ID: Final = "2160400000002012"
PIN: Final = "123456"
RETURN_URL: Final = "http://127.0.0.1:9/thank-you"
"""Nobody goes there: the address that a page is sent to is judged, not followed."""
_KEPT: Final = re.compile(r"\$\{([a-zA-Z0-9.-]+)\}")


class OrderMade(msgspec.Struct, kw_only=True):
    """An order as the merchant keeps it."""

    number: str
    order_str: str = ""
    acquirement_id: str = ""
    return_url: str = ""


class CallMade(msgspec.Struct, kw_only=True):
    """A tradePay call of a page."""

    call_id: str
    cashier_path: str = ""


class AgreementMade(msgspec.Struct, kw_only=True):
    """An agreement as the merchant keeps it; what opens something is never shown."""

    number: str
    state: str
    page_path: str = ""
    auth_code: str = ""
    access_tokens: list[str] = []
    refresh_token: str = ""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The very bytes of a message, to be sent again."""

    raw: bytes
    content: dict[str, Any]


@final
class Cast:
    """Who plays, for all scenarios of a run: keys are loaded once, and one server listens."""

    def __init__(self, link: Link) -> None:
        """Read the keys of the gateway's data folder.

        Raises:
            StageRefused: they are not there.
        """
        folder = link.data / "keys"
        self.link = link
        private = load_private_key(_read(folder / "merchant.private.pem"))
        self._public = load_public_key(_read(folder / "gateway.public.pem"))
        self.signer = Signer(
            client_id=CLIENT_ID, key=private, gateway_keys=(self._public,), profile=Profile.TILLGATE
        )
        self.merchant = self.merchant_of(CLIENT_ID, MERCHANT_ID)
        self.stranger = PrivateKey.generate()
        self.receiver = Receiver(self.merchant)

    def merchant_of(self, client_id: str, merchant_id: str) -> Merchant:
        """Return a merchant that signs with the key of the data folder."""
        return Merchant(
            client_id=client_id,
            merchant_id=merchant_id,
            private_key=self.signer.key,
            gateway_public_key=self._public,
        )

    def __enter__(self) -> Self:
        """Have the merchant's server listen."""
        self.receiver.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.receiver.stop()


@final
class Stage:
    """What one scenario has made so far.

    Attributes:
        merchant: who signs: the demo merchant, or one that the scenario registered for itself.
        registered: that one as the acquirer has it, or None.
    """

    def __init__(self, cast: Cast, name: str) -> None:
        """Begin with nothing."""
        self.cast = cast
        self.name = name
        self.token = secrets.token_hex(5)
        self.merchant = cast.merchant
        self.registered: Registered | None = None
        self.orders: dict[str, OrderMade] = {}
        self.calls: dict[str, CallMade] = {}
        self.agreements: dict[str, AgreementMade] = {}
        self.refunds: dict[str, str] = {}
        self.sent: dict[str, Sent] = {}
        self.known: dict[str, str] = {}
        self.shut_out: list[str] = []
        self.receiver = cast.receiver

    def session(self, payer: str) -> str | Heard:
        """Return the token of a payer's session, or the answer that refuses one, which is kept."""
        token = self.cast.link.session(payer, PIN)
        if isinstance(token, Heard):
            told = token.json()
            memo = told.get("memo") if isinstance(told, dict) else None
            self.shut_out.append(f"{payer!r}: {memo or f'HTTP {token.status}'}")
        return token

    def expect_let_in(self) -> None:
        """Refuse a step whose payer was not let into the wallet, unless none was refused.

        Raises:
            StageRefused: one was.
        """
        if self.shut_out:
            raise StageRefused(
                f"the wallet does not let in {self.shut_out[0]} Name a payer that the gateway has, "
                "such as rich or poor; a step that is about a refusal expects it."
            )

    def order(self, name: str, *, is_new: bool = False) -> OrderMade:
        """Return an order by its name; a new one if that is wanted and there is none.

        Raises:
            StageRefused: no step made it.
        """
        made = self.orders.get(name)
        if made is None and not is_new:
            raise StageRefused(f"no step before has made the order {name!r}")
        if made is None:
            made = OrderMade(number=f"{self.name[:40]}-{name[:10]}-{self.token}")
            self.orders[name] = made
            self.known[f"{name}.number"] = made.number
        return made

    def call(self, name: str | None) -> CallMade:
        """Return a call by its name, a new one if there is none yet."""
        if name is None:
            return CallMade(call_id=secrets.token_hex(16))
        return self.calls.setdefault(name, CallMade(call_id=secrets.token_hex(16)))

    def agreement(self, name: str, *, is_new: bool = False) -> AgreementMade:
        """Return an agreement by its name, as `order` does.

        Raises:
            StageRefused: no step made it.
        """
        made = self.agreements.get(name)
        if made is None and not is_new:
            raise StageRefused(f"no step before has prepared the agreement {name!r}")
        if made is None:
            made = AgreementMade(number=secrets.token_hex(16), state=secrets.token_hex(16))
            self.agreements[name] = made
            self.known[f"{name}.number"] = made.number
        return made

    def refund_id(self, name: str) -> str:
        """Return the merchant's number of a refund."""
        return self.refunds.setdefault(name, f"R-{name[:12]}-{self.token}-{self.name[:24]}")

    def learn(self, body: Mapping[str, Any]) -> None:
        """Keep the acquirer's number of an order where a message tells it."""
        number, theirs = body.get("merchantTransId"), body.get("acquirementId")
        for name, made in self.orders.items():
            if isinstance(theirs, str) and made.number == number:
                made.acquirement_id = theirs
                self.known[f"{name}.acquirementId"] = theirs

    def filled(self, value: Any) -> Any:  # noqa: ANN401  A JSON value of any shape.
        """Return a JSON value with kept values in the place of their names.

        Raises:
            StageRefused: a name is not kept.
        """
        if isinstance(value, str):
            return _KEPT.sub(self._kept, value)
        if isinstance(value, dict):
            return {name: self.filled(each) for name, each in value.items()}
        return [self.filled(each) for each in value] if isinstance(value, list) else value

    def _kept(self, found: re.Match[str]) -> str:
        name = found[1]
        if name not in self.known:
            kept = ", ".join(sorted(self.known)) or "nothing"
            raise StageRefused(f"${{{name}}} is not kept; kept are: {kept}")
        return self.known[name]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path} cannot be read; name the gateway's data folder with --data."
        raise StageRefused(message) from error
