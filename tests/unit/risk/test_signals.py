"""riskInfo as signals: what is read, what counts as malformed, and that nothing personal stays."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.acquiring.risk.evidence import Day, Evidence
from tillgate.acquiring.risk.judge import Outcome, judge
from tillgate.acquiring.risk.settings import RiskSettings
from tillgate.acquiring.risk.signals import FAULTS_KEPT_MAX, Signals, Terminal
from tillgate.edge.evidence import signals_of
from tillgate.kernel.clock import parse_rfc3339
from tillgate.kernel.money import Money
from tillgate.protocol.members import members_of
from tillgate.protocol.messages.risk import DeviceInfo, OrderInfo, RiskInfo, UserInfo

SEED: dict[str, Any] = {
    "deviceInfo": {each.name: each.sample for each in members_of(DeviceInfo)},
    "userInfo": {each.name: each.sample for each in members_of(UserInfo)},
    "orderInfos": [
        {each.name: each.sample for each in members_of(OrderInfo) if each.is_text}
        | {"itemPrice": {"currency": "USD", "value": "239"}}
    ],
    "riskExtendInfo": "{}",
}
"""The seed's sample: each member with its sample value."""

WHEN = "2001-07-04T12:08:56+05:30"
MINUTE = parse_rfc3339("2001-07-04T12:08:00+05:30")
NAMES = sorted(
    each.name for part in (RiskInfo, DeviceInfo, UserInfo, OrderInfo) for each in members_of(part)
)
TEXTS = (
    st.text(st.characters(codec=None), max_size=12)
    | st.sampled_from(
        ("\ud800", "\x00", "9" * 300, "-" * 300, "\u0663,\u0665", "+\u0661", "1e999,NaN")
    )
    | st.from_regex(r"(UTC|GMT)?[+-]?[0-9]{0,3}:?[0-9]{0,3}", fullmatch=True)
    | st.from_regex(r"-?[0-9]{1,4}(\.[0-9]{0,40})?,-?[0-9]{1,4}(\.[0-9]{0,40})?", fullmatch=True)
    | st.from_regex(r"[0-9]{4}-1[0-9]-[0-3]1T23:59:[56][0-9](Z|[+-][0-2]3:59)", fullmatch=True)
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
HOSTILE: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | TEXTS, inner, max_size=6)
    ),
    max_leaves=20,
)
OF_DEVICE = st.dictionaries(st.sampled_from([each.name for each in members_of(DeviceInfo)]), TEXTS)


def of_device(**members: Any) -> Signals:
    return signals_of({"deviceInfo": members})


def test_the_seeds_sample_says_this() -> None:
    said = signals_of(SEED)

    assert said == Signals(
        is_present=True,
        device=said.device,
        terminal=Terminal.APP,
        is_jailbroken=True,
        time_zone_min=660,
        latitude_deg=40,
        longitude_deg=116,
        booted_at_ms=MINUTE,
        unlocked_at_ms=MINUTE,
        signed_up_at_ms=MINUTE,
        signed_in_at_ms=MINUTE,
    )
    assert len(said.device) == 64


@pytest.mark.parametrize("is_agreement", [True, False])
def test_whoever_sends_the_seeds_sample_pays_freely(*, is_agreement: bool) -> None:
    known = Evidence(
        signals=signals_of(SEED),
        at_ms=1_700_000_000_000,
        is_agreement=is_agreement,
        payer_since_ms=1_700_000_000_000,
        hour_count=0,
        day=Day(count=0, spent=Money.of(0, "HKD")),
    )

    judged = judge(known, Money.parse("10.00 HKD"), RiskSettings())
    assert judged.rules == ("device_jailbroken",)
    assert judged.outcome is Outcome.ACCEPT


@pytest.mark.parametrize("nothing", [None, "", {}])
def test_nothing_said_is_missing_and_not_malformed(nothing: object) -> None:
    assert signals_of(nothing) == Signals()


@pytest.mark.parametrize("other", [[], [{}], 0, 1, 1.5, True, False, "{}", "\ud800"])
def test_what_is_no_object_is_malformed_as_a_whole(other: object) -> None:
    assert signals_of(other) == Signals(is_present=True, faults=("riskInfo",))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("UTC+11", 660),
        ("UTC", 0),
        ("GMT", 0),
        (" GMT-3 ", -180),
        ("+08:00", 480),
        ("UTC+0530", 330),
        ("UTC-03:30", -210),
        ("UTC+14", 840),
        ("UTC-12", -720),
    ],
)
def test_an_offset_is_read(text: str, minutes: int) -> None:
    said = of_device(timeZone=text)

    assert (said.time_zone_min, said.faults) == (minutes, ())


@pytest.mark.parametrize("text", ["Asia/Hong_Kong", "America/Argentina/Ushuaia", "HKT"])
def test_the_name_of_a_zone_says_no_offset_and_is_no_fault(text: str) -> None:
    assert of_device(timeZone=text) == Signals(is_present=True)


