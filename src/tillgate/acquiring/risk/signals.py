"""Signals: what a merchant's riskInfo said of a payment, in the little that the rules need.

Kept as JSON with the order, so that a later confirm can be judged; so it holds no free text of the
merchant's and no personal value: a device is a hash, a place whole degrees, an instant whole
minutes. How riskInfo is read is `edge.evidence`'s matter. What must hold: every field has a
default, so rows of an older version are still read.
"""

from enum import StrEnum, unique
from typing import Self, final

import msgspec

FAULTS_KEPT_MAX = 20
"""How many malformed members are named; more say nothing new."""


@unique
class Terminal(StrEnum):
    """What kind of terminal the merchant says the buyer uses."""

    UNSAID = ""
    WEB = "WEB"
    WAP = "WAP"
    APP = "APP"

    @property
    def is_browser(self) -> bool:
        """Tell whether the page runs in a browser, which cannot see hardware numbers."""
        return self in (Terminal.WEB, Terminal.WAP)


@final
class Signals(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What riskInfo said; a field at its default was not said.

    Attributes:
        is_present: riskInfo said anything at all, well-formed or not.
        faults: paths of the members that were malformed: weaker evidence, never a refusal.
        device: a hash over the hardware's own numbers, 64 hexadecimal digits.
        terminal: the kind of terminal.
        is_jailbroken: the system's protection was removed.
        time_zone_min: the device's offset from UTC in minutes.
        latitude_deg: whole degrees north.
        longitude_deg: whole degrees east.
        booted_at_ms: when the device was started, to the minute; so are the next three.
        unlocked_at_ms: when the device was last unlocked.
        signed_up_at_ms: when the buyer signed up with the merchant.
        signed_in_at_ms: when the buyer last signed in with the merchant.
    """

    is_present: bool = False
    faults: tuple[str, ...] = ()
    device: str = ""
    terminal: Terminal = Terminal.UNSAID
    is_jailbroken: bool | None = None
    time_zone_min: int | None = None
    latitude_deg: int | None = None
    longitude_deg: int | None = None
    booted_at_ms: int | None = None
    unlocked_at_ms: int | None = None
    signed_up_at_ms: int | None = None
    signed_in_at_ms: int | None = None

    def text(self) -> str:
        """Return the JSON under which these signals are kept."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Read what `text` wrote."""
        return msgspec.json.decode(text, type=cls)
