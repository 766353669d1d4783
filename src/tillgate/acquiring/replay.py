"""Replay: which bytes a client sent under a reqMsgId, so that others under it are refused (U10).

The same bytes are decided again, and the business key gives the answer; a reqMsgId is no key of a
payment. What must hold: the mark is written in the commit of what it guards, or not at all.
"""

from typing import ClassVar

import msgspec

from tillgate.kernel.clock import MINUTE_MS
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import ClientId, ReqMsgId
from tillgate.kernel.record import Record
from tillgate.kernel.results import Result

MARK_LIFE_MS = 30 * MINUTE_MS
"""How long a reqMsgId is remembered."""
MARK_KEPT_MS = 4 * MARK_LIFE_MS
"""How long its row is kept at least: far longer, since processes' clocks differ."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What names a system request: who sent it, under which id, with which bytes.

    Attributes:
        digest: SHA-256 of the envelope's bytes, in hexadecimal.
    """

    client_id: ClientId
    req_msg_id: ReqMsgId
    digest: str


class RequestMark(Record, frozen=True, kw_only=True):
    """A mark that is kept."""

    key_fields: ClassVar[tuple[str, ...]] = ("client_id", "req_msg_id")

    client_id: ClientId
    req_msg_id: ReqMsgId
    digest: str
    at_ms: int

    def check(self, digest: str, now_ms: int) -> None:
        """Raise `Refused` when this id was used with other bytes not long ago."""
        if self.digest != digest and now_ms < self.at_ms + MARK_LIFE_MS:
            raise Refused(Result.REPEATED_REQ_MSG_ID, path="head.reqMsgId")
