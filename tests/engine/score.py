"""A stage for the engine's tables: one shop, four payers, a bank outside, and a clock that waits.

Steps are said in the domain's words and answer in short text, so that a table of them reads like a
score. What must hold: every command is sent twice, and the second time changes nothing and gets the
same answer; `finale` finds the audit clean.
"""

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tests.support.engines import PATIENT
from tests.support.evidence import evidence
from tests.support.stores import AnyStore
from tillgate.acquiring.acquirement import Acquirement, Terms
from tillgate.acquiring.agreement import Agreement, Grant
from tillgate.acquiring.allowance import Allowance
from tillgate.acquiring.attempt import Attempt, AttemptKind
from tillgate.acquiring.call import Call, Final, Form
from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.debt import Debt
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.notification import Notification, NotificationSend
from tillgate.acquiring.operator import Fact, OperatorAction
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.replay import RequestMark
from tillgate.acquiring.risk.records import DeviceSeen, OrderRisk, RiskDecision
from tillgate.acquiring.risk.signals import Signals
from tillgate.bookkeeping.audit import audit_books
from tillgate.engine.batcher import Engine
from tillgate.engine.commands import (
    AddPayer,
    AnswerAttempt,
    BindPayer,
    Cancel,
    CancelCall,
    Command,
    Confirm,
    Expire,
    OpenCall,
    OperatorCommand,
    SetMerchant,
    TopUp,
)
from tillgate.engine.decide.end_order import Ended
from tillgate.engine.decide.paying import Ask, Opened
from tillgate.engine.issuer import Answer, Approved, Declined, Unknown
from tillgate.engine.operation import Operation
from tillgate.engine.ports import Select
from tillgate.engine.settings import DecideSettings
from tillgate.engine.verbs import VERBS
from tillgate.kernel.clock import ManualClock, parse_rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import (
    CallId,
    ClientId,
    MerchantId,
    MerchantTransId,
    OperationId,
    PayerId,
)
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record
from tillgate.ledger.audit import Finding
from tillgate.ledger.entries import Balance, Entry, Posting
from tillgate.storage.memory import MemoryStore

NOON_MS = parse_rfc3339("2026-03-02T12:00:00+08:00")
SHOP = MerchantId("shop")
CLIENT = ClientId("4Q5XSH6SSG02T006")
ORDER = "A-1"
BANK_SAYS: Mapping[str, Answer] = {"yes": Approved(), "no": Declined(), "nothing": Unknown()}
KINDS: tuple[type[Record], ...] = (
    *(Acquirement, Attempt, Call, Client, ClientKey, Merchant, Notification, NotificationSend),
    *(Fact, OperatorAction, Payer, Operation, Balance, Entry, Posting),
    *(Refund, Debt, Agreement, Grant, Allowance),
    *(RequestMark, OrderRisk, RiskDecision, DeviceSeen),
)


