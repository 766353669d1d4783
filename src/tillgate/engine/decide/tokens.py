"""A code or a refresh token is given for the pair of tokens that follows from it (U22).

Tokens are derived at the door; here are hashes and generations only. What must hold: a code yields
one generation however often it is given, the one after what was issued before its signing; a
refresh token always yields the same next one, and the old access token lives ten minutes more.
"""

from collections.abc import Sequence
from typing import final

import msgspec

from tillgate.acquiring.agreement import (
    OLD_TOKEN_LIFE_MS,
    Agreement,
    Grant,
    GrantKind,
    check_grant,
)
from tillgate.acquiring.merchant import Merchant, check_active
from tillgate.engine.commands import ApplyToken
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment, ResolutionStale
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused, Unavailable
from tillgate.kernel.record import Key
from tillgate.kernel.results import Result


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """A pair of tokens: of which agreement, which generation, and when each ends."""

    merchant_agreement_id: str
    generation: int
    access_ends_at_ms: int
    refresh_ends_at_ms: int


@final
class ApplyTokenVerb:
    """Decides `ApplyToken`."""

    outcome = Granted

    def lookups(self, command: ApplyToken) -> Sequence[Lookup]:
        """Resolve what was given to its agreement."""
        fields = (("merchant_id", command.merchant_id), ("token_hash", command.given_hash))
        return [Lookup(Grant, fields)]

    def keys(self, command: ApplyToken, found: Found) -> Sequence[Key]:
        """Name the agreement, its merchant and the rows of all tokens concerned."""
        hashes = {command.given_hash, command.access_hash, command.refresh_hash}
        if command.old_access_hash:
            hashes.add(command.old_access_hash)
        named = [Key(Grant, (command.merchant_id, each)) for each in sorted(hashes)]
        named.append(Key(Merchant, (command.merchant_id,)))
        given = found[0]
        if isinstance(given, Grant):
            named.append(Key(Agreement, (given.merchant_id, given.merchant_agreement_id)))
        return named

    def decide(self, command: ApplyToken, rows: Rows, found: Found, moment: Moment) -> Granted:
        """Issue the pair, or return the one that was issued."""
        is_code = command.kind is GrantKind.CODE
        path = "body.authCode" if is_code else "body.refreshToken"
        if is_code:  # A refresh token is a right, and rights are judged before the merchant.
            _merchant(rows, command)
        given = rows.get(Grant, command.merchant_id, command.given_hash)
        given = check_grant(given, command.kind, command.client_id, path=path)
        if found[0] is None:
            raise ResolutionStale
        if moment.now_ms >= given.expires_at_ms:
            over = Result.AUTH_CODE_EXPIRED if is_code else Result.EXPIRED_ACCESS_TOKEN
            raise Refused(over, path=path)
        merchant = _merchant(rows, command)
        agreement = rows.must(Agreement, given.merchant_id, given.merchant_agreement_id)
        if not agreement.is_active:
            raise Refused(Result.AGREEMENT_STATUS_INVALID, path=path)
        access = rows.get(Grant, command.merchant_id, command.access_hash)
        if access is not None and access.issued_at_ms < given.issued_at_ms:
            sentence = "The payer agreed again just now; send the same request once more."
            raise Unavailable(sentence)
        if access is None:
            access = _issued(rows, given, command, merchant=merchant, moment=moment)
        refresh = rows.must(Grant, command.merchant_id, command.refresh_hash)
        return Granted(
            merchant_agreement_id=given.merchant_agreement_id,
            generation=access.generation,
            access_ends_at_ms=access.expires_at_ms,
            refresh_ends_at_ms=refresh.expires_at_ms,
        )


def _merchant(rows: Rows, command: ApplyToken) -> Merchant:
    return check_active(rows.get(Merchant, command.merchant_id), path="body.authMerchantId")


def _issued(
    rows: Rows, given: Grant, command: ApplyToken, *, merchant: Merchant, moment: Moment
) -> Grant:
    hashed = command.old_access_hash
    old = rows.get(Grant, given.merchant_id, hashed) if hashed else None
    # Generations follow each other in time, also when a process whose clock is behind issues one.
    now_ms = max(moment.now_ms, given.issued_at_ms, old.issued_at_ms if old else 0)
    access = Grant(
        merchant_id=given.merchant_id,
        token_hash=command.access_hash,
        kind=GrantKind.ACCESS,
        merchant_agreement_id=given.merchant_agreement_id,
        client_id=given.client_id,
        generation=old.generation + 1 if old else 1,
        issued_at_ms=now_ms,
        expires_at_ms=now_ms + merchant.access_life_ms,
    )
    refresh = msgspec.structs.replace(
        access,
        token_hash=command.refresh_hash,
        kind=GrantKind.REFRESH,
        expires_at_ms=now_ms + merchant.refresh_life_ms,
    )
    rows.insert(access)
    rows.insert(refresh)
    if old is not None:
        ends_ms = min(old.expires_at_ms, now_ms + OLD_TOKEN_LIFE_MS)
        rows.update(old.replaced(expires_at_ms=ends_ms))
    return access
