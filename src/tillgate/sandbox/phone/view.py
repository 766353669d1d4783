"""The phone itself: a browser context whose pages have the bridge, and a wallet that answers it.

A payment of a page opens the cashier in a tab of the same browser, over the page; what the cashier
says comes through a binding, as the page's question does. It knows no rule of payments. What must
hold: one payment at a time; only the cashier's own tab is heard, at the gateway's origin, with the
nonce of its call; a page that leaves takes its payment with it; no PIN and no token is printed.
"""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, final
from urllib.parse import quote, urljoin, urlsplit

import msgspec
from playwright.sync_api import BrowserContext, Error, Page

from tillgate.kernel.errors import TillgateError, Unavailable
from tillgate.sandbox.phone.payment import Answer, Payment, Posted, Seen, told
from tillgate.sandbox.phone.script import CASHIER, HERE, PAY, script

ANSWER_WAIT_MS_MAX: Final = 15_000
NONCE_BYTES: Final = 16
UNAUTHORIZED: Final = 401
MEMBERS: Final = ("orderStr", "callId", "version")


@final
class SignInRefused(TillgateError):
    """The gateway does not let this payer in; the text is the gateway's own."""


@final
class Cashier:
    """A cashier's tab, and what it said so far."""

    def __init__(self, tab: Page) -> None:
        """Hear nothing yet."""
        self.tab = tab
        self.nonce = secrets.token_hex(NONCE_BYTES)
        self.seen = Seen()

    def heard(self, said: Mapping[str, Any]) -> None:
        """Note one message."""
        match said.get("type"):
            case "confirming":
                self.seen = self.seen._replace(is_confirming=True)
            case "open":
                self.seen = self.seen._replace(is_confirming=False)
            case "final" if isinstance(said.get("result"), dict):
                self.seen = self.seen._replace(final=said["result"])
            case "close":
                self.leave()
            case _:
                pass

    def leave(self) -> None:
        """Close the tab, if it is still there."""
        with suppress(Error):
            self.tab.close()


