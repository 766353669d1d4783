"""`/control`: who may enter, which commands are read, and how an answer is told."""

from typing import Any

import msgspec
import pytest

from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.merchant import Merchant, MerchantChanges
from tillgate.engine.changes import ChangeMerchant
from tillgate.engine.commands import (
    AddClient,
    AddClientKey,
    AddPayer,
    Command,
    DecideReview,
    ErasePayer,
    InitialiseDatabase,
    LimitPayer,
    OperatorCommand,
    ResendNotification,
    RetireClientKey,
    SetMerchant,
    SetPin,
    SignOutPayer,
    SwitchGatewayKey,
    TopUp,
    UnlockPayer,
)
from tillgate.gateway.control import ControlApp
from tillgate.gateway.operators import COMMANDS, check_command, read_command, write_command
from tillgate.kernel.clock import DAY_MS
from tillgate.kernel.errors import Broken, Refused, Unavailable, Unsettled
from tillgate.kernel.ids import (
    ClientId,
    MerchantAgreementId,
    MerchantId,
    MerchantTransId,
    NotificationId,
    OperationId,
    PayerId,
)
from tillgate.kernel.money import Currency, Money
from tillgate.kernel.results import Result
from tillgate.protocol.keys import PrivateKey

TOKEN = "a-token-of-this-start"
KEY, NEXT_KEY = (PrivateKey.generate().public for _ in range(2))
SAID: dict[str, Any] = {"operation_id": OperationId("operation-1"), "operator": "alice"}
CLIENT = Client(client_id=ClientId("C-1"), name="Shop", profile="TILLGATE", merchant_ids=("M-1",))
MERCHANT = Merchant(merchant_id=MerchantId("M-1"), name="COD", hosts=("shop.example.com",))
CLIENT_KEY = ClientKey(
    client_id=ClientId("C-1"),
    fingerprint=KEY.fingerprint,
    public_pem=KEY.pem(),
    valid_from_ms=0,
)
SWITCH = SwitchGatewayKey(
    **SAID,
    fingerprint=NEXT_KEY.fingerprint,
    public_pem=NEXT_KEY.pem(),
    previous_fingerprint=KEY.fingerprint,
    previous_pem=KEY.pem(),
)
LIMIT = LimitPayer(**SAID, payer_id=PayerId("bob"), currency="HKD", single_max=100)
DECIDE = DecideReview(
    **SAID,
    merchant_id=MerchantId("M-1"),
    merchant_trans_id=MerchantTransId("A-1"),
    attempt_no=1,
    release=True,
)
GOOD: tuple[OperatorCommand, ...] = (
    AddClient(**SAID, client=CLIENT),
    AddClientKey(**SAID, key=CLIENT_KEY),
    RetireClientKey(**SAID, client_id=ClientId("C-1"), fingerprint=KEY.fingerprint),
    SetMerchant(**SAID, merchant=MERCHANT, is_new=True),
    ChangeMerchant(**SAID, merchant_id=MERCHANT.merchant_id, changes=MerchantChanges(active=False)),
    AddPayer(
        **SAID, payer_id=PayerId("bob"), name="Bob", issuer="wallet", pin_hash="$argon2id$v=19$x"
    ),
    TopUp(**SAID, payer_id=PayerId("bob"), money=Money.parse("1.00 HKD")),
    UnlockPayer(**SAID, payer_id=PayerId("bob")),
    SetPin(**SAID, payer_id=PayerId("bob"), pin_hash="$argon2id$v=19$y"),
    SignOutPayer(**SAID, payer_id=PayerId("bob")),
    ErasePayer(
        **SAID,
        payer_id=PayerId("bob"),
        agreements=((MerchantId("M-1"), MerchantAgreementId("G 1")),),
    ),
    ResendNotification(
        **SAID, merchant_id=MerchantId("M-1"), notification_id=NotificationId("A-1.paid")
    ),
    LIMIT,
    DECIDE,
    SWITCH,
)


TOP_UP = next(each for each in GOOD if isinstance(each, TopUp))
UNLOCK = next(each for each in GOOD if isinstance(each, UnlockPayer))


