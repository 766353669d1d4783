"""The payer confirms: the built-in wallet pays in this one commit, an outside issuer is asked.

What must hold: money moves at most once per order; a confirm that is sent again after its answer
was lost gets the answer of the first; whoever did not pay is told 5000, never 9000; a PIN that was
changed while it was checked pays nothing.
"""

from collections.abc import Sequence
from typing import final

from tillgate.acquiring.call import Call, Final
from tillgate.acquiring.call import final as final_outcome
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.payer import Payer, check_proven
from tillgate.engine.commands import CancelCall, Confirm, LockOut
from tillgate.engine.decide import at_cashier, judging, parts
from tillgate.engine.decide.paying import Ask, No, Try, pay, payer_keys
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.record import Key
from tillgate.kernel.results import CallbackCode, Result


@final
class ConfirmVerb:
    """Decides `Confirm`."""

    outcome = Ask | Final

    def lookups(self, command: Confirm) -> Sequence[Lookup]:
        """Resolve the token."""
        return at_cashier.lookups(command.token_hash)

    def keys(self, command: Confirm, found: Found) -> Sequence[Key]:
        """Name the call, its order, the payer's money and limits, and the device."""
        call = found[0]
        if not isinstance(call, Call):
            return [Key(Payer, (command.payer_id,))]
        return [
            *at_cashier.keys(found),
            *payer_keys(command.payer_id, call.currency),
            *judging.device_keys(command.payer_id, command.evidence.signals),
        ]

    def decide(self, command: Confirm, rows: Rows, found: Found, moment: Moment) -> Ask | Final:
        """Pay, ask, or say why not."""
        place = at_cashier.arrive(rows, found, moment)
        payer = rows.must(Payer, command.payer_id)
        check_same_payer(place.call, payer)
        if payer.pin_tries_used and payer.session_no == command.session_no:
            payer = payer.try_right()
            rows.update(payer)
        if place.told is not None:
            return place.told
        check_proven(payer, command.session_no)
        if not rows.must(Merchant, place.order.merchant_id).active:
            told = final_outcome(CallbackCode.FAILED, result=Result.MERCHANT_STATUS_ABNORMAL)
            return parts.end_call(rows, place.call, place.order, told)
        tried = Try(place.call, place.order, payer, command.evidence)
        outcome = pay(rows, tried, moment)
        if not isinstance(outcome, No):
            return outcome
        told = final_outcome(CallbackCode.FAILED, result=outcome.result, sentence=outcome.sentence)
        return parts.end_call(rows, place.call, place.order, told)


@final
class LockOutVerb:
    """Decides `LockOut`."""

    outcome = Final

    def lookups(self, command: LockOut) -> Sequence[Lookup]:
        """Resolve the token."""
        return at_cashier.lookups(command.token_hash)

    def keys(self, command: LockOut, found: Found) -> Sequence[Key]:
        """Name the call, its order and the payer."""
        return [*at_cashier.keys(found), Key(Payer, (command.payer_id,))]

    def decide(self, command: LockOut, rows: Rows, found: Found, moment: Moment) -> Final:
        """End the call: the paying account is locked."""
        place = at_cashier.arrive(rows, found, moment)
        payer = rows.must(Payer, command.payer_id)
        check_same_payer(place.call, payer)
        if place.told is not None:
            return place.told
        if not payer.tries_at(moment.now_ms).is_locked:
            raise Refused(Result.ORDER_STATUS_INVALID, "The account is not locked; try again.")
        told = final_outcome(CallbackCode.FAILED, result=Result.USER_STATUS_ABNORMAL)
        return parts.end_call(rows, place.call, place.order, told)


@final
class CancelCallVerb:
    """Decides `CancelCall`."""

    outcome = Final

    def lookups(self, command: CancelCall) -> Sequence[Lookup]:
        """Resolve the token."""
        return at_cashier.lookups(command.token_hash)

    def keys(self, command: CancelCall, found: Found) -> Sequence[Key]:
        """Name the call and its order."""
        return at_cashier.keys(found)

    def decide(self, command: CancelCall, rows: Rows, found: Found, moment: Moment) -> Final:
        """End this call; the order keeps waiting for another until its time is over."""
        place = at_cashier.arrive(rows, found, moment)
        if place.told is not None:
            return place.told
        told = final_outcome(CallbackCode.BUYER_CANCELLED)
        return parts.end_call(rows, place.call, place.order, told)


def check_same_payer(call: Call, payer: Payer) -> None:
    """Refuse anybody but the payer for whom the cashier was opened, or who signed in there."""
    if call.payer_id != payer.payer_id:
        sentence = "This cashier belongs to another payer; start the payment again."
        raise Refused(Result.ACCESS_DENIED, sentence)
