"""Any commands in any order, each perhaps twice, held against a simple model of who has what.

The model knows nothing of entries, attempts or notifications: for each order it keeps who holds
its money, and for each payer a number. What must hold after every step: the audit is clean,
balances are the model's, an order's state is one the model allows, and a final outcome stays.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.engine.score import SHOP, Score, token
from tests.support.evidence import evidence
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Call, Form
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.risk.signals import Signals
from tillgate.acquiring.states import AcquirementState
from tillgate.engine.commands import (
    AnswerAttempt,
    ClaimAttempt,
    ClaimNotification,
    Command,
    Confirm,
    LockOut,
    OpenCall,
    RecordSend,
    ReservePinTry,
    UnlockPayer,
)
from tillgate.engine.issuer import Approved, Declined, Unknown
from tillgate.engine.operation import Operation
from tillgate.kernel.clock import HOUR_MS, SECOND_MS
from tillgate.kernel.ids import CallId, MerchantTransId, PayerId
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Balance

PAYERS = ("rich", "poor", "slow", "other")
ORDERS = ("A-1", "A-2", "A-3", "A-4")
PAGES = ("A", "B", "C")
FINAL = {"9000", "4000", "5000", "6001"}
WAITS = (1, 5 * SECOND_MS, 31 * SECOND_MS, 60 * SECOND_MS, 180 * SECOND_MS, 13 * HOUR_MS)

order_names = st.sampled_from(ORDERS)
pages = st.sampled_from(PAGES)
payers = st.sampled_from(PAYERS)
picks = st.integers(0, 50)
cents = st.integers(1, 6_000)


class Gateway(RuleBasedStateMachine):
    """The engine, and beside it the model."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.score = Score()
        self.run(self.score.set_up())
        self.cash = {"rich": 10_000, "poor": 100}
        self.paid: dict[str, tuple[str, int]] = {}
        self.undone: set[str] = set()
        self.final: dict[tuple[str, str], str] = {}
        self.sent: list[Command] = []

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end on the machine's own loop."""
        return self.loop.run_until_complete(work)

    def send(self, command: Command) -> Any:
        """Execute a command and return its outcome, or the refusal."""
        self.sent.append(command)
        return self.run(self.score.once(command))

    def teardown(self) -> None:
        """End the engine and its loop."""
        self.run(self.score.engine.stop())
        self.loop.close()

    # What people, merchants, issuers and workers do

    @rule(name=order_names, page=pages, payer=payers, minor=cents, wallet=st.booleans())
    def a_page_calls(self, name: str, page: str, payer: str, minor: int, *, wallet: bool) -> None:
        order = self.run(self.score.store.get(Acquirement, SHOP, name))
        amount = order.amount if order and order.amount.is_positive else Money.of(minor, "HKD")
        outcome = self.send(
            OpenCall(
                operation_id=self.score.operation(),
                terms=self.score.terms(merchant_trans_id=MerchantTransId(name), amount=amount),
                call_id=CallId(page),
                form=Form.WALLET if wallet else Form.PAGE,
                token_hash=token(page, name),
                payer_id=PayerId(payer) if wallet else None,
                signals=Signals(),
            )
        )
        self.keep(name, page, outcome)

    @rule(page=pages, payer=payers)
    def a_payer_signs_in(self, page: str, payer: str) -> None:
        if (self.run(self.score.store.get(Call, SHOP, "A-1", page))) is not None:
            self.run(self.score.signs_in(page, payer))

    @rule(name=order_names, page=pages, payer=payers)
    def a_payer_calls_and_confirms(self, name: str, page: str, payer: str) -> None:
        self.a_page_calls(name=name, page=page, payer=payer, minor=1000, wallet=True)
        self.confirm(name, page, payer)

    @rule(pick=picks, payer=payers)
    def a_payer_confirms(self, pick: int, payer: str) -> None:
        call = self.one_of(Call, pick)
        if call is not None:
            self.confirm(call.merchant_trans_id, call.call_id, call.payer_id or payer)

    @rule(name=order_names, page=pages)
    def a_buyer_cancels(self, name: str, page: str) -> None:
        self.run(self.score.buyer_cancels(page, order=name))

    @rule(payer=payers, times=st.integers(1, 4))
    def pins_are_guessed(self, payer: str, times: int) -> None:
        for _ in range(times):
            command = ReservePinTry(operation_id=self.score.operation(), payer_id=PayerId(payer))
            self.send(command)

    @rule(name=order_names, page=pages, payer=payers)
    def a_payer_is_locked_out(self, name: str, page: str, payer: str) -> None:
        self.send(
            LockOut(
                operation_id=self.score.operation(),
                token_hash=token(page, name),
                payer_id=PayerId(payer),
            )
        )

    @rule(payer=payers)
    def an_operator_unlocks(self, payer: str) -> None:
        self.send(UnlockPayer(**self.score.by_hand(), payer_id=PayerId(payer)))

    @rule(payer=st.sampled_from(("rich", "poor")), minor=cents)
    def an_operator_takes_cash(self, payer: str, minor: int) -> None:
        self.run(self.score.tops_up(payer, str(Money.of(minor, "HKD"))))
        self.cash[payer] += minor

    @rule(pick=picks)
    def the_merchant_cancels(self, pick: int) -> None:
        order = self.one_of(Acquirement, pick)
        name = order.merchant_trans_id if order else "A-4"
        said = self.run(self.score.merchant_cancels(name))
        if said == "TRADE_CLOSED" and name in self.paid and name not in self.undone:
            self.undone.add(name)
            payer, minor = self.paid[name]
            if payer in self.cash:
                self.cash[payer] += minor

    @rule(
        pick=picks,
        answer=st.sampled_from((Approved(), Declined(), Declined("?"), Unknown())),
    )
    def an_issuer_answers(self, pick: int, answer: Approved | Declined | Unknown) -> None:
        attempt = self.one_of(Attempt, pick)
        if attempt is None:
            return
        name = attempt.merchant_trans_id
        self.send(
            AnswerAttempt(
                operation_id=self.score.operation(),
                merchant_id=SHOP,
                merchant_trans_id=name,
                attempt_no=attempt.attempt_no,
                answer=answer,
            )
        )
        order = self.run(self.score.store.get(Acquirement, SHOP, name))
        if order and order.was_paid and name not in self.paid:
            self.paid[name] = (order.payer_id, order.amount.minor)
            if order.cancel_requested:
                self.undone.add(name)

    @rule(pick=picks, behind=st.integers(0, 1))
    def a_worker_asks_again(self, pick: int, behind: int) -> None:
        attempt = self.one_of(Attempt, pick)
        if attempt is not None:
            self.send(
                ClaimAttempt(
                    operation_id=self.score.operation(),
                    merchant_id=SHOP,
                    merchant_trans_id=attempt.merchant_trans_id,
                    attempt_no=attempt.attempt_no,
                    asks=attempt.asks - behind,
                )
            )

    @rule(acknowledged=st.booleans(), stale=st.booleans())
    def a_worker_notifies(self, *, acknowledged: bool, stale: bool) -> None:
        for row in self.run(self.score.rows(Notification)):
            key = {"merchant_id": row.merchant_id, "notification_id": row.notification_id}
            claim = self.send(
                ClaimNotification(operation_id=self.score.operation(), **key, sends=row.sends)
            )
            if claim.send_no or (stale and row.sends):
                self.send(
                    RecordSend(
                        operation_id=self.score.operation(),
                        **key,
                        send_no=claim.send_no or row.sends,
                        sent_at_ms=0,
                        elapsed_ms=0,
                        request=b"",
                        status=None,
                        response=b"",
                        acknowledged=acknowledged,
                        verdict="",
                        sentence="",
                    )
                )

    @rule(name=order_names)
    def the_expiry_worker_passes(self, name: str) -> None:
        if self.run(self.score.store.get(Acquirement, SHOP, name)) is not None:
            self.run(self.score.expiry_runs(name))

    @rule(duration_ms=st.sampled_from(WAITS))
    def time_passes(self, duration_ms: int) -> None:
        self.score.waits(duration_ms)

    @precondition(lambda self: self.sent)
    @rule(back=st.integers(1, 12))
    def a_command_arrives_again(self, back: int) -> None:
        """Whatever was recorded for it is the answer, and nothing moves."""
        before = self.run(self.score.everything())
        command = self.sent[-min(back, len(self.sent))]
        known = {row.operation_id for row in before[Operation]}
        self.run(self.score.once(command))
        if command.operation_id in known:
            assert self.run(self.score.everything()) == before

    # What the model keeps

    def one_of(self, record: type[Record], pick: int) -> Any:
        """Return one of the rows of a kind, or None when there is none."""
        rows = self.run(self.score.rows(record))
        return rows[pick % len(rows)] if rows else None

    def confirm(self, name: str, page: str, payer: str) -> None:
        """Confirm, and move the money in the model if that paid."""
        outcome = self.send(
            Confirm(
                operation_id=self.score.operation(),
                token_hash=token(page, name),
                payer_id=PayerId(payer),
                evidence=evidence(self.score.clock.now_ms()),
            )
        )
        fresh = (name, page) not in self.final
        self.keep(name, page, outcome)
        if getattr(outcome, "result_code", "") == "9000" and fresh and payer in self.cash:
            self.pay(name, payer)

    def keep(self, name: str, page: str, outcome: object) -> None:
        """Note a final outcome; it must be the one that was told before."""
        code = getattr(outcome, "result_code", "")
        if code in FINAL and self.run(self.score.store.get(Call, SHOP, name, page)) is not None:
            assert self.final.setdefault((name, page), code) == code

    def pay(self, name: str, payer: str) -> None:
        """Move the money in the model."""
        assert name not in self.paid
        order = self.run(self.score.order(name))
        self.paid[name] = (payer, order.amount.minor)
        self.cash[payer] -= order.amount.minor

    # What must hold after every step

    @invariant()
    def the_audit_is_clean(self) -> None:
        self.run(self.score.clean())

    @invariant()
    def balances_are_the_models(self) -> None:
        rows = self.run(self.score.rows(Balance))
        held = {row.account.removeprefix("payer:"): row.money.minor for row in rows}
        assert held == self.cash

    @invariant()
    def the_merchant_is_owed_what_was_paid_and_not_undone(self) -> None:
        owed = sum(minor for name, (_, minor) in self.paid.items() if name not in self.undone)
        assert self.run(self.score.holds("merchant:shop")) == owed

    @invariant()
    def orders_end_as_the_model_says(self) -> None:
        for order in self.run(self.score.rows(Acquirement)):
            name = order.merchant_trans_id
            assert order.was_paid == (name in self.paid)
            if name in self.paid and name not in self.undone:
                assert order.state is AcquirementState.TRADE_SUCCESS

    @invariant()
    def final_outcomes_stay(self) -> None:
        for (name, page), code in self.final.items():
            call = self.run(self.score.store.get(Call, SHOP, name, page))
            assert call is not None
            assert call.result_code == code

    @invariant()
    def the_issuer_is_owed_nothing_it_did_not_send(self) -> None:
        rows = self.run(self.score.rows(Attempt))
        assert self.run(self.score.holds("issuer:bank")) <= 0 or not rows


TestGateway = Gateway.TestCase
TestGateway.settings = settings(
    max_examples=200,
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.generate],  # Shrinking a story of 40 steps outlasts every patience.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    derandomize=True,
)
