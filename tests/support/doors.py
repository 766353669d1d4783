"""A client of the doors of PROTOCOL 11.4: a browser without a screen, with cookies of its own.

It knows paths and JSON and nothing of the server behind them. What must hold: an answer with
another status than was expected fails with what the server said.
"""

from typing import Any, Final, final
from urllib.parse import urlsplit

import httpx2

from tests.support.gateway import PIN, Gateway

JSON = dict[str, Any]
ANSWER_S_MAX: Final = 120.0


@final
class Browser:
    """A client of the doors, with cookies of its own."""

    def __init__(self, gateway: Gateway) -> None:
        """Open nothing yet."""
        self._origin = gateway.origin
        self.http = httpx2.Client(base_url=gateway.origin, timeout=ANSWER_S_MAX, trust_env=False)

    def sign_in(self, payer: str) -> JSON:
        """Get a session; the cookie is kept, the token returned."""
        answer = self.post("/wallet/session", {"payer": payer, "pin": PIN})
        return {"authorization": f"Bearer {answer['token']}"}

    def post(self, path: str, body: object, *, status: int = 200, **headers: str) -> JSON:
        """Post JSON and return the JSON that came back."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        response = self.http.post(path, json=body, headers=named)
        assert response.status_code == status, response.text
        answer: JSON = response.json()
        return answer

    def trade_pay(self, order_str: str, call_id: str, **headers: Any) -> JSON:
        """Call tradePay."""
        return self.post(
            "/cashier/trade-pay", {"orderStr": order_str, "callId": call_id}, **headers
        )

    def cashier(self, order_str: str, call_id: str, **headers: str) -> str:
        """Call tradePay and return the cashier's path."""
        answer = self.trade_pay(order_str, call_id, **headers)
        return urlsplit(answer["cashierUrl"]).path
