"""riskInfo: everything the seed names is read; what does not fit is passed over, never refused."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.kernel.money import Money
from tillgate.protocol.members import members_of
from tillgate.protocol.messages.risk import DeviceInfo, OrderInfo, RiskInfo, UserInfo, read_risk

SEED: dict[str, Any] = {
    "deviceInfo": {
        "sessionId": "26daf780047938bf8d5b7ea8906003e9",
        "serialNo": "f0c0ec9a",
        "clientIp": "121.0.29.220",
        "latitudeLongitude": "39.9151190000,116.4039630000",
        "idfa": "5D08BADB6-B7D1-46DE-BDAB-B66468A1EFCC",
        "terminalType": "APP",
        "deviceName": "Mike's iPhone",
        "deviceBrand": "APPLE",
        "deviceModel": "iPhone 7 Plus",
        "imei": "863360020885012",
        "osName": "ios",
        "osVersion": "9.1.1",
        "wirelessNetwork": "china unicom",
        "wirelessCarrier": "china unicom",
        "flightMode": "enabled",
        "fingerPrintEnabled": "enabled",
        "deviceBootTime": "2001-07-04T12:08:56+05:30",
        "lastUnlockTime": "2001-07-04T12:08:56+05:30",
        "screenResolution": "1024*768",
        "isJailbreaked": "true",
        "macAddress": "8c:be:be:71:1f:34",
        "systemLanguage": "EN",
        "timeZone": "UTC+11",
    },
    "userInfo": {
        "signupTime": "2001-07-04T12:08:56+05:30",
        "lastLoginTime": "2001-07-04T12:08:56+05:30",
        "merchantUserId": "user0001",
    },
    "orderInfos": [
        {
            "productName": "iPhone 7",
            "productCategory": "Phone",
            "productSubCategory": "smart phone",
            "itemPrice": {"currency": "USD", "value": "239"},
        }
    ],
    "riskExtendInfo": "{}",
}

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["deviceInfo", "userInfo", "orderInfos", "osName", "itemPrice", "value"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def test_the_seeds_sample_is_kept_whole() -> None:
    assert msgspec.to_builtins(read_risk(SEED)) == SEED


@pytest.mark.parametrize(
    ("message", "part"),
    [
        (DeviceInfo, SEED["deviceInfo"]),
        (UserInfo, SEED["userInfo"]),
        (OrderInfo, SEED["orderInfos"][0]),
        (RiskInfo, SEED),
    ],
)
def test_the_members_are_the_seeds_in_its_order(
    message: type[msgspec.Struct], part: dict[str, Any]
) -> None:
    members = members_of(message)

    assert [each.name for each in members] == list(part)
    assert not any(each.required for each in members)


def test_a_member_that_does_not_fit_leaves_the_others() -> None:
    risk = read_risk(
        {
            "deviceInfo": {"osName": "ios", "osVersion": 9, "deviceBootTime": "yesterday"},
            "userInfo": [],
            "orderInfos": [
                5,
                {"productName": "a", "itemPrice": {"currency": "USD", "value": "2"}},
                {"productName": "b", "itemPrice": {"currency": "USD", "value": 2}},
            ],
            "riskExtendInfo": {"a": 1},
        }
    )

    assert risk.device_info == DeviceInfo(os_name="ios")
    assert risk.user_info == UserInfo()
    assert risk.risk_extend_info is None
    assert risk.order_infos
    prices = [each.item_price.money if each.item_price else None for each in risk.order_infos]
    assert prices == [None, Money.of(2, "USD"), None]


@given(json_values)
def test_nothing_a_merchant_sends_raises(value: object) -> None:
    assert isinstance(read_risk(value), RiskInfo)
