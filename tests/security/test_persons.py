"""Personal data: who sees it, where it lies, and that the person goes when erased.

What must hold: a payer's name is in one row and nowhere else; merchants are told nothing of a
payer; a list of payers shows no name in full; erasing leaves entries and amounts as they were, and
the books clean; what riskInfo says of a buyer is kept as hashes and rough numbers alone.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tests.engine.server import digest
from tests.security.production import (
    CLIENT_ID,
    MERCHANT_ID,
    ORIGIN,
    PIN,
    Production,
    production,
)
from tests.support.gateway import tillgate
from tillgate.acquiring.agreement import Agreement, AgreementTerms
from tillgate.acquiring.merchant import Merchant as MerchantRow
from tillgate.acquiring.payer import ERASED, Payer, check_payer
from tillgate.cli.payer import masked
from tillgate.engine.commands import ErasePayer, PrepareAgreement, SetMerchant, SignAgreement
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import ClientId, MerchantAgreementId, MerchantId, PayerId
from tillgate.protocol.function import Direction
from tillgate.protocol.functions import ALL_FUNCTIONS

RISK: Final = {
    "deviceInfo": {
        "imei": "356938035643809",
        "ip": "203.0.113.77",
        "macAddress": "00:1A:2B:3C:4D:5E",
        "latitudeLongitude": "22.302711,114.177216",
        "terminalType": "APP",
        "sessionId": "session-of-a-buyer",
    },
    "userInfo": {"userId": "buyer-4711", "phone": "+852 5555 0199", "email": "a@example.com"},
}
"""What a merchant may send of a buyer, our own members and others among them."""


async def pays(gate: Production, number: str, **changes: Any) -> None:
    token = await gate.token()
    call = {"orderStr": gate.order_str(number, **changes), "callId": f"call-{number}"}
    opened = (await gate.ask("POST", "/cashier/trade-pay", call, token=token)).json()
    path = opened["cashierUrl"].removeprefix(ORIGIN)
    paid = await gate.ask("POST", f"{path}/confirm", {"pin": PIN}, token=token)
    assert paid.json()["resultCode"] == "9000"


def rows_of(data: Path) -> dict[str, list[str]]:
    """Return all rows of all tables as texts."""
    with closing(sqlite3.connect(data / "tillgate.sqlite")) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: [repr(row) for row in connection.execute(f"SELECT * FROM {name}")]  # noqa: S608  Names of its own.
            for (name,) in names
        }


def tables_with(text: str, data: Path) -> set[str]:
    return {name for name, rows in rows_of(data).items() if any(text in row for row in rows)}


async def test_a_payers_name_lies_in_one_row_and_goes_with_the_person(tmp_path: Path) -> None:
    data = tmp_path / "gateway"
    async with production(data) as gate:
        await pays(gate, "P-1")
        assert tables_with("Alice", data) == {"payers"}
        assert tables_with(PIN, data) == set()
        kept = {name: rows_of(data)[name] for name in ("entries", "postings", "balances")}
        await gate.run(ErasePayer, payer_id="alice")
        again = await gate.run(ErasePayer, payer_id="alice")
        assert again.changed is False
        assert tables_with("Alice", data) == set()
        assert tables_with("$argon2id$", data) == set()
        assert {name: rows_of(data)[name] for name in kept} == kept
        row = await gate.house.desk.reader.get(Payer, "alice")
        assert row is not None
        assert (row.pin_hash, row.about, row.is_locked) == (ERASED, "", True)
        for pin in (PIN, "000000", "erased"):
            assert (await gate.signs_in("alice", pin)).status in {400, 401}
        [logged] = [each for each in rows_of(data)["operator_actions"] if "payer erase" in each]
        assert "olga" in logged
    audit = tillgate("ledger", "audit", "--data", str(data), "--json")
    assert json.loads(audit.stdout)["clean"], audit.stdout + audit.stderr


async def test_nobody_comes_back_behind_an_erased_payer(tmp_path: Path) -> None:
    data = tmp_path / "gateway"
    async with production(data) as gate:
        await gate.run(ErasePayer, payer_id="alice")
    told = [
        tillgate("payer", *arguments, "--data", str(data))
        for arguments in (
            ("unlock", "alice"),
            ("pin", "alice", "--pin", "271828"),
            ("sign-out", "alice"),
            ("top-up", "alice", "1.00 HKD"),
            ("limit", "alice", "--single", "1.00 HKD"),
            ("limit", "alice", "--daily", "1.00 HKD"),
            ("add", "alice", "--name", "Alice Chan", "--pin", "271828"),
        )
    ]
    assert [done.returncode for done in told] == [1] * 7
    assert all("erased" in done.stderr for done in told[:-1])
    held = json.loads(tillgate("payer", "show", "alice", "--json", "--data", str(data)).stdout)
    assert (held["balances"], held["limits"]) == (["100.00 HKD"], [])


async def test_erasing_is_meant_and_said_so(tmp_path: Path) -> None:
    data = tmp_path / "gateway"
    async with production(data):
        pass
    asked = tillgate("payer", "erase", "alice", "--data", str(data))
    assert asked.returncode == 2
    assert "100.00 HKD, which no command pays out" in asked.stderr
    assert "--yes" in asked.stderr
    assert "Alice Chan" in tillgate("payer", "show", "alice", "--data", str(data)).stdout
    done = tillgate("payer", "erase", "alice", "--yes", "--data", str(data))
    assert done.returncode == 0, done.stderr
    assert "still holds 100.00 HKD" in done.stderr
    shown = json.loads(tillgate("payer", "show", "alice", "--json", "--data", str(data)).stdout)
    assert (shown["name"], shown["locked"], shown["balances"]) == ("-", True, ["100.00 HKD"])


async def agrees(gate: Production, number: str, payer: str = "alice") -> None:
    """Have a payer sign an agreement with the shop."""
    terms = AgreementTerms(
        merchant_id=MerchantId(MERCHANT_ID),
        merchant_agreement_id=MerchantAgreementId(number),
        client_id=ClientId(CLIENT_ID),
        version="2.0.0",
        auth_site="ALIPAY_HK",
        scopes=("AUTH_AGREEMENTPAY",),
        terminal_type="WAP",
        redirect_url="https://shop.example/back",
    )
    books = gate.house.books
    asked = PrepareAgreement(
        operation_id=books.operation(), terms=terms, token_hash=digest(f"page {number}")
    )
    await books.engine.execute(asked)
    await signs(gate, number, payer)


async def signs(gate: Production, number: str, payer: str = "alice") -> None:
    command = SignAgreement(
        operation_id=gate.house.books.operation(),
        token_hash=digest(f"page {number}"),
        payer_id=PayerId(payer),
        code_hash=digest(f"code {number}"),
    )
    await gate.house.books.engine.execute(command)


async def test_what_an_erased_payer_agreed_to_ends_and_the_merchant_is_told(tmp_path: Path) -> None:
    data = tmp_path / "gateway"
    shop = MerchantRow(
        merchant_id=MerchantId(MERCHANT_ID),
        name="COD",
        hosts=("shop.example",),
        notify_url="https://shop.example/notify",
    )
    async with production(data) as gate:
        await gate.run(SetMerchant, merchant=shop)
        await gate.payer("bob")
        for number, payer in (("G-1", "alice"), ("G-2", "alice"), ("G-3", "bob")):
            await agrees(gate, number, payer)
    done = tillgate("payer", "erase", "alice", "--yes", "--data", str(data))
    assert done.returncode == 0, done.stderr
    listed = tillgate("agreement", "list", "--json", "--data", str(data))
    states = {row["agreement"]: row["state"] for row in json.loads(listed.stdout)}
    assert states == {"G-1": "CANCELED", "G-2": "CANCELED", "G-3": "ACTIVE"}
    told = "".join(rows_of(data)["notifications"])
    assert [number for number in ("G-1", "G-2", "G-3") if number in told] == ["G-1", "G-2"]
    again = tillgate("payer", "erase", "alice", "--yes", "--json", "--data", str(data))
    assert (again.returncode, json.loads(again.stdout)["changed"]) == (0, False)
    audit = tillgate("ledger", "audit", "--data", str(data), "--json")
    assert json.loads(audit.stdout)["clean"], audit.stdout + audit.stderr


async def test_an_account_that_is_closed_signs_nothing_and_says_that_it_was_closed(
    tmp_path: Path,
) -> None:
    async with production(tmp_path / "gateway") as gate:
        await agrees(gate, "G-1")
        stolen = ((MerchantId(MERCHANT_ID), MerchantAgreementId("G-1")),)
        await gate.payer("bob")
        await gate.run(ErasePayer, payer_id="bob", agreements=stolen)
        row = await gate.house.desk.reader.get(Agreement, MERCHANT_ID, "G-1")
        assert row is not None
        assert row.is_active, "bob's end ended what alice agreed to"
        with pytest.raises(Refused, match="closed"):
            await agrees(gate, "G-2", "bob")
        bob = await gate.house.desk.reader.get(Payer, "bob")
        with pytest.raises(Refused, match="closed"):
            check_payer(bob)


async def test_a_list_of_payers_shows_no_name_in_full(tmp_path: Path) -> None:
    data = tmp_path / "gateway"
    async with production(data):
        pass
    for options in ((), ("--json",)):
        listed = tillgate("payer", "show", *options, "--data", str(data)).stdout
        assert "A*** C***" in listed
        assert "Alice" not in listed


def test_a_mask_tells_no_length() -> None:
    assert masked("Alice Chan") == "A*** C***"
    assert masked("Al") == masked("Alexandria")
    assert masked("") == ""
    assert masked("陳大文") == "陳***"


async def test_what_a_merchant_says_of_a_buyer_is_kept_as_hashes_and_rough_numbers(
    tmp_path: Path,
) -> None:
    data = tmp_path / "gateway"
    async with production(data) as gate:
        await pays(gate, "R-1", risk_info=RISK)
        kept = {
            text: tables_with(text, data)
            for part in RISK.values()
            for text in part.values()
            if text != "APP"
        }
        assert {text for text, tables in kept.items() if tables} == set()
        assert tables_with("356938035643809", data) == set()
        assert tables_with("22.3", data) == set()
        assert any('"latitude_deg":22' in row for row in rows_of(data)["order_risks"])


def test_no_message_to_a_merchant_has_a_place_for_a_payer() -> None:
    told = {
        field.encode_name
        for function in ALL_FUNCTIONS
        for message in (
            (function.request,)
            if function.direction is Direction.TO_MERCHANT
            else (function.response,)
        )
        for field in (msgspec.structs.fields(message) if message is not None else ())
    }
    assert told
    named = [
        name for name in told if any(word in name.lower() for word in ("payer", "buyer", "user"))
    ]
    assert named == []
