"""Notifications: claimed under a fenced lease, recorded with what came back, resent by hand.

What must hold: two workers never send the same number; an acknowledgement counts however late it
comes; each send is kept with what went out and what came back; after the eighth failed send it is
over until an operator asks for another; the failure of a send under way takes back no resend.
"""

from collections.abc import Sequence
from typing import final

import msgspec

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.notification import (
    LADDER_MS,
    SENDS_MAX,
    Notification,
    NotificationKind,
    NotificationSend,
)
from tillgate.acquiring.operator import OperatorAction
from tillgate.acquiring.states import NOTIFICATION, NotificationEvent, NotificationState, after
from tillgate.engine.commands import (
    ClaimNotification,
    RecordSend,
    ReleaseNotification,
    ResendNotification,
)
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.record import Key
from tillgate.kernel.results import Result


class SendClaim(msgspec.Struct, frozen=True, kw_only=True):
    """The number of the send that is now this worker's, or 0: somebody else's, or not due."""

    send_no: int = 0


class SendRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """What the notification is now, and when it is sent next, if it is."""

    state: NotificationState
    due_at_ms: int


@final
class ClaimNotificationVerb:
    """Decides `ClaimNotification`."""

    outcome = SendClaim

    def lookups(self, command: ClaimNotification) -> Sequence[Lookup]:
        """Need nothing resolved."""
        return ()

    def keys(self, command: ClaimNotification, found: Found) -> Sequence[Key]:
        """Name the notification."""
        return [Key(Notification, (command.merchant_id, command.notification_id))]

    def decide(
        self,
        command: ClaimNotification,
        rows: Rows,
        found: Found,
        moment: Moment,
    ) -> SendClaim:
        """Take the next send, unless it is not due or another worker holds or took it."""
        row = rows.must(Notification, command.merchant_id, command.notification_id)
        free = row.due_at_ms <= moment.now_ms and row.lease_until_ms <= moment.now_ms
        pending = row.state is NotificationState.PENDING
        if not (pending and free and row.sends == command.sends):
            return SendClaim()
        lease_until_ms = moment.now_ms + moment.settings.notify_lease_ms
        rows.update(row.replaced(sends=row.sends + 1, lease_until_ms=lease_until_ms))
        return SendClaim(send_no=row.sends + 1)


@final
class ReleaseNotificationVerb:
    """Decides `ReleaseNotification`."""

    outcome = SendClaim

    def lookups(self, command: ReleaseNotification) -> Sequence[Lookup]:
        """Need nothing resolved."""
        return ()

    def keys(self, command: ReleaseNotification, found: Found) -> Sequence[Key]:
        """Name the notification and the send that was not made."""
        key = (command.merchant_id, command.notification_id)
        return [Key(Notification, key), Key(NotificationSend, (*key, str(command.send_no)))]

    def decide(
        self,
        command: ReleaseNotification,
        rows: Rows,
        found: Found,
        moment: Moment,
    ) -> SendClaim:
        """Give the number back, so that no step of the ladder is used up by a send that was none.

        The number may be claimed again, which is safe only since whoever releases it has sent
        nothing under it; a number that was recorded, or that a later claim has passed, stays.
        """
        key = (command.merchant_id, command.notification_id)
        row = rows.must(Notification, *key)
        recorded = rows.get(NotificationSend, *key, command.send_no) is not None
        if recorded or row.sends != command.send_no:
            return SendClaim()
        due_at_ms = min(row.due_at_ms, moment.now_ms)
        rows.update(row.replaced(sends=row.sends - 1, lease_until_ms=0, due_at_ms=due_at_ms))
        return SendClaim(send_no=row.sends)


@final
class RecordSendVerb:
    """Decides `RecordSend`."""

    outcome = SendRecorded

    def lookups(self, command: RecordSend) -> Sequence[Lookup]:
        """Need nothing resolved."""
        return ()

    def keys(self, command: RecordSend, found: Found) -> Sequence[Key]:
        """Name the notification and this send of it."""
        key = (command.merchant_id, command.notification_id)
        return [Key(Notification, key), Key(NotificationSend, (*key, str(command.send_no)))]

    def decide(
        self,
        command: RecordSend,
        rows: Rows,
        found: Found,
        moment: Moment,
    ) -> SendRecorded:
        """Keep the send; end the notification, or say when it is sent next."""
        key = (command.merchant_id, command.notification_id)
        row = rows.must(Notification, *key)
        if rows.get(NotificationSend, *key, command.send_no) is None:
            rows.insert(_send(command))
            row = _after_send(row, command, moment)
            rows.update(row)
        return SendRecorded(state=row.state, due_at_ms=row.due_at_ms)


