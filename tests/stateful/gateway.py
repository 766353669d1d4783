"""A whole gateway in this process over memory, its clock and its bank held by the test.

Requests go through the doors themselves as signed envelopes; only the PIN's hashing is replaced,
since argon2 takes longer than everything else together. What must hold: the bank answers what it
was told to, and keeps what it was asked.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final, final

from tests.engine.score import SeededIds
from tests.support import asgi
from tests.support.engines import PATIENT
from tests.support.wire import gateway_key, merchant_key
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.risk.settings import ApproximateLimits, RiskSettings
from tillgate.bookkeeping.audit import AUDITED, audit_books
from tillgate.cashier.door import CashierDoor
from tillgate.edge.day_totals import DayTotals
from tillgate.edge.desk import Desk, DoorSettings, KeyRing
from tillgate.edge.directory import Directory
from tillgate.edge.root import Mount, Root
from tillgate.edge.secrets import Secret
from tillgate.edge.sessions import issue
from tillgate.edge.story import Story
from tillgate.engine.batcher import Engine
from tillgate.engine.commands import (
    AddClient,
    AddClientKey,
    AddPayer,
    AnswerAttempt,
    Command,
    SetMerchant,
    TopUp,
)
from tillgate.engine.issuer import Answer, Approved, Declined, Question, Unknown, WrongPin
from tillgate.engine.ports import Select
from tillgate.engine.settings import DecideSettings
from tillgate.engine.verbs import VERBS
from tillgate.gateway.api import ApiDoor
from tillgate.kernel.clock import ManualClock, parse_rfc3339, rfc3339
from tillgate.kernel.ids import ClientId, MerchantId, MerchantTransId, OperationId, PayerId
from tillgate.kernel.money import Money
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal, verify
from tillgate.storage.memory import MemoryStore
from tillgate.walletapp.door import WalletDoor
from tillgate.workers.attempts import Attempts
from tillgate.workers.expiry import Expiry
from tillgate.workers.settings import WorkerSettings

NOON_MS: Final = parse_rfc3339("2026-03-02T12:00:00+08:00")
CLIENT: Final = "4Q5XSH6SSG02T006"
MERCHANT: Final = "2160400000002012"
SHOP_ORIGIN: Final = "https://merchant.example"
PIN: Final = "123456"
WORDS: Final[Mapping[str, Answer]] = {"yes": Approved(), "no": Declined(), "nothing": Unknown()}
RISK: Final = RiskSettings(
    weights=(
        *((name, 0) for name in ("velocity_hour", "velocity_day", "amount_unusual")),
        *((name, 0) for name in ("new_account_large", "new_customer_large", "device_new")),
        *((name, 0) for name in ("device_shared", "terminal_contradicts_device")),
        *((name, 0) for name in ("risk_info_missing", "risk_info_malformed")),
        *(("device_jailbroken", 30), ("times_contradict", 80), ("place_contradicts_clock", 120)),
    )
)
"""Only what an order's riskInfo says counts, so that a model without history can tell."""
RISK_INFO: Final[Mapping[str, Any]] = {
    "": None,
    "pin": {"deviceInfo": {"isJailbreaked": "true"}},
    "review": {"userInfo": {"signupTime": "2099-01-01T00:00:00+08:00"}},
    "reject": {"deviceInfo": {"latitudeLongitude": "22.3,114.2", "timeZone": "UTC-5"}},
}


@final
class Bank:
    """An outside issuer that says what it is told to say next, and keeps who was asked what."""

    def __init__(self) -> None:
        self.says = "yes"
        self.pauses = 0
        self.asked: list[str] = []

    async def debit(self, question: Question) -> Answer:
        return await self._answered(question)

    async def query(self, question: Question) -> Answer:
        return await self._answered(question)

    async def refund(self, question: Question) -> Answer:
        return await self._answered(question)

    async def _answered(self, question: Question) -> Answer:
        self.asked.append(question.reference)
        for _ in range(self.pauses):
            await asyncio.sleep(0)
        return WORDS[self.says]


@final
class PlainPins:
    """Keeps PINs as they are."""

    async def hashed(self, pin: str) -> str:
        return pin

    async def check(self, pin_hash: str, pin: str) -> None:
        if pin_hash != pin:
            raise WrongPin("the PIN does not fit")


