"""What operators do: each change under a name, once, in the log, without secrets.

What must hold: the same command again changes nothing and logs nothing; what exists with another
content is refused, not overwritten; a database that says otherwise refuses its mode.
"""

# ruff: noqa: E501  A row of a table is as wide as what it says.

from typing import Any

import msgspec
import pytest

from tests.engine.score import CLIENT, SHOP, Score, merchant, stage
from tests.engine.story import Story
from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.operator import Fact, OperatorAction
from tillgate.engine.commands import (
    AddClient,
    AddClientKey,
    AddPayer,
    InitialiseDatabase,
    RetireClientKey,
    SetMerchant,
    TopUp,
    UnlockPayer,
)
from tillgate.engine.operation import Operation
from tillgate.kernel.clock import DAY_MS, HOUR_MS
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import OperationId, PayerId
from tillgate.kernel.money import Money
from tillgate.ledger.entries import Entry

PIN_HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$c2VjcmV0"


def client(**changes: Any) -> Client:
    values: dict[str, Any] = {
        "client_id": CLIENT,
        "name": "Shop's server",
        "profile": "TILLGATE",
        "merchant_ids": (SHOP,),
    }
    return Client(**(values | changes))


def key(**changes: Any) -> ClientKey:
    values: dict[str, Any] = {
        "client_id": CLIENT,
        "fingerprint": "ab" * 32,
        "public_pem": "-----BEGIN PUBLIC KEY-----",
        "valid_from_ms": 0,
    }
    return ClientKey(**(values | changes))


def payer(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "payer_id": PayerId("eve"),
        "name": "Eve",
        "issuer": "wallet",
        "pin_hash": PIN_HASH,
    }
    return values | changes


async def _log(score: Score) -> list[str]:
    return [row.action for row in await score.rows(OperatorAction)][len(SET_UP) :]


SET_UP = ("merchant set", *["payer add"] * 4, *["payer top-up"] * 2)


async def test_what_was_set_up_is_in_the_log_in_order() -> None:
    async with stage() as score:
        rows = await score.rows(OperatorAction)

        assert sorted(row.action for row in rows) == sorted(SET_UP)
        assert {row.operator for row in rows} == {"ada"}


# A table reads best a row at a time.
# fmt: off
TWICE = (
    # command             arguments                                        logged as
    (InitialiseDatabase, {"mode": "sandbox", "gateway_fingerprint": "f", "secret_fingerprint": "s"}, "db initialise"),
    (AddClient,          {"client": client()},                            "client add"),
    (SetMerchant,        {"merchant": merchant(name="New name")},         "merchant set"),
    (AddPayer,           payer(),                                         "payer add"),
)
# fmt: on


@pytest.mark.parametrize(("command", "arguments", "action"), TWICE, ids=lambda part: str(part)[:30])
async def test_the_same_again_changes_nothing_and_logs_nothing(
    command: Any, arguments: dict[str, Any], action: str
) -> None:
    async with stage() as score:
        first = await score.do(command(**score.by_hand(), **arguments))
        before = await score.everything()
        second = await score.do(command(**score.by_hand(), **arguments))

        assert (first.changed, second.changed) == (True, False)
        assert await score.everything() == before
        assert sorted(row.action for row in await score.rows(OperatorAction)) == sorted(
            [*SET_UP, action]
        )


