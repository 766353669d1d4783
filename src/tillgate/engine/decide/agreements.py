"""Agreements: prepared by a merchant, signed by a payer, ended by either.

What must hold: an agreement is signed once, by one payer, before its page's time is over; a repeat
of each step gets the first answer; who cancels tells nobody but the merchant, by a notification in
the same commit (U8).
"""

from collections.abc import Sequence
from typing import final

import msgspec

from tillgate.acquiring.agreement import CODE_LIFE_MS, Agreement, Grant, GrantKind
from tillgate.acquiring.allowance import Allowance, agreement_owner, allowance_key
from tillgate.acquiring.merchant import Merchant, check_active
from tillgate.acquiring.payer import Payer, check_open, check_proven
from tillgate.acquiring.states import AgreementEvent, AgreementState
from tillgate.engine.commands import (
    CancelAgreement,
    LimitAgreement,
    PrepareAgreement,
    SignAgreement,
)
from tillgate.engine.decide import parts
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.record import Key
from tillgate.kernel.results import Result

HOME_CURRENCY = "HKD"
"""Of agreements with a merchant that names no currency."""


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """The agreement as it is now, and the payer's limits on it in minor units.

    Attributes:
        needs_pin: nothing was changed: a limit would rise, and no PIN was checked.
    """

    agreement: Agreement
    single_max: int | None = None
    daily_max: int | None = None
    needs_pin: bool = False


@final
class PrepareAgreementVerb:
    """Decides `PrepareAgreement`."""

    outcome = Agreed

    def lookups(self, command: PrepareAgreement) -> Sequence[Lookup]:
        """Need nothing resolved."""
        return ()

    def keys(self, command: PrepareAgreement, found: Found) -> Sequence[Key]:
        """Name the agreement and its merchant."""
        terms = command.terms
        return [
            Key(Agreement, (terms.merchant_id, terms.merchant_agreement_id)),
            Key(Merchant, (terms.merchant_id,)),
        ]

    def decide(self, command: PrepareAgreement, rows: Rows, found: Found, moment: Moment) -> Agreed:
        """Make a page to sign at, or return the one that there is with its time begun anew."""
        terms, now_ms = command.terms, moment.now_ms
        merchant = check_active(rows.get(Merchant, terms.merchant_id), path="body.authMerchantId")
        ends_ms = now_ms + moment.settings.signing_life_ms
        before = rows.get(Agreement, terms.merchant_id, terms.merchant_agreement_id)
        if before is None:
            agreement = _prepared(command, merchant, now_ms=now_ms, ends_ms=ends_ms)
            rows.insert(agreement)
            return Agreed(agreement=agreement)
        before.check_same(terms)
        if before.state is AgreementState.CANCELED:
            raise Refused(
                Result.AGREEMENT_STATUS_INVALID,
                path="body.agreementPayAuthInfo.merchantAgreementId",
            )
        renewed = before.replaced(expires_at_ms=ends_ms)
        rows.update(renewed)
        return Agreed(agreement=renewed)


