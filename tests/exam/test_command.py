"""`tillgate exam` as it is typed, against the example shops as servers of their own.

What must hold: the exit code is honest (0 passed, 1 failed, 2 usage, 3 nobody there), with `--json`
one JSON value is all there is, and no key is printed by any way out.
"""

import io
import json
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.adapters.servers import MERCHANT
from tests.adapters.shops import FRAMEWORKS, open_shop
from tests.exam.certificates import certified
from tests.exam.peers import answering, http, peer
from tests.exam.plants import ENDS
from tests.exam.shops import Addresses
from tests.support.gateway import tillgate
from tillgate import Order
from tillgate.cli.root import run
from tillgate.exam import names_of

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_each_example_shop_passes_as_a_real_server(
    framework: str, data: Path, tmp_path: Path
) -> None:
    page, junit = tmp_path / "exam.html", tmp_path / "exam.xml"
    with open_shop(framework, data=data, folder=tmp_path / "shop") as shop:
        at = Addresses.at(shop.url)
        done = tillgate(
            *("exam", at.notify, "--order-url", at.orders, "--state", at.state),
            *("--data", str(data), "--old-key", str(data / "keys/old.private.pem")),
            *("--html", str(page), "--junit", str(junit), "--json"),
        )

    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert [each["name"] for each in report["findings"]] == list(names_of())
    held = len(names_of()) - len(ENDS)
    assert report["counts"] == {"passed": held, "failed": 0, "not judged": len(ENDS)}
    assert "Merchant exam: passed" in page.read_text()
    assert ET.parse(junit).getroot()[0].get("failures") == "0"  # noqa: S314  Our own file.


@pytest.mark.parametrize("option", ["--html", "--junit"])
@pytest.mark.parametrize("name", ["nowhere/exam", ".", "-"])
def test_a_report_that_cannot_be_written_is_told_before_anything_is_sent(
    option: str, name: str, *, data: Path, tmp_path: Path, nowhere: str
) -> None:
    nobody = f"{nowhere}/"
    place = name if name == "-" else str(tmp_path / name)
    done = tillgate(
        *("exam", nobody, "--order-url", nobody, "--data", str(data), option, place),
    )

    assert done.returncode == 2, done.stderr
    assert option in done.stderr


def test_what_fails_ends_with_one_and_is_told_to_people(data: Path, tmp_path: Path) -> None:
    with open_shop("flask", data=data, folder=tmp_path / "shop") as shop:
        at = Addresses.at(shop.url)
        order = tmp_path / "order.txt"
        order.write_text(shop.buy()[1])
        # The page that shows orders takes a POST too, and knows nothing of signatures.
        done = tillgate(
            *("exam", at.orders, "--order", str(order), "--data", str(data)),
            *("--only", "forged", "--only", "ack-form"),
        )

    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("failed\tforged\tIt was not refused")
    assert "1 failed" in done.stderr
    assert "PRIVATE" not in done.stdout + done.stderr


def test_a_server_with_a_certificate_of_its_own_is_examined_when_it_is_named(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = tmp_path / "order.txt"
    order.write_text(MERCHANT.order_str(Order(merchant_trans_id="A-1001", amount="10.00 HKD")))
    own = certified(tmp_path / "own")
    with peer(answering(http(403)), own.tls) as made:
        typed = ["exam", made.url, "--order", str(order), "--data", str(data), "--only", "forged"]
        assert run(typed) == 3
        assert "name one to trust with --ca FILE" in capsys.readouterr().err
        assert run([*typed, "--ca", str(own.pem)]) == 0


def test_the_cases_are_listed() -> None:
    done = tillgate("exam", "--list", "--json")

    assert done.returncode == 0
    assert [each["name"] for each in json.loads(done.stdout)] == list(names_of())


def test_nobody_at_the_address_ends_with_three(data: Path, tmp_path: Path, nowhere: str) -> None:
    with open_shop("flask", data=data, folder=tmp_path / "shop") as shop:
        at = Addresses.at(shop.url)
        url = f"{nowhere}/notify"
        done = tillgate("exam", url, "--order-url", at.orders, "--data", str(data), "--json")

    assert done.returncode == 3
    assert "is your server running" in json.loads(done.stdout)["error"]


def test_an_order_string_may_come_from_standard_input(
    data: Path,
    nowhere: str,
    *,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    order = MERCHANT.order_str(Order(merchant_trans_id="A-1001", amount="10.00 HKD"))
    url = f"{nowhere}/"
    codes = []
    for text in (order, order.replace("1000", "9000")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        codes.append(run(["exam", url, "--order", "-", "--data", str(data)]))

    assert codes == [3, 2], "the right one is taken, and then nobody is there"
    assert "tillgate order verify" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name your notify URL"),
        (["URL"], "--order"),
        (["URL", "--order", "missing.txt"], "missing.txt cannot be read"),
        (["URL", "--order-url", "ftp://there"], "is no address"),
        (["there", "--order-url", "URL"], "is no address"),
        (["URL", "--order-url", "URL", "--order", "missing.txt"], "--order"),
        (["URL", "--order-url", "URL", "--state", "URL"], "merchant_trans_id"),
        (["URL", "--order-url", "URL", "--only", "nothing"], "There is no case nothing"),
        (["URL", "--order-url", "URL", "--profile", "DANA"], "ALIPAY_HK"),
        (["URL", "--order-url", "URL", "--time-limit", "2h"], "60s"),
        (["URL", "--order-url", "URL", "--time-limit", "soon"], "duration"),
        (["URL", "--order-url", "URL", "--key", "PUBLIC"], "This is a public key"),
        (["URL", "--order-url", "URL", "--merchant-key", "PRIVATE"], "This is a private key"),
        (["URL", "--order-url", "URL", "--old-key", "GATEWAY"], "the very key"),
        (["URL", "--order-url", "URL", "--ca", "PUBLIC"], "holds no certificate"),
        (["URL", "--order-url", "URL", "--ca", "missing.pem"], "missing.pem cannot be read"),
        (["URL", "--order-url", "URL", "--agreement-state", "URL"], "--agreement NUMBER"),
        (
            ["URL", "--order-url", "URL", "--agreement", "1", "--agreement-state", "URL"],
            "merchant_agreement_id",
        ),
    ],
)
def test_what_cannot_be_used_ends_with_two(
    arguments: list[str],
    said: str,
    nowhere: str,
    *,
    data: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = {
        "URL": f"{nowhere}/",
        "PUBLIC": str(data / "keys/gateway.public.pem"),
        "PRIVATE": str(data / "keys/merchant.private.pem"),
        "GATEWAY": str(data / "keys/gateway.private.pem"),
    }
    code = run(["exam", *(given.get(each, each) for each in arguments), "--data", str(data)])

    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert said in told.err
    assert "BEGIN" not in told.err
