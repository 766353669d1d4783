"""Of several messages the first ones have a whole look each, whatever the others are."""

import json
import random
from typing import Any

import pytest

from tests.doctor.making import by, with_amount, without
from tests.doctor.program import Order, Program, an_order, public_pem
from tillgate import doctor
from tillgate.doctor import examination
from tillgate.doctor.opening import Opened
from tillgate.doctor.search import Found, search

KEYS = [doctor.load_key(public_pem("merchant"))]
EVERYDAY: dict[str, dict[str, Any]] = {
    "an amount as a number": {"signed_order": with_amount(float)},
    "a member that was dropped": {"signed_order": without("body", "notifyUrl")},
    "sorted with blanks": {
        "signed_text": lambda order: json.dumps(order, ensure_ascii=False, sort_keys=True)
    },
}


def another(order: Order) -> Order:
    order["body"]["merchantId"] = "nobody the signer knew"
    return order


def unexplained(rng: random.Random, filling: str = "") -> bytes:
    order = an_order(rng)
    if filling:
        order["body"]["extendInfo"] = filling
    return Program(sent_order=another).run(order)[0]


@pytest.mark.parametrize("before", [1, 2, 3])
@pytest.mark.parametrize("mistake", EVERYDAY)
def test_an_everyday_mistake_is_found_behind_a_few_that_nothing_explains(
    before: int, mistake: str
) -> None:
    rng = random.Random(5)
    raws = [unexplained(rng) for _ in range(before)]
    wrong = Program(**EVERYDAY[mistake]).run(an_order(rng))[0]
    alone = doctor.examine(wrong, KEYS)

    report = doctor.examine(b"\n".join((*raws, wrong)), KEYS)

    told = [each for each in report.findings if each.message == before + 1]
    assert told[0].certain
    assert [each.code for each in told] == [each.code for each in alone.findings]
    assert report.messages[-1].signed_digest == alone.messages[0].signed_digest != ""
    assert "briefly" not in "".join(each.detail for each in report.findings)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("filling", ["", "x " * 10_000], ids=["small", "large"])
def test_of_sixteen_that_nothing_explains_four_are_searched_wholly(
    filling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[bytes] = []

    def counted(sent: bytes, goals: tuple[Opened, ...]) -> Found:
        searched.append(sent)
        return search(sent, goals)

    monkeypatch.setattr(examination, "search", counted)
    rng = random.Random(6)
    raws = [unexplained(rng, filling) for _ in range(16)]

    report = doctor.examine(b"\n".join(raws), KEYS)

    changed = [each for each in report.findings if each.code == "CHANGED"]
    assert len(searched) == 4
    assert [each.message for each in changed] == list(range(1, 17))
    assert ["briefly" in each.detail for each in changed] == [False] * 4 + [True] * 12


def test_a_signature_that_was_mended_in_vain_for_others_is_said_to_be_looked_at_briefly() -> None:
    rng = random.Random(7)
    raws = [Program(sign=by("gateway")).run(an_order(rng))[0] for _ in range(6)]

    wrong = doctor.examine(b"\n".join(raws), KEYS).findings

    assert [each.code for each in wrong] == ["WRONG_KEY"] * 6
    assert ["briefly" in each.detail for each in wrong] == [False] * 4 + [True] * 2


def test_messages_that_are_explained_use_up_nothing() -> None:
    rng = random.Random(8)
    raws = [Program(signed_order=with_amount(float)).run(an_order(rng))[0] for _ in range(8)]

    report = doctor.examine(b"\n".join(raws), KEYS)

    assert all(facts.signed_digest for facts in report.messages)
