"""Stories for the engine's tables: what happens after a payment, a line at a time.

A line is a step and, two blanks or more behind it, what is told; a story is a text of lines, so
that a table of them reads like a score. What must hold after each line: every command was sent
twice with one answer; whatever a merchant's server asked was asked again as a new request and
changed nothing more; the audit is clean.
"""

import re
from typing import Any

import msgspec

from tests.engine.score import (
    ORDER,
    SHOP,
    merchant,
    token,
)
from tests.engine.server import SEEN, Server, digest, minor, said
from tillgate.acquiring.allowance import Allowance
from tillgate.acquiring.call import Form
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.risk.records import RiskDecision
from tillgate.engine.commands import (
    Confirm,
    DecideReview,
    ErasePayer,
    LimitAgreement,
    LimitPayer,
    OpenCall,
    ReservePinTry,
    SetMerchant,
    SignAgreement,
    UnlockPayer,
)
from tillgate.engine.decide.agreements import Agreed
from tillgate.engine.payer_commands import RejectPin
from tillgate.engine.settings import DecideSettings
from tillgate.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tillgate.kernel.ids import (
    CallId,
    MerchantAgreementId,
    MerchantTransId,
    PayerId,
)
from tillgate.kernel.money import Money

UNITS_MS = {"ms": 1, "seconds": SECOND_MS, "minutes": MINUTE_MS, "hours": HOUR_MS, "days": DAY_MS}


