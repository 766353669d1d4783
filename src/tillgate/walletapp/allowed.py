"""Where a payer allowed automatic payments: the list, the limits, the end.

What must hold: a payer sees and changes only agreements of their own; what was spent today is the
day of the gateway's clock in Hong Kong; an end or a lower limit needs no PIN, since it can only
protect, and spends no try; a limit that rises or goes away needs the PIN.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.allowance import Allowance, agreement_owner
from tillgate.acquiring.payer import Payer
from tillgate.edge.answers import Answer, wrong_pin
from tillgate.edge.desk import Desk
from tillgate.edge.sessions import accept_pin, prove_pin
from tillgate.edge.shown import money_json
from tillgate.edge.story import StepKind
from tillgate.engine.commands import CancelAgreement, LimitAgreement
from tillgate.engine.decide.agreements import Agreed
from tillgate.engine.queries import agreements_of_payer, allowances_of
from tillgate.kernel.clock import rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import MerchantAgreementId, MerchantId, PayerId
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result
from tillgate.protocol import tradepay
from tillgate.walletapp.bodies import Limits, Named, SetLimits, read_limits

PIN_NEEDED = Answer(
    200,
    {
        "resultCode": None,
        "memo": "PIN_NEEDED: A limit would rise or go away; send it again with the PIN.",
        "needsPin": True,
    },
)
"""Nothing was changed, and no try was spent."""


async def agreements(desk: Desk, payer_id: PayerId) -> Answer:
    """Return the payer's agreements, those that stand first, the newest of each first."""
    found = await agreements_of_payer(desk.reader, payer_id)
    ordered = sorted(found, key=lambda each: not each.is_active)
    return Answer(200, {"agreements": await _shown(desk, ordered)})


async def cancel(desk: Desk, payer_id: PayerId, raw: bytes) -> Answer:
    """End one of the payer's agreements; one that has ended stays as it is."""
    said = tradepay.read_door(Named, raw)
    command = CancelAgreement(
        operation_id=desk.operation(),
        merchant_id=MerchantId(said.merchant_id),
        merchant_agreement_id=MerchantAgreementId(said.merchant_agreement_id),
        payer_id=payer_id,
    )
    agreed: Agreed = await desk.engine.execute(command)
    desk.story.tell(
        StepKind.AGREEMENT,
        "The payer ended automatic payments",
        "Nothing is debited any more; the merchant is told.",
        detail={
            "merchantAgreementId": agreed.agreement.merchant_agreement_id,
            "state": agreed.agreement.state,
        },
    )
    return await _one(desk, agreed.agreement)


async def limit(desk: Desk, payer_id: PayerId, raw: bytes) -> Answer:
    """Set both limits of one of the payer's agreements; what was begun goes on by itself."""
    said = tradepay.read_door(SetLimits, raw)
    agreement = await _mine(desk, payer_id, said)
    limits = read_limits(said, agreement.currency)
    going_on = asyncio.ensure_future(_limit(desk, payer_id, said, limits))
    return await asyncio.shield(going_on)


async def _limit(desk: Desk, payer_id: PayerId, said: SetLimits, limits: Limits) -> Answer:
    async with desk.turns.of(payer_id):
        agreement = await _mine(desk, payer_id, said)
        if not agreement.is_active:
            raise Refused(Result.AGREEMENT_STATUS_INVALID)
        agreed = await _limited(desk, agreement, payer_id, limits, pin_checked=False)
        if agreed.needs_pin:
            unproven = await _unproven(desk, payer_id, said.pin)
            if unproven is not None:
                return unproven
            agreed = await _limited(desk, agreement, payer_id, limits, pin_checked=True)
    return await _one(desk, agreed.agreement)


async def _mine(desk: Desk, payer_id: PayerId, said: SetLimits) -> Agreement:
    """Return the agreement as it stands now; nobody learns of another payer's."""
    key = (MerchantId(said.merchant_id), MerchantAgreementId(said.merchant_agreement_id))
    agreement = await desk.reader.get(Agreement, *key)
    if agreement is None or agreement.payer_id != payer_id:
        raise Refused(Result.TARGET_NOT_FOUND)
    return agreement


async def _unproven(desk: Desk, payer_id: PayerId, pin: str | None) -> Answer | None:
    """Return what to answer unless the PIN is right, which gives all tries back."""
    if pin is None:
        return PIN_NEEDED
    checked = await prove_pin(desk, payer_id, pin)
    if not isinstance(checked, Payer):
        return wrong_pin(checked)
    await accept_pin(desk, checked)
    return None


async def _limited(
    desk: Desk, agreement: Agreement, payer_id: PayerId, limits: Limits, *, pin_checked: bool
) -> Agreed:
    command = LimitAgreement(
        operation_id=desk.operation(),
        merchant_id=agreement.merchant_id,
        merchant_agreement_id=agreement.merchant_agreement_id,
        payer_id=payer_id,
        single_max=limits.single_max,
        daily_max=limits.daily_max,
        pin_checked=pin_checked,
    )
    agreed: Agreed = await desk.engine.execute(command)
    return agreed


async def _one(desk: Desk, agreement: Agreement) -> Answer:
    return Answer(200, {"agreement": (await _shown(desk, [agreement]))[0]})


async def _shown(desk: Desk, found: Sequence[Agreement]) -> list[dict[str, Any]]:
    owners = [agreement_owner(*each.key.parts) for each in found]
    rows = {row.owner: row for row in await allowances_of(desk.reader, owners)}
    names: dict[str, str] = {
        merchant_id: merchant.name if merchant else merchant_id
        for merchant_id in {each.merchant_id for each in found}
        for merchant in (await desk.directory.merchant(merchant_id),)
    }
    return [
        _agreement(desk, each, names, rows.get(owner))
        for each, owner in zip(found, owners, strict=True)
    ]


def _agreement(
    desk: Desk, agreement: Agreement, names: Mapping[str, str], limits: Allowance | None
) -> dict[str, Any]:
    code = agreement.currency
    today = limits.on(desk.clock.now_ms()) if limits else None
    return {
        "merchantId": agreement.merchant_id,
        "payee": names[agreement.merchant_id],
        "merchantAgreementId": agreement.merchant_agreement_id,
        "signedAt": _when(agreement.signed_at_ms),
        "cancelledAt": _when(agreement.cancelled_at_ms),
        "cancelledBy": agreement.cancelled_by or None,
        "state": agreement.state,
        "currency": code,
        "singleMax": _money(today.single_max if today else None, code),
        "dailyMax": _money(today.daily_max if today else None, code),
        "spentToday": _money(today.spent if today else 0, code),
    }


def _money(minor: int | None, code: str) -> dict[str, Any] | None:
    return None if minor is None else money_json(Money.of(minor, code))


def _when(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)
