"""What a merchant's server asks, as steps of a story; and what every story is told.

What must hold: whatever is asked was asked twice as one command, and once more as a new request
that changed nothing more.
"""

import hashlib
from collections.abc import Mapping

import msgspec

from tests.engine.score import CLIENT, NOON_MS, ORDER, SHOP, Refusal, Score, merchant
from tests.engine.score import said as said_of_payment
from tests.support.evidence import evidence
from tests.support.stores import AnyStore
from tillgate.acquiring.agreement import AgreementTerms, Grant, GrantKind
from tillgate.acquiring.debt import Owed
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.replay import Mark
from tillgate.acquiring.risk.evidence import Evidence
from tillgate.acquiring.risk.settings import RiskSettings
from tillgate.acquiring.risk.signals import Signals, Terminal
from tillgate.engine.commands import (
    ApplyToken,
    AskRefund,
    Cancel,
    CancelAgreement,
    Debit,
    PrepareAgreement,
    ServerCommand,
    SetMerchant,
)
from tillgate.engine.decide.agreements import Agreed
from tillgate.engine.decide.debit import Debited
from tillgate.engine.decide.refund import Refunding
from tillgate.engine.decide.tokens import Granted
from tillgate.engine.queries import generation_after, owed_if_limited
from tillgate.engine.settings import DecideSettings
from tillgate.kernel.ids import (
    AcquirementId,
    ClientId,
    MerchantAgreementId,
    MerchantId,
    MerchantRefundId,
    MerchantTransId,
    PayerId,
    ReqMsgId,
)
from tillgate.kernel.money import Money

SEEN: Mapping[str, Signals] = {
    "fine": Signals(is_present=True),
    "odd": Signals(is_present=True, terminal=Terminal.WEB, device="0d" * 32),
    "jailbroken": Signals(is_present=True, is_jailbroken=True),
    "untrue": Signals(is_present=True, booted_at_ms=NOON_MS, unlocked_at_ms=NOON_MS - 1),
}
"""What riskInfo said: accepted; asks for the PIN; held for review; rejected."""
RISK = RiskSettings(
    weights=(
        ("terminal_contradicts_device", 30),
        ("device_jailbroken", 80),
        ("times_contradict", 120),
    )
)