@pytest.mark.parametrize(
    ("member", "text"),
    [
        ("timeZone", "UTC+15"),
        ("timeZone", "UTC-13"),
        ("timeZone", "+\u0661\u0661"),
        ("timeZone", "8 hours"),
        ("timeZone", 8),
        ("latitudeLongitude", "90.5,0"),
        ("latitudeLongitude", "0,181"),
        ("latitudeLongitude", "39.9"),
        ("latitudeLongitude", "NaN,NaN"),
        ("latitudeLongitude", "1e2,1"),
        ("latitudeLongitude", ["39", "116"]),
        ("isJailbreaked", "perhaps"),
        ("isJailbreaked", True),
        ("deviceBootTime", "yesterday"),
        ("lastUnlockTime", "2001-07-04T12:08:56"),
        ("imei", "8" * 257),
        ("serialNo", {}),
    ],
)
def test_a_malformed_member_is_named_and_the_others_stay(member: str, text: object) -> None:
    said = of_device(**{"terminalType": "APP", member: text})

    assert said == Signals(
        is_present=True, terminal=Terminal.APP, faults=(f"riskInfo.deviceInfo.{member}",)
    )


def test_a_member_that_is_malformed_twice_over_is_named_once_and_many_are_cut() -> None:
    bought = [{"productName": number} for number in range(50)]
    said = signals_of({"deviceInfo": 5, "orderInfos": bought})

    assert len(said.faults) == FAULTS_KEPT_MAX == len(set(said.faults))
    assert said.faults[:2] == ("riskInfo.deviceInfo", "riskInfo.orderInfos[0].productName")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("39.9151190000,116.4039630000", (40, 116)),
        (" -33.9 , 151.2 ", (-34, 151)),
        ("0.4,0.4", (0, 0)),
        ("90,-180", (90, -180)),
        ("0,32.5", (0, 32)),
        ("51.5,0", (52, 0)),
        ("0,0", (None, None)),
        ("0.000,-0.0", (None, None)),
    ],
)
def test_a_place_is_kept_in_whole_degrees(text: str, place: tuple[int | None, int | None]) -> None:
    said = of_device(latitudeLongitude=text)

    assert (said.latitude_deg, said.longitude_deg) == place
    assert said.faults == ()


@pytest.mark.parametrize(
    ("text", "broken"),
    [("true", True), ("TRUE", True), ("1", True), ("false", False), ("No", False), ("", None)],
)
def test_whether_protection_was_removed_is_read(text: str, *, broken: bool | None) -> None:
    assert of_device(isJailbreaked=text).is_jailbroken is broken


@pytest.mark.parametrize(
    ("text", "terminal"),
    [("web", Terminal.WEB), (" WAP ", Terminal.WAP), ("KIOSK", Terminal.UNSAID)],
)
def test_a_terminal_is_one_of_those_we_know_or_unsaid(text: str, terminal: Terminal) -> None:
    said = of_device(terminalType=text)

    assert (said.terminal, said.faults) == (terminal, ())


def test_a_device_is_known_again_by_its_steadiest_numbers() -> None:
    first = of_device(imei="863360020885012", serialNo="f0c0ec9a", idfa="A-B-C-D-E-F-G-1-2")

    again = of_device(imei="86336002-0885012", serialNo="F0C0EC9A", idfa="reset", deviceName="X")
    other = of_device(imei="863360020885013", serialNo="f0c0ec9a")
    assert first.device == again.device
    assert first.device != other.device
    assert (
        of_device(macAddress="8c:be:be:71:1f:34").device
        == of_device(macAddress="8C-BE-BE-71-1F-34", idfa="5D08BADB6-B7D1-46DE").device
    )


@pytest.mark.parametrize(
    "filler",
    [
        "000000000000000",
        "00000000-0000-0000-0000-000000000000",
        "02:00:00:00:00:00",
        "unknown",
        "NULL",
        "n/a",
        "\ud800\ud801",
    ],
)
@pytest.mark.parametrize("member", ["imei", "serialNo", "macAddress", "idfa"])
def test_what_many_devices_say_alike_names_no_device(member: str, filler: str) -> None:
    assert not of_device(**{member: filler}).device


def test_a_secret_keeps_a_device_from_being_found_by_trying_all_numbers() -> None:
    plain, keyed, other = (signals_of(SEED, device_key=key).device for key in (b"", b"k", b"l"))

    assert len({plain, keyed, other}) == 3


def test_nothing_personal_is_kept() -> None:
    device, user = SEED["deviceInfo"], SEED["userInfo"]
    text = signals_of(SEED).text()

    personal = [
        *(device[name] for name in ("sessionId", "serialNo", "clientIp", "idfa", "deviceName")),
        *(device[name] for name in ("imei", "macAddress", "deviceModel", "screenResolution")),
        *device["latitudeLongitude"].split(","),
        *(user["merchantUserId"], "iPhone 7", WHEN, "Mike"),
    ]
    assert not [value for value in personal if value in text]


@given(HOSTILE | st.fixed_dictionaries({"deviceInfo": OF_DEVICE, "userInfo": HOSTILE}))
def test_nothing_a_merchant_sends_raises_or_grows(value: object) -> None:
    said = signals_of(value)

    text = said.text()
    assert Signals.of_text(text) == said
    assert len(text.encode()) < 2_000


MARK = "Zq7Xw"


@given(st.recursive(st.just(MARK), lambda inner: st.lists(inner, max_size=2), max_leaves=3))
def test_no_text_of_a_merchant_is_kept_wherever_it_stands(value: object) -> None:
    everywhere = {
        MARK: value,
        "deviceInfo": {each.name: value for each in members_of(DeviceInfo)} | {MARK: value},
        "userInfo": {each.name: value for each in members_of(UserInfo)},
        "orderInfos": [value, {each.name: value for each in members_of(OrderInfo)}],
        "riskExtendInfo": value,
    }

    assert MARK not in signals_of(everywhere).text()
