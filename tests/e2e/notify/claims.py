"""Claims and records made by hand, as other processes make them."""

from tests.e2e.notify.stage import Stage
from tillgate.engine.commands import ClaimNotification, RecordSend
from tillgate.kernel.ids import MerchantId, NotificationId

MERCHANT, PAID = MerchantId("M-1"), NotificationId("A-1.paid")


async def claim(stage: Stage, *, sends: int) -> int:
    """Claim a send, and do nothing about it; return its number."""
    command = ClaimNotification(
        operation_id=stage.operation(), merchant_id=MERCHANT, notification_id=PAID, sends=sends
    )
    return int((await stage.engine.execute(command)).send_no)


async def record_failure(stage: Stage, send_no: int) -> None:
    """Record a send that nobody answered."""
    await stage.engine.execute(
        RecordSend(
            operation_id=stage.operation(),
            merchant_id=MERCHANT,
            notification_id=PAID,
            send_no=send_no,
            sent_at_ms=stage.clock.now_ms(),
            elapsed_ms=1,
            request=b"{}",
            status=None,
            response=b"",
            acknowledged=False,
            verdict="TIMEOUT",
            sentence="",
        )
    )