@final
class SignAgreementVerb:
    """Decides `SignAgreement`."""

    outcome = Agreed

    def lookups(self, command: SignAgreement) -> Sequence[Lookup]:
        """Resolve the page's token."""
        return [Lookup(Agreement, (("token_hash", command.token_hash),))]

    def keys(self, command: SignAgreement, found: Found) -> Sequence[Key]:
        """Name the agreement, its limits, its merchant, the payer and the code's row."""
        seen = found[0]
        if not isinstance(seen, Agreement):
            return []
        owner = agreement_owner(*seen.key.parts)
        return [
            seen.key,
            allowance_key(owner, seen.currency),
            Key(Merchant, (seen.merchant_id,)),
            Key(Payer, (command.payer_id,)),
            Key(Grant, (seen.merchant_id, command.code_hash)),
        ]

    def decide(self, command: SignAgreement, rows: Rows, found: Found, moment: Moment) -> Agreed:
        """Put the payer's permission on record, with its limits and its code."""
        seen = found[0]
        if not isinstance(seen, Agreement):
            raise Refused(Result.TARGET_NOT_FOUND, "This page does not exist or is over.")
        agreement = rows.must(Agreement, *seen.key.parts)
        payer = rows.get(Payer, command.payer_id)
        if payer is None:
            raise Refused(Result.USER_NOT_EXIST)
        check_open(payer)
        is_theirs = agreement.is_active and agreement.payer_id == command.payer_id
        if is_theirs and moment.now_ms < (agreement.code_ends_at_ms or 0):
            return agreed(rows, agreement)
        check_active(rows.get(Merchant, agreement.merchant_id), path="")
        if not is_theirs and agreement.state is not AgreementState.SIGNING:
            raise Refused(Result.AGREEMENT_STATUS_INVALID)
        if moment.now_ms >= agreement.expires_at_ms:
            sentence = "The time to sign is over; start again at the merchant's."
            raise Refused(Result.AGREEMENT_STATUS_INVALID, sentence)
        check_proven(payer, command.session_no)
        if payer.pin_tries_used:  # The last try may have been the right one.
            rows.update(payer.try_right())
        if is_theirs:
            return _signed_again(rows, agreement, command, moment)
        return _signed(rows, agreement, command, moment)


@final
class CancelAgreementVerb:
    """Decides `CancelAgreement`."""

    outcome = Agreed

    def lookups(self, command: CancelAgreement) -> Sequence[Lookup]:
        """Need nothing resolved."""
        return ()

    def keys(self, command: CancelAgreement, found: Found) -> Sequence[Key]:
        """Name the agreement, its merchant and the notification of its end."""
        return ending_keys(command.merchant_id, command.merchant_agreement_id)

    def decide(self, command: CancelAgreement, rows: Rows, found: Found, moment: Moment) -> Agreed:
        """End the agreement; one that has ended stays as it is."""
        agreement = rows.get(Agreement, command.merchant_id, command.merchant_agreement_id)
        is_mine = agreement is not None and command.payer_id in {None, agreement.payer_id}
        if agreement is None or not is_mine:
            path = "body.merchantAgreementId" if command.payer_id is None else ""
            raise Refused(Result.TARGET_NOT_FOUND, path=path)
        if agreement.state is AgreementState.CANCELED:
            return Agreed(agreement=agreement)
        by = "merchant" if command.payer_id is None else "payer"
        return Agreed(agreement=ended(rows, agreement, by=by, now_ms=moment.now_ms))


@final
class LimitAgreementVerb:
    """Decides `LimitAgreement`."""

    outcome = Agreed

    def lookups(self, command: LimitAgreement) -> Sequence[Lookup]:
        """Read the currency, which never changes."""
        fields = (
            ("merchant_id", command.merchant_id),
            ("merchant_agreement_id", command.merchant_agreement_id),
        )
        return [Lookup(Agreement, fields)]

    def keys(self, command: LimitAgreement, found: Found) -> Sequence[Key]:
        """Name the agreement and its limits."""
        seen = found[0]
        if not isinstance(seen, Agreement):
            return []
        return [seen.key, allowance_key(agreement_owner(*seen.key.parts), seen.currency)]

    def decide(self, command: LimitAgreement, rows: Rows, found: Found, moment: Moment) -> Agreed:
        """Set both limits of the payer's own agreement; without a PIN none of them rises.

        What stands may have been lowered since the caller looked, so that is judged here.
        """
        seen = found[0]
        agreement = rows.must(Agreement, *seen.key.parts) if isinstance(seen, Agreement) else None
        if agreement is None or agreement.payer_id != command.payer_id:
            raise Refused(Result.TARGET_NOT_FOUND)
        if not agreement.is_active:
            raise Refused(Result.AGREEMENT_STATUS_INVALID)
        row = rows.must(Allowance, agreement_owner(*agreement.key.parts), agreement.currency)
        limits = {"single_max": command.single_max, "daily_max": command.daily_max}
        if not command.pin_checked and row.is_loosened(**limits):
            return msgspec.structs.replace(agreed(rows, agreement), needs_pin=True)
        rows.update(row.replaced(**limits))
        return agreed(rows, agreement)