class Gateway:
    """The gateway, and what a merchant, a payer and a worker do with it."""

    def __init__(self, *, approximate: ApproximateLimits | None = None) -> None:
        limits = approximate or ApproximateLimits()
        self.clock, self.ids, self.bank = ManualClock(NOON_MS), SeededIds(11), Bank()
        self.store = MemoryStore()
        self.engine = Engine(
            self.store,
            verbs=VERBS,
            clock=self.clock,
            ids=self.ids,
            decide=DecideSettings(risk=RISK, approximate=limits),
            lanes=PATIENT,
        )
        self.desk = Desk(
            engine=self.engine,
            reader=self.store,
            clock=self.clock,
            ids=self.ids,
            issuers={"bank": self.bank},
            pins=PlainPins(),
            key_ring=KeyRing(private=gateway_key(), public=(gateway_key().public,)),
            secret=Secret(b"a secret of the tests, 32 bytes."),
            story=Story(self.clock, is_told=False),
            directory=Directory(self.store, self.clock),
            settings=DoorSettings(
                is_sandbox=True,
                wallet_origin=asgi.ORIGIN,
                shop_origin="",
                hosts=frozenset({asgi.HOST}),
            ),
            totals=DayTotals(self.store, limits) if approximate else None,
        )
        mounts = (
            Mount(("/api",), ApiDoor(self.desk)),
            Mount(("/cashier",), CashierDoor(self.desk)),
            Mount(("/wallet",), WalletDoor(self.desk)),
        )
        self.app = Root(mounts, hosts=self.desk.settings.hosts, ready=self._ready)
        settings = WorkerSettings()
        self._attempts, self._expiry = Attempts(self.desk, settings), Expiry(self.desk, settings)

    async def open(self, payers: Mapping[str, tuple[str, int]]) -> None:
        """Register the merchant and its payers: name to issuer and cash in minor units."""
        self.engine.start()
        merchant = Merchant(
            merchant_id=MerchantId(MERCHANT), name="COD", origins=(SHOP_ORIGIN,), notify_url=""
        )
        client = Client(
            client_id=ClientId(CLIENT), name="", profile="TILLGATE", merchant_ids=(MERCHANT,)
        )
        key = ClientKey(
            client_id=ClientId(CLIENT),
            fingerprint=merchant_key().public.fingerprint,
            public_pem=merchant_key().public.pem(),
            valid_from_ms=0,
        )
        await self.do(SetMerchant, operator="ada", merchant=merchant)
        await self.do(AddClient, operator="ada", client=client)
        await self.do(AddClientKey, operator="ada", key=key)
        for name, (issuer, minor) in payers.items():
            payer = PayerId(name)
            await self.do(
                AddPayer, operator="ada", payer_id=payer, name=name, issuer=issuer, pin_hash=PIN
            )
            if minor:
                money = Money.of(minor, "HKD")
                await self.do(TopUp, operator="ada", payer_id=payer, money=money)

    async def do(self, kind: type[Command], **values: Any) -> Any:
        """Execute a command."""
        operation_id = OperationId(self.ids.token())
        return await self.engine.execute(kind(operation_id=operation_id, **values))

    def envelope(
        self,
        function: str,
        body: Mapping[str, Any],
        *,
        number: str,
        token: str = "",
        client: str = CLIENT,
    ) -> bytes:
        """Return a signed request, signed now."""
        head = {
            "version": "2.0.0",
            "function": f"alipay.intl.{function}",
            "clientId": client,
            "reqTime": rfc3339(self.clock.now_ms()),
            "reqMsgId": number,
            **({"accessToken": token} if token else {}),
        }
        text = json.dumps({"head": head, "body": body}, separators=(",", ":")).encode()
        return seal(Kind.REQUEST, text, merchant_key(), Profile.TILLGATE)

    async def post(self, function: str, raw: bytes) -> dict[str, Any]:
        """Post an envelope and return the body of the answer, whose signature fits."""
        path = f"/api/alipay/intl/{function.replace('.', '/')}.htm"
        reply = await self.ask("POST", path, raw)
        taken = cut(reply.body, Kind.RESPONSE)
        verify(taken, [gateway_key().public], Profile.TILLGATE)
        body: dict[str, Any] = taken.unverified["body"]
        return body

    async def ask(
        self, method: str, path: str, content: Any = b"", *, payer: str = "", page: str = ""
    ) -> asgi.Reply:
        """Send one request, perhaps with a payer's session."""
        headers = [asgi.bearer(issue(self.desk, PayerId(payer)))] if payer else []
        if page:
            headers.append((b"x-tillgate-page-origin", page.encode()))
        return await asgi.ask(self, method, path, content, headers=headers)  # type: ignore[arg-type]  # It has the one part of a house that is asked.

    async def answer_late(self, attempt: Attempt, word: str) -> None:
        """Let the bank say something about an attempt, whenever it likes."""
        await self.do(
            AnswerAttempt,
            merchant_id=attempt.merchant_id,
            merchant_trans_id=attempt.merchant_trans_id,
            attempt_no=attempt.attempt_no,
            answer=WORDS[word],
        )

    async def workers_pass(self) -> None:
        """Let the workers for expiry and attempts do what is due."""
        await self._expiry.tick()
        await self._attempts.tick()

    async def attempts(self, trans: str) -> list[Attempt]:
        """Return the attempts of an order in the order in which they were made."""
        of_order = (
            ("merchant_id", MERCHANT),
            ("merchant_trans_id", MerchantTransId(trans)),
        )
        query = Select(record=Attempt, equals=of_order, order_by=("attempt_no",))
        return list(await self.store.select(query))

    async def agreement(self, gid: str) -> Agreement | None:
        """Return an agreement."""
        return await self.store.get(Agreement, MERCHANT, gid)

    async def faults(self) -> list[Any]:
        """Return the faults that the audit finds."""
        rows = {
            kind: await self.store.select(Select(record=kind, limit=1_000_000)) for kind in AUDITED
        }
        findings = audit_books(rows, now_ms=self.clock.now_ms())
        return [finding for finding in findings if finding.is_fault]

    async def _ready(self) -> None:
        await self.store.get(Merchant, MERCHANT)
