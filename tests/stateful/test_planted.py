"""The machine finds faults: each is planted in the rules, and a run without any of them is clean.

What must hold: a planted fault is one that a hurried hand could write, and the machine needs no
more stories than it is given in the suite to find it.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.stateful.stories import tell
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.replay import RequestMark
from tillgate.acquiring.states import AttemptState
from tillgate.engine.decide import (
    answer_attempt,
    answers,
    debit,
    end_order,
    refund,
)
from tillgate.engine.issuer import Approved
from tillgate.kernel.money import zero

Patch = pytest.MonkeyPatch
SEEDS = range(40)


def refund_not_counted_while_it_is_asked(patch: Patch) -> None:
    ask = refund._ask_issuer  # noqa: SLF001  A fault is planted where the rule stands.

    def asked(rows: Any, order: Any, wanted: Any, moment: Any) -> Any:
        return ask(rows, order.replaced(refunded=order.refunded - wanted.amount), wanted, moment)

    patch.setattr(refund, "_ask_issuer", asked)


def allowance_kept_after_a_decline(patch: Patch) -> None:
    patch.setattr(answer_attempt, "release_allowances", lambda *_: None)


def cancel_after_a_refund(patch: Patch) -> None:
    undo = end_order._undo_payment  # noqa: SLF001  As above.

    def undone(rows: Any, order: Any, command: Any, moment: Any) -> Any:
        return undo(rows, order.replaced(refunded=zero("HKD")), command, moment)

    patch.setattr(end_order, "_undo_payment", undone)


def debit_of_a_cancelled_agreement(patch: Patch) -> None:
    patch.setattr(debit, "_check_standing", lambda *_: None)


def late_yes_taken_twice(patch: Patch) -> None:
    def is_late(attempt: Any, answer: Any) -> bool:
        return attempt.state is AttemptState.DECLINED and isinstance(answer, Approved)

    patch.setattr(answers, "is_late_yes", is_late)


def cancel_forgotten_while_the_bank_thinks(patch: Patch) -> None:
    take = answer_attempt._take_yes  # noqa: SLF001  As above.

    def taken(rows: Any, attempt: Any, call: Any, moment: Any) -> Any:
        order = rows.must(Acquirement, attempt.merchant_id, attempt.merchant_trans_id)
        rows.update(order.replaced(cancel_requested=False))
        return take(rows, attempt, call, moment)

    patch.setattr(answer_attempt, "_take_yes", taken)


def replay_not_told(patch: Patch) -> None:
    patch.setattr(RequestMark, "check", lambda *_: None)


FAULTS: tuple[Callable[[Patch], None], ...] = (
    refund_not_counted_while_it_is_asked,
    allowance_kept_after_a_decline,
    cancel_after_a_refund,
    debit_of_a_cancelled_agreement,
    late_yes_taken_twice,
    cancel_forgotten_while_the_bank_thinks,
    replay_not_told,
)


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found(
    plant: Callable[[Patch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)

    assert any(is_found(number) for number in SEEDS)


def is_found(number: int) -> bool:
    """Tell the stories of a seed, and whether one of them did not hold."""
    try:
        tell(number)
    except Exception:  # noqa: BLE001  Whatever breaks first: an answer, the audit, a table of states.
        return True
    return False
