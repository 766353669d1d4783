"""Who calls: what a proxy says is believed of named proxies alone, and counts for one address.

What must hold: a caller chooses neither the address that it is taken for nor the name under which
it is counted; a flood from one address does not stand in another's way.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from tests.security.production import CLIENT_ID, WRONG, Production, production
from tests.support.asgi import ask
from tillgate.edge.asgi import Receive, Scope, Send, reply_json
from tillgate.edge.desk import DoorSettings
from tillgate.edge.peers import Gate, counted
from tillgate.gateway.api import BAD_SIGNATURES_PER_S_MAX
from tillgate.kernel.clock import ManualClock

NOW_MS: Final = 1_800_000_000_000
PROXIES: Final = ("127.0.0.1/32", "10.0.0.0/8", "::1/128")


def gate_of(*proxies: str, requests_per_s_max: int = 100, clock: ManualClock | None = None) -> Gate:
    settings = DoorSettings(
        is_sandbox=False,
        wallet_origin="https://pay.example",
        shop_origin="",
        hosts=frozenset(),
        proxies=tuple(ip_network(each) for each in proxies),
        requests_per_s_max=requests_per_s_max,
    )
    return Gate(clock or ManualClock(1_000), settings)


async def answered(gate: Gate, peer: str, *forwarded: str) -> tuple[int, str]:
    """Return the status of an answer, and whom the door behind the gate took the caller for."""
    seen: list[str] = []
    sent: list[Any] = []

    async def door(scope: Scope, _: Receive, send: Send) -> None:
        seen.append(scope["client"][0])
        await reply_json(send, 200, {})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    headers = [(b"x-forwarded-for", text.encode()) for text in forwarded]
    scope = {"type": "http", "client": (peer, 5), "headers": headers}
    await gate.before(door)(scope, receive, send)
    return sent[0]["status"], "".join(seen)


@pytest.mark.parametrize(
    ("peer", "forwarded", "taken_for"),
    [
        ("127.0.0.1", ("198.51.100.7",), "198.51.100.7"),
        ("127.0.0.1", ("1.2.3.4, 198.51.100.7",), "198.51.100.7"),
        ("127.0.0.1", ("1.2.3.4", "198.51.100.7"), "198.51.100.7"),
        ("127.0.0.1", ("1.2.3.4, 198.51.100.7, 10.1.1.1",), "198.51.100.7"),
        ("10.2.2.2", ("198.51.100.7:443",), "198.51.100.7"),
        ("::1", ("[2001:db8::1]:443",), "2001:db8::1"),
        ("127.0.0.1", ("::ffff:198.51.100.7",), "198.51.100.7"),
        # What cannot be an address ends the search: the proxy's own address stands.
        ("127.0.0.1", ("198.51.100.7, evil",), "127.0.0.1"),
        ("127.0.0.1", ("",), "127.0.0.1"),
        ("127.0.0.1", (), "127.0.0.1"),
        ("127.0.0.1", ("10.0.0.9, 127.0.0.1",), "127.0.0.1"),
        # Nobody else's word is believed.
        ("203.0.113.9", ("198.51.100.7",), "203.0.113.9"),
        ("203.0.113.9", ("127.0.0.1",), "203.0.113.9"),
    ],
)
async def test_a_callers_address_is_what_our_own_proxy_saw(
    peer: str, forwarded: tuple[str, ...], taken_for: str
) -> None:
    assert await answered(gate_of(*PROXIES), peer, *forwarded) == (200, taken_for)


async def test_without_a_named_proxy_nobody_is_believed() -> None:
    assert await answered(gate_of(), "127.0.0.1", "198.51.100.7") == (200, "127.0.0.1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "warned"),
    [
        ("172.18.0.5", ("198.51.100.7",), ["172.18.0.5"]),
        ("100.64.0.9", ("198.51.100.7",), ["100.64.0.9"]),
        ("fd00::5", ("198.51.100.7",), ["fd00::5"]),
        ("::ffff:172.18.0.5", ("198.51.100.7",), ["172.18.0.5"]),
        ("172.18.0.5", (), []),
        ("10.2.2.2", ("198.51.100.7",), []),
        ("8.8.8.8", ("198.51.100.7",), []),
    ],
)
async def test_a_proxy_that_nobody_named_is_told_of_once(
    peer: str, forwarded: tuple[str, ...], warned: list[str]
) -> None:
    gate = gate_of(*PROXIES)
    with capture_logs() as told:
        for _ in range(3):
            assert (await answered(gate, peer, *forwarded))[0] == 200

    assert [line["peer"] for line in told if line["event"] == "proxy_not_named"] == warned
    assert all("TILLGATE_PROXIES" in line["reason"] for line in told)


async def test_hops_without_end_are_not_followed() -> None:
    hops = ", ".join(["198.51.100.7", *["10.0.0.1"] * 10_000])
    assert await answered(gate_of(*PROXIES), "127.0.0.1", hops) == (200, "127.0.0.1")


async def test_a_flood_is_turned_away_and_stands_in_nobodys_way() -> None:
    clock = ManualClock(1_000)
    gate = gate_of(*PROXIES, requests_per_s_max=3, clock=clock)
    said = [(await answered(gate, "127.0.0.1", "198.51.100.7"))[0] for _ in range(5)]
    assert said == [200, 200, 200, 429, 429]
    assert (await answered(gate, "127.0.0.1", "198.51.100.8"))[0] == 200
    assert (await answered(gate, "127.0.0.1"))[0] == 200
    clock.advance(1_000)
    assert (await answered(gate, "127.0.0.1", "198.51.100.7"))[0] == 200


@pytest.mark.parametrize(
    ("peer", "name"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("127.0.0.1", ""),
        ("127.9.9.9", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_an_address_is_counted_under_one_name(peer: str, name: str) -> None:
    assert counted(peer) == name


async def test_the_documentation_is_no_way_to_flood_the_gateway(tmp_path: Path) -> None:
    clock = ManualClock(NOW_MS)
    async with production(tmp_path / "few", clock=clock, requests_per_s_max="2") as gate:
        said = [(await gate.ask("GET", "/docs")).status for _ in range(4)]
        assert said == [200, 200, 429, 429]
        assert (await gate.ask("GET", "/healthz")).status == 200
        assert (await gate.ask("POST", "/api/x.htm", b"{}")).status == 400


async def test_what_a_caller_writes_into_the_header_does_not_help_it(tmp_path: Path) -> None:
    clock = ManualClock(NOW_MS)
    async with production(tmp_path / "few", clock=clock, wrong_pins_per_min_max="2") as gate:
        said = [
            (await gate.signs_in("nobody", WRONG, at=f"10.9.9.{number}, 203.0.113.1")).status
            for number in range(4)
        ]
        assert said == [401, 401, 429, 429]


async def test_bad_signatures_of_a_customers_network_are_counted_together(tmp_path: Path) -> None:
    """Each is answered with a signature of ours, which costs ten times its check."""
    unsigned = {"request": {"head": {"clientId": CLIENT_ID}, "body": {}}}
    async with production(tmp_path / "gateway", clock=ManualClock(NOW_MS)) as gate:
        said = [
            (await gate.ask("POST", "/api/x.htm", unsigned, at=f"2001:db8::{number}")).status
            for number in range(1, BAD_SIGNATURES_PER_S_MAX + 3)
        ]
    assert said == [200] * BAD_SIGNATURES_PER_S_MAX + [429, 429]


async def test_a_request_from_this_machine_is_not_counted(gate: Production) -> None:
    """An operator's, or a proxy's that names nobody."""
    for _ in range(150):
        assert (await ask(gate.house, "GET", "/bridge.js", host="pay.example")).status == 200
