"""Cookies of others beside ours: a browser sends them all, and anybody sends what they like.

In production mode. What must hold: what another server under the same domain set, or a stranger
wrote, neither hides one of our cookies nor costs more than to pass over it.
"""

import sys
from typing import Any, Final

import pytest

from tests.security.production import ORIGIN, Production, cookies_of
from tillgate.cli.listener import HEAD_BYTES_MAX
from tillgate.edge.cookies import cookie_value

ME = "/wallet/me"
CALLS_MAX: Final = 50
OTHERS: Final = (
    'prefs={"theme":"dark","tour":true}',
    "visit=a b c",
    'note=said "no"',
    'open="',
    "name-alone",
    "list[0]=1",
    "two words=1",
    "caf\xe9=1",
    "path=/",
    "=nameless",
    "tillgate_payer",
    "",
)


@pytest.mark.parametrize("other", OTHERS)
async def test_a_cookie_of_another_server_hides_none_of_ours(gate: Production, other: str) -> None:
    cookies = cookies_of(await gate.signs_in("alice", origin=ORIGIN))
    header = [(b"cookie", f"{other}; {cookies}; {other}".encode("latin-1"))]
    assert (await gate.ask("GET", ME, headers=header)).status == 200


async def test_a_browser_that_is_known_stays_known_beside_the_cookies_of_others(
    gate: Production,
) -> None:
    cookies = cookies_of(await gate.signs_in("alice", origin=ORIGIN), "known")
    for _ in range(3):
        await gate.signs_in("alice", "000000", origin=ORIGIN)
    mine = [(b"cookie", f'prefs={{"a":1}}; {cookies}'.encode())]
    assert (await gate.signs_in("alice", origin=ORIGIN, headers=mine)).status == 200


@pytest.mark.parametrize("unit", ["\\", '\\"', "\\101", '"', ";", "=", "a=b;", " "])
def test_a_header_costs_one_pass_however_it_is_made(unit: str) -> None:
    """Unquoting a quoted value once cost seconds of the loop, by a header that anybody may send."""
    header = f'a="{unit * (HEAD_BYTES_MAX // 8 // len(unit))}"; mine=1'
    calls = 0

    def count(_frame: object, _event: str, _what: Any) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        value = cookie_value(header, "mine")
    finally:
        sys.setprofile(None)
    parts = header.count(";") + 1
    assert value == "1"
    assert calls <= CALLS_MAX + 4 * parts


def test_the_first_of_two_counts() -> None:
    assert cookie_value("a=1; b=2; b=3;c=", "b") == "2"
    assert cookie_value(" c = 4 ; b=2", "c") == "4"
    assert cookie_value("ab=1", "b") == ""
