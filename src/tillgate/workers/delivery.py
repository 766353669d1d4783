"""One send of a notification: claimed, made, judged, recorded, told.

It decides what a send is, never when it is made. What must hold: a send is claimed before it is
made and recorded after, with what went out and what came back; no transaction is open in between;
a process may die between any two lines, then the lease ends and another goes on.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, final

import msgspec
import structlog

from tillgate.acquiring.client import Client
from tillgate.acquiring.notification import Notification
from tillgate.edge.desk import Desk
from tillgate.edge.following import follow
from tillgate.engine.commands import ClaimNotification, Command, RecordSend, ReleaseNotification
from tillgate.engine.decide.notify import SendClaim, SendRecorded
from tillgate.engine.lanes import Lane
from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.errors import Refused, Unavailable
from tillgate.kernel.ids import ReqMsgId
from tillgate.protocol.keys import PublicKey
from tillgate.protocol.profile import Profile
from tillgate.workers.ack import judge
from tillgate.workers.notify_message import Message, notify_message
from tillgate.workers.notify_story import tell_outcome, tell_sent
from tillgate.workers.outgoing.port import Sender, SendFailure

BUSY_WAITS_S: Final = (0.1, 0.5, 2.0, 5.0)
"""Waits before a busy engine is handed the same command again; together they fit a lease."""


@final
class ClaimedSend(msgspec.Struct, frozen=True, kw_only=True):
    """A send that is ours to make, with the message that goes out under its number."""

    send_no: int
    message: Message


@final
class Delivery:
    """Makes sends."""

    def __init__(self, desk: Desk, sender: Sender) -> None:
        """Take its parts."""
        self._desk = desk
        self._sender = sender
        self._log = structlog.get_logger("tillgate.notifier")

    async def claimed(self, row: Notification) -> ClaimedSend | None:
        """Claim the next send, or return None when it is not ours to make.

        The message is made first, so that a row of which none can be made uses up no number.
        """
        profile, _ = await self._signs(row)
        message = notify_message(
            row,
            req_msg_id=ReqMsgId(self._desk.ids.token()),
            now_ms=self._desk.clock.now_ms(),
            key=self._desk.key_ring.private,
            profile=profile,
        )
        claim: SendClaim = await self._execute(
            ClaimNotification(
                operation_id=self._desk.operation(),
                merchant_id=row.merchant_id,
                notification_id=row.notification_id,
                sends=row.sends,
            )
        )
        return ClaimedSend(send_no=claim.send_no, message=message) if claim.send_no else None

    async def send(self, row: Notification, claimed: ClaimedSend) -> bool:
        """Make a claimed send; False when the sender had no place and the number was given back."""
        message = claimed.message
        follow(self._desk, row.merchant_id, row.merchant_trans_id or row.merchant_agreement_id)
        tell_sent(self._desk.story, row, claimed.send_no, message)
        with self._desk.traces.span("notify send", number=claimed.send_no):
            result = await self._sender.send(row.url, message.raw)
        if result.failure is SendFailure.BUSY:
            await self._release(row, claimed.send_no)
            return False
        profile, keys = await self._signs(row)
        judgement = judge(result, message, keys=keys, profile=profile)
        self._desk.meters.sent(judgement.verdict, result.elapsed_ms / SECOND_MS)
        self._log.info(
            "notification_sent",
            number=claimed.send_no,
            verdict=judgement.verdict,
            status=result.status,
            elapsed_ms=result.elapsed_ms,
        )
        command = RecordSend(
            operation_id=self._desk.operation(),
            merchant_id=row.merchant_id,
            notification_id=row.notification_id,
            send_no=claimed.send_no,
            sent_at_ms=message.sent_at_ms,
            elapsed_ms=result.elapsed_ms,
            request=message.raw,
            status=result.status,
            response=result.body,
            acknowledged=judgement.acknowledged,
            verdict=judgement.verdict,
            sentence=judgement.sentence,
        )
        recorded: SendRecorded = await self._execute(command)
        tell_outcome(self._desk.story, row, command, recorded)
        return True

    async def _release(self, row: Notification, send_no: int) -> None:
        """Give a number back under which nothing went out, so that it uses up no step."""
        await self._execute(
            ReleaseNotification(
                operation_id=self._desk.operation(),
                merchant_id=row.merchant_id,
                notification_id=row.notification_id,
                send_no=send_no,
            )
        )

    async def _execute(self, command: Command) -> Any:  # noqa: ANN401  One outcome per command.
        """Return a command's outcome; a busy engine is asked the very same again."""
        for wait_s in BUSY_WAITS_S:
            try:
                return await self._desk.engine.execute(command, Lane.BACKGROUND)
            except (Refused, Unavailable):
                await asyncio.sleep(wait_s)
        return await self._desk.engine.execute(command, Lane.BACKGROUND)

    async def _signs(self, row: Notification) -> tuple[Profile, Sequence[PublicKey]]:
        """Return how the order's client signs, and its keys that count now.

        A payment is told of although its client was shut off since; then no signature counts.
        """
        known = await self._desk.directory.client(row.client_id)
        if known is not None:
            return known.profile, known.keys_at(self._desk.clock.now_ms())
        client = await self._desk.reader.get(Client, row.client_id)
        return (Profile[client.profile] if client else Profile.TILLGATE), ()