@final
class Wallet:
    """What answers the pages of one browser context."""

    def __init__(
        self,
        context: BrowserContext,
        *,
        gateway: str,
        tell: Callable[[Answer], None],
    ) -> None:
        """Put the bridge into every page that this context opens from now on.

        `tell` is called with what each callback is given.
        """
        self.gateway = gateway
        self.cashier: Cashier | None = None
        self._context = context
        self._tell = tell
        self._signing_in: Mapping[str, str] = {}
        self._token = ""
        self._asking: Page | None = None
        self._has_left = False
        context.expose_binding(HERE, self._begun)
        context.expose_binding(PAY, self._asked)
        context.expose_binding(CASHIER, self._cashier_said)
        context.add_init_script(script(gateway))

    def sign_in(self, payer: str, pin: str) -> None:
        """Sign a payer in, in this browser; the one before is signed in no longer.

        Raises:
            SignInRefused: the gateway does not let this payer in.
            Unavailable: no gateway answers.
        """
        self._signing_in = {"payer": payer, "pin": pin}
        posted = self._post("/wallet/session", self._signing_in, {})
        if posted is None:
            sentence = f"No gateway answers at {self.gateway}. Start one: tillgate demo"
            raise Unavailable(sentence)
        token = posted.body.get("token")
        if not isinstance(token, str) or not token:
            memo = str(posted.body.get("memo") or f"It answered with HTTP {posted.status}.")
            raise SignInRefused(f"{payer} cannot sign in at {self.gateway}: {memo}")
        self._token = token

    # --- what the bridge asks ---

    def _begun(self, source: Mapping[str, Any]) -> None:
        """End the payment of a page that is another document now: nobody is left to hear of it."""
        if source["page"] == self._asking and source["frame"] == source["page"].main_frame:
            self._leave()

    def _leave(self, *_page: Page) -> None:
        self._has_left = True
        if self.cashier is not None:
            self.cashier.leave()

    def _asked(self, source: Mapping[str, Any], order: object) -> Answer:
        """Answer a page's tradePay; the page waits for it meanwhile."""
        page: Page = source["page"]
        if source["frame"] != page.main_frame or not isinstance(order, dict):
            return told("6005", "PARAM_ILLEGAL: Only a page itself may ask for a payment.")
        if self._asking is not None:
            return told("6005", "PARAM_ILLEGAL: A payment is already open in this wallet.")
        self._asking, self._has_left = page, False
        leave = self._leave
        page.on("close", leave)
        try:
            result = self._paid(page, order)
        finally:
            self._asking = None
            page.remove_listener("close", leave)
        self._tell(result)
        return result

    def _paid(self, page: Page, order: Mapping[Any, Any]) -> Answer:
        parts = urlsplit(page.url)
        headers = {"X-Tillgate-Page-Origin": f"{parts.scheme}://{parts.netloc}"}
        payment = Payment(
            {name: str(order[name]) for name in MEMBERS if name in order},
            post=lambda path, body: self._post_signed_in(path, body, headers),
            wait=lambda wait_s: self._wait(page, wait_s),
            show=lambda address: self._show(page, address),
        )
        return payment.run()

    def _wait(self, page: Page, wait_s: float) -> None:
        with suppress(Error):  # A page that has gone waits no longer, and hears no result.
            page.wait_for_timeout(wait_s * 1000)

    # --- the cashier over the page ---

    def _show(self, page: Page, address: str) -> Seen:
        """Show a cashier until it is left; return what it said."""
        place = urljoin(f"{self.gateway}/", address)
        if not place.startswith(f"{self.gateway}/"):
            memo = "SYSTEM_ERROR: The cashier's address is not the wallet's."
            return Seen(final=told("6005", memo))
        cashier = self.cashier = Cashier(self._context.new_page())
        try:
            if self._has_left:
                cashier.leave()
            self._led_through(cashier, place)
        finally:
            self.cashier = None
        with suppress(Error):
            page.bring_to_front()
        return cashier.seen

    def _led_through(self, cashier: Cashier, place: str) -> None:
        named = f"#origin={quote(self.gateway, safe='')}&nonce={cashier.nonce}"
        with suppress(Error):  # Closed while it loads, or the gateway went away meanwhile.
            cashier.tab.goto(place + named, wait_until="commit")
        if not cashier.tab.is_closed():
            with suppress(Error):
                cashier.tab.wait_for_event("close", timeout=0)

    def _cashier_said(self, source: Mapping[str, Any], said: object) -> None:
        """Hear the cashier's tab, and nobody else."""
        cashier = self.cashier
        if cashier is None or source["page"] != cashier.tab or not isinstance(said, dict):
            return
        is_gateways = source["frame"].url.startswith(f"{self.gateway}/")
        if is_gateways and said.get("nonce") == cashier.nonce:
            cashier.heard(said)

    # --- asking the gateway ---

    def _post_signed_in(
        self, path: str, body: Mapping[str, str], headers: Mapping[str, str]
    ) -> Posted | None:
        """Post with the payer's session; a session that has ended is begun again, once."""
        posted = self._post(path, body, {**headers, "Authorization": f"Bearer {self._token}"})
        if posted is None or posted.status != UNAUTHORIZED:
            return posted
        try:
            self.sign_in(**self._signing_in)
        except TillgateError:
            return posted
        return self._post(path, body, {**headers, "Authorization": f"Bearer {self._token}"})

    def _post(
        self, path: str, body: Mapping[str, str], headers: Mapping[str, str]
    ) -> Posted | None:
        try:
            answer = self._context.request.post(
                f"{self.gateway}{path}",
                data=msgspec.json.encode(body),
                headers={"Content-Type": "application/json", **headers},
                timeout=ANSWER_WAIT_MS_MAX,
                max_redirects=0,
            )
            content = answer.body()
        except Error:
            return None
        try:
            read = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            read = {}
        return Posted(answer.status, read if isinstance(read, dict) else {})