async def test_a_key_is_valid_from_now_until_it_is_retired() -> None:
    async with stage() as score:
        assert (
            await score.operates(AddClientKey(**score.by_hand(), key=key()))
            == "refused INVALID_CLIENT"
        )
        await score.operates(AddClient(**score.by_hand(), client=client()))
        await score.operates(AddClientKey(**score.by_hand(), key=key()))
        now_ms = score.clock.now_ms()
        retire: dict[str, Any] = {"client_id": CLIENT, "fingerprint": "ab" * 32}
        await score.operates(RetireClientKey(**score.by_hand(), **retire, after_ms=HOUR_MS))
        held = await score.store.get(ClientKey, CLIENT, "ab" * 32)

        assert held is not None
        assert [held.is_valid(now_ms + at) for at in (-1, 0, HOUR_MS - 1, HOUR_MS)] == [
            False,
            True,
            True,
            False,
        ]
        later = await score.do(RetireClientKey(**score.by_hand(), **retire, after_ms=2 * HOUR_MS))
        assert not later.changed
        sooner = await score.do(RetireClientKey(**score.by_hand(), **retire))
        assert sooner.changed
        again = await score.operates(AddClientKey(**score.by_hand(), key=key()))
        assert again == "refused REPEAT_REQ_INCONSISTENT"
        backwards = await score.operates(RetireClientKey(**score.by_hand(), **retire, after_ms=-1))
        assert backwards == "refused PARAM_ILLEGAL"


# A table reads best a row at a time.
# fmt: off
REFUSED = (
    # given                                                                  command             arguments                                              refusal
    ((AddClient, {"client": client()}),                                     AddClient,          {"client": client(profile="ALIPAY_HK")},               "REPEAT_REQ_INCONSISTENT"),
    ((AddClient, {"client": client()}),                                     AddClient,          {"client": client(merchant_ids=(SHOP, "x"))},          "MERCHANT_NOT_REGISTERED"),
    ((AddClient, {"client": client()}),                                     AddClient,          {"client": client(merchant_ids=())},                   "REPEAT_REQ_INCONSISTENT"),
    ((AddPayer, payer()),                                                   AddPayer,           payer(name="Mallory"),                                 "REPEAT_REQ_INCONSISTENT"),
    ((AddPayer, payer()),                                                   AddPayer,           payer(issuer="bank"),                                  "REPEAT_REQ_INCONSISTENT"),
    ((AddPayer, payer()),                                                   UnlockPayer,        {"payer_id": "nobody"},                                "USER_NOT_EXIST"),
    ((AddPayer, payer()),                                                   TopUp,              {"payer_id": "nobody", "money": Money.parse("1 HKD")}, "USER_NOT_EXIST"),
    ((AddPayer, payer()),                                                   TopUp,              {"payer_id": "eve", "money": Money.parse("0 HKD")},    "PARAM_ILLEGAL"),
    ((AddPayer, payer()),                                                   TopUp,              {"payer_id": "eve", "money": Money.parse("-1 HKD")},   "PARAM_ILLEGAL"),
    ((AddPayer, payer()),                                                   TopUp,              {"payer_id": "eve", "money": Money.of(10**12, "HKD")}, "PARAM_ILLEGAL"),
    ((AddPayer, payer(issuer="bank")),                                      TopUp,              {"payer_id": "eve", "money": Money.parse("1 HKD")},    "UNAVAILABLE_PAYMENT_METHOD"),
    ((AddClient, {"client": client()}),                                     RetireClientKey,    {"client_id": CLIENT, "fingerprint": "x"},             "KEY_NOT_FOUND"),
    ((InitialiseDatabase, {"mode": "sandbox", "gateway_fingerprint": "f", "secret_fingerprint": "s"}), InitialiseDatabase, {"mode": "production", "gateway_fingerprint": "f", "secret_fingerprint": "s"},    "PROCESS_FAIL"),
    ((InitialiseDatabase, {"mode": "sandbox", "gateway_fingerprint": "f", "secret_fingerprint": "s"}), InitialiseDatabase, {"mode": "sandbox", "gateway_fingerprint": "g", "secret_fingerprint": "s"},       "PROCESS_FAIL"),
)
# fmt: on


@pytest.mark.parametrize(("given", "command", "arguments", "refusal"), REFUSED)
async def test_an_operator_is_refused_and_nothing_changes(
    given: tuple[Any, dict[str, Any]], command: Any, arguments: dict[str, Any], refusal: str
) -> None:
    async with stage() as score:
        before_command, before_arguments = given
        await score.operates(before_command(**score.by_hand(), **before_arguments))
        before = await score.everything()

        told = await score.operates(command(**score.by_hand(), **arguments))
        assert told == f"refused {refusal}"
        assert await score.everything() == before


