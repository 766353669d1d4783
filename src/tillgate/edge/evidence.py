"""Evidence of risk, as doors gather it: signals from a merchant's riskInfo, history from our rows.

It decides nothing: `acquiring.risk` judges what is gathered here. What must hold: nothing that a
merchant sends raises or is kept as text; every read is unlocked and bounded, and a payment whose
merchant sends no device costs a single one.
"""

import asyncio
import hmac
import re
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, TypeVar

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.risk.evidence import COUNTED_MAX, Day, Evidence, Usual
from tillgate.acquiring.risk.records import DeviceSeen
from tillgate.acquiring.risk.signals import FAULTS_KEPT_MAX, Signals, Terminal
from tillgate.edge.day_totals import DayTotals
from tillgate.engine.ports import Reader, Select
from tillgate.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS, parse_rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import MerchantId
from tillgate.kernel.money import Money
from tillgate.protocol.messages.risk import (
    ORDER_INFOS_MAX,
    DeviceInfo,
    RiskInfo,
    UserInfo,
    read_risk,
)
from tillgate.protocol.validation import faults, read_plain

NAME: Final = "riskInfo"
T = TypeVar("T")

_OFFSET = re.compile(
    r"(?:UTC|GMT)?\s*(?:(?P<sign>[+-])(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?)?"
)
_ZONE_NAME = re.compile(r"[A-Za-z_]{2,32}(?:/[A-Za-z0-9_+-]{1,32}){0,2}")
_PLACE = re.compile(
    r"([+-]?[0-9]{1,3}(?:\.[0-9]{1,32})?)\s*,\s*([+-]?[0-9]{1,3}(?:\.[0-9]{1,32})?)"
)
_OFFSET_MIN_LEAST, _OFFSET_MIN_MOST = -12 * 60, 14 * 60
_SAID_NOTHING = frozenset({"unknown", "null", "none", "undefined", "unavailable", "notavailable"})
_IDENTITY_CHARACTERS_MIN = 6


def signals_of(risk_info: object, *, device_key: bytes = b"") -> Signals:
    """Return what riskInfo said; whatever it is, nothing raises.

    Args:
        risk_info: the member as it came, any JSON value.
        device_key: a secret of the house, so that nobody finds a hardware number by hashing all.
    """
    if risk_info is None or risk_info in ("", {}):
        return Signals()
    if not isinstance(risk_info, dict):
        return Signals(is_present=True, faults=(NAME,))
    said, bad = _read(_trimmed(risk_info))
    return _signals(said.device_info or DeviceInfo(), said.user_info or UserInfo(), bad, device_key)


def _read(tree: dict[str, Any]) -> tuple[RiskInfo, list[str]]:
    """Return what fits, and the paths of what does not; well-formed, it is read in one go."""
    try:
        return read_plain(RiskInfo, tree), []
    except Refused:
        return read_risk(tree), [f"{NAME}.{fault.path}" for fault in faults(RiskInfo, tree)]


def _trimmed(risk_info: dict[str, Any]) -> dict[str, Any]:
    """Return riskInfo without the things bought that nobody reads."""
    bought = risk_info.get("orderInfos")
    if not isinstance(bought, list):
        return risk_info
    return risk_info | {"orderInfos": bought[:ORDER_INFOS_MAX]}


def _signals(device: DeviceInfo, user: UserInfo, bad: list[str], device_key: bytes) -> Signals:
    def read(path: str, text: str | None, reading: Callable[[str], T | None]) -> T | None:
        try:
            return None if text is None else reading(text.strip())
        except ValueError:
            bad.append(f"{NAME}.{path}")
            return None

    place = read("deviceInfo.latitudeLongitude", device.latitude_longitude, _place)
    jailbroken = read("deviceInfo.isJailbreaked", device.is_jailbreaked, _truth)
    zone_min = read("deviceInfo.timeZone", device.time_zone, _time_zone_min)
    return Signals(
        is_present=True,
        faults=tuple(dict.fromkeys(bad))[:FAULTS_KEPT_MAX],
        device=_device(device, device_key),
        terminal=_terminal(device.terminal_type or ""),
        is_jailbroken=jailbroken,
        time_zone_min=zone_min,
        latitude_deg=place[0] if place else None,
        longitude_deg=place[1] if place else None,
        booted_at_ms=_minute(device.device_boot_time),
        unlocked_at_ms=_minute(device.last_unlock_time),
        signed_up_at_ms=_minute(user.signup_time),
        signed_in_at_ms=_minute(user.last_login_time),
    )


def _device(device: DeviceInfo, key: bytes) -> str:
    """Return the hash of the steadiest numbers the hardware has, or ""."""
    for numbers in ((device.imei, device.serial_no), (device.mac_address,), (device.idfa,)):
        known = [_plain(number) for number in numbers]
        if any(known):
            text = "\n".join(known).encode("utf-8", "surrogatepass")
            return hmac.digest(key, text, "sha256").hex()
    return ""


def _plain(number: str | None) -> str:
    """Return a number without its punctuation; "" for one that many devices send alike."""
    plain = "".join(character for character in number or "" if character.isalnum()).lower()
    # All zeros, and 02:00:00:00:00:00, are what a system says that does not tell.
    is_filler = len(set(plain)) <= 2 or len(plain) < _IDENTITY_CHARACTERS_MIN  # noqa: PLR2004  As said.
    return "" if is_filler or plain in _SAID_NOTHING else plain