def _changed(command: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(command, **changes)


def _set(**changes: Any) -> SetMerchant:
    return SetMerchant(**SAID, merchant=_changed(MERCHANT, **changes))


def _change(**changes: Any) -> ChangeMerchant:
    given = MerchantChanges(**changes)
    return ChangeMerchant(**SAID, merchant_id=MERCHANT.merchant_id, changes=given)


class Engine:
    """Remembers what it was asked, and answers as it was told to."""

    def __init__(self, answer: object = None) -> None:
        self.asked: list[Command] = []
        self._answer = answer

    async def execute(self, command: Command) -> Any:
        self.asked.append(command)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


async def _post(
    app: ControlApp,
    body: bytes,
    *,
    peer: str = "127.0.0.1",
    headers: dict[str, str] | None = None,
    method: str = "POST",
) -> tuple[int, Any]:
    given = {"host": "127.0.0.1:8080", "authorization": f"Bearer {TOKEN}", **(headers or {})}
    scope = {
        "type": "http",
        "method": method,
        "path": "/control",
        "client": (peer, 5),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], msgspec.json.decode(sent[1]["body"])


@pytest.mark.parametrize("command", GOOD, ids=lambda command: type(command).__name__)
def test_every_command_is_read_as_it_was_written(command: OperatorCommand) -> None:
    assert read_command(write_command(command)) == command


def test_each_command_of_operators_has_its_example_here() -> None:
    assert {type(command) for command in GOOD} == set(COMMANDS.values())
    assert InitialiseDatabase not in COMMANDS.values()


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (AddClient(**SAID, client=msgspec.structs.replace(CLIENT, profile="X")), "client.profile"),
        (
            AddClient(**SAID, client=msgspec.structs.replace(CLIENT, client_id="C" * 33)),
            "client.client_id",
        ),
        (
            AddClient(**SAID, client=msgspec.structs.replace(CLIENT, functions=("pay",))),
            "client.functions",
        ),
        (
            AddClientKey(**SAID, key=msgspec.structs.replace(CLIENT_KEY, fingerprint="00")),
            "key.fingerprint",
        ),
        (
            AddClientKey(**SAID, key=msgspec.structs.replace(CLIENT_KEY, public_pem="none")),
            "key.public_pem",
        ),
        (
            SetMerchant(**SAID, merchant=msgspec.structs.replace(MERCHANT, hosts=("HTTPS://A",))),
            "merchant.hosts",
        ),
        (
            SetMerchant(**SAID, merchant=msgspec.structs.replace(MERCHANT, currencies=("HK",))),
            "merchant.currencies",
        ),
        (
            SetMerchant(**SAID, merchant=msgspec.structs.replace(MERCHANT, notify_url="ftp://a")),
            "merchant.notify_url",
        ),
        (
            AddPayer(**SAID, payer_id=PayerId("b b"), name="B", issuer="wallet", pin_hash="$a"),
            "payer_id",
        ),
        (
            AddPayer(**SAID, payer_id=PayerId("b"), name="B", issuer="wallet", pin_hash="123456"),
            "pin_hash",
        ),
        (TopUp(**SAID, payer_id=PayerId("b"), money=Money.of(0, "HKD")), "money.minor"),
        (TopUp(**SAID, payer_id=PayerId("b"), money=Money.of(10**12, "HKD")), "money.minor"),
        (
            TopUp(**SAID, payer_id=PayerId("b"), money=Money(1, Currency("HKD", 0))),
            "money.currency",
        ),
        (
            UnlockPayer(
                operation_id=OperationId("operation-1"), operator="", payer_id=PayerId("b")
            ),
            "operator",
        ),
        (_set(debt_max=("HKD:-1",)), "merchant.debt_max"),
        (_set(debt_max=("hkd:1",)), "merchant.debt_max"),
        (_set(debt_max=("ZZZ:1",)), "merchant.debt_max"),
        (_set(debt_max=("HKD:" + "1" * 13,)), "merchant.debt_max"),
        (_set(debt_max=("HKD:1", "HKD:2")), "merchant.debt_max"),
        (_set(redirect_url="ftp://a"), "merchant.redirect_url"),
        (_set(redirect_url="HTTPS://SHOP.example.com"), "merchant.redirect_url"),
        (_set(redirect_url="https://a.example/?state=1"), "merchant.redirect_url"),
        (_set(refund_window_ms=0), "merchant.refund_window_ms"),
        (_set(refund_window_ms=4_000 * DAY_MS), "merchant.refund_window_ms"),
        (_set(access_life_ms=-1), "merchant.access_life_ms"),
        (_set(refresh_life_ms=DAY_MS), "merchant.refresh_life_ms"),
        (_change(hosts=("HTTPS://A",)), "merchant.hosts"),
        (_change(name=""), "merchant.name"),
        (_change(debt_max=("HKD:-1",)), "merchant.debt_max"),
        (_change(refresh_life_ms=0), "merchant.refresh_life_ms"),
        (_changed(_change(), merchant_id=MerchantId("M 1")), "merchant.merchant_id"),
        (_changed(LIMIT, payer_id="b b"), "payer_id"),
        (_changed(LIMIT, currency="HK"), "currency"),
        (_changed(LIMIT, single_max=-1), "single_max"),
        (_changed(LIMIT, daily_max=10**12), "daily_max"),
        (_changed(DECIDE, attempt_no=0), "attempt_no"),
        (_changed(DECIDE, merchant_id=""), "merchant_id"),
        (_changed(SWITCH, fingerprint=KEY.fingerprint), "fingerprint"),
        (_changed(SWITCH, public_pem="none"), "fingerprint"),
        (_changed(SWITCH, previous_pem=NEXT_KEY.pem()), "previous_fingerprint"),
        (
            _changed(SWITCH, fingerprint=KEY.fingerprint, public_pem=KEY.pem()),
            "fingerprint",
        ),
    ],
)
def test_a_member_that_breaks_its_rule_is_refused_by_path(
    command: OperatorCommand, path: str
) -> None:
    with pytest.raises(Refused) as refused:
        check_command(command)

    assert refused.value.result is Result.PARAM_ILLEGAL
    assert refused.value.path == path


