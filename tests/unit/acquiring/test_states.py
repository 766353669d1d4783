"""The transition tables, exhaustively: every pair of a state and an event is a step or a refusal.

The expected steps are written here a second time, as text, on purpose: a change to a table must be
meant. What must hold: what is not in a table raises and changes nothing.
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from tillgate.acquiring.states import (
    TABLES,
    AcquirementEvent,
    AcquirementState,
    AgreementEvent,
    AgreementState,
    AttemptEvent,
    AttemptState,
    NotificationEvent,
    NotificationState,
    RefundEvent,
    RefundState,
    after,
    diagram,
)
from tillgate.kernel.errors import Broken

MACHINES: dict[str, tuple[type[StrEnum], type[StrEnum]]] = {
    "acquirement": (AcquirementState, AcquirementEvent),
    "attempt": (AttemptState, AttemptEvent),
    "notification": (NotificationState, NotificationEvent),
    "refund": (RefundState, RefundEvent),
    "agreement": (AgreementState, AgreementEvent),
}

STEPS = {
    "acquirement": """
        WAIT_BUYER_PAY  paid                             TRADE_SUCCESS
        WAIT_BUYER_PAY  paid and given back              TRADE_CLOSED
        WAIT_BUYER_PAY  expired                          TRADE_CLOSED
        WAIT_BUYER_PAY  cancelled                        TRADE_CLOSED
        WAIT_BUYER_PAY  automatic debit declined         TRADE_CLOSED
        TRADE_SUCCESS   cancelled                        TRADE_CLOSED
        TRADE_SUCCESS   refunded in full                 TRADE_CLOSED
        TRADE_SUCCESS   refund period over               TRADE_FINISHED
    """,
    "attempt": """
        ASKED           approved                         APPROVED
        ASKED           declined                         DECLINED
        ASKED           no answer                        UNKNOWN
        UNKNOWN         approved                         APPROVED
        UNKNOWN         declined                         DECLINED
        UNKNOWN         no answer                        UNKNOWN
        REVIEW          released by the operator         ASKED
        REVIEW          declined                         DECLINED
    """,
    "notification": """
        PENDING         acknowledged                     ACKNOWLEDGED
        PENDING         not acknowledged                 PENDING
        PENDING         last try not acknowledged        EXHAUSTED
        PENDING         withdrawn by a cancel            WITHDRAWN
        PENDING         resent by the operator           PENDING
        ACKNOWLEDGED    resent by the operator           PENDING
        EXHAUSTED       resent by the operator           PENDING
        EXHAUSTED       acknowledged                     ACKNOWLEDGED
        EXHAUSTED       withdrawn by a cancel            WITHDRAWN
    """,
    "refund": """
        ASKED           approved by the issuer           DONE
        ASKED           declined by the issuer           FAILED
    """,
    "agreement": """
        SIGNING         signed by the payer              ACTIVE
        SIGNING         cancelled by either side         CANCELED
        ACTIVE          cancelled by either side         CANCELED
    """,
}


def _expected(name: str) -> dict[tuple[str, str], str]:
    lines = [line.split() for line in STEPS[name].strip().splitlines()]
    return {(words[0], " ".join(words[1:-1])): words[-1] for words in lines}


def _pairs() -> Iterator[tuple[str, Any, Any]]:
    for name, (states, events) in MACHINES.items():
        for state, event in product(states, events):
            yield name, state, event


@pytest.mark.parametrize(("name", "state", "event"), list(_pairs()))
def test_a_pair_is_a_step_of_the_table_or_refused(name: str, state: Any, event: Any) -> None:
    following = _expected(name).get((state.value, event.value))

    if following is None:
        with pytest.raises(Broken, match=state.value):
            after(TABLES[name], state, event)
    else:
        assert after(TABLES[name], state, event).value == following


def test_every_table_is_held_here() -> None:
    assert set(TABLES) == set(MACHINES) == set(STEPS)
    for name, table in TABLES.items():
        assert len(table) == len(_expected(name))


@pytest.mark.parametrize("name", TABLES)
def test_the_diagram_has_a_line_for_each_step(name: str) -> None:
    first, *lines = diagram(name).splitlines()

    assert first == "stateDiagram-v2"
    assert sorted(line.strip() for line in lines) == sorted(
        f"{start} --> {end}: {event}" for (start, event), end in _expected(name).items()
    )


@pytest.mark.parametrize("end", [AcquirementState.TRADE_CLOSED, AcquirementState.TRADE_FINISHED])
def test_nothing_happens_to_an_order_after_its_end(end: AcquirementState) -> None:
    assert not [step for step in TABLES["acquirement"] if step[0] is end]
