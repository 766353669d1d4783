"""A buyer's wallet for tests: pays an order string, cancels, fails, or leaves everybody in doubt.

It speaks the doors that a real wallet speaks (PROTOCOL 11.4) and returns what the page's callback
would be given. What must hold: an outcome is one that the gateway really came to, never one that
this wallet made up; after it returns, what became due by it is done: the merchant has been told.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, final
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import msgspec

from tillgate.acquiring.payer import Payer
from tillgate.bootstrap.house import House
from tillgate.engine.issuer import Answer, Approved, Declined, Question
from tillgate.engine.ports import Select
from tillgate.kernel.results import Actor, CallbackCode, Result
from tillgate.sandbox.identities import PIN

FAILING: Final = "failing"
"""The payer whose bank says no, for the reason that a test names."""
BANK: Final = "bench"
ANSWER_WAIT_S_MAX: Final = 30.0
PAYERS_SHOWN_MAX: Final = 1_000
REASONS: Final[Sequence[str]] = tuple(
    result.name for result in Result if result.actor is Actor.PAYER
)


@final
class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """What the page's callback is given.

    Attributes:
        result_code: "9000" paid, "8000" not known yet, "4000" failed, "6001" cancelled, and so on.
        memo: the reason, its code first, as in "USER_BALANCE_NOT_ENOUGH: …".
        return_url: where the page goes next, signed; "" when it stays.
        raw: the object itself, as JavaScript would see it.
    """

    result_code: str
    memo: str = ""
    return_url: str = ""
    raw: Mapping[str, Any] = {}

    @property
    def paid(self) -> bool:
        """Tell whether the buyer has paid, as the page is told."""
        return self.result_code == CallbackCode.PAID.code

    @property
    def unknown(self) -> bool:
        """Tell whether the result is not known yet; it may be paid."""
        return self.result_code == CallbackCode.PROCESSING.code


@final
class Bank:
    """An issuer that says no for the reason it was told, and yes to all else."""

    def __init__(self) -> None:
        """Begin with the usual reason."""
        self.reason = Result.UNAVAILABLE_PAYMENT_METHOD.name

    async def debit(self, question: Question) -> Answer:  # noqa: ARG002  The port's shape.
        """Say no."""
        return Declined(self.reason)

    async def query(self, question: Question) -> Answer:  # noqa: ARG002  The port's shape.
        """Say no again."""
        return Declined(self.reason)

    async def refund(self, question: Question) -> Answer:  # noqa: ARG002  The port's shape.
        """Take money back."""
        return Approved()


@final
class Wallet:
    """A wallet with a payer signed in to it."""

    def __init__(
        self,
        http: httpx2.Client,
        settle: Callable[[], None],
        bank: Callable[[], Bank],
        *,
        payer: str = "rich",
        pin: str = PIN,
    ) -> None:
        """Speak to the gateway that the client reaches; `settle` has it do what is due."""
        self._http = http
        self._settle = settle
        self._bank = bank
        self._pin = pin
        self.payer = payer

    def pay(self, order_str: str) -> Callback:
        """Open the order's cashier, and confirm with the PIN.

        An order string, or the address of a cashier that `merchant.cashier_url` gave.

        Raises:
            TypeError: it is no text; the message says what to give.
        """
        return self._paid(order_str, self.payer)

    def cancel(self, order_str: str) -> Callback:
        """Open the order's cashier, and leave it."""
        opened, token = self._opened(order_str, self.payer)
        if isinstance(opened, Callback):
            return opened
        return self._told(self._post(f"{opened}/cancel", {}, token))

    def fail(self, order_str: str, code: str = Result.UNAVAILABLE_PAYMENT_METHOD.name) -> Callback:
        """Confirm with a PIN, and have the payer's bank say no for this reason.

        Raises:
            ValueError: no payment fails for this reason; the text names those there are.
        """
        found = next((name for name in REASONS if code in (name, Result[name].id)), None)
        if found is None:
            raise ValueError(f"A payment fails for one of {', '.join(REASONS)}; not for {code!r}.")
        self._bank().reason = found
        return self._paid(order_str, FAILING)

    def unknown_then_paid(self, order_str: str) -> Callback:
        """Confirm, and have the bank not answer: 8000 now, paid after `clock.advance("10s")`."""
        return self._paid(order_str, "unknown-then-paid")

    def unknown_then_failed(self, order_str: str) -> Callback:
        """Confirm, and have the bank not answer: 8000 now, a no after `clock.advance("10s")`."""
        return self._paid(order_str, "unknown-then-failed")

    def agree(self, url: str, *, single_max: str = "", daily_max: str = "") -> str:
        """Sign the agreement of this page; return where the payer is sent then.

        Raises:
            AssertionError: the gateway does not take it; the text says why.
        """
        _expect_text(url, "the url of merchant.agreement_page(...)")
        limits = {"singleMax": single_max, "dailyMax": daily_max}
        said = {"pin": self._pin, **{name: text for name, text in limits.items() if text}}
        path = urlsplit(url).path.rstrip("/")
        answer = self._post(f"{path}/sign", said, self._signed_in(self.payer))
        if "redirectUrl" not in answer:
            raise AssertionError(f"The agreement was not signed: {answer.get('memo', answer)}")
        self._settle()
        return str(answer["redirectUrl"])

    def _paid(self, order_str: str, payer: str) -> Callback:
        opened, token = self._opened(order_str, payer)
        if isinstance(opened, Callback):
            return opened
        return self._told(self._post(f"{opened}/confirm", {"pin": self._pin}, token))

    def _signed_in(self, payer: str, at: str = "/wallet/session") -> str:
        self._http.cookies.clear()  # Of whoever used this wallet before.
        answer = self._post(at, {"payer": payer, "pin": self._pin}, "")
        if "token" not in answer:
            raise AssertionError(f"The wallet does not let {payer!r} in: {answer.get('memo')}")
        return str(answer["token"])

    def _opened(self, order_str: str, payer: str) -> tuple[str | Callback, str]:
        """Return the path of the order's cashier, or what the page is told; and the session."""
        _expect_text(order_str, "merchant.order_str(order)")
        if order_str.startswith(("http://", "https://")):
            path = urlsplit(order_str).path
            return path, self._signed_in(payer, f"{path}/sign-in")
        token = self._signed_in(payer)
        call = {"orderStr": order_str, "callId": uuid4().hex}
        answer = self._post("/cashier/trade-pay", call, token)
        if "cashierUrl" in answer:
            return urlsplit(str(answer["cashierUrl"])).path, token
        return self._told(answer), token

    def _told(self, answer: Mapping[str, Any]) -> Callback:
        self._settle()
        code = answer.get("resultCode") or CallbackCode.CLIENT_ERROR.code
        names = ("resultCode", "memo", "returnUrl")
        return Callback(
            result_code=str(code),
            memo=str(answer.get("memo") or ""),
            return_url=str(answer.get("returnUrl") or ""),
            raw={name: answer[name] for name in names if answer.get(name) is not None},
        )

    def _post(self, path: str, body: Mapping[str, str], token: str) -> Mapping[str, Any]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = self._http.post(path, json=body, headers=headers)
        found: Mapping[str, Any] = answer.json()
        return found


async def expect_payer(house: House, payer: str) -> None:
    """Refuse a payer whom the gateway does not know.

    Raises:
        ValueError: it does not; the text names those it knows.
    """
    rows = await house.books.reader.select(Select(record=Payer, limit=PAYERS_SHOWN_MAX))
    known = sorted(row.payer_id for row in rows)
    if payer not in known:
        raise ValueError(f"No payer is called {payer!r}; there are {', '.join(known)}.")


def _expect_text(given: object, wanted: str) -> None:
    """Refuse what is no text here, where the test's author still sees the call."""
    if not isinstance(given, str):
        message = f"The wallet takes text, not {type(given).__name__}: give {wanted}."
        raise TypeError(message)
