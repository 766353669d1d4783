"""What a merchant may say of the buyer's device and history (the seed's riskInfo).

It is "highly recommended" and never in the way: a message carries it as any JSON value, held only
to the limits of the whole envelope, and `read_risk` keeps each member that fits its description and
passes over the rest. So malformed risk information never blocks a payment (our decision; the seed
states no rule). What must hold: nothing here raises on what a merchant sends.
"""

from typing import Annotated, Any, TypeVar, final

import msgspec

from tillgate.protocol.members import Message, items, member, members_of, part
from tillgate.protocol.messages.common import WireMoney
from tillgate.protocol.rules import DATETIME
from tillgate.protocol.validation import Tree, faults

ORDER_INFOS_MAX = 100
"""How many of `orderInfos` are read."""

_T = TypeVar("_T", bound=msgspec.Struct)


@final
class DeviceInfo(Message, frozen=True, kw_only=True):
    """The buyer's device."""

    session_id: (
        Annotated[
            str,
            member("session on the device", sample="26daf780047938bf8d5b7ea8906003e9", length=256),
        ]
        | None
    ) = None
    serial_no: (
        Annotated[str, member("serial number of the device", sample="f0c0ec9a", length=256)] | None
    ) = None
    client_ip: (
        Annotated[str, member("address the buyer comes from", sample="121.0.29.220", length=256)]
        | None
    ) = None
    latitude_longitude: (
        Annotated[
            str,
            member(
                "where the device is, latitude then longitude",
                sample="39.9151190000,116.4039630000",
                length=256,
            ),
        ]
        | None
    ) = None
    idfa: (
        Annotated[
            str,
            member(
                "identifier for advertisers",
                sample="5D08BADB6-B7D1-46DE-BDAB-B66468A1EFCC",
                length=256,
            ),
        ]
        | None
    ) = None
    terminal_type: Annotated[str, member("kind of terminal", sample="APP", length=256)] | None = (
        None
    )
    device_name: (
        Annotated[str, member("name the buyer gave the device", sample="Mike's iPhone", length=256)]
        | None
    ) = None
    device_brand: Annotated[str, member("brand", sample="APPLE", length=256)] | None = None
    device_model: Annotated[str, member("model", sample="iPhone 7 Plus", length=256)] | None = None
    imei: (
        Annotated[
            str, member("number of the mobile equipment", sample="863360020885012", length=256)
        ]
        | None
    ) = None
    os_name: Annotated[str, member("operating system", sample="ios", length=256)] | None = None
    os_version: (
        Annotated[str, member("version of the operating system", sample="9.1.1", length=256)] | None
    ) = None
    wireless_network: (
        Annotated[str, member("network", sample="china unicom", length=256)] | None
    ) = None
    wireless_carrier: (
        Annotated[str, member("carrier", sample="china unicom", length=256)] | None
    ) = None
    flight_mode: (
        Annotated[str, member("whether flight mode is on", sample="enabled", length=256)] | None
    ) = None
    finger_print_enabled: (
        Annotated[
            str, member("whether fingerprints unlock the device", sample="enabled", length=256)
        ]
        | None
    ) = None
    device_boot_time: (
        Annotated[
            str,
            member(
                "when the device was started",
                sample="2001-07-04T12:08:56+05:30",
                length=256,
                rule=DATETIME,
            ),
        ]
        | None
    ) = None
    last_unlock_time: (
        Annotated[
            str,
            member(
                "when the device was last unlocked",
                sample="2001-07-04T12:08:56+05:30",
                length=256,
                rule=DATETIME,
            ),
        ]
        | None
    ) = None
    screen_resolution: (
        Annotated[str, member("width and height of the screen", sample="1024*768", length=256)]
        | None
    ) = None
    is_jailbreaked: (
        Annotated[
            str, member("whether the system's protection was removed", sample="true", length=256)
        ]
        | None
    ) = None
    mac_address: (
        Annotated[
            str, member("address of the network card", sample="8c:be:be:71:1f:34", length=256)
        ]
        | None
    ) = None
    system_language: (
        Annotated[str, member("language of the system", sample="EN", length=256)] | None
    ) = None
    time_zone: (
        Annotated[str, member("time zone of the device", sample="UTC+11", length=256)] | None
    ) = None


@final
class UserInfo(Message, frozen=True, kw_only=True):
    """The buyer as the merchant knows them."""

    signup_time: (
        Annotated[
            str,
            member(
                "when the buyer signed up with the merchant",
                sample="2001-07-04T12:08:56+05:30",
                length=256,
                rule=DATETIME,
            ),
        ]
        | None
    ) = None
    last_login_time: (
        Annotated[
            str,
            member(
                "when the buyer last signed in",
                sample="2001-07-04T12:08:56+05:30",
                length=256,
                rule=DATETIME,
            ),
        ]
        | None
    ) = None
    merchant_user_id: (
        Annotated[str, member("the buyer's number at the merchant", sample="user0001", length=256)]
        | None
    ) = None


@final
class OrderInfo(Message, frozen=True, kw_only=True):
    """One thing that is bought."""

    product_name: (
        Annotated[str, member("name of the product", sample="iPhone 7", length=256)] | None
    ) = None
    product_category: Annotated[str, member("category", sample="Phone", length=256)] | None = None
    product_sub_category: (
        Annotated[str, member("category within the category", sample="smart phone", length=256)]
        | None
    ) = None
    item_price: (
        Annotated[WireMoney, part("price of one", sample='{"currency":"USD","value":"239"}')] | None
    ) = None


@final
class RiskInfo(Message, frozen=True, kw_only=True):
    """Everything a merchant may say for the judgement of risk; every member is optional."""

    device_info: Annotated[DeviceInfo, part("the buyer's device")] | None = None
    user_info: Annotated[UserInfo, part("the buyer as the merchant knows them")] | None = None
    order_infos: Annotated[list[OrderInfo], items("what is bought")] | None = None
    risk_extend_info: (
        Annotated[str, member("more, as a string that holds JSON", sample="{}", length=2048)] | None
    ) = None


RiskInfoValue = Annotated[
    Any,
    part(
        "what is known of the buyer's device and history; never in the way of a payment",
        shape=RiskInfo,
    ),
]
"""How a message carries it: as any JSON value."""


def read_risk(value: Tree) -> RiskInfo:
    """Return what can be used of a `riskInfo` member, whatever its value is."""
    return _lenient(RiskInfo, value)


def _lenient(message: type[_T], value: Tree) -> _T:
    """Build a message from the members that fit; each that does not is left out."""
    if not isinstance(value, dict):
        return message()
    kept: dict[str, Any] = {}
    for each in members_of(message):
        found = value.get(each.name)
        if each.part and each.is_list:
            read = found[:ORDER_INFOS_MAX] if isinstance(found, list) else []
            kept[each.attribute] = [_lenient(each.part, item) for item in read]
        elif each.part is WireMoney:
            if found and not faults(WireMoney, found):
                kept[each.attribute] = msgspec.convert(found, WireMoney)
        elif each.part:
            kept[each.attribute] = _lenient(each.part, found)
        elif isinstance(found, str) and found and not faults(message, {each.name: found}):
            kept[each.attribute] = found
    return message(**kept)
