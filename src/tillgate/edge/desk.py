"""The desk: everything that doors and workers share, chosen once by `bootstrap`.

It holds no rule of its own. What must hold: it is frozen, and every part of it is behind a port.
"""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import final

import msgspec

from tillgate.edge.day_totals import DayTotals
from tillgate.edge.directory import Directory
from tillgate.edge.meters import UNCOUNTED, Meters
from tillgate.edge.owings import Owings
from tillgate.edge.rates import Rate
from tillgate.edge.secrets import Secret
from tillgate.edge.story import Story
from tillgate.edge.traces import UNTRACED, Traces
from tillgate.edge.turns import Turns
from tillgate.engine.batcher import Engine
from tillgate.engine.issuer import Issuer, Pins
from tillgate.engine.ports import Reader
from tillgate.kernel.clock import MINUTE_MS, Clock
from tillgate.kernel.ids import IdFactory, OperationId
from tillgate.protocol.keys import PrivateKey, PublicKey

Network = IPv4Network | IPv6Network
TOMBSTONES_PER_S_MAX = 10
"""Cancels a second of orders that were never created, for each client (U19)."""
WRONG_PINS_PER_MIN_MAX = 20
"""Tries to sign in that failed, a minute from one address, whomever they were for."""
BAD_ORDERS_PER_S_MAX = 10
"""Order strings with a bad signature that pages send, a second from one address."""


@final
class DoorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What doors must know of where they stand.

    Attributes:
        is_sandbox: whether sandbox doors are mounted and returnUrl may be plain http anywhere.
        wallet_origin: the origin of the wallet and the cashier, as a browser writes it.
        shop_origin: the origin of the demo shop, another site; "" when there is none.
        hosts: the Host headers that are answered; others get 421.
        session_life_s: how long a payer stays signed in.
        req_time_behind_ms_max: how old a server's request may be (U10).
        req_time_ahead_ms_max: how far ahead of us its reqTime may be.
        issuer_wait_s_max: how long a confirm waits for an outside issuer.
        proxies: whose word on a caller's address is believed.
        requests_per_s_max: from one address, at all doors for people together.
    """

    is_sandbox: bool
    wallet_origin: str
    shop_origin: str
    hosts: frozenset[str]
    session_life_s: int = 1_800
    issuer_wait_s_max: int = 8
    req_time_behind_ms_max: int = 15 * MINUTE_MS
    req_time_ahead_ms_max: int = 5 * MINUTE_MS
    proxies: tuple[Network, ...] = ()
    requests_per_s_max: int = 100


@final
class KeyRing(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway's private key, and every public key its merchants may still hold."""

    private: PrivateKey
    public: tuple[PublicKey, ...]


@final
class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What every door and worker is handed."""

    engine: Engine
    reader: Reader
    clock: Clock
    ids: IdFactory
    issuers: Mapping[str, Issuer]
    pins: Pins
    key_ring: KeyRing
    secret: Secret
    story: Story
    directory: Directory
    settings: DoorSettings
    totals: DayTotals | None = None
    tombstones: Rate = msgspec.field(default_factory=lambda: Rate(TOMBSTONES_PER_S_MAX))
    wrong_pins: Rate = msgspec.field(
        default_factory=lambda: Rate(WRONG_PINS_PER_MIN_MAX, window_ms=MINUTE_MS)
    )
    bad_orders: Rate = msgspec.field(default_factory=lambda: Rate(BAD_ORDERS_PER_S_MAX))
    turns: Turns = msgspec.field(default_factory=Turns)
    owings: Owings = msgspec.field(default_factory=Owings)
    meters: Meters = UNCOUNTED
    traces: Traces = UNTRACED

    def operation(self) -> OperationId:
        """Return a new operation id."""
        return OperationId(self.ids.token())
