"""`POST /sandbox/notifications`: where a merchant on another machine takes what is told to it.

It reads an envelope as the door for merchants' servers does (known client, signature over the
bytes, function, content, freshness, replay, rights) and hands on to the switchboard. What must
hold: nothing is believed before its signature fits; a client gets what was signed for it and nobody
else's; a request that was heard once is never answered a second time, so that whoever copies one
learns nothing from it. What was heard is forgotten when the gateway ends, so a request says which
run of the gateway it is for; to one that does not the run is told, and nothing else is done.
"""

import base64
import binascii
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Final, final

import msgspec

from tillgate.edge.desk import Desk
from tillgate.edge.directory import KnownClient
from tillgate.edge.rates import Rate
from tillgate.kernel.clock import heard_ms, rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import Cut, Kind, cut
from tillgate.protocol.messages.common import ResultInfo
from tillgate.protocol.messages.head import response_head
from tillgate.protocol.signature import seal, verify
from tillgate.sandbox.control import Asked, Route
from tillgate.sandbox.listening import Parcel, Switchboard
from tillgate.sandbox.listening_wire import (
    ANSWER_BYTES_MAX,
    FAILURES,
    FUNCTION,
    PATH,
    Answered,
    ListenContent,
    Listened,
    ListenedContent,
    Told,
    Verdict,
)
from tillgate.sandbox.recording_judging import message_of
from tillgate.workers.ack import judge
from tillgate.workers.outgoing.port import SendFailure, SendResult

BAD_SIGNATURES_PER_S_MAX: Final = 10
MARKS_MAX: Final = 50_000
MARKS_OF_CLIENT_MAX: Final = 5_000
"""Four questions a second, for as long as they are remembered: the others have room left."""
REQ_MSG_ID_CHARACTERS_MAX: Final = 64
LATE: Final = "Nobody waited for it any more; it is sent again."


@final
class _Marks:
    """Requests that were heard, for as long as they would still count as fresh."""

    def __init__(self) -> None:
        self._ends_ms: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._of_client: Counter[str] = Counter()

    def hear(self, client_id: str, req_msg_id: str, *, now_ms: int, ends_ms: int) -> None:
        """Note a request, or refuse one that was noted."""
        while self._ends_ms and next(iter(self._ends_ms.values())) < now_ms:
            (heard_of, _), _ = self._ends_ms.popitem(last=False)
            self._of_client[heard_of] -= 1
            if not self._of_client[heard_of]:
                del self._of_client[heard_of]
        name = (client_id, req_msg_id)
        if name in self._ends_ms:
            raise Refused(Result.REPEATED_REQ_MSG_ID, path="head.reqMsgId")
        is_full = len(self._ends_ms) >= MARKS_MAX
        if is_full or self._of_client[client_id] >= MARKS_OF_CLIENT_MAX:
            raise Refused(Result.REQUEST_TRAFFIC_EXCEED_LIMIT)
        self._ends_ms[name] = ends_ms
        self._of_client[client_id] += 1