@pytest.mark.parametrize(
    ("body", "result"),
    [
        (b"", Result.MSG_PARSE_ERROR),
        (b"[" * 60_000, Result.MSG_PARSE_ERROR),
        (b"\xff", Result.MSG_PARSE_ERROR),
        (b'{"name":"TopUp","command":{}}', Result.MSG_PARSE_ERROR),
        (b'{"name":"InitialiseDatabase","command":{}}', Result.PARAM_ILLEGAL),
        (b'{"name":"TopUp","command":{},"more":1}', Result.MSG_PARSE_ERROR),
    ],
)
def test_what_is_no_command_is_refused(body: bytes, result: Result) -> None:
    with pytest.raises(Refused) as refused:
        read_command(body)

    assert refused.value.result is result


def test_a_member_that_is_not_given_is_not_sent_and_null_is_no_limit() -> None:
    sent = msgspec.json.decode(write_command(LIMIT))["command"]
    assert (sent["single_max"], "daily_max" in sent) == (100, False)
    lifted = read_command(write_command(_changed(LIMIT, single_max=None)))
    assert isinstance(lifted, LimitPayer)
    assert (lifted.single_max, lifted.daily_max) == (None, msgspec.UNSET)


def test_an_unknown_change_of_a_merchant_is_refused() -> None:
    tree = msgspec.json.decode(write_command(_change(active=False)))
    tree["command"]["changes"]["merchant_id"] = "M-2"

    with pytest.raises(Refused) as refused:
        read_command(msgspec.json.encode(tree))

    assert refused.value.path == "command.changes.merchant_id"


def test_an_unknown_member_is_refused_however_deep() -> None:
    tree = msgspec.json.decode(write_command(TOP_UP))
    tree["command"]["money"]["currency"]["digits"] = 3

    with pytest.raises(Refused) as refused:
        read_command(msgspec.json.encode(tree))

    assert refused.value.path == "command.money.currency.digits"


async def test_a_command_of_who_knows_the_token_is_executed() -> None:
    engine = Engine({"changed": True})

    answer = await _post(ControlApp(engine, TOKEN), write_command(UNLOCK))

    assert answer == (200, {"outcome": {"changed": True}})
    assert engine.asked == [UNLOCK]


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("10.0.0.7", {}, 404),
        ("", {}, 404),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, 404),
        ("127.0.0.1", {"forwarded": "for=127.0.0.1"}, 404),
        ("127.0.0.1", {"host": "pay.example.com"}, 404),
        ("127.0.0.1", {"authorization": f"Bearer {TOKEN}x"}, 401),
        ("127.0.0.1", {"authorization": ""}, 401),
        ("127.0.0.1", {"authorization": "Bearer \u00e9"}, 401),
    ],
)
async def test_nobody_else_enters(peer: str, headers: dict[str, str], status: int) -> None:
    engine = Engine()

    told, _ = await _post(
        ControlApp(engine, TOKEN), write_command(UNLOCK), peer=peer, headers=headers
    )

    assert told == status
    assert not engine.asked


async def test_ipv6_loopback_is_this_machine_too() -> None:
    headers = {"host": "[::1]:8080"}
    app = ControlApp(Engine(), TOKEN)

    status, _ = await _post(app, write_command(UNLOCK), peer="::1", headers=headers)

    assert status == 200


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (Refused(Result.USER_NOT_EXIST, "No such payer."), 422, "No such payer."),
        (Unavailable("Stopping."), 503, "Stopping."),
        (Unsettled("Not known."), 504, "Not known."),
        (Broken("an invariant about payer bob"), 500, "see its log"),
    ],
)
async def test_each_error_has_its_status(error: Exception, status: int, says: str) -> None:
    told, answer = await _post(ControlApp(Engine(error), TOKEN), write_command(UNLOCK))

    assert told == status
    assert says in str(answer)


async def test_a_body_over_the_limit_is_refused_before_it_is_read_as_a_command() -> None:
    engine = Engine()

    status, answer = await _post(ControlApp(engine, TOKEN), b" " * (64 * 1024 + 1))

    assert (status, answer["result"]) == (422, "REQUEST_TOO_LARGE")
    assert not engine.asked


async def test_only_post_carries_commands() -> None:
    status, _ = await _post(ControlApp(Engine(), TOKEN), b"", method="GET")

    assert status == 405
