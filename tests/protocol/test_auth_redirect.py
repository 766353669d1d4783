"""The redirect of an authorisation: the merchant's own parameters, ours, and the state first."""

import hmac
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol import urls
from tillgate.protocol.auth_redirect import (
    AuthResult,
    AuthReturn,
    build_auth_redirect,
    read_auth_redirect,
)
from tillgate.protocol.samples import sample_of
from tillgate.protocol.validation import faults

STATE = "4657DDUER323DK"
CODE = "28100413kpBklrvUk33YgGgC9yS2o679"
SAID = AuthReturn(
    state=STATE,
    auth_site="ALIPAY_HK",
    merchant_agreement_id="e8qdwl9casxor13",
    auth_code=CODE,
    client_id="2160400000002012",
    auth_result="SUCCESS",
)
OURS = (
    f"state={STATE}&auth_site=ALIPAY_HK&merchantAgreementId=e8qdwl9casxor13&authCode={CODE}"
    "&client_id=2160400000002012&authResult=SUCCESS"
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://shop.example", f"https://shop.example/?{OURS}"),
        ("https://shop.example/r?", f"https://shop.example/r?{OURS}"),
        ("https://shop.example/r?a=1&b=", f"https://shop.example/r?a=1&b=&{OURS}"),
        ("https://shop.example/r#top", f"https://shop.example/r?{OURS}#top"),
        (
            "https://shop.example/r?order=裙#a?state=1",
            f"https://shop.example/r?order=%E8%A3%99&{OURS}#a?state=1",
        ),
        (" https:\\\\shop.example/r ", f"https://shop.example/r?{OURS}"),
        (
            "https://shop.example/r?State=1&states=2",
            f"https://shop.example/r?State=1&states=2&{OURS}",
        ),
    ],
)
def test_ours_follow_the_merchants_own_and_precede_the_fragment(url: str, expected: str) -> None:
    built = build_auth_redirect(url, SAID)

    assert built == expected
    assert urls.normalise(built) == built, "a browser would change it on the way"
    assert read_auth_redirect(built, state=STATE) == SAID


@pytest.mark.parametrize("name", urls.AUTH_PARAMETERS)
def test_an_address_that_holds_a_parameter_of_ours_is_refused(name: str) -> None:
    for query in (f"{name}=x", f"a=1&{name}", f"%{ord(name[0]):x}{name[1:]}=x"):
        with pytest.raises(ValueError, match=name):
            build_auth_redirect(f"https://shop.example/?{query}", SAID)
        with pytest.raises(ValueError, match=name):
            urls.check_redirect_url(f"https://shop.example/?{query}")


@pytest.mark.parametrize("url", ["", "//evil.example", "javascript:x", "https://a@b.example/"])
def test_an_address_the_rule_refuses_is_never_built(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        build_auth_redirect(url, SAID)


@pytest.mark.parametrize("state", ["裙子 👗", "a&authResult=FAIL", "a+b c%20", "=?#", "x" * 64])
def test_any_state_comes_back_as_it_was_given(state: str) -> None:
    said = msgspec.structs.replace(SAID, state=state)
    built = build_auth_redirect("https://shop.example/", said)

    assert built.isascii()
    assert parse_qs(urlsplit(built).query, strict_parsing=True)["state"] == [state]
    assert read_auth_redirect(built, state=state) == said


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=64))
def test_no_state_is_taken_for_another(state: str) -> None:
    built = build_auth_redirect(
        "https://shop.example/?a=1#b", msgspec.structs.replace(SAID, state=state)
    )

    assert read_auth_redirect(built, state=state).state == state
    with pytest.raises(Refused) as caught:
        read_auth_redirect(built, state=f"{state}x")
    assert caught.value.result is Result.ACCESS_DENIED


@pytest.mark.parametrize("result", [AuthResult.FAIL, AuthResult.ERROR])
def test_another_result_than_success_carries_no_code(result: AuthResult) -> None:
    said = msgspec.structs.replace(SAID, auth_code=None, auth_result=result.value)
    built = build_auth_redirect("https://shop.example/", said)

    assert "authCode" not in built
    assert read_auth_redirect(built, state=STATE).result is result
    with pytest.raises(ValueError, match="authCode"):
        build_auth_redirect("https://shop.example/", msgspec.structs.replace(said, auth_code=CODE))


