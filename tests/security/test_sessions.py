"""Sessions: how they begin, who can use them, and that they end when they should.

In production mode. What must hold: a session is made by signing in and by nothing else; it ends by
signing out, by another PIN, by erasing the person and by its time, on the server's side; its cookie
can be set and read by this very host alone, over https, and by no script.
"""

from pathlib import Path

import pytest

from tests.security.production import HOST, ORIGIN, Production, cookies_of, production
from tillgate.engine.commands import ErasePayer, SetPin, SignOutPayer

ME = "/wallet/me"


async def test_signing_out_ends_the_session_and_every_copy_of_its_token(gate: Production) -> None:
    here, there = await gate.token(), await gate.token()
    assert (await gate.ask("DELETE", "/wallet/session", token=here)).json() == {"signedOut": True}
    for token in (here, there):
        assert (await gate.ask("GET", ME, token=token)).status == 401
    assert (await gate.ask("GET", ME, token=await gate.token())).status == 200


async def test_signing_out_in_a_browser_ends_it_on_both_sides(gate: Production) -> None:
    cookies = cookies_of(await gate.signs_in("alice", origin=ORIGIN))
    assert (await gate.ask("GET", ME, cookies=cookies)).status == 200
    left = await gate.ask("DELETE", "/wallet/session", cookies=cookies, origin=ORIGIN)
    [ended] = left.cookies
    assert "Max-Age=0" in ended
    assert (await gate.ask("GET", ME, cookies=cookies)).status == 401


async def test_an_old_sign_out_does_not_end_a_new_session(gate: Production) -> None:
    old = await gate.token()
    await gate.ask("DELETE", "/wallet/session", token=old)
    new = await gate.token()
    await gate.ask("DELETE", "/wallet/session", token=old)
    assert (await gate.ask("GET", ME, token=new)).status == 200


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        (SetPin, {"pin_hash": "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43}),
        (SignOutPayer, {}),
        (ErasePayer, {}),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
async def test_what_an_operator_does_for_safety_ends_every_session(
    gate: Production, kind: type, members: dict[str, str]
) -> None:
    await gate.payer("bob")
    token, another = await gate.token("alice"), await gate.token("bob")
    await gate.run(kind, payer_id="alice", **members)
    assert (await gate.ask("GET", ME, token=token)).status == 401
    assert (await gate.ask("GET", ME, token=another)).status == 200


async def test_another_pin_takes_the_place_of_the_one_before(gate: Production) -> None:
    pins = gate.house.books.pins
    await gate.run(SetPin, payer_id="alice", pin_hash=await pins.hashed("271828"))
    assert (await gate.signs_in("alice")).status == 401
    assert (await gate.signs_in("alice", "271828")).status == 200


async def test_a_token_of_ones_own_making_opens_nothing(gate: Production) -> None:
    token = await gate.token()
    payer, number, ends, mark = token.rsplit(".", 3)
    forged = (
        f"bob.{number}.{ends}.{mark}",
        f"{payer}.1.{ends}.{mark}",
        f"{payer}.{number}.9999999999.{mark}",
        f"{payer}.{number}.{ends}.{mark[:-2]}xx",
        f"{payer}.{number}.{ends}.",
        f"{payer}.{ends}.{mark}",
        f"alice.x.y.{mark}",
        "",
        ".",
        "...",
        "a.b.c.d",
    )
    for each in forged:
        assert (await gate.ask("GET", ME, token=each)).status == 401, each


async def test_a_session_that_was_planted_is_not_the_one_that_signing_in_gives(
    gate: Production,
) -> None:
    await gate.payer("mallory")
    planted = cookies_of(await gate.signs_in("mallory"), "payer")
    mine = await gate.signs_in("alice", cookies=planted, origin=ORIGIN)
    got = cookies_of(mine, "payer")
    assert got != planted
    shown = await gate.ask("GET", ME, cookies=got)
    assert shown.json()["id"] == "alice"


async def test_a_cookie_is_this_hosts_alone_over_https_and_no_scripts(gate: Production) -> None:
    reply = await gate.signs_in("alice")
    for cookie in reply.cookies:
        name, _, rest = cookie.partition("=")
        flags = set(rest.split("; ")[1:])
        assert name.startswith("__Host-")
        assert {"Path=/", "HttpOnly", "Secure", "SameSite=Strict"} <= flags
        assert not any(flag.startswith("Domain") for flag in flags)
    assert reply.cookies[0].startswith("__Host-tillgate_payer=")


async def test_the_plain_name_of_a_cookie_is_not_believed_over_https(gate: Production) -> None:
    """Another host under the same domain, and a page over plain http, can set a plain name."""
    token = await gate.token()
    assert (await gate.ask("GET", ME, cookies=f"__Host-tillgate_payer={token}")).status == 200
    assert (await gate.ask("GET", ME, cookies=f"tillgate_payer={token}")).status == 401


async def test_a_cashier_is_bound_by_a_cookie_of_https(gate: Production) -> None:
    call = {"orderStr": gate.order_str("B-1"), "callId": "b"}
    url = (await gate.ask("POST", "/cashier/trade-pay", call)).json()["cashierUrl"]
    path = url.removeprefix(ORIGIN)
    [cookie] = (await gate.ask("GET", path)).cookies
    assert cookie.startswith("__Secure-tillgate_cashier_")
    assert f"; Path={path};" in cookie
    assert cookie.endswith("; Secure")


async def test_a_stolen_order_string_shows_its_thief_a_cashier_and_no_payer(
    gate: Production,
) -> None:
    """It may be sent again by whoever saw it; only the payer's PIN moves the payer's money."""
    text = gate.order_str("STOLEN")
    token = await gate.token()
    mine = {"orderStr": text, "callId": "mine"}
    path = (
        (await gate.ask("POST", "/cashier/trade-pay", mine, token=token))
        .json()["cashierUrl"]
        .removeprefix(ORIGIN)
    )
    thief = {"orderStr": text, "callId": "thief"}
    other = (
        (await gate.ask("POST", "/cashier/trade-pay", thief, at="203.0.113.5"))
        .json()["cashierUrl"]
        .removeprefix(ORIGIN)
    )
    assert other != path
    shown = await gate.ask("GET", other, at="203.0.113.5")
    assert (shown.json()["state"], shown.json()["payer"]) == ("SIGN_IN", None)
    # The payer's own cashier takes the payer's session alone, even from who knows its address.
    assert (await gate.ask("GET", path, at="203.0.113.5")).status == 403
    paid = await gate.ask("POST", f"{path}/confirm", {"pin": "493817"}, token=token)
    assert paid.json()["resultCode"] == "9000"
    late = {"pin": "493817"}
    refused = await gate.ask("POST", f"{other}/confirm", late, at="203.0.113.5")
    assert refused.status == 403


async def test_the_host_header_decides_no_address(tmp_path: Path) -> None:
    async with production(tmp_path / "gateway") as gate:
        call = {"orderStr": gate.order_str("H-1"), "callId": "h"}
        forwarded = ((b"x-forwarded-host", b"evil.example"), (b"x-forwarded-proto", b"http"))
        reply = await gate.ask("POST", "/cashier/trade-pay", call, headers=forwarded)
        assert reply.json()["cashierUrl"].startswith(f"https://{HOST}/cashier/")
