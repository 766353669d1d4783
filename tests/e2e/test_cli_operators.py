"""Operators' commands on a production folder without a server: done, refused, misused, and as JSON.

Each command runs in this process, on a real database. What must hold: exit 0 done, 1 refused, 2
usage, 3 unavailable; with --json standard output is one JSON value; nothing prints a PIN.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tillgate.cli.root import run
from tillgate.kernel.clock import parse_rfc3339

CLIENT, MERCHANT, PIN = "4Q5XSH6SSG02T006", "2160400000002012", "493817"


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Tillgate = Callable[..., Done]


@pytest.fixture
def tillgate(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Tillgate:
    """Run commands on a folder of this test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TILLGATE_OPERATOR", "olga")
    monkeypatch.setenv("TILLGATE_PIN", PIN)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.chdir(tmp_path)

    def ran(*arguments: str) -> Done:
        code = run([*arguments])
        told = capfd.readouterr()
        assert PIN not in told.out + told.err
        return Done(code, told.out, told.err)

    return ran


@pytest.fixture
def books(tillgate: Tillgate) -> Tillgate:
    """The same, with a gateway's key and database."""
    assert tillgate("keys", "generate", "gateway", "--out", ".local/share/tillgate/keys").code == 0
    assert tillgate("db", "upgrade").code == 0
    return tillgate


def test_a_new_database_says_what_it_is(books: Tillgate) -> None:
    shown = books("db", "show", "--json")

    assert shown.code == 0
    assert shown.json["mode"] == "production"
    assert len(shown.json["gatewayFingerprint"]) == 16
    again = books("db", "upgrade", "--json")
    assert again.code == 0
    assert again.json["before"] == again.json["after"]


def test_a_database_is_not_made_without_the_gateways_key(tillgate: Tillgate) -> None:
    refused = tillgate("db", "upgrade")

    assert refused.code == 2
    assert "tillgate keys generate gateway --out" in refused.err


def test_a_gateway_key_that_others_can_read_is_refused(tillgate: Tillgate, tmp_path: Path) -> None:
    keys = tmp_path / ".local/share/tillgate/keys"
    tillgate("keys", "generate", "gateway", "--out", str(keys))
    (keys / "gateway.private.pem").chmod(0o644)

    refused = tillgate("db", "upgrade")

    assert refused.code == 2
    assert f"chmod 600 {keys / 'gateway.private.pem'}" in refused.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("db", "show"),
        ("payer", "add", "bob"),
        ("payer", "show"),
        ("client", "show"),
        ("merchant", "show"),
        ("merchant", "add", MERCHANT),
        ("notification", "show"),
        ("agreement", "list"),
        ("risk", "list"),
        ("risk", "show", "A-1"),
        ("payer", "limit", "bob", "--none"),
        ("ledger", "audit"),
        ("ledger", "show"),
    ],
)
def test_without_a_database_every_command_says_how_to_make_one(
    tillgate: Tillgate, arguments: tuple[str, ...]
) -> None:
    refused = tillgate(*arguments)

    assert refused.code == 3
    assert "tillgate db upgrade --data" in refused.err


