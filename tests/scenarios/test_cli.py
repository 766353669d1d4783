"""`tillgate scenario` lists, plays, prints its tables, and fails when a scenario does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.scenarios.test_files import GOOD
from tillgate.cli.root import SERVER_LIBRARIES, run
from tillgate.merchant import Closed, Connection, Merchant, Order, Repeating, Unknown
from tillgate.merchant.asking import Cause
from tillgate.sandbox.chosen.amounts import AMOUNTS
from tillgate.sandbox.chosen.faults import Fault
from tillgate.sandbox.scenarios import files
from tillgate.sandbox.testing import Sandbox


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command; return its exit code and what it said."""
    code = run(["scenario", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_list_is_the_folder(capsys: pytest.CaptureFixture[str]) -> None:
    """Every file is listed, with what a reader needs to choose."""
    code, out, _ = told(capsys, "list", "--json")
    listed = json.loads(out)
    assert code == 0
    assert [each["name"] for each in listed] == files.names()
    assert all(each["title"] and each["why"] and each["merchant"] for each in listed)


def test_a_tag_narrows_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """A tag that nobody has is told."""
    code, out, _ = told(capsys, "list", "--tag", "refund", "--json")
    assert code == 0
    assert 0 < len(json.loads(out)) < len(files.names())
    assert told(capsys, "list", "--tag", "nothing")[0] == 2


def test_the_tables_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Amounts and faults come from their tables, for people and for programs."""
    _, out, _ = told(capsys, "amounts", "--json")
    assert [each["digits"] for each in json.loads(out)] == [row.digits for row in AMOUNTS]
    _, out, _ = told(capsys, "faults", "--json")
    assert [each["header"] for each in json.loads(out)] == [fault.sample for fault in Fault]
    _, out, _ = told(capsys, "amounts")
    assert len(out.splitlines()) == len(AMOUNTS)


def test_show_prints_what_can_be_played(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What is shown is a file that is read as the same scenario."""
    _, out, _ = told(capsys, "show", "paid", "--json")
    file = tmp_path / "mine.json"
    file.write_text(out)
    assert files.find(str(file)).scenario == files.own("paid").scenario


def test_show_tells_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """A reader learns what happens, why it matters and what to do, step by step."""
    scenario = files.own("cancel-while-unknown").scenario
    code, out, _ = told(capsys, "show", "cancel-while-unknown")
    assert code == 0
    for words in (scenario.title, scenario.why, scenario.merchant, "resultCode:8000"):
        assert words in out
    assert told(capsys, "show", "none")[0] == 2


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """As the file that is kept beside the scenarios."""
    _, out, _ = told(capsys, "schema")
    assert "properties" in json.dumps(json.loads(out))


def test_a_scenario_that_fails_is_traced(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """In a gateway of its own: exit 1, what was expected and what came, and JUnit for CI."""
    file, junit = tmp_path / "my-case.json", tmp_path / "junit.xml"
    steps: list[Any] = [{"do": "sign"}, {"do": "pay", "expect": {"resultCode": "8000"}}]
    file.write_text(json.dumps(GOOD | {"steps": steps}))
    code, out, err = told(capsys, "run", str(file), "paid", "--junit", str(junit))
    assert code == 1
    assert 'resultCode\t"8000"\t"9000"' in out
    assert GOOD["merchant"] in out
    assert "FAILED  my-case" in err
    assert "passed  paid" in err
    suite = ET.fromstring(junit.read_bytes())[0]  # noqa: S314  We wrote it ourselves.
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert 'expected "8000", got "9000"' in (failure.text or "")


@pytest.mark.parametrize("name", ["nowhere/junit.xml", ".", "-"])
def test_a_report_that_cannot_be_written_is_told_before_anything_is_played(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A run of all of them would be lost."""
    place = name if name == "-" else str(tmp_path / name)
    code, out, err = told(capsys, "run", "paid", "--junit", place)
    assert code == 2
    assert "--junit" in err
    assert "passed" not in out + err


def test_one_scenario_is_told_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    """As people speak."""
    assert "1 scenario in" in told(capsys, "run", "paid")[1]


def test_a_running_sandbox_is_played_with(capsys: pytest.CaptureFixture[str]) -> None:
    """By its folder, or by its address and folder; its answer is one JSON value."""
    with Sandbox() as gateway:
        data = ("--data", str(gateway.data))
        code, out, err = told(capsys, "run", "paid", *data, "--json")
        assert (code, err) == (0, "")
        assert json.loads(out)["passed"] is True
        assert told(capsys, "run", "paid", "--url", gateway.origin, *data)[0] == 0


def test_nothing_is_played_where_no_sandbox_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A folder that nobody serves is exit 3."""
    code, _, err = told(capsys, "run", "paid", "--data", str(tmp_path / "none"))
    assert code == 3
    assert "tillgate serve --sandbox" in err


@pytest.mark.parametrize("arguments", [("run",), ("run", "none"), ("run", "paid", "--all")])
def test_what_cannot_be_meant_is_usage(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """Nothing named, a name that is on no list, or everything and something."""
    code, _, err = told(capsys, *arguments)
    assert code == 2
    assert "tillgate scenario list" in err or "--all" in err


def test_the_sdk_s_own_requests_can_ask_for_a_fault() -> None:
    """A merchant that is made with the header hears of the fault, and one without it does not."""
    with Sandbox() as gateway:
        order = Order(merchant_trans_id="F-1", title="Dress", amount="10.00 HKD")
        assert gateway.wallet().pay(gateway.merchant.order_str(order)).paid
        faulty = Merchant(
            client_id=gateway.client_id,
            merchant_id=gateway.merchant_id,
            private_key=gateway.keys / "merchant.private.pem",
            gateway_public_key=gateway.keys / "gateway.public.pem",
            base_url=gateway.origin,
            connection=Connection(headers={"X-Tillgate-Fault": "drop, after"}),
            repeating=Repeating(tries_max=1),
        )
        outcome = faulty.cancel("F-1")
        assert isinstance(outcome, Unknown)
        assert outcome.cause is Cause.TORN
        assert isinstance(gateway.merchant.query("F-1"), Closed)


def test_what_needs_no_gateway_needs_no_server_library() -> None:
    """The base install lists scenarios, prints the tables, and plays with a gateway elsewhere."""
    modules = "tillgate.cli.scenario, tillgate.cli.scenario_shown, tillgate.sandbox.chosen.shown"
    more = "tillgate.sandbox.scenarios.runner, tillgate.sandbox.scenarios.junit"
    libraries = sorted(SERVER_LIBRARIES)
    program = f"import sys, {modules}, {more}; print([n for n in {libraries} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