def _terminal(text: str) -> Terminal:
    wanted = text.strip().upper()
    return next((kind for kind in Terminal if kind.value == wanted), Terminal.UNSAID)


def _truth(text: str) -> bool:
    match text.lower():
        case "true" | "yes" | "1":
            return True
        case "false" | "no" | "0":
            return False
        case _:
            raise ValueError("neither true nor false")


def _time_zone_min(text: str) -> int | None:
    """Return the offset; None for a zone's name, which is no fault but says no offset."""
    found = _OFFSET.fullmatch(text)
    if found is None:
        if _ZONE_NAME.fullmatch(text):
            return None
        raise ValueError("no offset from UTC")
    minutes = int(found["hours"] or 0) * 60 + int(found["minutes"] or 0)
    offset_min = -minutes if found["sign"] == "-" else minutes
    if not _OFFSET_MIN_LEAST <= offset_min <= _OFFSET_MIN_MOST:
        raise ValueError("no place has this offset")
    return offset_min


def _place(text: str) -> tuple[int, int] | None:
    """Return whole degrees; None for 0,0, which is what a device says that found no place."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise ValueError("no latitude and longitude")
    north, east = (Decimal(number) for number in found.groups())
    if abs(north) > 90 or abs(east) > 180:  # noqa: PLR2004  The globe's own numbers.
        raise ValueError("not on this globe")
    if not north and not east:
        return None
    return _whole(north), _whole(east)


def _whole(degrees: Decimal) -> int:
    return int(degrees.to_integral_value(rounding=ROUND_HALF_EVEN))


def _minute(text: str | None) -> int | None:
    """Return an instant to the minute; its format was checked when riskInfo was read."""
    return None if text is None else parse_rfc3339(text) // MINUTE_MS * MINUTE_MS


async def gather(
    reader: Reader,
    *,
    payer: Payer,
    merchant_id: MerchantId,
    amount: Money,
    signals: Signals,
    now_ms: int,
    is_agreement: bool,
    totals: DayTotals | None = None,
) -> Evidence:
    """Read the history that the rules look at; `totals` when there are approximate limits."""
    paid, (since_ms, older, others) = await asyncio.gather(
        _paid_by(reader, payer, now_ms), _device_history(reader, payer, signals.device)
    )
    ages_ms = [now_ms - paid_at_ms for paid_at_ms, _ in paid]
    today = [spent for paid_at_ms, spent in paid if now_ms - paid_at_ms < DAY_MS]
    same = [spent for spent in today if spent.currency == amount.currency]
    merchant_day = device_day = None
    if totals is not None:
        merchant_day = await totals.of_merchant(merchant_id, amount.currency, now_ms)
        device_day = await totals.of_device(signals.device, amount.currency, now_ms)
    return Evidence(
        signals=signals,
        at_ms=now_ms,
        is_agreement=is_agreement,
        payer_since_ms=payer.created_at_ms,
        hour_count=sum(age_ms < HOUR_MS for age_ms in ages_ms),
        day=Day(count=len(today), spent=sum(same, Money(0, amount.currency))),
        usual=_usual([spent for _, spent in paid if spent.currency == amount.currency]),
        device_since_ms=since_ms,
        older_devices=older,
        other_payers=others,
        merchant_day=merchant_day,
        device_day=device_day,
    )


async def _paid_by(reader: Reader, payer: Payer, now_ms: int) -> Sequence[tuple[int, Money]]:
    """Return when the newest payments were made and what they were of.

    Another process's clock may be a little ahead of this one.
    """
    query = Select(
        record=Acquirement,
        equals=(("payer_id", payer.payer_id),),
        at_most=(("paid_at_ms", now_ms + MINUTE_MS),),
        order_by=("-paid_at_ms",),
        limit=COUNTED_MAX,
    )
    found: Sequence[Any] = await reader.pick(query, "paid_at_ms", "amount")
    return found


async def _device_history(reader: Reader, payer: Payer, device: str) -> tuple[int | None, int, int]:
    """Return since when the payer has the device, how many older ones, and who else has it."""
    if not device:
        return None, 0, 0
    this, owned, users = await asyncio.gather(
        reader.get(DeviceSeen, payer.payer_id, device),
        _seen(reader, "payer_id", payer.payer_id),
        _seen(reader, "device", device),
    )
    older = [
        row
        for row in owned
        if row.device != device and (this is None or row.first_seen_at_ms < this.first_seen_at_ms)
    ]
    others = [row for row in users if row.payer_id != payer.payer_id]
    return this.first_seen_at_ms if this else None, len(older), len(others)


async def _seen(reader: Reader, field: str, value: str) -> Sequence[DeviceSeen]:
    found: Sequence[DeviceSeen] = await reader.select(
        Select(record=DeviceSeen, equals=((field, value),), limit=COUNTED_MAX)
    )
    return found


def _usual(amounts: Sequence[Money]) -> Usual | None:
    if not amounts:
        return None
    ordered = sorted(amounts, key=lambda amount: amount.minor)
    median = ordered[(len(ordered) - 1) // 2]
    return Usual(count=len(ordered), median=median, largest=ordered[-1])
