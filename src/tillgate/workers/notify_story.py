"""What the live story tells of a notification: that it went out, and what came back.

It decides nothing. What must hold: the message is told as it was sent, byte for byte.
"""

from tillgate.acquiring.notification import SENDS_MAX, Notification, NotificationKind
from tillgate.acquiring.states import NotificationState
from tillgate.edge.story import StepKind, Story
from tillgate.engine.commands import RecordSend
from tillgate.engine.decide.notify import SendRecorded
from tillgate.kernel.clock import rfc3339
from tillgate.workers.notify_message import Message


def tell_sent(story: Story, row: Notification, send_no: int, message: Message) -> None:
    """Tell that a claimed send leaves."""
    story.tell(
        StepKind.NOTIFICATION_SENT,
        f"Notification leaves, number {send_no}",
        f"{_subject(row)}, signed with the gateway's key.",
        merchant_trans_id=row.merchant_trans_id,
        detail={"url": row.url, "sendNo": send_no, "reqMsgId": message.req_msg_id},
        raw=message.raw,
    )


def tell_outcome(story: Story, row: Notification, send: RecordSend, recorded: SendRecorded) -> None:
    """Tell what came back of a send, once it is recorded."""
    acknowledged, sentence = send.acknowledged, send.sentence
    detail = {
        "url": row.url,
        "sendNo": send.send_no,
        "status": send.status,
        "verdict": send.verdict,
        "elapsedMs": send.elapsed_ms,
        "state": recorded.state.value,
        "nextAt": _next_at(recorded),
    }
    story.tell(
        StepKind.NOTIFICATION_ACKNOWLEDGED if acknowledged else StepKind.NOTIFICATION_FAILED,
        "Notification acknowledged" if acknowledged else "Notification not acknowledged",
        sentence if acknowledged else f"{sentence} {_after(recorded)}".strip(),
        merchant_trans_id=row.merchant_trans_id,
        detail=detail,
        raw=send.response or None,
        verdict="ok" if acknowledged else "bad",
    )


def _subject(row: Notification) -> str:
    if row.kind is NotificationKind.AGREEMENT_CANCELLED:
        return f"Agreement {row.merchant_agreement_id} ended"
    return f"{row.result} for {row.merchant_trans_id}"


def _next_at(recorded: SendRecorded) -> str | None:
    return rfc3339(recorded.due_at_ms) if recorded.state is NotificationState.PENDING else None


def _after(recorded: SendRecorded) -> str:
    """Return what happens after a send that failed."""
    match recorded.state:
        case NotificationState.PENDING:
            return f"It is sent again at {rfc3339(recorded.due_at_ms)}."
        case NotificationState.EXHAUSTED:
            return f"It was sent {SENDS_MAX} times; an operator may send it again."
        case _:
            return ""
