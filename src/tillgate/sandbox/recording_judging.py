"""Whether a message that is written down is signed as it must be, and if not why, in words.

It judges as the doors do, by the same keys, and decides nothing: the door has answered already.
What must hold: the doctor is asked about one message at a time and never on the loop, so that
nobody can keep a sandbox busy with bad signatures.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, final

import msgspec
import structlog

from tillgate.edge.desk import Desk
from tillgate.edge.directory import KnownClient
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import ReqMsgId
from tillgate.protocol.envelope import Cut, Kind, cut
from tillgate.protocol.keys import PublicKey
from tillgate.protocol.profile import Digest, Profile
from tillgate.protocol.recording import Judged, SignatureVerdict
from tillgate.protocol.signature import verify
from tillgate.workers.notify_message import Message

if TYPE_CHECKING:
    from tillgate.doctor import Finding

KEYS_TRIED_MAX: Final = 3
NO_SUCH_CLIENT: Final = "There is no client of this id here, so there is no key to check it with."
NO_KEY: Final = "The client has no public key that counts now."


@final
class Judge:
    """Judges the signatures of clients."""

    def __init__(self, desk: Desk) -> None:
        """Judge by this desk's directory and clock."""
        self._desk = desk
        self._doctor = asyncio.Lock()
        self._log = structlog.get_logger("tillgate.sandbox")

    async def taken(self, raw: bytes, kind: Kind) -> tuple[Cut | Refused, KnownClient | None]:
        """Take a message apart, and find whose it says it is."""
        try:
            taken = cut(raw, kind)
        except Refused as refused:
            return refused, None
        return taken, await self._desk.directory.client(taken.claims.client_id)

    async def judged(self, raw: bytes, taken: Cut | Refused, known: KnownClient | None) -> Judged:
        """Return what is to be said of a signature by the client that is known."""
        if isinstance(taken, Refused):
            return Judged(verdict=SignatureVerdict.UNREAD, sentence=taken.message)
        if known is None:
            return Judged(verdict=SignatureVerdict.UNREAD, sentence=NO_SUCH_CLIENT)
        keys = known.keys_at(self._desk.clock.now_ms())
        if not keys:
            return Judged(verdict=SignatureVerdict.UNREAD, sentence=NO_KEY)
        try:
            verified = verify(taken, keys, known.profile)
        except Refused as refused:
            verdict = SignatureVerdict.BAD if taken.signature else SignatureVerdict.MISSING
            told = Judged(verdict=verdict, sentence=refused.message)
            return await self._explained(raw, keys, known.profile, told)
        return Judged(verdict=SignatureVerdict.GOOD, key=verified.key_fingerprint)

    async def _explained(
        self, raw: bytes, keys: Sequence[PublicKey], profile: Profile, told: Judged
    ) -> Judged:
        """Return why a signature does not fit, in the doctor's words; one patient at a time."""
        if self._doctor.locked():
            return told
        async with self._doctor:
            try:
                found = await asyncio.to_thread(_diagnosed, raw, keys, profile.digest)
            except Exception:  # noqa: BLE001  A doctor that is at a loss takes no line away.
                self._log.exception("not_explained")
                return told
        if not found:
            return told
        return msgspec.structs.replace(told, finding=found[0].code, sentence=found[0].sentence)


def _diagnosed(raw: bytes, keys: Sequence[PublicKey], digest: Digest) -> "Sequence[Finding]":
    """Return what is wrong, by the key that made the signature where one of these did."""
    # Its tables are large, and a sandbox in which every signature fits comes up without them.
    from tillgate.doctor import Code, diagnose  # noqa: PLC0415  As said.

    found: Sequence[Finding] = ()
    for key in keys[:KEYS_TRIED_MAX]:
        found = diagnose(raw, key, digest)
        if not found or found[0].code != Code.WRONG_KEY.name:
            break
    return found


def message_of(raw: bytes) -> Message:
    """Return a notification of ours, as its acknowledgement is held against it."""
    claims = cut(raw, Kind.REQUEST).claims
    return Message(
        function=claims.function, req_msg_id=ReqMsgId(claims.req_msg_id), sent_at_ms=0, raw=raw
    )