def test_a_payer_is_added_topped_up_and_shown(books: Tillgate) -> None:
    added = books("payer", "add", "alice", "--name", "Alice Chan", "--json")
    assert (added.code, added.json["changed"]) == (0, True)
    assert books("payer", "add", "alice", "--name", "Alice Chan", "--json").json["changed"] is False
    assert "PIN stays" in books("payer", "add", "alice", "--name", "Alice Chan").err
    topped = books("payer", "top-up", "alice", "100.00 HKD", "--json")
    assert topped.json == {"payer": "alice", "balance": "100.00 HKD"}
    assert books("payer", "top-up", "alice", "1 JPY").code == 0

    assert books("payer", "show", "alice", "--json").json == {
        "payer": "alice",
        "name": "Alice Chan",
        "issuer": "wallet",
        "locked": False,
        "triesLeft": 3,
        "balances": ["100.00 HKD", "1 JPY"],
        "limits": [],
    }
    assert "alice\tAlice Chan\twallet\t3\t100.00 HKD, 1 JPY" in books("payer", "show").out
    assert books("payer", "unlock", "alice", "--json").json["changed"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("payer", "add", "alice", "--name", "Another"), 1, "REPEAT_REQ_INCONSISTENT"),
        (("payer", "add", "a b"), 1, "payer_id"),
        (("payer", "add", "bob", "--pin", "12345"), 2, "6 digits"),
        (("payer", "add", "bob", "--issuer", "sandbox"), 2, "it has wallet."),
        (("payer", "add"), 2, "Missing argument"),
        (("payer", "top-up", "alice", "100"), 2, "as in HKD"),
        (("payer", "top-up", "alice", "1.001 HKD"), 2, "2 decimal digits"),
        (("payer", "top-up", "alice", "0.00 HKD"), 1, "above zero"),
        (("payer", "top-up", "bob", "1.00 HKD"), 1, "USER_NOT_EXIST"),
        (("payer", "unlock", "bob"), 1, "USER_NOT_EXIST"),
        (("payer", "show", "bob"), 1, "tillgate payer show"),
    ],
)
def test_a_payers_command_that_cannot_be_done_says_why(
    books: Tillgate, arguments: tuple[str, ...], code: int, says: str
) -> None:
    books("payer", "add", "alice")

    ended = books(*arguments)

    assert ended.code == code
    assert says in ended.err
    assert not ended.out


def test_a_refusal_as_json_carries_its_result_code(books: Tillgate) -> None:
    refused = books("payer", "unlock", "bob", "--json")

    assert refused.code == 1
    assert refused.json["result"] == "USER_NOT_EXIST"
    assert not refused.err


def test_a_clients_keys_come_and_go(books: Tillgate, tmp_path: Path) -> None:
    books("keys", "generate", "merchant")
    public = "merchant.public.pem"
    named = ("client", "add", CLIENT, "--name", "Shop", "--merchant", MERCHANT, "--json")
    assert books(*named).code == 1  # A merchant that nobody registered.
    assert books("merchant", "add", MERCHANT, "--name", "COD").code == 0
    assert books(*named).json["changed"] is True
    assert books(*named).json["changed"] is False
    added = books("client", "add-key", CLIENT, public, "--json")
    assert added.json["changed"] is True
    fingerprint = added.json["fingerprint"]

    shown = books("client", "show", CLIENT, "--json").json
    assert shown["merchants"] == [MERCHANT]
    assert [key["fingerprint"] for key in shown["keys"]] == [fingerprint]
    assert not shown["keys"][0]["validUntil"]

    retire = ("client", "retire-key", CLIENT, fingerprint, "--after-hours", "24", "--json")
    retired = books(*retire).json
    assert retired["changed"] is True
    ends = books("client", "show", CLIENT, "--json").json["keys"][0]["validUntil"]
    assert retired["validUntil"] == ends
    # A door believes for five seconds what it read.
    everywhere_ms = parse_rfc3339(retired["everywhereFrom"])
    assert everywhere_ms - parse_rfc3339(ends) == 5_000
    told = books("client", "retire-key", CLIENT, fingerprint, "--after-hours", "48").err
    assert f"no door takes it from {retired['everywhereFrom']}" in told
    assert fingerprint in books("client", "show").out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("client", "add", CLIENT), 2, "--merchant"),
        (("client", "add", "C" * 33, "--merchant", MERCHANT), 1, "client.client_id"),
        (("client", "add", CLIENT, "--merchant", MERCHANT, "--profile", "X"), 1, "TILLGATE or"),
        (("client", "add", CLIENT, "--merchant", MERCHANT), 1, "add it first"),
        (("client", "add-key", CLIENT, "none.pem"), 2, "cannot be read"),
        (("client", "add-key", CLIENT, "merchant.private.pem"), 2, "never send the private one"),
        (("client", "add-key", CLIENT, "merchant.public.pem"), 1, "add it first"),
        (("client", "retire-key", CLIENT, "00"), 1, "KEY_NOT_FOUND"),
        (("client", "show", CLIENT), 1, "INVALID_CLIENT"),
    ],
)
def test_a_clients_command_that_cannot_be_done_says_why(
    books: Tillgate, arguments: tuple[str, ...], code: int, says: str
) -> None:
    books("keys", "generate", "merchant")

    ended = books(*arguments)

    assert ended.code == code
    assert says in ended.err


