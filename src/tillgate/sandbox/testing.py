"""`Sandbox`: a whole gateway inside a test run, with a wallet, a clock and a view of what was sent.

It is the gateway that `tillgate serve --sandbox` runs, in a thread of this process, on a port of
its own and in a folder that is gone afterwards. This module is its face; what it does lies in
`testing_*`. What must hold: every call returns when all that became due by it is done, so a test
never sleeps.
"""

from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self, final

import httpx2

from tillgate.kernel.clock import HONG_KONG, SECOND_MS, VirtualClock, duration_ms
from tillgate.merchant import Merchant
from tillgate.protocol.profile import Profile
from tillgate.sandbox.clock import Advanced
from tillgate.sandbox.identities import CLIENT_ID, MERCHANT_ID, PAYERS, PIN
from tillgate.sandbox.testing_notifications import Notifications, Sent
from tillgate.sandbox.testing_server import HOST, TestGateway
from tillgate.sandbox.testing_wallet import ANSWER_WAIT_S_MAX, Callback, Wallet, expect_payer

__all__ = ["Advanced", "Callback", "Notifications", "Sandbox", "Sent", "TestClock", "Wallet"]


@final
class TestClock:
    """The gateway's clock, which a test moves ahead."""

    __test__ = False  # Its name begins like a test's.

    def __init__(self, gateway: TestGateway) -> None:
        """Move this gateway's clock."""
        self._gateway = gateway

    def advance(self, duration: str | timedelta) -> Advanced:
        """Move ahead, as in "25h", and return when all that came due on the way is done.

        Raises:
            ValueError: it is no duration, or goes back.
        """
        if isinstance(duration, timedelta):
            return self._gateway.advance(round(duration.total_seconds() * SECOND_MS))
        return self._gateway.advance(duration_ms(duration))

    def now(self) -> datetime:
        """Return what time it is in the gateway."""
        now_ms = self._gateway.house.desk.clock.now_ms()
        return datetime.fromtimestamp(now_ms / SECOND_MS, tz=HONG_KONG)

    @property
    def ahead(self) -> timedelta:
        """Return how far it is ahead of everybody's."""
        clock = self._gateway.house.desk.clock
        ahead_ms = clock.offset_ms if isinstance(clock, VirtualClock) else 0
        return timedelta(milliseconds=ahead_ms)


@final
class Sandbox:
    """A gateway for tests; use it in a `with` statement.

    Attributes:
        client_id: the demo client; its private key lies in `keys`.
        merchant_id: the demo merchant.
        merchant: the SDK, ready to use.
        clock: the gateway's clock.
        notifications: what merchants' servers were sent.
    """

    def __init__(self) -> None:
        """Stand for a gateway that is not there yet."""
        self.client_id: str = CLIENT_ID
        self.merchant_id: str = MERCHANT_ID
        self._gateway = TestGateway()
        self.clock = TestClock(self._gateway)
        self.notifications = Notifications(self._gateway)

    @property
    def origin(self) -> str:
        """Return where it answers, as in http://127.0.0.1:40123: the SDK's `base_url`."""
        return f"http://{HOST}:{self._gateway.port}"

    @property
    def data(self) -> Path:
        """Return its data folder, for commands that are given `--data`."""
        return self._gateway.folder.path

    @property
    def keys(self) -> Path:
        """Return where merchant.private.pem and gateway.public.pem lie, among others."""
        return self._gateway.folder.keys

    @property
    def control_token(self) -> str:
        """Return what opens `/control` and `/sandbox`."""
        return self._gateway.control_token

    def wallet(self, payer: str = "rich", *, pin: str = PIN) -> Wallet:
        """Return a wallet of one of the sandbox's payers.

        Raises:
            ValueError: there is no such payer; the text names those there are.
        """
        gateway = self._gateway
        # Asking the gateway counts as use, and makes the next reset slower.
        if payer not in {each.payer_id for each in PAYERS}:
            gateway.call(expect_payer(gateway.house, payer))
        return Wallet(self._http, gateway.settle, lambda: gateway.bank, payer=payer, pin=pin)

    def deliver_to(self, app: object, *, at: str = "") -> None:
        """Have notifications handed to an app in this process, in the thread of the test.

        Args:
            app: a WSGI or ASGI application, or a test client of Flask, Django or Starlette.
            at: the origin whose notifications it gets, as in "https://shop.example"; else all.
        """
        self._gateway.carrier.deliver(app, at=at)

    def settle(self) -> None:
        """Do everything that is due now, and return when it is done."""
        self._gateway.settle()

    def reset(self) -> None:
        """Forget all that was done since the start: orders, notifications, balances, the clock.

        Address, keys and merchant stay what they are.
        """
        self._gateway.reset()

    def start(self) -> Self:
        """Bring the gateway up."""
        self._gateway.start()
        self._http = httpx2.Client(base_url=self.origin, timeout=ANSWER_WAIT_S_MAX, trust_env=False)
        self.merchant = Merchant(
            client_id=self.client_id,
            merchant_id=self.merchant_id,
            private_key=self._gateway.merchant_key,
            gateway_public_key=self.keys / "gateway.public.pem",
            base_url=self.origin,
            profile=Profile.TILLGATE,
        )
        return self

    def stop(self) -> None:
        """Take the gateway down; its folder goes with it."""
        try:
            self._http.close()
            self.merchant.close()
        finally:
            self._gateway.stop()

    def __enter__(self) -> Self:
        """Bring the gateway up."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the gateway down."""
        self.stop()
