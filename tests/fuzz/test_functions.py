"""What strangers and careless merchants post at `/api/…htm`, to every function there is.

Spoilt bytes, spoilt members, spoilt members under a good signature, tokens in every place, any
value in any member, paths and HTTP in every spelling. What must hold: never a 5xx nor a result
that is a defect of ours; every answer but those to nobody known is signed; no token, PIN or key is
in an answer that does not hand it out, nor in the log at any level; the books stay right.
"""

import copy
import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import PIECES, VALUES, bytes_spoilt, members_spoilt
from tests.fuzz.shop import PATHS, PIN, Content, Shop, keeping_secrets, shop_in
from tests.fuzz.test_envelopes import SEED
from tillgate.protocol.envelope import Kind, wrap

BYTES, MEMBERS, SIGNED, CHOSEN = 100, 25, 100, 400
"""How many of each; all but the last for each function."""
MESSAGES = st.sampled_from(sorted(PATHS))
TOO_MANY = "Too many requests with a bad signature; check the key before you go on."
NOT_ENVELOPES = {"MSG_PARSE_ERROR", "REQUEST_TOO_LARGE", TOO_MANY}
NOWHERE = {"NO_INTERFACE_DEF", "There is nothing at this address."}
ECHOED = {
    *("merchantTransId", "reqMsgId", "merchantRefundId", "extendInfo", "function", "clientId"),
    *("value", "merchantAgreementId"),
}
"""Members that an answer repeats, whatever a merchant writes there."""
ODD_RISKS = ("nan,inf", "1e309,-1e309", "91,181", "UTC+99:99", "UTC-26", "UTC+5:45", "9" * 400)
ODD_TIMES = ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2018-02-30T00:00:00Z")
TOKENS = (
    ("agreement.pay", ("head", "accessToken")),
    ("applyToken", ("body", "authCode")),
    ("applyToken", ("body", "refreshToken")),
)
BAD_TOKENS = {"INVALID_ACCESS_TOKEN", "INVALID_AUTHCODE", "PARAM_ILLEGAL"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop_in(tmp_path_factory.mktemp("functions")) as opened:
        yield opened


@pytest.fixture
def shop(opened: Shop, capsys: pytest.CaptureFixture[str]) -> Iterator[Shop]:
    with keeping_secrets(opened, capsys):
        yield opened


@pytest.mark.parametrize("name", sorted(PATHS))
def test_spoilt_bytes_are_never_believed(shop: Shop, name: str) -> None:
    dice = random.Random(f"{SEED} {name}")
    good = shop.sealed(shop.good(name))
    content = good[: good.rindex(b',"signature"')]
    for number in range(BYTES):
        raw = dice.choice(PIECES) if number % 10 == 0 else bytes_spoilt(good, dice)
        told = shop.post(PATHS[name], raw)
        if told.code == "SUCCESS":  # What was spoilt lies outside of what is signed.
            assert content[len('{"request":') :] in raw, raw


@pytest.mark.parametrize("name", sorted(PATHS))
def test_spoilt_members_without_a_good_signature_change_nothing(shop: Shop, name: str) -> None:
    dice = random.Random(f"{SEED} {name}")
    for _ in range(MEMBERS):
        spoilt = json.dumps(members_spoilt(shop.good(name), dice)).encode()
        told = shop.post(PATHS[name], wrap(Kind.REQUEST, spoilt, "XXX"))
        assert told.code in {"INVALID_SIGNATURE", "INVALID_CLIENT", *NOT_ENVELOPES}, told


@pytest.mark.parametrize("name", sorted(PATHS))
def test_spoilt_members_under_a_good_signature_are_done_or_refused_by_name(
    shop: Shop, name: str
) -> None:
    dice = random.Random(f"{SEED} {name}")
    codes: Counter[str] = Counter()
    for _ in range(SIGNED):
        raw = shop.sealed(members_spoilt(shop.good(name), dice))
        told = shop.post(PATHS[name], raw)
        codes[told.code] += 1
        again = shop.post(PATHS[name], raw)
        assert again == told, (raw, told, again)
    assert len(codes) > 1, codes


@pytest.mark.parametrize("name", sorted(PATHS))
def test_a_secret_in_the_place_of_any_member_is_told_to_nobody(shop: Shop, name: str) -> None:
    secrets = {"access": shop.access, "refresh": shop.refresh, "code": shop.code, "pin": PIN}
    for path in _leaves(shop.good(name)):
        if path[-1] in ECHOED:
            continue
        for secret in secrets.values():
            content = shop.good(name)
            _set(content, path, secret)
            shop.post(PATHS[name], shop.sealed(content))


def test_any_value_in_any_member_is_taken_or_refused_by_name(shop: Shop) -> None:
    texts = st.text(max_size=300)
    anything = st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | texts
        | st.sampled_from((*VALUES, *ODD_RISKS, *ODD_TIMES)),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=8,
    )

    @settings(
        max_examples=CHOSEN,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(MESSAGES, st.lists(st.tuples(st.integers(0, 99), anything), min_size=1, max_size=3))
    def try_values(name: str, changes: list[tuple[int, Any]]) -> None:
        content = shop.good(name)
        places = [*_leaves(content), ("head",), ("body",), ("body", "riskInfo", "deviceInfo")]
        for at, value in changes:
            _set(content, places[at % len(places)], copy.deepcopy(value))
        shop.post(PATHS[name], shop.sealed(content))

    try_values()


def test_tokens_that_are_not_ours_are_refused(shop: Shop) -> None:
    dice = random.Random(SEED)
    ours = {"accessToken": shop.access, "authCode": shop.code, "refreshToken": shop.refresh}
    for end, place in TOKENS:
        name = next(name for name in PATHS if name.endswith(end))
        right = ours[place[-1]]
        flips = [_flipped(right, dice) for _ in range(20)]
        bent = (right.lower(), right[:-1], f"{right} ", f" {right}", f"{right}=", "=" * 43)
        for token in {*ours.values(), *flips, *bent} - {right}:
            content = shop.good(name)
            if place[-1] == "refreshToken":
                del content["body"]["authCode"]
                content["body"]["grantType"] = "REFRESH_TOKEN"
            _set(content, place, token)
            told = shop.post(PATHS[name], shop.sealed(content))
            assert told.code in BAD_TOKENS, (place, told)


def test_every_spelling_of_a_path_is_one_function_or_none(shop: Shop) -> None:
    for name, path in PATHS.items():
        last = path.rpartition("/")[2]
        ours = (path, path.upper(), path.lower(), path.swapcase(), f"{path}?x=1&{'y' * 900}")
        theirs = (
            *(f"{path}/", path.replace("/api", "/api/"), f"{path}%00", f"{path}%20", f"{path};a=b"),
            *(
                path.replace(".htm", end)
                for end in (".html", "", ".htm.htm", ".HTM%0a", "%2ehtm%2e")
            ),
            *(path.replace("/intl/", "/intl/../intl/"), path.replace("/", "%5c"), f"/api/{last}"),
            *(path.replace("i", "%C4%B1"), f"{path}%E2%84%AA", f"%ff{path}", f"{path}%ff"),
            *("/api/", "/api", f"/api/{'a/' * 3_000}", "/api/%2e%2e/wallet", "/api/..%2fcontrol"),
        )
        for target in ours:
            told = shop.post(target, shop.sealed(shop.good(name)))
            assert told.code == "SUCCESS", (target, told)
        for target in theirs:
            told = shop.post(target, shop.sealed(shop.good(name)))
            assert told.code in NOWHERE, (target, told)
        for other in PATHS.values():
            if other != path:
                told = shop.post(other, shop.sealed(shop.good(name)))
                assert told.code == "FUNCTION_NOT_MATCH", (name, other, told)


def test_what_http_says_besides_changes_nothing(shop: Shop) -> None:
    name = next(name for name in PATHS if name.endswith("payQuery"))
    path = PATHS[name]
    strange = [*PIECES, b"", b" ", b"a" * 5_000, b"gzip", b"chunked", b"100-continue", b"\x80\xff"]
    names = (b"content-type", b"content-encoding", b"accept", b"accept-encoding", b"origin",
             b"cookie", b"authorization", b"expect", b"x-http-method-override", b"range",
             b"if-none-match", b"x-forwarded-for", b"forwarded", b"transfer-encoding")  # fmt: skip
    for header in names:
        for value in (
            *strange[::3],
            b"text/plain",
            b"application/json;charset=utf-16",
            b"multipart/x",
        ):
            raw = shop.sealed(shop.good(name))
            told = shop.post(path, raw, headers=[(header, value)])
            assert told.code == "SUCCESS", (header, value, told)
    methods = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post", "P\x00", "")
    for method in methods:
        told = shop.post(path, shop.sealed(shop.good(name)), method=method)
        assert told.status == 405, (method, told)


def test_a_body_in_parts_is_whole_and_one_over_the_limit_is_cut_off(shop: Shop) -> None:
    name = next(name for name in PATHS if name.endswith("payQuery"))
    raw = shop.sealed(shop.good(name))
    parts = [raw[at : at + 1] for at in range(len(raw) - 9)]
    assert shop.post(PATHS[name], raw[len(raw) - 9 :], parts=parts).code == "SUCCESS"
    for path in PATHS.values():
        told = shop.post(path, b"", parts=[b"x" * 50_000] * 5)
        assert told.status == 413, told
        told = shop.post(path, raw + b" " * 70_000)
        assert told.status == 413, told
    for stated in (b"9" * 5_000, b"-1", b"1_0", b"\xb2", b"0x10", b"1e9", b" 7", b""):
        told = shop.post(PATHS[name], raw, headers=[(b"content-length", stated)])
        assert told.status in {200, 400, 413}, (stated, told)


def _leaves(content: Content, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Return the path of every member that is no object."""
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*at, name))
        else:
            yield (*at, name)


def _set(content: Content, path: tuple[str, ...], value: Any) -> None:
    *parents, name = path
    place: Any = content
    for parent in parents:
        place = place.get(parent) if isinstance(place, dict) else None
    if isinstance(place, dict):
        place[name] = value


def _flipped(token: str, dice: random.Random) -> str:
    at = dice.randrange(len(token))
    other = dice.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    return f"{token[:at]}{other if other != token[at] else '!'}{token[at + 1 :]}"