def test_a_merchant_is_added_and_changed_member_by_member(books: Tillgate) -> None:
    add = ("merchant", "add", MERCHANT, "--name", "COD", "--host", "shop.example.com")
    assert books(*add, "--json").json["changed"] is True
    assert books(*add, "--json").json["changed"] is False
    changed = books("merchant", "set", MERCHANT, "--contract", "USD-1", "--currency", "HKD")
    assert changed.code == 0
    assert books("merchant", "set", MERCHANT, "--suspended").code == 0

    assert books("merchant", "show", MERCHANT, "--json").json == {
        "merchant": MERCHANT,
        "name": "COD",
        "active": False,
        "notifyUrl": "",
        "hosts": ["shop.example.com"],
        "origins": [],
        "contracts": ["USD-1"],
        "currencies": ["HKD"],
        "redirectUrl": "",
        "debtMax": [],
        "refundWindowDays": 365,
        "accessDays": 365,
        "refreshDays": 730,
    }
    assert books("merchant", "set", MERCHANT, "--host", "", "--active").code == 0
    shown = books("merchant", "show", MERCHANT, "--json").json
    assert (shown["hosts"], shown["active"]) == ([], True)
    assert f"{MERCHANT}\tCOD\tyes" in books("merchant", "show").out


def test_a_merchants_debts_windows_and_addresses_are_set(books: Tillgate) -> None:
    books("merchant", "add", MERCHANT, "--name", "COD")
    debts = ("--debt-max", "1000.00 HKD", "--debt-max", "500 JPY")
    lives = ("--refund-window", "30", "--access-days", "90", "--refresh-days", "180")
    url = ("--redirect-url", "HTTPS://Shop.example.com/agreed", "--origin", "https://a.example")

    assert books("merchant", "set", MERCHANT, *debts, *lives, *url).code == 0

    shown = books("merchant", "show", MERCHANT, "--json").json
    assert shown["debtMax"] == ["1000.00 HKD", "500 JPY"]
    assert (shown["refundWindowDays"], shown["accessDays"], shown["refreshDays"]) == (30, 90, 180)
    assert shown["redirectUrl"] == "https://shop.example.com/agreed"
    assert shown["origins"] == ["https://a.example"]
    assert books("merchant", "set", MERCHANT, "--debt-max", "").code == 0
    assert books("merchant", "show", MERCHANT, "--json").json["debtMax"] == []