class SeededIds:
    """Identifiers from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def token(self) -> str:
        return f"{self._random.getrandbits(128):032x}"

    def digits(self, length: int) -> str:
        return "".join(self._random.choice("0123456789") for _ in range(length))


class Score:
    """The stage: an engine over memory, and steps in the domain's words."""

    def __init__(
        self,
        store: AnyStore | None = None,
        *,
        settings: DecideSettings | None = None,
        seed: int = 7,
    ) -> None:
        self.store: AnyStore = store or MemoryStore()
        self.clock = ManualClock(NOON_MS)
        self.ids = SeededIds(seed)
        self.engine = Engine(
            self.store,
            verbs=VERBS,
            clock=self.clock,
            ids=self.ids,
            decide=settings or DecideSettings(),
            lanes=PATIENT,
        )
        self.payers: dict[tuple[str, str], str] = {}

    # The stage

    async def set_up(self) -> None:
        """Open the shop; four payers walk in."""
        self.engine.start()
        await self.do(SetMerchant(**self.by_hand(), merchant=merchant()))
        for name, issuer in (
            ("rich", "wallet"),
            ("poor", "wallet"),
            ("slow", "bank"),
            ("other", "bank"),
        ):
            payer: dict[str, Any] = {"payer_id": PayerId(name), "name": name, "issuer": issuer}
            await self.do(AddPayer(**self.by_hand(), **payer, pin_hash=f"hash of {name}"))
        await self.tops_up("rich", "100.00 HKD")
        await self.tops_up("poor", "1.00 HKD")

    def operation(self) -> OperationId:
        """Return a new operation id."""
        return OperationId(self.ids.token())

    def by_hand(self) -> dict[str, Any]:
        """Return what every command of an operator carries."""
        return {"operation_id": self.operation(), "operator": "ada"}

    async def do(self, command: Command) -> Any:
        """Execute a command, then send it again: same answer, nothing more changed."""
        before = await self.everything()
        first = await self.once(command)
        after = await self.everything()
        if isinstance(first, Refusal):
            assert after == before, "a refusal changed something"
        assert await self.once(command) == first, "a repeat got another answer"
        assert await self.everything() == after, "a repeat changed something"
        return first

    async def once(self, command: Command) -> Any:
        """Execute a command; a refusal is returned, not raised."""
        try:
            return await self.engine.execute(command)
        except Refused as refused:
            return Refusal(refused)

    # Steps

    async def calls(self, page: str, payer: str = "rich", **changes: Any) -> str:
        """Call tradePay from a page in a payer's wallet."""
        order = changes.get("merchant_trans_id", ORDER)
        self.payers.setdefault((order, page), payer)
        command = OpenCall(
            operation_id=self.operation(),
            terms=self.terms(**changes),
            call_id=CallId(page),
            form=Form.WALLET,
            token_hash=token(page, order),
            payer_id=PayerId(self.payers[order, page]),
            signals=Signals(),
        )
        return said(await self.do(command))

    async def calls_without_wallet(self, page: str) -> str:
        """Call tradePay from a page with no wallet around it."""
        command = OpenCall(
            operation_id=self.operation(),
            terms=self.terms(),
            call_id=CallId(page),
            form=Form.PAGE,
            token_hash=token(page),
            signals=Signals(),
        )
        return said(await self.do(command))

    async def signs_in(self, page: str, payer: str) -> str:
        """Sign in at a cashier."""
        command = BindPayer(
            operation_id=self.operation(), token_hash=token(page), payer_id=PayerId(payer)
        )
        self.payers.setdefault((ORDER, page), payer)
        return said(await self.do(command))

    async def confirms(self, page: str, payer: str = "", *, order: str = ORDER) -> str:
        """Confirm with the right PIN."""
        return said(await self.do(self.confirm(page, payer, order=order)))

    def confirm(self, page: str, payer: str = "", *, order: str = ORDER) -> Confirm:
        """Return the command of a confirm."""
        return Confirm(
            operation_id=self.operation(),
            token_hash=token(page, order),
            payer_id=PayerId(payer or self.payers[order, page]),
            evidence=evidence(self.clock.now_ms()),
        )

    async def buyer_cancels(self, page: str, *, order: str = ORDER) -> str:
        """Cancel at the cashier."""
        command = CancelCall(operation_id=self.operation(), token_hash=token(page, order))
        return said(await self.do(command))

    async def bank_says(self, word: str, attempt_no: int = 1, *, order: str = ORDER) -> str:
        """Let the issuer answer: yes, no, nothing."""
        command = AnswerAttempt(
            operation_id=self.operation(),
            merchant_id=SHOP,
            merchant_trans_id=MerchantTransId(order),
            attempt_no=attempt_no,
            answer=BANK_SAYS[word],
        )
        return said(await self.do(command))

    async def merchant_cancels(self, order: str = ORDER) -> str:
        """Cancel as the merchant's server does."""
        return said(await self.do(self.cancel(order)))

    def cancel(self, order: str = ORDER) -> Cancel:
        """Return the command of a merchant's cancel."""
        return Cancel(
            operation_id=self.operation(),
            client_id=CLIENT,
            merchant_id=SHOP,
            merchant_trans_id=MerchantTransId(order),
        )

    async def expiry_runs(self, order: str = ORDER) -> str:
        """Let the expiry worker look at the order."""
        command = Expire(
            operation_id=self.operation(),
            merchant_id=SHOP,
            merchant_trans_id=MerchantTransId(order),
        )
        return said(await self.do(command))

    async def tops_up(self, payer: str, money: str) -> str:
        """Take cash."""
        command = TopUp(**self.by_hand(), payer_id=PayerId(payer), money=Money.parse(money))
        return said(await self.do(command))

    async def operates(self, command: OperatorCommand) -> str:
        """Do what an operator asks."""
        return said(await self.do(command))

    def waits(self, duration_ms: int) -> None:
        """Let time pass."""
        self.clock.advance(duration_ms)

    def terms(self, **changes: Any) -> Terms:
        """Return the content of an order, signed now."""
        values: dict[str, Any] = {
            "merchant_id": SHOP,
            "merchant_trans_id": MerchantTransId(ORDER),
            "client_id": CLIENT,
            "version": "2.0.0",
            "product_code": "AGREEMENT_OR_CASHIER_PAY",
            "amount": Money.parse("10.00 HKD"),
            "title": "Women Summer Dress",
            "seller_id": "2160400000002012",
            "notify_url": "https://shop.example/notify",
            "return_url": "https://shop.example/done",
            "req_time_ms": self.clock.now_ms(),
        }
        return Terms(**(values | changes))

    # What is there afterwards

    async def rows(self, record: type[Record]) -> Sequence[Any]:
        """Return all rows of a kind."""
        return await self.store.select(Select(record=record, limit=1_000_000))

    async def everything(self) -> Mapping[type[Record], Sequence[Any]]:
        """Return all rows there are."""
        return {record: await self.rows(record) for record in KINDS}

    async def order(self, name: str = ORDER) -> Acquirement:
        """Return the order."""
        found = await self.store.get(Acquirement, SHOP, name)
        assert found is not None
        return found

    async def state(self, name: str = ORDER) -> str:
        """Return the order's state, with the reason when it is closed."""
        order = await self.order(name)
        return f"{order.state} {order.close_reason or ''}".strip()

    async def entries(self) -> tuple[str, ...]:
        """Return what was booked but for top-ups, in order: kind, source, destination."""
        kinds = {entry.entry_id: entry for entry in await self.rows(Entry)}
        legs = sorted(
            await self.rows(Posting), key=lambda leg: (kinds[leg.entry_id].at_ms, leg.entry_id)
        )
        return tuple(
            f"{kinds[leg.entry_id].kind} {leg.source} > {leg.destination}"
            for leg in legs
            if leg.source != "funding:ada"
        )

    async def holds(self, account: str) -> int:
        """Return what an account holds by its postings, in minor units."""
        legs = await self.rows(Posting)
        moved = [
            (leg.destination == account) * leg.money.minor
            - (leg.source == account) * leg.money.minor
            for leg in legs
        ]
        return int(sum(moved))

    async def told(self) -> tuple[str, ...]:
        """Return what the merchant is owed: result and, unless it waits, what became of it."""
        rows = sorted(await self.rows(Notification), key=lambda row: row.created_at_ms)
        return tuple(f"{row.result} {row.state}".removesuffix(" PENDING") for row in rows)

    async def findings(self) -> Sequence[Finding]:
        """Return what the audit finds."""
        return audit_books(await self.everything(), now_ms=self.clock.now_ms())

    async def codes(self) -> set[str]:
        """Return the codes of what the audit finds."""
        return {finding.code for finding in await self.findings()}

    async def clean(self) -> None:
        """Find the books without fault."""
        faults = [finding for finding in await self.findings() if finding.is_fault]
        assert not faults, faults

    async def money_goes_back(self) -> None:
        """Let the bank take back whatever it was asked to."""
        for row in await self.rows(Attempt):
            if row.kind is AttemptKind.REFUND and row.is_open:
                await self.bank_says("yes", row.attempt_no, order=row.merchant_trans_id)


class Refusal:
    """A refusal as a value that can be compared."""

    def __init__(self, refused: Refused) -> None:
        self.text = f"refused {refused.result.name} {refused.path}".strip()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refusal) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


@asynccontextmanager
async def stage() -> AsyncIterator[Score]:
    """Open a stage, and close it with a clean audit."""
    score = Score()
    await score.set_up()
    yield score
    await score.clean()
    await score.engine.stop()


def merchant(**changes: Any) -> Merchant:
    """Return the shop."""
    values: dict[str, Any] = {"merchant_id": SHOP, "name": "COD", "contracts": ("USD-1",)}
    return Merchant(**(values | changes))


def token(page: str, order: str = ORDER) -> str:
    """Return the hash of the cashier token of a page's call."""
    return f"token of {page} for {order}"


def said(outcome: object) -> str:
    """Say an outcome in a word or two."""
    match outcome:
        case Refusal(text=text):
            return str(text)
        case Opened():
            return "cashier"
        case Ask():
            return "asks"
        case Final(result_code="4000", memo=memo):
            return f"4000 {memo.partition(':')[0]}"
        case Final(result_code=code):
            return code
        case Ended(state=state, noted=noted):
            return "noted" if noted else str(state)
        case _:
            return type(outcome).__name__