@final
class ResendNotificationVerb:
    """Decides `ResendNotification`."""

    outcome = SendRecorded

    def lookups(self, command: ResendNotification) -> Sequence[Lookup]:
        """Read which order the notification tells of; it never changes."""
        fields = (
            ("merchant_id", command.merchant_id),
            ("notification_id", command.notification_id),
        )
        return [Lookup(Notification, fields)]

    def keys(self, command: ResendNotification, found: Found) -> Sequence[Key]:
        """Name the notification and the order it tells of."""
        key = Key(Notification, (command.merchant_id, command.notification_id))
        named = [key, Key(OperatorAction, (command.operation_id,))]
        row = found[0]
        if isinstance(row, Notification):
            named.append(Key(Acquirement, (row.merchant_id, row.merchant_trans_id)))
        return named

    def decide(
        self,
        command: ResendNotification,
        rows: Rows,
        found: Found,
        moment: Moment,
    ) -> SendRecorded:
        """Make the notification due now, whatever the ladder says.

        While a send is under way that is when its lease ends: no claim leaves a row due so late, so
        that by this its failure knows of the resend. A lease that is longer than any was claimed by
        a clock that was ahead, and holds no longer than one that is claimed now.
        """
        row = rows.get(Notification, command.merchant_id, command.notification_id)
        if row is None or found[0] is None:
            raise Refused(Result.ORDER_NOT_EXIST, "There is no such notification.")
        _check_still_so(rows, row)
        if (row.state, NotificationEvent.RESENT) not in NOTIFICATION:
            sentence = f"A notification that is {row.state} is not sent again."
            raise Refused(Result.ORDER_STATUS_INVALID, sentence)
        state = after(NOTIFICATION, row.state, NotificationEvent.RESENT)
        lease_until_ms = min(row.lease_until_ms, moment.now_ms + moment.settings.notify_lease_ms)
        row = row.replaced(
            state=state,
            due_at_ms=max(moment.now_ms, lease_until_ms),
            lease_until_ms=lease_until_ms,
            ended_at_ms=None,
        )
        rows.update(row)
        rows.insert(
            OperatorAction(
                operation_id=command.operation_id,
                at_ms=moment.now_ms,
                operator=command.operator,
                action="notification resend",
                subject=f"{command.merchant_id}/{command.notification_id}",
                detail="{}",
            )
        )
        return SendRecorded(state=state, due_at_ms=row.due_at_ms)


def _check_still_so(rows: Rows, row: Notification) -> None:
    """Refuse to tell what is over; an agreement that was cancelled stays so."""
    if row.kind is NotificationKind.AGREEMENT_CANCELLED:
        return
    order = rows.must(Acquirement, row.merchant_id, row.merchant_trans_id)
    if order.state is not row.pay_status:
        sentence = f"The order is {order.state} by now; what this notification tells is over."
        raise Refused(Result.ORDER_STATUS_INVALID, sentence)


def _after_send(row: Notification, command: RecordSend, moment: Moment) -> Notification:
    """Return the notification after a send; an ack always counts, a stale failure never."""
    if command.acknowledged:
        event = NotificationEvent.ACKNOWLEDGED
    elif command.send_no != row.sends:
        return row
    else:
        last = command.send_no >= SENDS_MAX and not _is_resent(row)
        event = NotificationEvent.GIVEN_UP if last else NotificationEvent.FAILED
    if (row.state, event) not in NOTIFICATION:
        return row
    state = after(NOTIFICATION, row.state, event)
    if state is NotificationState.PENDING:
        wait_ms = 0 if _is_resent(row) else LADDER_MS[command.send_no - 1]
        return row.replaced(state=state, due_at_ms=moment.now_ms + wait_ms, lease_until_ms=0)
    return row.replaced(state=state, ended_at_ms=moment.now_ms, lease_until_ms=0)


def _is_resent(row: Notification) -> bool:
    """Tell whether an operator asked for another send while this one was under way."""
    return 0 < row.lease_until_ms <= row.due_at_ms


def _send(command: RecordSend) -> NotificationSend:
    return NotificationSend(
        merchant_id=command.merchant_id,
        notification_id=command.notification_id,
        send_no=command.send_no,
        sent_at_ms=command.sent_at_ms,
        elapsed_ms=command.elapsed_ms,
        request=command.request,
        status=command.status,
        response=command.response,
        verdict=command.verdict,
        sentence=command.sentence,
    )
