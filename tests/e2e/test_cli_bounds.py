"""What operators bound: a merchant's debts and windows, a payer's limits, the rules of risk.

Each command runs in this process, on a real database. What must hold: what is not given stays as it
was; what cannot be set says why and changes nothing.
"""

from typing import Any

import pytest

from tests.support.shell import Tillgate

MERCHANT = "2160400000002012"


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
        (("--single", "1.00"), 2, "names no currency"),
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


@pytest.mark.parametrize("said", [("--single", "1.00 HKD"), ("--none",)])
def test_a_limit_of_nobody_is_refused(books: Tillgate, said: tuple[str, ...]) -> None:
    ended = books("payer", "limit", "bob", *said)

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
