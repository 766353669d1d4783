"""Merchants' notify URLs, of every kind: they acknowledge, say nonsense, hang, refuse, lose.

A target checks each message as a merchant must and remembers what it was told. What must hold: what
a merchant counts as heard is a message whose signature fits; what it counts as acknowledged is one
whose acknowledgement was right and went out.
"""

import asyncio
from typing import Any, Final, NamedTuple, final

from tillgate.protocol.envelope import Cut, Kind, cut, wrap_unsigned
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal, verify
from tillgate.simulation.faults import Fault, Faults
from tillgate.simulation.keys import Keys
from tillgate.simulation.life import Life
from tillgate.simulation.trace import Trace
from tillgate.simulation.wire import compact
from tillgate.workers.outgoing.port import SendFailure, SendResult

EXCHANGE_S: Final = 10.0
QUICK_S: Final = (0.005, 0.3)
ROOM: Final = 8


class Heard(NamedTuple):
    """A message that reached a merchant."""

    function: str
    body: dict[str, Any]
    acknowledged: bool


@final
class Targets:
    """All merchants' servers, as the gateway reaches them."""

    def __init__(self, keys: Keys, faults: Faults, trace: Trace) -> None:
        """Start with nothing heard."""
        self._keys = keys
        self._faults = faults
        self._trace = trace
        self.heard: list[Heard] = []

    async def take(self, url: str, raw: bytes) -> SendResult:
        """Take one message, and answer it in one way or another."""
        host = url.split("/")[2].partition(".")[0]
        await asyncio.sleep(self._faults.between(*QUICK_S))
        if self._strikes(Fault.NOTIFY_REFUSES, 8, host):
            return _failed(SendFailure.CONNECT)
        if self._strikes(Fault.NOTIFY_HANGS, 10, host):
            await asyncio.sleep(EXCHANGE_S)
            return _failed(SendFailure.TIMEOUT)
        if self._strikes(Fault.NOTIFY_ERROR, 8, host):
            return _answered(500, b"oops")
        taken = cut(raw, Kind.REQUEST)
        verify(taken, [self._keys.gateway.public], Profile.TILLGATE)
        if self._strikes(Fault.NOTIFY_WRONG_ACK, 8, host):
            self._hear(taken, acknowledged=False)
            return _answered(200, self._ack(taken, req_msg_id="another"))
        self._hear(taken, acknowledged=True)
        if self._strikes(Fault.NOTIFY_ACK_LOST, 8, host):
            return _failed(SendFailure.BROKEN_OFF)
        return _answered(200, self._ack(taken, req_msg_id=taken.claims.req_msg_id))

    def _hear(self, taken: Cut, *, acknowledged: bool) -> None:
        body = taken.unverified["body"]
        self.heard.append(Heard(taken.claims.function, body, acknowledged))
        subject = body.get("merchantTransId") or body.get("merchantAgreementId")
        verdict = "acknowledges" if acknowledged else "does not acknowledge"
        self._trace.note("merchant", f"{verdict} {subject} {body.get('payStatus', '')}")

    def _ack(self, taken: Cut, *, req_msg_id: str) -> bytes:
        claims = taken.claims
        head = {"function": claims.function, "reqMsgId": req_msg_id, "version": claims.version}
        text = compact({"head": head, "body": {"resultInfo": {"resultCode": "SUCCESS"}}})
        if self._faults.between(0, 1) < 1 / 4:
            return wrap_unsigned(Kind.RESPONSE, text)
        return seal(Kind.RESPONSE, text, self._keys.merchant, Profile.TILLGATE)

    def _strikes(self, fault: Fault, one_in: int, host: str) -> bool:
        return self._faults.strikes(fault, one_in, who="merchant", what=host)


@final
class TargetLine:
    """A process's way out to merchants; implements `workers.outgoing.port.Sender`."""

    def __init__(self, targets: Targets, life: Life, faults: Faults) -> None:
        """Connect."""
        self._targets = targets
        self._life = life
        self._faults = faults

    def room(self, url: str) -> int:  # noqa: ARG002  The port's shape.
        """Return how many more may go out."""
        return ROOM

    async def send(self, url: str, body: bytes) -> SendResult:
        """Send one message."""
        life = self._life
        life.dies(Fault.CRASH_ASKING, 80, "before a notification")
        await life.go_on()
        if self._faults.strikes(Fault.NOTIFY_BUSY, 20, who=life.name):
            return _failed(SendFailure.BUSY)
        result = await self._targets.take(url, body)
        life.dies(Fault.CRASH_ASKING, 80, "after a notification")
        await life.go_on()
        return result


def _answered(status: int, body: bytes) -> SendResult:
    return SendResult(
        status=status, body=body, elapsed_ms=5, connected_address=None, failure=None, sentence=""
    )


def _failed(failure: SendFailure) -> SendResult:
    return SendResult(
        status=None,
        body=b"",
        elapsed_ms=5,
        connected_address=None,
        failure=failure,
        sentence=failure.sentence,
    )
