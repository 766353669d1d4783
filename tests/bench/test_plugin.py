"""The pytest plugin from outside: what it costs, how it keeps tests apart, what it says."""

import sys
import sysconfig
from pathlib import Path

import pytest

from tests.bench.test_merchant_project import run_pytest

TWO_TESTS = """
from datetime import timedelta
from tillgate import Order

def pay(gateway):
    order = Order(merchant_trans_id="A-1", title="Dress", amount="99999.00 HKD")
    return gateway.wallet().pay(gateway.merchant.order_str(order)).result_code

def test_first(gateway, clock):
    clock.advance("2d")
    assert pay(gateway) == "9000"

def test_second(gateway, clock, tillgate_sandbox):
    assert gateway is tillgate_sandbox
    assert {ahead}
    assert pay(gateway) == "{code}"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def written(folder: Path, text: str) -> Path:
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    return folder


def test_each_test_has_orders_money_and_time_of_its_own(project: Path) -> None:
    apart = TWO_TESTS.format(ahead="clock.ahead == timedelta()", code="9000")
    run_pytest(written(project, apart), "-W", "error")


def test_a_project_may_have_its_tests_share_a_gateway(project: Path) -> None:
    (project / "pytest.ini").write_text("[pytest]\ntillgate_isolation = run\n")
    shared = TWO_TESTS.format(ahead="clock.ahead > timedelta(hours=47)", code="5000")
    run_pytest(written(project, shared))


def test_another_isolation_is_refused(project: Path) -> None:
    (project / "pytest.ini").write_text("[pytest]\ntillgate_isolation = none\n")
    done = run_pytest(written(project, "def test_it(gateway): pass"), code=1)
    assert "tillgate_isolation is test or run, not 'none'" in done.stdout


def test_who_does_not_use_it_loads_no_gateway(project: Path) -> None:
    text = """
import sys

def test_nothing_is_loaded():
    heavy = {"uvicorn", "starlette", "sqlalchemy", "aiohttp", "cryptography", "playwright"}
    assert "tillgate.sandbox.plugin" in sys.modules
    assert not heavy & set(sys.modules)
    assert not {"msgspec", "tillgate.merchant", "tillgate.sandbox.testing"} & set(sys.modules)
"""
    run_pytest(written(project, text), "-p", "no:anyio", "-p", "no:platformdirs")


def test_it_can_be_switched_off(project: Path) -> None:
    done = run_pytest(written(project, "def test_it(gateway): pass"), "-p", "no:tillgate", code=1)
    assert "fixture 'gateway' not found" in done.stdout


def test_a_projects_own_fixture_of_that_name_wins(project: Path) -> None:
    text = """
import pytest

@pytest.fixture
def gateway():
    return "mine"

def test_it(gateway):
    assert gateway == "mine"
"""
    run_pytest(written(project, text), "-W", "error", "--strict-markers", "--strict-config")


def test_a_failure_shows_what_merchants_were_sent(project: Path) -> None:
    text = """
from tillgate import Order

def test_it(gateway, wallet, merchant):
    order = Order(
        merchant_trans_id="A-1", title="Dress", amount="10.00 HKD",
        notify_url="http://127.0.0.1:9/notify",
    )
    wallet.pay(merchant.order_str(order))
    raise AssertionError
"""
    done = run_pytest(written(project, text), code=1)
    line = (
        "A-1 TRADE_SUCCESS #1 -> http://127.0.0.1:9/notify None CONNECT No connection could be made"
    )
    assert line in done.stdout
    assert "gateway.deliver_to(app) hands it to your app." in done.stdout


@pytest.mark.parametrize(
    ("answer", "step"),
    [
        ("Response('no', 404)", "Is that path a route of your app, and what does its log say?"),
        ("Response('success')", "Answer with the bytes of merchant.acknowledge(event)"),
    ],
)
def test_a_failure_says_what_to_do_about_an_answer(project: Path, answer: str, step: str) -> None:
    text = f"""
from flask import Flask, Response
from tillgate import Order

def test_it(gateway, wallet, merchant):
    app = Flask("shop")
    app.post("/notify")(lambda: {answer})
    gateway.deliver_to(app)
    order = Order(
        merchant_trans_id="A-1", title="Dress", amount="10.00 HKD",
        notify_url="https://shop.example/notify",
    )
    wallet.pay(merchant.order_str(order))
    raise AssertionError
"""
    done = run_pytest(written(project, text), code=1)
    assert step in done.stdout


def test_without_the_gateways_libraries_it_says_what_to_install(project: Path) -> None:
    (project / "conftest.py").write_text("import sys\nsys.modules['uvicorn'] = None\n")
    done = run_pytest(written(project, "def test_it(gateway): pass"), code=1)
    assert 'Type: pip install "tillgate[testing]"' in done.stdout


def test_the_package_is_installed_with_the_plugin() -> None:
    found = list(Path(sysconfig.get_path("purelib")).glob("tillgate-*.dist-info/entry_points.txt"))
    assert [each for each in found if "[pytest11]" in each.read_text()], sys.executable
