"""Outcomes as values: what they show, what they hide, and that the two colours agree."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.calls import (
    APPLY,
    CALLS,
    DEBIT,
    NO_ANSWER,
    QUERY,
    REFUND,
    TOKENS,
    WAITING,
    made,
    name_of,
)
from tests.support.small_gateway import (
    Colour,
)
from tillgate import (
    AccessToken,
    AsyncMerchant,
    Cause,
    Merchant,
    Secret,
    Unknown,
)


def test_no_outcome_prints_a_token(colour: Colour) -> None:
    tokens, _ = made(colour, APPLY, TOKENS)
    unknown, _ = made(colour, DEBIT, NO_ANSWER)

    assert isinstance(tokens, AccessToken)
    assert tokens.access_token.reveal() == "access-1"
    for shown in (repr(tokens), str(tokens), f"{tokens.access_token}", repr(unknown)):
        assert "access-1" not in shown
        assert "refresh-1" not in shown
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(tokens.access_token)


def test_a_secret_equals_its_text_alone() -> None:
    assert Secret("a") == Secret("a")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a") != "a"


def test_outcomes_say_what_they_are_about(colour: Colour) -> None:
    waiting, _ = made(colour, QUERY, WAITING)
    unknown, _ = made(colour, REFUND, NO_ANSWER)

    assert "A-1001" in repr(waiting)
    assert "refund R-1" in repr(unknown)
    assert "TIMED_OUT" in repr(unknown)
    assert isinstance(unknown, Unknown)
    assert unknown.sentence == Cause.TIMED_OUT.sentence


def _public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_the_two_colours_have_the_same_methods() -> None:
    assert _public(Merchant) - {"close"} == _public(AsyncMerchant) - {"aclose"}


@pytest.mark.parametrize("name", sorted(name_of(call) for call in CALLS))
def test_the_two_colours_take_the_same_arguments(name: str) -> None:
    def parameters(method: Callable[..., object]) -> dict[str, Any]:
        found = dict(method.__annotations__)
        found.pop("return")
        return {"defaults": (method.__defaults__, method.__kwdefaults__), **found}

    assert parameters(getattr(Merchant, name)) == parameters(getattr(AsyncMerchant, name))
