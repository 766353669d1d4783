"""Clients: the calling systems behind a clientId, what they may do and the keys they sign with.

A client acts only for the merchants and functions it is bound to (U16). Its keys have a time of
validity, judged by the gateway's now, so that old and new keys overlap while they are exchanged.
"""

from typing import ClassVar

from tillgate.kernel.ids import ClientId
from tillgate.kernel.record import Record


class Client(Record, frozen=True, kw_only=True):
    """A calling system.

    Attributes:
        client_id: assigned by us, at most 32 characters.
        name: for people.
        profile: which digest and signature text it uses: `TILLGATE` or `ALIPAY_HK` (C1).
        merchant_ids: the merchants it may act for.
        functions: the functions it may use; empty means all.
        active: whether its messages are answered at all.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("client_id",)

    client_id: ClientId
    name: str
    profile: str
    merchant_ids: tuple[str, ...]
    functions: tuple[str, ...] = ()
    active: bool = True


class ClientKey(Record, frozen=True, kw_only=True):
    """A public key of a client.

    Attributes:
        fingerprint: SHA-256 of the SubjectPublicKeyInfo, in hexadecimal.
        public_pem: the key itself, as PEM.
        valid_from_ms: first instant at which it counts.
        valid_until_ms: the instant from which it no longer counts, or None.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("client_id", "fingerprint")

    client_id: ClientId
    fingerprint: str
    public_pem: str
    valid_from_ms: int
    valid_until_ms: int | None = None

    def is_valid(self, now_ms: int) -> bool:
        """Tell whether a signature by this key counts at `now_ms`."""
        return self.valid_from_ms <= now_ms and not self.is_over(now_ms)

    def is_over(self, now_ms: int) -> bool:
        """Tell whether the key's end has come; it never counts again."""
        return self.valid_until_ms is not None and now_ms >= self.valid_until_ms
