"""The exam itself: it plays each case, looks at the answers and at the order, and writes findings.

It decides which order a case gets and how a case ends; messages, rules and words are elsewhere.
What must hold: an order that a case may have changed is not used as an open one again; a case that
cannot be played or seen is not judged; a server that stopped answering is not asked for ever.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, final

from tillgate.exam import acks, effects
from tillgate.exam.acks import Attitude, Judge
from tillgate.exam.acquirer import Acquirer, Message
from tillgate.exam.cases import About, Case, Effect, Expect, Scene, Step
from tillgate.exam.catalogue import CASES
from tillgate.exam.checks import CHECKS
from tillgate.exam.errors import ExamRefused, NoOrder
from tillgate.exam.findings import Finding, Report, Verdict
from tillgate.exam.orders import Ordered, Supply
from tillgate.exam.states import RefundUrl, State, StateUrl
from tillgate.exam.verdicts import Seen, answer_fault, checked, judged, not_judged
from tillgate.exam.wire import UNSPOKEN, Answer, Door, End
from tillgate.exam.words import RIGHT
from tillgate.kernel.clock import Clock, rfc3339
from tillgate.kernel.errors import Unavailable

SILENT_MAX: Final = 3
"""After so many cases in a row without an answer the rest is not played."""
UNHEARD: Final = frozenset({End.TIMED_OUT, End.NOT_REACHED, *UNSPOKEN})
"""How it ends when nobody is there, or nobody we may speak to."""
SETTLE_S: Final = (0.0, 0.1, 0.3, 0.6, 1.0)
"""Waits before an order that should be paid is looked at again: it may be stored by a queue."""


@final
class Examiner:
    """Holds one exam of one notify URL."""

    def __init__(
        self,
        door: Door,
        *,
        supply: Supply,
        acquirer: Acquirer,
        judge: Judge,
        clock: Clock,
        states: StateUrl | None = None,
        refunds: RefundUrl | None = None,
        agreement: str = "",
        agreements: StateUrl | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take its parts; nothing is sent yet."""
        self._door, self._supply, self._acquirer, self._judge = door, supply, acquirer, judge
        self._states, self._refunds, self._clock, self._pause = states, refunds, clock, pause
        self._agreement, self._agreements = agreement, agreements
        self._ended_by = ""
        self._acknowledged: list[tuple[Message, Answer]] = []
        self._paid: tuple[Ordered, Message] | None = None
        self._paid_word = ""
        self._unpaid = ""
        self._is_right_accepted = False
        self._has_begun = False
        self._repeats_fail = ""
        self._silent = 0

    def hold(
        self, names: Iterable[str] = (), tell: Callable[[Finding], None] | None = None
    ) -> Report:
        """Hold the exam, or the named cases of it, and return what was found.

        Raises:
            Unavailable: nobody is at the address, or at the state URL.
            ExamRefused: an order or an answer of the state URL is not what it should be.
        """
        wanted = frozenset(names)
        begun_at = rfc3339(self._clock.now_ms())
        findings: list[Finding] = []
        # The checks look at acknowledgements, so a true message must go out for them.
        checks = [check for check in CHECKS if not wanted or check.name in wanted]
        for case in CASES:
            if not wanted or case.name in wanted:
                findings.append(self._examined(case))
                if tell:
                    tell(findings[-1])
        if checks and not self._acknowledged and wanted:
            self._examined(RIGHT)
        for check in checks:
            findings.append(checked(check, self._judge, self._acknowledged))
            if tell:
                tell(findings[-1])
        return Report(
            url=self._door.url,
            begun_at=begun_at,
            sees_orders=self._states is not None,
            findings=findings,
            remarks=self._remarks(findings),
        )

    def _examined(self, case: Case) -> Finding:
        """Play a case and judge it."""
        if case.needs_retired_key and self._acquirer.keys.retired is None:
            return not_judged(case, "No retired key was given: --old-key PEM.")
        if case.about is About.AGREEMENT and not self._agreement:
            return not_judged(case, "No agreement was given: --agreement NUMBER.")
        if case.about is About.AGREEMENT and self._ended_by:
            return not_judged(case, f"The agreement does not stand any more; see {self._ended_by}.")
        if self._silent >= SILENT_MAX:
            return not_judged(case, "The address stopped answering before.")
        try:
            scene = self._scene(case)
        except NoOrder as error:
            return not_judged(case, str(error))
        if scene is None:
            return not_judged(case, f"No order is paid to tell it of: {self._unpaid}.")
        try:
            seen = self._played(case, scene)
        except (ExamRefused, Unavailable) as error:
            if not self._has_begun:
                raise
            self._supply.spend(scene.order)
            return not_judged(case, f"It could not be seen what became of it. {error}")
        self._has_begun = True
        fault, doubt = self._faults(case, seen)
        self._learn(case, scene, seen, fault)
        return judged(case, seen, fault, doubt=doubt)

    def _scene(self, case: Case) -> Scene | None:
        """Return what a case is played with, or None when no order could be paid.

        Raises:
            NoOrder: there is no open order left.
        """
        if case.about is About.AGREEMENT:
            order = self._paid[0] if self._paid else self._supply.open_order()
            return Scene(acquirer=self._acquirer, order=order, agreement=self._agreement)
        if case.about is not About.PAID:
            return Scene(acquirer=self._acquirer, order=self._supply.open_order())
        if self._paid is None and not self._unpaid:
            self._examined(RIGHT)
        if self._paid is None:
            return None
        order, first = self._paid
        return Scene(acquirer=self._acquirer, order=order, first=first)

    def _played(self, case: Case, scene: Scene) -> Seen:
        """Send a case's messages, and look at what it is about before and after."""
        if case.is_after_refund and self._refunds is not None:
            self._refunds.book(scene.order.merchant_trans_id)
        before = self._state(scene)
        steps = case.play(scene)
        answers: list[Answer] = []
        after: list[State] = []
        if case.is_together:
            with ThreadPoolExecutor(len(steps)) as pool:
                answers = list(pool.map(self._send, steps))
        for step in steps[len(answers) :]:
            after += self._looked(scene) if answers else []
            answers.append(self._send(step))
        if before is not None and case.effect in {Effect.PAYS, Effect.ENDS}:
            after += self._settled(case, scene, before)
        else:
            after += self._looked(scene)
        return Seen(steps, answers, before, after)

    def _send(self, step: Step) -> Answer:
        answer = self._door.send(step.sending)
        if answer.end in UNSPOKEN and not self._has_begun:
            raise Unavailable(f"{self._door.url}: {answer.ending}.")
        if answer.end is End.NOT_REACHED and not self._has_begun:
            raise Unavailable(f"{self._door.url}: {answer.ending}; is your server running?")
        return answer

    def _state(self, scene: Scene) -> State | None:
        if scene.agreement:
            return self._agreements.read(scene.agreement) if self._agreements else None
        return self._states.read(scene.order.merchant_trans_id) if self._states else None

    def _looked(self, scene: Scene) -> list[State]:
        state = self._state(scene)
        return [] if state is None else [state]

    def _settled(self, case: Case, scene: Scene, before: State) -> list[State]:
        """Return how what a case is about stands once it moved, or once it had the time to."""
        found: list[State] = []
        for wait_s in SETTLE_S:
            self._pause(wait_s)
            found = self._looked(scene)
            if found and found[0].status != before.status:
                break
        if case.is_together:
            # The first copy moved it; another may still be at work.
            self._pause(SETTLE_S[-1])
            found = self._looked(scene)
        return found

    def _faults(self, case: Case, seen: Seen) -> tuple[str, str]:
        """Return what is wrong, or ""; and why a case without a fault has not passed, or ""."""
        answered = self._answer_fault(case, seen)
        became, doubt = self._order_fault(case, seen)
        if not answered:
            return became, doubt
        if not became.startswith(case.subject):
            became = ""  # That nothing moved follows from the answer.
        return "; ".join(filter(len, (answered.rstrip("."), became, doubt))), ""

    def _answer_fault(self, case: Case, seen: Seen) -> str:
        for step, answer in zip(seen.steps, seen.answers, strict=True):
            # What is wrong within acknowledgements is told once, by the checks and by this one.
            strict = self._judge if case is RIGHT else None
            if fault := answer_fault(case.expect, step.message, answer, strict=strict):
                return fault
        return ""

    def _order_fault(self, case: Case, seen: Seen) -> tuple[str, str]:
        """Return how the order went wrong; or, when a case about repeats told it, which one did."""
        if seen.before is None:
            return "", ""
        told = partial(effects.fault, case.effect, paid_word=self._paid_word)
        fault = told(seen.before, seen.after)
        if case.tells_repeats:
            self._repeats_fail = self._repeats_fail or (fault and case.name)
            return fault, ""
        if not (fault and self._repeats_fail and case.about is About.PAID):
            return fault, ""
        # Delivering again is known by now; what this case asks may be wrong besides.
        before, *after = [each.without_deliveries() for each in (seen.before, *seen.after)]
        return told(before, after), f"it delivers again; see {self._repeats_fail}"

    def _learn(self, case: Case, scene: Scene, seen: Seen, fault: str) -> None:
        """Remember what later cases lean on."""
        ends = {answer.end for answer in seen.answers}
        self._silent = self._silent + 1 if ends <= UNHEARD else 0
        if case.expect is Expect.ACKNOWLEDGED:
            pairs = zip(seen.steps, seen.answers, strict=True)
            self._acknowledged += [
                (step.message, answer)
                for step, answer in pairs
                if answer.is_good or answer.end is End.TIMED_OUT
            ]
        has_moved = any(state != seen.before for state in seen.after)
        if case.about is About.AGREEMENT:
            # What nobody should have believed has ended it, so the truth has nothing left to end.
            self._ended_by = case.name if has_moved and case.effect is Effect.STANDS else ""
            return
        if case is RIGHT:
            self._learn_paid(scene, seen, fault)
        if fault or has_moved or case is RIGHT or case.about is About.OWN:
            self._supply.spend(scene.order)

    def _learn_paid(self, scene: Scene, seen: Seen, fault: str) -> None:
        """Remember an order as paid when the merchant took the word, whatever its answer's form."""
        answer = seen.answers[0]
        self._is_right_accepted = acks.attitude(answer) is Attitude.ACCEPTS
        is_taken = answer.is_good and acks.attitude(answer) is not Attitude.REFUSES
        if seen.before is not None:
            is_taken = is_taken and seen.after[-1].status != seen.before.status
        if is_taken:
            self._paid = (scene.order, seen.steps[0].message)
            self._paid_word = seen.after[-1].status if seen.after else ""
        else:
            self._unpaid = fault or "the right notification changed nothing"

    def _right_failed(self) -> str:
        """Return what it means for the rest that the right notification failed."""
        if self._is_right_accepted:
            return (
                "The right notification was acknowledged and failed all the same, so a refusal of "
                "a wrong one proves little: mend that first."
            )
        return (
            "The right notification was not acknowledged, so a refusal of a wrong one proves "
            "little: mend that first. It was signed with the gateway's key "
            f"{self._acquirer.keys.gateway.public.fingerprint}; is that the one your server "
            "verifies with?"
        )

    def _remarks(self, findings: Sequence[Finding]) -> list[str]:
        remarks: list[str] = []
        right = {each.name: each for each in findings}.get(RIGHT.name)
        if right is not None and right.verdict is not Verdict.PASSED:
            remarks.append(self._right_failed())
        if self._states is None:
            remarks.append(
                "Without --state the exam sees answers only: whether an order was paid, or "
                "delivered twice, nobody looked."
            )
        return remarks