class Story(Server):
    """A stage whose steps are the words of lines."""

    async def perform(self, text: str) -> None:
        """Perform a story: each line is told what it says, and leaves clean books."""
        for line in filter(None, map(str.strip, text.splitlines())):
            step, _, told = (part.strip() for part in re.split(r"(\s{2,})", line, maxsplit=1))
            assert await self.step(step) == told, line
            await self.clean()

    async def step(self, line: str) -> str:
        """Take one step and say what was told."""
        verb, *words = line.split()
        places = [word for word in words if "=" not in word]
        named = dict(word.split("=", maxsplit=1) for word in words if "=" in word)
        return str(await getattr(self, f"step_{verb}")(*places, **named))

    # Payers

    async def step_call(self, page: str, order: str, **named: str) -> str:
        return said(await self.do(self.open_call(page, order, **named)))

    def open_call(  # noqa: PLR0917  The words of a line.
        self,
        page: str,
        order: str,
        payer: str = "rich",
        agreement: str = "",
        amount: str = "10.00",
        seen: str = "fine",
        product: str = "AGREEMENT_OR_CASHIER_PAY",
        form: str = "WALLET",
    ) -> OpenCall:
        """Return the command of a tradePay; `agreement` is what the page may lead to."""
        self.payers.setdefault((order, page), payer)
        terms = self.terms(
            merchant_trans_id=MerchantTransId(order),
            amount=Money.parse(f"{amount} HKD"),
            product_code=product,
        )
        return OpenCall(
            operation_id=self.operation(),
            terms=terms,
            call_id=CallId(page),
            form=Form[form],
            token_hash=token(page, order),
            payer_id=PayerId(payer) if form == "WALLET" else None,
            signals=SEEN[seen],
            agreement_id=agreement,
            evidence=self.known(seen, is_agreement=True) if agreement else None,
        )

    async def step_confirm(self, page: str, order: str, payer: str = "", seen: str = "fine") -> str:
        command = Confirm(
            operation_id=self.operation(),
            token_hash=token(page, order),
            payer_id=PayerId(payer or self.payers[order, page]),
            evidence=self.known(seen),
        )
        return said(await self.do(command))

    async def step_pay(
        self, order: str, payer: str = "rich", amount: str = "10.00", seen: str = "fine"
    ) -> str:
        """Call and confirm from a page of one's own."""
        page = f"page of {payer}"
        assert await self.step_call(page, order, payer=payer, amount=amount) == "cashier"
        return await self.step_confirm(page, order, seen=seen)

    async def step_tries(self, payer: str, count: str = "3") -> str:
        """Use PIN tries up, each a wrong one."""
        for _ in range(int(count)):
            await self.do(ReservePinTry(operation_id=self.operation(), payer_id=PayerId(payer)))
            await self.do(RejectPin(operation_id=self.operation(), payer_id=PayerId(payer)))
        return "-"

    async def step_sign(  # noqa: PLR0917  The words of a line.
        self,
        agreement: str = "G-1",
        payer: str = "rich",
        single: str = "",
        daily: str = "",
        merchant: str = SHOP,
    ) -> str:
        command = SignAgreement(
            operation_id=self.operation(),
            token_hash=digest(f"page {merchant} {agreement}"),
            payer_id=PayerId(payer),
            code_hash=digest(f"code {merchant} {agreement}"),
            single_max=minor(single),
            daily_max=minor(daily),
        )
        outcome = await self.do(command)
        if isinstance(outcome, Agreed):
            self.signers.setdefault(agreement, payer)
        return said(outcome)

    async def step_limit(
        self, agreement: str, payer: str = "rich", single: str = "", daily: str = ""
    ) -> str:
        command = LimitAgreement(
            operation_id=self.operation(),
            merchant_id=SHOP,
            merchant_agreement_id=MerchantAgreementId(agreement),
            payer_id=PayerId(payer),
            single_max=minor(single),
            daily_max=minor(daily),
            pin_checked=True,
        )
        outcome = await self.do(command)
        limits = f"{single or '-'} {daily or '-'}"
        if isinstance(outcome, Agreed):
            kept = (outcome.single_max, outcome.daily_max)
            assert kept == (command.single_max, command.daily_max)
            return limits
        return said(outcome)

    # Operators, issuers, time

    async def step_decide(
        self, word: str, order: str, number: str = "1", operator: str = "ada"
    ) -> str:
        command = self.decide(order, release=word == "release")
        changes = {"attempt_no": int(number), "operator": operator}
        return said(await self.do(msgspec.structs.replace(command, **changes)))

    def decide(self, order: str = ORDER, *, release: bool) -> DecideReview:
        """Return the command of an operator's decision."""
        return DecideReview(
            **self.by_hand(),
            merchant_id=SHOP,
            merchant_trans_id=MerchantTransId(order),
            attempt_no=1,
            release=release,
        )

    async def step_shop(self, **named: str) -> str:
        """Change the shop: suspended, its currencies, its debt limit."""
        changes: dict[str, Any] = dict(named)
        for name in {"currencies", "debt_max"} & set(named):
            changes[name] = tuple(named[name].split(","))
        if "active" in named:
            changes["active"] = named["active"] == "yes"
        await self.do(SetMerchant(**self.by_hand(), merchant=merchant(**changes)))
        return "-"

    async def step_payer(self, payer: str, single: str = "", daily: str = "") -> str:
        """Limit a payer."""
        command = LimitPayer(
            **self.by_hand(),
            payer_id=PayerId(payer),
            currency="HKD",
            single_max=minor(single),
            daily_max=minor(daily),
        )
        await self.do(command)
        return "-"

    async def step_unlock(self, payer: str) -> str:
        return said(await self.do(UnlockPayer(**self.by_hand(), payer_id=PayerId(payer))))

    async def step_erase(self, payer: str, agreement: str = "") -> str:
        command = ErasePayer(
            **self.by_hand(),
            payer_id=PayerId(payer),
            agreements=((SHOP, MerchantAgreementId(agreement)),) if agreement else (),
        )
        return said(await self.do(command))

    async def step_topup(self, payer: str, amount: str) -> str:
        return await self.tops_up(payer, f"{amount} HKD")

    async def step_bank(self, word: str, number: str, order: str = ORDER) -> str:
        return await self.bank_says(word, int(number), order=order)

    async def step_expire(self, order: str = ORDER) -> str:
        return await self.expiry_runs(order)

    async def step_wait(self, count: str, unit: str) -> str:
        self.waits(int(count) * UNITS_MS[unit])
        return "-"

    # What is there afterwards

    async def step_state(self, order: str = ORDER) -> str:
        found = await self.order(order)
        return f"{await self.state(order)} {found.failure}".strip()

    async def step_refunded(self, order: str = ORDER) -> str:
        found = await self.order(order)
        return f"{found.refunded} open {found.refunds_open}"

    async def step_refund_is(self, number: str) -> str:
        found = await self.store.get(Refund, SHOP, number)
        assert found is not None
        return f"{found.state} {found.failure}".strip()

    async def step_holds(self, account: str) -> int:
        return await self.holds(account)

    async def step_told(self) -> str:
        return ", ".join(await self.told()) or "-"

    async def step_spent(self, owner: str) -> str:
        row = await self.store.get(Allowance, owner, "HKD")
        return f"{row.spent} in {row.count}" if row else "-"

    async def step_judged(self, order: str = ORDER) -> str:
        rows = [row for row in await self.rows(RiskDecision) if row.merchant_trans_id == order]
        return ", ".join(f"{row.decision_no} {row.outcome}" for row in rows) or "-"

    async def step_notes(self) -> str:
        return ", ".join(sorted(await self.codes())) or "-"


async def perform(text: str, *, settings: DecideSettings | None = None) -> None:
    """Perform a story on a stage of its own."""
    story = Story(settings=settings)
    await story.set_up()
    try:
        await story.perform(text)
    finally:
        await story.engine.stop()