def test_success_without_a_code_is_never_built() -> None:
    with pytest.raises(ValueError, match="authCode"):
        build_auth_redirect("https://shop.example/", msgspec.structs.replace(SAID, auth_code=None))


def test_the_hkad_page_alone_is_read_with_either_spelling() -> None:
    bare = OURS.removesuffix("&authResult=SUCCESS")

    for query in (bare, bare.replace("authCode=", "auth_code=")):
        said = read_auth_redirect(query, state=STATE)
        assert (said.auth_code, said.result) == (CODE, AuthResult.SUCCESS)


def test_a_whole_address_path_and_query_or_a_query_are_enough() -> None:
    for text in (f"https://shop.example/r?{OURS}#x", f"/r?{OURS}", OURS):
        assert read_auth_redirect(text, state=STATE) == SAID


@pytest.mark.parametrize(
    "query",
    [
        "",
        "nothing",
        OURS.replace(f"state={STATE}&", ""),
        OURS.replace(STATE, ""),
        OURS.replace(STATE, STATE.lower()),
        OURS.replace(STATE, STATE + "%20"),
        OURS.replace(STATE, quote("裙")),
        OURS.replace("state=", "State="),
        f"{OURS}&state=other",
        f"state=other&{OURS}",
        "state=\udc80",
        # The state is judged first, whatever else is wrong.
        "state=other&authResult=MAYBE&authCode=1&authCode=2",
    ],
)
def test_another_state_is_refused_before_anything_is_read(query: str) -> None:
    with pytest.raises(Refused) as caught:
        read_auth_redirect(query, state=STATE)

    assert (caught.value.result, caught.value.path) == (Result.ACCESS_DENIED, "state")
    assert STATE not in str(caught.value)


def test_a_state_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def noted(found: bytes, expected: bytes) -> bool:
        compared.append((found, expected))
        return real(found, expected)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    read_auth_redirect(OURS, state=STATE)

    assert compared == [(STATE.encode(), STATE.encode())]


def test_a_redirect_is_not_read_without_a_state_to_compare_with() -> None:
    with pytest.raises(ValueError, match="state"):
        read_auth_redirect("state=&authResult=FAIL", state="")


@pytest.mark.parametrize(
    ("old", "new", "result", "path"),
    [
        (f"&authCode={CODE}", "", Result.PARAM_MISSING, "authCode"),
        (f"&authCode={CODE}", "&authCode=", Result.PARAM_MISSING, "authCode"),
        ("&client_id=2160400000002012", "", Result.PARAM_MISSING, "client_id"),
        (f"&authCode={CODE}", f"&authCode={'9' * 65}", Result.PARAM_ILLEGAL, "authCode"),
        (f"&authCode={CODE}", f"&authCode={CODE}&auth_code=9", Result.PARAM_ILLEGAL, "authCode"),
        (f"&authCode={CODE}", f"&authCode={CODE}&authCode=9", Result.PARAM_ILLEGAL, "authCode"),
        ("ALIPAY_HK", "MARS", Result.PARAM_ILLEGAL, "auth_site"),
        ("=SUCCESS", "=MAYBE", Result.PARAM_ILLEGAL, "authResult"),
        ("state=", f"state={STATE}&state=", Result.PARAM_ILLEGAL, "state"),
    ],
)
def test_a_redirect_with_the_right_state_is_still_held_to_its_description(
    old: str, new: str, result: Result, path: str
) -> None:
    with pytest.raises(Refused) as caught:
        read_auth_redirect(OURS.replace(old, new), state=STATE)

    assert (caught.value.result, caught.value.path) == (result, path)
    assert CODE not in str(caught.value)


def test_an_endless_address_is_refused_and_a_code_is_not_printed() -> None:
    with pytest.raises(Refused) as caught:
        read_auth_redirect("a" * 20_000, state=STATE)

    assert caught.value.result is Result.REQUEST_TOO_LARGE
    assert CODE not in f"{SAID} {SAID!r}"


def test_its_sample_is_right() -> None:
    sample: dict[str, Any] = sample_of(AuthReturn)

    assert not faults(AuthReturn, sample)
    assert set(sample) == set(parse_qs(OURS))
