"""The gateway's key changes in one commit: the fact, the key before it, and the log."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.engine.score import stage
from tillgate.acquiring.operator import GATEWAY_KEY, PREVIOUS_KEY, Fact, OperatorAction
from tillgate.engine.commands import InitialiseDatabase, SwitchGatewayKey

NEW: Mapping[str, Any] = {
    "mode": "sandbox",
    "gateway_fingerprint": "k0",
    "secret_fingerprint": "s",
}


def _switch(before: str, after: str) -> dict[str, Any]:
    return {
        "fingerprint": after,
        "public_pem": f"the key {after}",
        "previous_fingerprint": before,
        "previous_pem": f"the key {before}",
    }


@pytest.mark.parametrize("times", [1, 2])
async def test_each_switch_keeps_the_key_before_and_is_logged(times: int) -> None:
    async with stage() as score:
        await score.operates(InitialiseDatabase(**score.by_hand(), **NEW))
        for number in range(times):
            said = _switch(f"k{number}", f"k{number + 1}")
            done = await score.do(SwitchGatewayKey(**score.by_hand(), **said))
            assert (done.changed, done.subject) == (True, f"gateway key k{number + 1}")

        facts = {row.name: row.value for row in await score.rows(Fact)}
        assert facts[GATEWAY_KEY] == f"k{times}"
        assert facts[PREVIOUS_KEY] == f"the key k{times - 1}"
        acts = [row.action for row in await score.rows(OperatorAction)]
        assert acts.count("keys switch-gateway") == times


async def test_the_same_switch_again_changes_nothing() -> None:
    async with stage() as score:
        await score.operates(InitialiseDatabase(**score.by_hand(), **NEW))
        await score.do(SwitchGatewayKey(**score.by_hand(), **_switch("k0", "k1")))
        before = await score.everything()

        again = await score.do(SwitchGatewayKey(**score.by_hand(), **_switch("k0", "k1")))

        assert not again.changed
        assert await score.everything() == before


async def test_a_switch_from_a_key_that_is_not_the_gateways_is_refused() -> None:
    async with stage() as score:
        await score.operates(InitialiseDatabase(**score.by_hand(), **NEW))
        before = await score.everything()

        told = await score.operates(SwitchGatewayKey(**score.by_hand(), **_switch("k7", "k8")))

        assert told == "refused PROCESS_FAIL"
        assert await score.everything() == before
