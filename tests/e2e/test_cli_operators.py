"""Operators' commands on a production folder without a server: done, refused, misused, and as JSON.

Each command runs in this process, on a real database. What must hold: exit 0 done, 1 refused, 2
usage, 3 unavailable; with --json standard output is one JSON value; nothing prints a PIN.
"""

from pathlib import Path

import pytest

from tests.support import databases, schemas
from tests.support.shell import Tillgate
from tillgate.gateway.operators import VECTORS_KEYS
from tillgate.gateway.reference import samples
from tillgate.kernel.clock import parse_rfc3339
from tillgate.protocol.keys import load_public_key

CLIENT, MERCHANT = "4Q5XSH6SSG02T006", "2160400000002012"


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
    assert "alice\tA*** C***\twallet\t3\t100.00 HKD, 1 JPY" in books("payer", "show").out
    assert books("payer", "unlock", "alice", "--json").json["changed"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("payer", "add", "alice", "--name", "Another"), 1, "REPEAT_REQ_INCONSISTENT"),
        (("payer", "add", "a b"), 1, "payer_id"),
        (("payer", "add", "bob", "--pin", "12345"), 2, "6 digits"),
        (("payer", "add", "bob", "--issuer", "sandbox"), 2, "it has wallet."),
        (("payer", "add"), 2, "Missing argument"),
        (("payer", "top-up", "alice", "100"), 2, "names no currency"),
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


def test_the_published_sample_key_is_nobodys(books: Tillgate, tmp_path: Path) -> None:
    sample = tmp_path / "sample.pem"
    sample.write_text(samples.key().public.pem())

    ended = books("client", "add-key", CLIENT, str(sample))

    assert ended.code == 1
    assert "everybody can sign with it" in ended.err


def test_the_keys_of_the_vectors_are_nobodys(books: Tillgate) -> None:
    published = sorted((Path(__file__).parents[2] / "vectors/keys").glob("*.public.pem"))
    prints = {load_public_key(key.read_bytes()).fingerprint for key in published}
    assert prints == VECTORS_KEYS

    ended = books("client", "add-key", CLIENT, str(published[0]))

    assert ended.code == 1
    assert "everybody can sign with it" in ended.err


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
    books("payer", "add", "alice")
    books("payer", "top-up", "alice", "100.00 HKD")
    behind = databases.url_of(tmp_path / ".local/share/tillgate")
    schemas.run(behind, "UPDATE balances SET money_minor = money_minor + 1")

    audit = books("ledger", "audit", "--json")

    assert audit.code == 1
    assert audit.json["clean"] is False
    assert "BALANCE_DIFFERS" in {finding["code"] for finding in audit.json["findings"]}
    assert "BALANCE_DIFFERS" in books("ledger", "audit").out


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
    assert "TILLGATE_PORT (--port)" in ended.err