def test_a_payers_limits_are_set_one_by_one_and_taken_away(books: Tillgate) -> None:
    books("payer", "add", "alice")
    limit = ("payer", "limit", "alice")

    def limits() -> Any:
        return books("payer", "show", "alice", "--json").json["limits"]

    assert books(*limit, "--single", "100.00 HKD", "--json").json["changed"] is True
    assert books(*limit, "--daily", "500.00 HKD").code == 0
    assert books(*limit, "--single", "9 JPY").code == 0
    hkd, jpy = {"single": "100.00 HKD", "daily": "500.00 HKD"}, {"single": "9 JPY"}
    assert limits() == [hkd, jpy]
    assert "single 100.00 HKD daily 500.00 HKD, single 9 JPY" in books("payer", "show").out
    assert books(*limit, "--single", "100.00 HKD", "--json").json["changed"] is False
    assert books(*limit, "--none", "--json").json["changed"] is True
    assert limits() == []
    assert books(*limit, "--none", "--json").json["changed"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 2, "--none"),
        (("--none", "--single", "1.00 HKD"), 2, "not both"),
        (("--single", "1.00 HKD", "--daily", "1 JPY"), 2, "one currency"),
        (("--single", "1.00"), 2, "as in HKD"),
        (("--single", "-1.00 HKD"), 1, "single_max"),
        (("--daily", "1.00 HKD", "--operator", "o" * 65), 1, "operator"),
    ],
)
def test_a_limit_that_cannot_be_set_says_why(
    books: Tillgate, arguments: tuple[str, ...], code: int, says: str
) -> None:
    books("payer", "add", "alice")

    ended = books("payer", "limit", "alice", *arguments)

    assert (ended.code, says in ended.err) == (code, True)


def test_a_limit_of_nobody_is_refused(books: Tillgate) -> None:
    ended = books("payer", "limit", "bob", "--single", "1.00 HKD")

    assert (ended.code, "USER_NOT_EXIST" in ended.err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("risk", "show", "A-1"), 1, "ORDER_NOT_EXIST"),
        (("risk", "decide", "A-1", "--release"), 1, "ORDER_NOT_EXIST"),
        (("risk", "decide", "A-1"), 2, "--release or --refuse"),
    ],
)
def test_a_risk_command_that_cannot_be_done_says_why(
    books: Tillgate, arguments: tuple[str, ...], code: int, says: str
) -> None:
    ended = books(*arguments)

    assert (ended.code, says in ended.err) == (code, True)


def test_the_rules_of_risk_are_shown_with_the_weights_that_count_here(
    books: Tillgate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILLGATE_RISK_WEIGHTS", "device_new = 7")
    monkeypatch.setenv("TILLGATE_RISK_REVIEW_SCORE", "60")

    shown = books("risk", "rules", "--json").json

    rules = {row["rule"]: row for row in shown["rules"]}
    assert (rules["device_new"]["weight"], rules["device_new"]["usual"]) == (7, 15)
    assert shown["reviewScore"] == 60
    told = books("risk", "rules")
    assert "device_new\t7\t15\tThe payer uses another device than before." in told.out
    assert "review from 60 on" in told.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("merchant", "add", MERCHANT, "--name", "Another"), 1, "merchant set"),
        (("merchant", "add", "M", "--host", "https://a.example"), 1, "merchant.hosts"),
        (("merchant", "add", "M", "--currency", "HK"), 1, "merchant.currencies"),
        (("merchant", "set", "M", "--name", "X"), 1, "merchant add"),
        (("merchant", "set", MERCHANT), 2, "Say what to change"),
        (("merchant", "set", MERCHANT, "--debt-max", "1000"), 2, "--debt-max"),
        (("merchant", "set", MERCHANT, "--debt-max", "-1.00 HKD"), 1, "merchant.debt_max"),
        (("merchant", "set", MERCHANT, "--refund-window", "0"), 1, "merchant.refund_window_ms"),
        (("merchant", "set", MERCHANT, "--redirect-url", "ftp://a"), 1, "merchant.redirect_url"),
        (("merchant", "set", MERCHANT, "--refresh-days", "1"), 1, "merchant.refresh_life_ms"),
        (("merchant", "show", "M"), 1, "MERCHANT_NOT_REGISTERED"),
    ],
)
def test_a_merchants_command_that_cannot_be_done_says_why(
    books: Tillgate, arguments: tuple[str, ...], code: int, says: str
) -> None:
    books("merchant", "add", MERCHANT, "--name", "COD")

    ended = books(*arguments)

    assert ended.code == code
    assert says in ended.err