def ending_keys(merchant_id: str, merchant_agreement_id: str) -> list[Key]:
    """Name the agreement, its merchant and the notification of its end."""
    key = (merchant_id, merchant_agreement_id)
    return [
        Key(Agreement, key),
        Key(Merchant, (merchant_id,)),
        parts.cancelled_agreement_key(*key),
    ]


def ended(rows: Rows, agreement: Agreement, *, by: str, now_ms: int) -> Agreement:
    """End an agreement; its merchant is told when it stood."""
    was_active = agreement.is_active
    now_ms = max(now_ms, agreement.created_at_ms, agreement.signed_at_ms or 0)
    agreement = agreement.stepped(AgreementEvent.CANCELLED, cancelled_at_ms=now_ms, cancelled_by=by)
    rows.update(agreement)
    if was_active:
        parts.notify_cancelled(rows, agreement, now_ms=now_ms)
    return agreement


def agreed(rows: Rows, agreement: Agreement) -> Agreed:
    """Return an agreement with its limits."""
    limits = rows.get(Allowance, agreement_owner(*agreement.key.parts), agreement.currency)
    return Agreed(
        agreement=agreement,
        single_max=limits.single_max if limits else None,
        daily_max=limits.daily_max if limits else None,
    )


def _prepared(
    command: PrepareAgreement, merchant: Merchant, *, now_ms: int, ends_ms: int
) -> Agreement:
    said = {name: getattr(command.terms, name) for name in command.terms.__struct_fields__}
    return Agreement(
        token_hash=command.token_hash,
        currency=merchant.currencies[0] if merchant.currencies else HOME_CURRENCY,
        state=AgreementState.SIGNING,
        created_at_ms=now_ms,
        expires_at_ms=ends_ms,
        **said,
    )


def _signed_again(
    rows: Rows, agreement: Agreement, command: SignAgreement, moment: Moment
) -> Agreed:
    """Give the code ten minutes more, and take the payer's limits: its merchant had missed it.

    What the code yielded before may be over by now, so from here on it yields the next generation.
    """
    code = rows.must(Grant, agreement.merchant_id, command.code_hash)
    now_ms = max(moment.now_ms, code.issued_at_ms)
    ends_ms = now_ms + CODE_LIFE_MS
    rows.update(code.replaced(issued_at_ms=now_ms, expires_at_ms=ends_ms))
    agreement = agreement.replaced(code_ends_at_ms=ends_ms)
    rows.update(agreement)
    limits = rows.must(Allowance, agreement_owner(*agreement.key.parts), agreement.currency)
    rows.update(limits.replaced(single_max=command.single_max, daily_max=command.daily_max))
    return agreed(rows, agreement)


def _signed(rows: Rows, agreement: Agreement, command: SignAgreement, moment: Moment) -> Agreed:
    moment = moment.following(agreement.created_at_ms)
    ends_ms = moment.now_ms + CODE_LIFE_MS
    agreement = agreement.stepped(
        AgreementEvent.SIGNED,
        payer_id=command.payer_id,
        signed_at_ms=moment.now_ms,
        code_ends_at_ms=ends_ms,
    )
    rows.update(agreement)
    limits = Allowance(
        owner=agreement_owner(*agreement.key.parts),
        currency=agreement.currency,
        single_max=command.single_max,
        daily_max=command.daily_max,
    )
    rows.insert(limits)
    code = Grant(
        merchant_id=agreement.merchant_id,
        token_hash=command.code_hash,
        kind=GrantKind.CODE,
        merchant_agreement_id=agreement.merchant_agreement_id,
        client_id=agreement.client_id,
        generation=0,
        issued_at_ms=moment.now_ms,
        expires_at_ms=ends_ms,
    )
    rows.insert(code)
    return agreed(rows, agreement)