@final
class ListeningDoor:
    """Answers listeners."""

    def __init__(self, desk: Desk, switchboard: Switchboard) -> None:
        """Serve from this desk."""
        self._desk = desk
        self._switchboard = switchboard
        self._bad_signatures = Rate(BAD_SIGNATURES_PER_S_MAX)
        self._marks = _Marks()
        self._run = desk.ids.token()

    def routes(self) -> Sequence[Route]:
        """Return the door."""
        return (Route("POST", PATH, self.listen, is_control=False, may_wait=True),)

    async def listen(self, asked: Asked) -> msgspec.Raw:
        """Take an answer, and tell what lies there for this client."""
        taken = cut(asked.body, Kind.REQUEST)
        known = await self._desk.directory.client(taken.claims.client_id)
        if known is None:
            raise Refused(Result.INVALID_CLIENT, path="head.clientId")
        content = self._verified(taken, known)
        body = await self._done(content, known)
        head = response_head(content.head, now_ms=self._desk.clock.now_ms())
        signed = msgspec.json.encode(ListenedContent(head=head, body=body))
        return msgspec.Raw(seal(Kind.RESPONSE, signed, self._desk.key_ring.private, known.profile))

    def _verified(self, taken: Cut, known: KnownClient) -> ListenContent:
        """Return what was asked, once it may be believed."""
        now_ms, client_id = self._desk.clock.now_ms(), known.client.client_id
        keys = known.keys_at(now_ms)
        if not keys:
            raise Refused(Result.KEY_NOT_FOUND, path="head.clientId")
        try:
            verify(taken, keys, known.profile)
        except Refused:
            if not self._bad_signatures.allows(client_id, now_ms=now_ms):
                raise Refused(Result.REQUEST_TRAFFIC_EXCEED_LIMIT) from None
            raise
        if taken.claims.function != FUNCTION:
            sentence = f"head.function must be {FUNCTION} at this address."
            raise Refused(Result.FUNCTION_NOT_MATCH, sentence, path="head.function")
        if taken.unreadable:
            raise taken.unreadable
        try:
            content = msgspec.json.decode(taken.signed, type=ListenContent)
            req_time_ms = heard_ms(self._desk.clock, content.head.req_time_ms)
        except (msgspec.DecodeError, ValueError) as error:
            raise Refused(Result.PARAM_ILLEGAL, f"{error}.") from error
        self._check_fresh(content, req_time_ms, now_ms)
        functions = known.client.functions
        if functions and FUNCTION not in functions:
            raise Refused(Result.API_IS_INVALID, path="head.function")
        return content

    def _check_fresh(self, content: ListenContent, req_time_ms: int, now_ms: int) -> None:
        """Refuse what is old, lies ahead, or was heard before."""
        settings, head = self._desk.settings, content.head
        behind_ms, ahead_ms = settings.req_time_behind_ms_max, settings.req_time_ahead_ms_max
        if not now_ms - behind_ms <= req_time_ms <= now_ms + ahead_ms:
            sentence = (
                f"reqTime is {head.req_time} and the gateway has {rfc3339(now_ms)}; check the"
                " clock of the machine that listens."
            )
            raise Refused(Result.REQUEST_EXPIRED, sentence, path="head.reqTime")
        if len(head.req_msg_id) > REQ_MSG_ID_CHARACTERS_MAX:
            raise Refused(Result.PARAM_ILLEGAL, path="head.reqMsgId")
        self._marks.hear(
            head.client_id,
            head.req_msg_id,
            now_ms=_machine_ms(),
            ends_ms=_machine_ms() + behind_ms + ahead_ms,
        )

    async def _done(self, content: ListenContent, known: KnownClient) -> Listened:
        """Carry out what was asked."""
        client_id, body = known.client.client_id, content.body
        if body.run != self._run:
            # It may have been heard before this run, so not even the listener's name counts.
            return Listened(result_info=ResultInfo.of(Result.SUCCESS), run=self._run)
        verdict = None
        if body.answer is None:
            self._switchboard.here(client_id, body.listener)
        else:
            result = _result(body.answer)
            parcel = self._switchboard.answered(
                client_id, body.listener, body.answer.parcel_id, result
            )
            verdict = self._judged(body.answer, parcel, result, known)
        if body.ends:
            self._switchboard.ended(client_id, body.listener)
            return Listened(
                result_info=ResultInfo.of(Result.SUCCESS), run=self._run, verdict=verdict
            )
        parcels: Sequence[Parcel] = ()
        if body.take:
            parcels = await self._switchboard.asked(
                client_id,
                body.listener,
                holding=frozenset(body.holding),
                take=body.take,
                wait_s=body.wait_s,
            )
        told = tuple(
            Told(parcel_id=each.parcel_id, url=each.url, text=each.raw.decode()) for each in parcels
        )
        return Listened(
            result_info=ResultInfo.of(Result.SUCCESS),
            run=self._run,
            notifications=told,
            verdict=verdict,
        )

    def _judged(
        self, answer: Answered, parcel: Parcel | None, result: SendResult, known: KnownClient
    ) -> Verdict:
        """Return what the notifier makes of an answer: it is the same judge."""
        if parcel is None:
            return Verdict(
                parcel_id=answer.parcel_id,
                verdict="LATE",
                acknowledged=False,
                sentence=LATE,
                is_late=True,
            )
        keys = known.keys_at(self._desk.clock.now_ms())
        judged = judge(result, message_of(parcel.raw), keys=keys, profile=known.profile)
        return Verdict(
            parcel_id=answer.parcel_id,
            verdict=judged.verdict,
            acknowledged=judged.acknowledged,
            sentence=judged.sentence,
        )


def _result(answer: Answered) -> SendResult:
    """Return an answer as the notifier takes one."""
    try:
        body = base64.b64decode(answer.body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(Result.PARAM_ILLEGAL, path="body.answer.body") from error
    if answer.failure and answer.failure not in FAILURES:
        raise Refused(Result.PARAM_ILLEGAL, path="body.answer.failure")
    if answer.status is None and not answer.failure:
        raise Refused(Result.PARAM_MISSING, path="body.answer.status")
    failure = SendFailure[answer.failure] if answer.failure else None
    sentence = f"{failure.sentence} {answer.sentence}".strip() if failure else ""
    return SendResult(
        status=answer.status,
        body=body[:ANSWER_BYTES_MAX],
        elapsed_ms=answer.elapsed_ms,
        connected_address=None,
        failure=failure,
        sentence=sentence,
    )


def _machine_ms() -> int:
    """Return an instant of a clock that no virtual time moves."""
    return time.monotonic_ns() // 1_000_000
