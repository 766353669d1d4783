"""The logbook: what commits wrote of orders, attempts, refunds and notifications, a line a change.

It hears of each commit of this process, after it, and writes what came to be under the payment's
id. What must hold: a line holds ids and words of ours; no amount's owner, no address, no title, no
order number; a line that cannot be written harms no payment (`Engine.watch`).
"""

from typing import final

import structlog

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Call
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.states import AttemptState, NotificationState
from tillgate.edge.following import payment_id
from tillgate.engine.committed import Committed

LOUD_ATTEMPTS = frozenset({AttemptState.UNKNOWN, AttemptState.REVIEW})
"""States that somebody may have to look at."""


@final
class Logbook:
    """Writes commits down."""

    def __init__(self) -> None:
        """Write as the engine, since it is its commits."""
        self._log = structlog.get_logger("tillgate.engine")

    def watch(self, written: Committed) -> None:
        """Write a line for each thing that came to another state."""
        for order, before in written.of(Acquirement):
            if before is None or before.state is not order.state:
                self._tell_order(order)
        for call, last in written.of(Call):
            if call.result_code and not (last and last.result_code):
                self._tell_call(call)
        for attempt, was in written.of(Attempt):
            if was is None or was.state is not attempt.state:
                self._tell_attempt(attempt)
        for refund, earlier in written.of(Refund):
            if earlier is None or earlier.state is not refund.state:
                self._log.info(
                    "refund",
                    payment=payment_id(refund.merchant_id, refund.merchant_trans_id),
                    state=refund.state.value,
                )
        self._tell_others(written)

    def _tell_others(self, written: Committed) -> None:
        for row, then in written.of(Notification):
            if then is None or then.state is not row.state:
                self._tell_notification(row)
        for agreement, old in written.of(Agreement):
            if old is None or old.state is not agreement.state:
                self._log.info(
                    "agreement",
                    payment=payment_id(agreement.merchant_id, agreement.merchant_agreement_id),
                    state=agreement.state.value,
                )

    def _tell_order(self, order: Acquirement) -> None:
        self._log.info(
            "order",
            payment=payment_id(order.merchant_id, order.merchant_trans_id),
            acquirement=order.acquirement_id,
            state=order.state.value,
            reason=order.close_reason.value if order.close_reason else None,
        )

    def _tell_call(self, call: Call) -> None:
        self._log.info(
            "payment_ended",
            payment=payment_id(call.merchant_id, call.merchant_trans_id),
            code=call.result_code,
            result=call.result_memo.partition(":")[0],
            form=call.form.value,
        )

    def _tell_attempt(self, attempt: Attempt) -> None:
        tell = self._log.warning if attempt.state in LOUD_ATTEMPTS else self._log.info
        tell(
            "attempt",
            payment=payment_id(attempt.merchant_id, attempt.merchant_trans_id),
            attempt=attempt.attempt_no,
            kind=attempt.kind.value,
            issuer=attempt.issuer,
            state=attempt.state.value,
        )

    def _tell_notification(self, row: Notification) -> None:
        is_lost = row.state is NotificationState.EXHAUSTED
        tell = self._log.warning if is_lost else self._log.info
        tell(
            "notification",
            payment=payment_id(row.merchant_id, row.merchant_trans_id or row.merchant_agreement_id),
            kind=row.kind.value,
            state=row.state.value,
            sends=row.sends,
        )