class Server(Score):
    """A stage with a shop's server beside it, and a kiosk."""

    def __init__(
        self,
        store: AnyStore | None = None,
        *,
        settings: DecideSettings | None = None,
        seed: int = 7,
    ) -> None:
        super().__init__(store, settings=settings or DecideSettings(risk=RISK), seed=seed)
        self.signers: dict[str, str] = {}

    async def set_up(self) -> None:
        """Open the shop, and a kiosk beside it."""
        await super().set_up()
        kiosk = merchant(merchant_id=MerchantId("kiosk"))
        await self.do(SetMerchant(**self.by_hand(), merchant=kiosk))

    async def server(self, command: ServerCommand) -> str:
        """Do what a merchant's server asks, then ask it again as a new request."""
        first = said(await self.do(command))
        before = await self.happened()
        again = msgspec.structs.replace(command, operation_id=self.operation())
        assert said(await self.once(again)) == first.replace("asks", "open"), "asked again"
        assert await self.happened() == before, "a new request changed something"
        return first

    async def happened(self) -> object:
        """Return all rows but those that only tell which requests came."""
        rows = dict(await self.everything())
        return {kind: found for kind, found in rows.items() if kind.__name__ != "Operation"}

    def known(self, seen: str, *, is_agreement: bool = False) -> Evidence:
        """Return the evidence on a payment whose riskInfo said this."""
        now_ms = self.clock.now_ms()
        return evidence(now_ms, signals=SEEN[seen], is_agreement=is_agreement)

    async def step_cancel(self, order: str = ORDER, mark: str = "", sent: str = "") -> str:
        command: Cancel = msgspec.structs.replace(
            self.cancel(order), mark=marked(mark, sent), owed=await self.owed(SHOP, "HKD")
        )
        return await self.server(command)

    async def owed(self, merchant: str, currency: str) -> Owed | None:
        """Read what a merchant is owed as a door does."""
        row = await self.store.get(Merchant, merchant)
        return None if row is None else await owed_if_limited(self.store, row, currency)

    async def step_refund(  # noqa: PLR0917  The words of a line.
        self,
        number: str,
        amount: str,
        order: str = ORDER,
        currency: str = "HKD",
        merchant: str = SHOP,
        **named: str,
    ) -> str:
        found, seen = await self.order(order), await self.owed(merchant, currency)
        command: AskRefund = self.refund(
            number,
            Money.parse(f"{amount} {currency}"),
            found.acquirement_id,
            merchant=merchant,
            **named,
        )
        return await self.server(msgspec.structs.replace(command, owed=seen))

    def refund(  # noqa: PLR0917  The words of a line.
        self,
        number: str,
        money: Money,
        acquirement_id: str,
        merchant: str = SHOP,
        mark: str = "",
        sent: str = "",
    ) -> AskRefund:
        """Return the command of a refund."""
        return AskRefund(
            operation_id=self.operation(),
            client_id=CLIENT,
            merchant_id=MerchantId(merchant),
            merchant_refund_id=MerchantRefundId(number),
            acquirement_id=AcquirementId(acquirement_id),
            amount=money,
            reason="too small",
            mark=marked(mark, sent),
        )

    async def step_prepare(  # noqa: PLR0917  The words of a line.
        self,
        agreement: str = "G-1",
        redirect: str = "https://shop.example/agreed",
        state: str = "",
        merchant: str = SHOP,
        mark: str = "",
        sent: str = "",
    ) -> str:
        terms = AgreementTerms(
            merchant_id=MerchantId(merchant),
            merchant_agreement_id=MerchantAgreementId(agreement),
            client_id=CLIENT,
            version="2.0.0",
            auth_site="ALIPAY_HK",
            scopes=("AUTH_AGREEMENTPAY",),
            terminal_type="WAP",
            redirect_url=redirect,
            state_text=state,
        )
        command = PrepareAgreement(
            operation_id=self.operation(),
            terms=terms,
            token_hash=digest(f"page {merchant} {agreement}"),
            mark=marked(mark, sent),
        )
        return await self.server(command)

    async def step_end(self, agreement: str = "G-1", payer: str = "", merchant: str = SHOP) -> str:
        """End an agreement: as its merchant, or as this payer."""
        command = CancelAgreement(
            operation_id=self.operation(),
            merchant_id=MerchantId(merchant),
            merchant_agreement_id=MerchantAgreementId(agreement),
            client_id=None if payer else CLIENT,
            payer_id=PayerId(payer) if payer else None,
        )
        return await self.server(command)

    async def step_apply(  # noqa: PLR0917  The words of a line.
        self,
        what: str,
        number: str = "0",
        agreement: str = "G-1",
        client: str = CLIENT,
        merchant: str = SHOP,
    ) -> str:
        """Give a code, or a refresh token of a generation, for the pair that follows."""
        is_code, name = what == "code", f"{merchant} {agreement}"
        code = await self.store.get(Grant, SHOP, digest(f"code {SHOP} {agreement}"))
        yields = await generation_after(self.store, code) if code else 1
        following = yields if is_code else int(number) + 1
        command = ApplyToken(
            operation_id=self.operation(),
            client_id=ClientId(client),
            merchant_id=MerchantId(merchant),
            kind=GrantKind.CODE if is_code else GrantKind.REFRESH,
            given_hash=digest(
                f"code {SHOP} {agreement}" if is_code else f"refresh {name} {number}"
            ),
            access_hash=digest(f"access {name} {following}"),
            refresh_hash=digest(f"refresh {name} {following}"),
            old_access_hash=digest(f"access {name} {following - 1}") if following > 1 else "",
        )
        return await self.server(command)

    async def step_debit(self, order: str, amount: str = "10.00", **named: str) -> str:
        return await self.server(self.debit(order, amount, **named))

    def debit(  # noqa: PLR0917  The words of a line.
        self,
        order: str,
        amount: str = "10.00",
        agreement: str = "G-1",
        generation: str = "1",
        payer: str = "",
        currency: str = "HKD",
        seen: str = "fine",
        client: str = CLIENT,
        resolved: str = "",
        merchant: str = SHOP,
    ) -> Debit:
        """Return the command of a debit; `resolved` is the agreement that a door would name."""
        terms = self.terms(
            merchant_id=MerchantId(merchant),
            merchant_trans_id=MerchantTransId(order),
            client_id=ClientId(client),
            amount=Money.parse(f"{amount} {currency}"),
            product_code="AUTO_DEBIT",
            return_url="",
        )
        return Debit(
            operation_id=self.operation(),
            terms=terms,
            access_hash=digest(f"access {SHOP} {agreement} {generation}"),
            merchant_agreement_id=MerchantAgreementId(resolved or agreement),
            payer_id=PayerId(payer or self.signers.get(agreement, "rich")),
            signals=SEEN[seen],
            evidence=self.known(seen, is_agreement=True),
        )


def said(outcome: object) -> str:
    """Say an outcome in a word or two."""
    match outcome:
        case Refunding(ask=None, refund=refund):
            return "open" if refund.state == "ASKED" else str(refund.state)
        case Refunding():
            return "asks"
        case Debited(result="PAYMENT_IN_PROCESS"):
            return "open"
        case Debited(result=result):
            return result
        case Agreed(agreement=agreement):
            return str(agreement.state)
        case Granted(generation=generation):
            return f"generation {generation}"
        case Refusal(text=text):
            return str(text)
        case _:
            return said_of_payment(outcome)


def digest(text: str) -> str:
    """Return the hash under which a token is kept."""
    return hashlib.sha256(text.encode()).hexdigest()


def minor(text: str) -> int | None:
    """Read a limit."""
    return Money.parse(f"{text} HKD").minor if text else None


def marked(name: str, sent: str) -> Mark | None:
    """Return the mark of a system request."""
    if not name:
        return None
    return Mark(client_id=CLIENT, req_msg_id=ReqMsgId(name), digest=digest(sent))