def test_a_notification_that_is_not_there_is_not_sent_again(books: Tillgate) -> None:
    assert books("notification", "show", "--json").json == []
    refused = books("notification", "resend", MERCHANT, "A-1.paid")

    assert refused.code == 1
    assert "ORDER_NOT_EXIST" in refused.err
    assert books("notification", "resend", MERCHANT).code == 2


def test_the_books_are_audited_and_shown(books: Tillgate) -> None:
    books("payer", "add", "alice")
    books("payer", "top-up", "alice", "100.00 HKD", "--operator", "otto")

    audit = books("ledger", "audit", "--json")
    assert audit.code == 0
    assert audit.json["clean"] is True
    assert audit.json["read"]["entries"] == 1
    assert books("ledger", "show", "--json").json == [
        {"account": "funding:otto", "balance": "-100.00 HKD"},
        {"account": "payer:alice", "balance": "100.00 HKD"},
    ]
    entry = books("ledger", "show", "payer:alice", "--json").json[0]
    assert entry["kind"] == "TOP_UP"
    assert entry["postings"] == [
        {"from": "funding:otto", "to": "payer:alice", "amount": "100.00 HKD"}
    ]
    assert books("ledger", "show", "payer:bob").code == 1


def test_a_tampered_balance_is_found(books: Tillgate, tmp_path: Path) -> None:
    import sqlite3  # noqa: PLC0415  A test may look behind the store's back.
    from contextlib import closing  # noqa: PLC0415  As above.

    books("payer", "add", "alice")
    books("payer", "top-up", "alice", "100.00 HKD")
    database = tmp_path / ".local/share/tillgate/tillgate.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        table = _table_of_balances(connection)
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        minor = next(name for name in columns if "minor" in name)
        connection.execute(f"UPDATE {table} SET {minor} = {minor} + 1")  # noqa: S608  Names of the schema.
        connection.commit()

    audit = books("ledger", "audit", "--json")

    assert audit.code == 1
    assert audit.json["clean"] is False
    assert "BALANCE_DIFFERS" in {finding["code"] for finding in audit.json["findings"]}
    assert "BALANCE_DIFFERS" in books("ledger", "audit").out


def _table_of_balances(connection: Any) -> str:
    text = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'balance%'"
    return str(connection.execute(text).fetchone()[0])


def test_every_change_stands_in_the_operators_log(books: Tillgate, tmp_path: Path) -> None:
    from tillgate.acquiring.operator import OperatorAction  # noqa: PLC0415  Only this test reads it.
    from tillgate.cli.operate import every, read, settings_of  # noqa: PLC0415  As above.

    books("payer", "add", "alice")
    books("payer", "top-up", "alice", "1.00 HKD", "--operator", "otto")
    books("payer", "top-up", "alice", "0.00 HKD")

    log = read(settings_of(""), lambda reader: every(reader, OperatorAction))

    acts = [(row.operator, row.action) for row in log if row.operator != "tillgate"]
    assert sorted(acts) == [("olga", "payer add"), ("otto", "payer top-up")]
    assert all("argon2" not in row.detail for row in log)


def test_keys_are_private_and_never_overwritten(tillgate: Tillgate, tmp_path: Path) -> None:
    made = tillgate("keys", "generate", "shop", "--bits", "3072", "--json")

    assert made.code == 0
    assert (tmp_path / "shop.private.pem").stat().st_mode & 0o777 == 0o600
    again = tillgate("keys", "generate", "shop")
    assert again.code == 2
    assert "not overwritten" in again.err
    assert tillgate("keys", "generate", "weak", "--bits", "1024").code == 2
    assert tillgate("keys", "generate", "../shop").code == 2


def test_a_setting_that_breaks_its_rule_is_a_usage_error(
    tillgate: Tillgate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILLGATE_PORT", "many")

    ended = tillgate("payer", "show")

    assert ended.code == 2
    assert "TILLGATE_PORT" in ended.err
