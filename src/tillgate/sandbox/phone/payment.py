"""One payment of a phone's page: asked of the gateway, shown at the cashier, settled once.

The same steps as the wallet's own `payment.js`, for a wallet that is a process. It knows no
browser: how to post, how to wait and how to show a cashier are handed in. What must hold: every try
carries the same callId; a payment that may be under way is asked about before it is called stopped.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, final

ASK_PAUSES_S: Final = (0.4, 1.2, 3.0)
SETTLE_PAUSES_S: Final = (1.0, 2.0, 3.0, 4.0)
STOPPED_PAUSES_S: Final = (0.6,)
TRADE_PAY: Final = "/cashier/trade-pay"
_SERVER_ERROR: Final = 500
_TOO_MANY: Final = 429

Answer = Mapping[str, Any]


class Posted(NamedTuple):
    """What a door answered: its status, and the object it sent, or {} for anything else."""

    status: int
    body: Answer


class Seen(NamedTuple):
    """What a cashier said before it was left: its final word, and whether it was confirming."""

    final: Answer | None = None
    is_confirming: bool = False


Post = Callable[[str, Mapping[str, str]], Posted | None]
"""Posts to a path of the gateway; None is an answer that was lost."""


@final
class Payment:
    """A tradePay call and what becomes of it."""

    def __init__(
        self,
        order: Mapping[str, str],
        *,
        post: Post,
        wait: Callable[[float], None],
        show: Callable[[str], Seen],
    ) -> None:
        """Pay this order (orderStr, callId and perhaps version) by these means."""
        self._order = order
        self._post = post
        self._wait = wait
        self._show = show

    def run(self) -> Answer:
        """Return what the page's callback is given."""
        answer = self._ask(ASK_PAUSES_S, _is_lost)
        if answer is None:
            sentence = "The gateway cannot be reached. Query the order before paying again."
            return told("6002", f"NETWORK_ERROR: {sentence}")
        if "cashierUrl" not in answer:
            return answer
        return self._settled(self._show(str(answer["cashierUrl"])))

    def _settled(self, seen: Seen) -> Answer:
        """Return a cashier's last word, else the gateway's record of this very call."""
        if seen.final is not None:
            return seen.final
        is_open = _is_unsettled if seen.is_confirming else _is_lost
        pauses = SETTLE_PAUSES_S if seen.is_confirming else STOPPED_PAUSES_S
        answer = self._ask(pauses, is_open)
        if answer is not None and "resultCode" in answer:
            return answer
        if seen.is_confirming:
            sentence = "The payment was under way when the cashier closed. Query the order."
            return told("8000", f"SYSTEM_ERROR: {sentence}")
        sentence = "The cashier was closed before the payment was confirmed."
        return told("7001", f"USER_CLOSED: {sentence}")

    def _ask(
        self, pauses: Sequence[float], is_worth_another: Callable[[Answer | None], bool]
    ) -> Answer | None:
        """Return the gateway's answer, or None when there was none."""
        answer = self._ask_once()
        for pause_s in pauses:
            if not is_worth_another(answer):
                break
            self._wait(pause_s)
            answer = self._ask_once()
        return answer

    def _ask_once(self) -> Answer | None:
        posted = self._post(TRADE_PAY, self._order)
        if posted is None or posted.status >= _SERVER_ERROR or posted.status == _TOO_MANY:
            return None
        if posted.body.get("cashierUrl") or posted.body.get("resultCode"):
            return posted.body
        sentence = f"The gateway answered with HTTP {posted.status} and no result."
        return told("6005", f"SYSTEM_ERROR: {sentence}")


def told(code: str, memo: str) -> Answer:
    """Return a callback's object of the wallet's own making."""
    return {"resultCode": code, "memo": memo}


def _is_lost(answer: Answer | None) -> bool:
    return answer is None


def _is_unsettled(answer: Answer | None) -> bool:
    return answer is None or "resultCode" not in answer
