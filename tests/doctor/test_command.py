"""`tillgate doctor`: exit codes, JSON, the page, standard input, and what it refuses to show."""

import json
import random
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.doctor.program import Program, an_order, key, public_pem
from tillgate.cli.doctor import app
from tillgate.protocol.keys import PrivateKey

HEALTHY = Program().run(an_order(random.Random(1)))[0]
ILL = Program(signed_text=lambda value: json.dumps(value, indent=2)).run(
    an_order(random.Random(1))
)[0]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "healthy.txt").write_bytes(HEALTHY)
    (tmp_path / "ill.txt").write_bytes(ILL)
    (tmp_path / "key.pem").write_bytes(public_pem("merchant"))
    return tmp_path


def run(*arguments: object, given: bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], input=given)


def test_a_healthy_message_exits_0(home: Path) -> None:
    done = run(home / "healthy.txt", "--key", home / "key.pem")

    assert done.exit_code == 0
    assert "Nothing wrong found" in done.stdout


def test_a_finding_exits_1_and_says_what_to_write(home: Path) -> None:
    done = run(home / "ill.txt", "--key", home / "key.pem")

    assert done.exit_code == 1
    assert "RESERIALISED · proved" in done.stdout
    for language in ("Python", "Java", "PHP", "Node", "Go"):
        assert language in done.stdout


def test_the_marks_of_an_excerpt_are_explained(home: Path) -> None:
    done = run(home / "ill.txt", "--key", home / "key.pem")
    told = " ".join(done.stdout.replace("│", "").split())

    assert "▸ where they begin to differ" in told
    assert "masked; on your own terminal: --show-values" in told


def test_a_remark_alone_exits_0_and_is_told(home: Path) -> None:
    order = an_order(random.Random(1))
    order["body"]["notifyUrl"] = "http://127.0.0.1:8000/notify"
    (home / "local.txt").write_bytes(Program().run(order)[0])

    done = run(home / "local.txt", "--key", home / "key.pem")
    page = run(home / "local.txt", "--key", home / "key.pem", "--html")

    assert (done.exit_code, page.exit_code) == (0, 0)
    assert "Nothing wrong found" in done.stdout
    assert "URL_NOT_PUBLIC · a remark" in done.stdout
    assert "<h1>Nothing wrong found</h1>" in page.stdout


def test_messages_that_fit_share_a_line_and_the_others_have_their_numbers(home: Path) -> None:
    several = [Program().run(an_order(random.Random(seed)))[0] for seed in (1, 2, 3)]
    (home / "several.txt").write_bytes(b"\n".join([*several, ILL.replace(b"HKD", b"USD")]))
    (home / "fine.txt").write_bytes(b"\n".join(several))

    done = run(home / "several.txt", "--key", home / "key.pem")
    fine = run(home / "fine.txt", "--key", home / "key.pem")

    assert done.stdout.startswith("4 messages: 3 of them signed over this very text, by ")
    assert done.stdout.count("over this very text") == 1
    assert "\nMessage 4: Key " in done.stdout
    assert "(message 4)" in done.stdout
    assert fine.stdout.startswith("3 messages: all signed over this very text, by ")


def test_json_has_findings_most_likely_first(home: Path) -> None:
    done = run("-", "--key", home / "key.pem", "--json", given=ILL)
    report = json.loads(done.stdout)

    assert done.exit_code == 1
    first = report["findings"][0]
    assert (first["code"], first["certain"]) == ("RESERIALISED", True)
    assert first["sentence"].endswith(".")
    assert len(first["remedies"]) == 5
    assert report["messages"][0]["function"] == "alipay.intl.acquiring.cashier.wap.pay"
    assert report["messages"][0]["digest"] == "SHA-256"
    assert len(report["keys"][0]["fingerprint"]) == 16


def test_the_other_digest_may_be_wanted(home: Path) -> None:
    done = run(home / "healthy.txt", "--key", home / "key.pem", "--digest", "RSA", "--json")

    assert [each["code"] for each in json.loads(done.stdout)["findings"]] == ["OTHER_DIGEST"]


def test_a_private_key_given_is_told(home: Path) -> None:
    (home / "private.pem").write_bytes(PrivateKey(key("merchant")).pem())

    done = run(home / "healthy.txt", "--key", home / "private.pem", "--json")

    assert [each["code"] for each in json.loads(done.stdout)["findings"]] == ["PRIVATE_KEY"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("healthy.txt",),
        ("nothing.txt", "--key", "key.pem"),
        ("healthy.txt", "--key", "healthy.txt"),
        ("healthy.txt", "--key", "key.pem", "--json", "--html"),
        ("healthy.txt", "--key", "key.pem", "--show-values"),
        ("healthy.txt", "--key", "key.pem", "--show-values", "--json"),
        ("healthy.txt", "--key", "key.pem", "--show-values", "--html"),
        ("large.txt", "--key", "key.pem"),
        ("healthy.txt", *(["--key", "key.pem"] * 9)),
    ],
)
def test_what_it_is_not_given_exits_2(
    home: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "large.txt").write_bytes(b" " * (1024 * 1024 + 1))
    monkeypatch.chdir(home)

    done = run(*arguments)

    assert done.exit_code == 2
    assert done.stderr or "error" in json.loads(done.stdout)


def test_the_page_needs_nothing_else_and_runs_nothing(home: Path) -> None:
    done = run(home / "ill.txt", "--key", home / "key.pem", "--html")

    assert done.exit_code == 1
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', done.stdout)
    assert policy
    assert policy[1].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy[1]
    assert "<script" not in done.stdout
    assert not re.search(r"(?:src|href)=|url\(|@import|style=|\son[a-z]+=", done.stdout)