async def test_every_change_needs_a_name() -> None:
    async with stage() as score:
        for operator in ("", "  "):
            command = AddPayer(operation_id=score.operation(), operator=operator, **payer())

            assert await score.operates(command) == "refused PARAM_MISSING"


async def test_a_top_up_that_is_sent_again_is_one_top_up() -> None:
    async with stage() as score:
        command = TopUp(
            operation_id=OperationId("the same"),
            operator="ada",
            payer_id=PayerId("rich"),
            money=Money.parse("5.00 HKD"),
        )
        first = await score.do(command)

        assert str(first.balance) == "105.00 HKD"
        assert len(await score.rows(Entry)) == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"money": Money.parse("6.00 HKD")},
        {"money": Money.parse("5.00 USD")},
        {"payer_id": PayerId("poor")},
        {"operator": "eve"},
    ],
    ids=str,
)
async def test_an_operation_id_with_another_content_is_refused(changed: dict[str, Any]) -> None:
    async with stage() as score:
        first = TopUp(**score.by_hand(), payer_id=PayerId("rich"), money=Money.parse("5.00 HKD"))
        await score.do(first)
        other = msgspec.structs.replace(first, **changed)

        assert await score.operates(other) == "refused REPEAT_REQ_INCONSISTENT operation_id"
        unlock = UnlockPayer(
            operation_id=first.operation_id, operator="ada", payer_id=PayerId("rich")
        )
        assert await score.operates(unlock) == "refused REPEAT_REQ_INCONSISTENT operation_id"
        assert await score.holds("payer:rich") == 10_500


async def test_a_top_up_whose_outcome_is_forgotten_is_not_booked_again() -> None:
    async with stage() as score:
        command = TopUp(**score.by_hand(), payer_id=PayerId("rich"), money=Money.parse("5.00 HKD"))
        await score.do(command)
        score.waits(8 * DAY_MS)
        now_ms = score.clock.now_ms()
        assert await score.engine.forget(Operation, before_ms=now_ms, limit=1_000)

        with pytest.raises(Refused, match="was done on") as refused:
            await score.engine.execute(command)
        assert refused.value.path == "operation_id"
        assert await score.holds("payer:rich") == 10_500


async def test_a_payer_whose_limit_is_nothing_pays_nothing_with_a_pin_or_by_agreement() -> None:
    story = Story()
    await story.set_up()
    await story.perform("""
        prepare G-1                 SIGNING
        sign G-1                    ACTIVE
        apply code                  generation 1
        payer rich single=0.00      -
        pay A-1                     4000 USER_AMOUNT_EXCEED_LIMIT
        debit D-1                   USER_AMOUNT_EXCEED_LIMIT
        payer rich                  -
        pay A-2                     9000
    """)
    await story.engine.stop()


async def test_no_secret_is_in_the_log() -> None:
    async with stage() as score:
        await score.operates(AddPayer(**score.by_hand(), **payer()))
        details = [row.detail for row in await score.rows(OperatorAction)]

        assert any("eve" in detail for detail in details)
        assert not any(PIN_HASH in detail or "hash" in detail for detail in details)


async def test_a_refused_mode_writes_neither_fact() -> None:
    async with stage() as score:
        await score.operates(
            InitialiseDatabase(
                **score.by_hand(), mode="sandbox", gateway_fingerprint="f", secret_fingerprint="s"
            )
        )
        await score.operates(
            InitialiseDatabase(
                **score.by_hand(),
                mode="production",
                gateway_fingerprint="g",
                secret_fingerprint="s",
            )
        )

        assert {row.name: row.value for row in await score.rows(Fact)} == {
            "mode": "sandbox",
            "gateway_fingerprint": "f",
            "secret_fingerprint": "s",
        }


async def test_unlocking_who_is_not_locked_leaves_no_trace() -> None:
    async with stage() as score:
        outcome = await score.do(UnlockPayer(**score.by_hand(), payer_id=PayerId("rich")))

        assert not outcome.changed
        assert "payer unlock" not in await _log(score)
