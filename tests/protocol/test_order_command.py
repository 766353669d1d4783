"""`tillgate order sign | verify`: openssl agrees, bytes are kept, verdicts are exit codes."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.protocol.test_vectors import CASES, FOLDER, name_of
from tests.support.wire import CONTENT, changed, merchant_key, sealed, stranger_key, text_of
from tillgate.cli.order import app
from tillgate.protocol.envelope import cut
from tillgate.protocol.order_string import read, unescape_js
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import verify as verify_signature


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder with the merchant's keys and a body."""
    (tmp_path / "private.pem").write_bytes(merchant_key().pem())
    (tmp_path / "private.pem").chmod(0o600)
    (tmp_path / "public.pem").write_text(merchant_key().public.pem())
    (tmp_path / "body.json").write_text(json.dumps(CONTENT["body"], indent=2), encoding="utf-8")
    return tmp_path


def run(*arguments: object, given: bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], input=given)


def test_openssl_accepts_what_is_signed(home: Path) -> None:
    openssl = shutil.which("openssl")
    assert openssl, "install openssl"
    done = run("sign", home / "body.json", "--key", home / "private.pem")
    assert done.exit_code == 0, done.output
    order_str = done.stdout.removesuffix("\n")
    start, end = order_str.index("{", 1), order_str.rindex(',"signature":"')
    (home / "data").write_text(order_str[start:end], encoding="utf-8")
    (home / "signature").write_bytes(base64.b64decode(json.loads(order_str)["signature"]))

    said = subprocess.run(
        [openssl, "dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "data"],
        cwd=home,
        capture_output=True,
        check=False,
        text=True,
    )

    assert (said.returncode, said.stdout.strip()) == (0, "Verified OK")


def test_a_body_gets_a_fresh_head_and_one_line(home: Path) -> None:
    first = run("sign", home / "body.json", "--key", home / "private.pem", "--client-id", "ME")
    second = run("sign", home / "body.json", "--key", home / "private.pem")

    taken = read(first.stdout)
    assert text_of(CONTENT["body"]) in taken.signed
    assert first.stdout.count("\n") == 1
    assert taken.claims.client_id == "ME"
    assert taken.claims.function == "alipay.intl.acquiring.cashier.wap.pay"
    assert read(second.stdout).claims.client_id == "4Q5XSH6SSG02T006"
    assert read(second.stdout).claims.req_msg_id != taken.claims.req_msg_id
    assert not first.stderr


@pytest.mark.parametrize(
    "text",
    [
        text_of(CONTENT),
        json.dumps(CONTENT, indent=4).encode(),
        json.dumps(CONTENT, indent=1).replace("\n", "\r\n").encode(),
        json.dumps(changed("body.order.orderTitle", "裙子")).encode(),
        text_of(CONTENT).replace(b"/", b"\\/"),
        text_of({"body": CONTENT["body"], "head": CONTENT["head"]}),
    ],
    ids=["compact", "pretty", "CRLF", "escaped", "slashes", "body first"],
)
def test_head_and_body_or_an_envelope_are_signed_byte_for_byte(home: Path, text: bytes) -> None:
    (home / "content.json").write_bytes(b"\n" + text + b"\n")
    (home / "envelope.json").write_bytes(b'{ "signature": "XXX", "request": ' + text + b"}\n")

    for name in ("content.json", "envelope.json"):
        done = run("sign", home / name, "--key", home / "private.pem")
        assert done.exit_code == 0, done.output
        assert cut(done.stdout_bytes).signed == text


def test_standard_input_is_a_file(home: Path) -> None:
    done = run("sign", "-", "--key", home / "private.pem", given=text_of(CONTENT))

    assert done.exit_code == 0
    assert run("verify", "-", "--key", home / "public.pem", given=done.stdout_bytes).exit_code == 0


def test_the_script_form_and_json_hold_the_same_order_string(home: Path) -> None:
    (home / "content.json").write_bytes(text_of(CONTENT))
    plain = run("sign", home / "content.json", "--key", home / "private.pem").stdout
    script = run("sign", home / "content.json", "--key", home / "private.pem", "--js").stdout
    as_json = run("sign", home / "content.json", "--key", home / "private.pem", "--json").stdout

    assert unescape_js(script.removesuffix("\n")) == plain.removesuffix("\n")
    assert json.loads(as_json)["orderStr"] == plain.removesuffix("\n")


def test_the_hong_kong_profile_is_to_be_had(home: Path) -> None:
    done = run("sign", home / "body.json", "--key", home / "private.pem", "--profile", "alipay_hk")

    taken = read(done.stdout)
    assert verify_signature(taken, [merchant_key().public], Profile.ALIPAY_HK).key_fingerprint
    (home / "order.txt").write_bytes(done.stdout_bytes)
    verdict = run("verify", home / "order.txt", "--key", home / "public.pem", "--digest", "RSA")
    assert verdict.exit_code == 0


def test_a_faulty_body_is_signed_with_warnings_beside(home: Path) -> None:
    (home / "body.json").write_text('{"merchantId":"x"}')

    done = run("sign", home / "body.json", "--key", home / "private.pem")

    assert done.exit_code == 0
    assert "body.productCode" in done.stderr
    assert "warning" not in done.stdout


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_each_vector_gets_its_verdict_and_its_fault(case: dict[str, Any], tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.write_bytes(base64.b64decode(case["message_base64"]))
    key = FOLDER / case["public_key"]

    done = run("verify", message, "--key", key, "--digest", case["digest"])
    as_json = run("verify", message, "--key", key, "--digest", case["digest"], "--json")

    valid = case["expect"] == "valid"
    assert done.exit_code == as_json.exit_code == (0 if valid else 1)
    assert case["why"] in done.stdout
    report = json.loads(as_json.stdout)
    assert report["valid"] is valid
    assert [finding["code"] for finding in report["findings"]] == ([] if valid else [case["why"]])


def test_other_faults_of_a_signed_message_are_warnings(home: Path) -> None:
    (home / "order.txt").write_bytes(sealed(changed("body.order.orderAmount.value", "0")))

    done = run("verify", home / "order.txt", "--key", home / "public.pem")
    as_json = run("verify", home / "order.txt", "--key", home / "public.pem", "--json")

    assert done.exit_code == 0
    assert "body.order.orderAmount.value" in done.stderr
    warning = json.loads(as_json.stdout)["warnings"][0]
    assert (warning["code"], warning["path"]) == ("PARAM_ILLEGAL", "body.order.orderAmount.value")


@pytest.mark.parametrize(
    "arguments",
    [
        ("sign", "body.json"),
        ("sign", "body.json", "--key", "nowhere.pem"),
        ("sign", "nowhere.json", "--key", "private.pem"),
        ("sign", "body.json", "--key", "public.pem"),
        ("sign", "body.json", "--key", "private.pem", "--profile", "OTHER"),
        ("verify", "body.json", "--key", "private.pem"),
        ("verify", "body.json", "--key", "body.json"),
        ("verify", "body.json", "--key", "public.pem", "--digest", "MD5"),
    ],
)
def test_misuse_exits_2_and_never_prints_a_key(home: Path, arguments: tuple[str, ...]) -> None:
    paths = [str(home / each) if "." in each else each for each in arguments]

    done = run(*paths)

    assert done.exit_code == 2
    assert done.stderr
    assert merchant_key().pem().decode()[200:240] not in done.output


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"5", b"\xff", b"{" * 10_000])
def test_what_cannot_be_signed_or_verified_exits_1(home: Path, content: bytes) -> None:
    (home / "file").write_bytes(content)

    signed = run("sign", home / "file", "--key", home / "private.pem")
    verdict = run("verify", home / "file", "--key", home / "public.pem")

    assert (signed.exit_code, verdict.exit_code) == (1, 1)
    assert not signed.stdout
    assert verdict.stdout.startswith("invalid NOT_AN_ENVELOPE")


def test_an_order_that_would_be_too_large_is_refused(home: Path) -> None:
    (home / "file").write_bytes(text_of(changed("body.order.orderDetail", "x" * 70_000)))

    assert run("sign", home / "file", "--key", home / "private.pem").exit_code == 1


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (sealed(CONTENT).replace(b'"signature":"', b'"signature":"%'), "SIGNATURE_UNREADABLE"),
        (b'{"request":' + text_of(CONTENT) + b"}", "UNSIGNED"),
        (sealed(changed("head.signType", "RSA")), "SIGN_TYPE"),
    ],
    ids=["damaged", "unsigned", "sign type"],
)
def test_further_faults_are_named(home: Path, raw: bytes, code: str) -> None:
    (home / "order.txt").write_bytes(raw)

    done = run("verify", home / "order.txt", "--key", home / "public.pem", "--json")

    assert json.loads(done.stdout)["findings"][0]["code"] == code


def test_another_key_is_told_by_its_fingerprint(home: Path) -> None:
    (home / "other.pem").write_text(stranger_key().public.pem())
    (home / "order.txt").write_bytes(sealed(CONTENT))

    done = run("verify", home / "order.txt", "--key", home / "other.pem")

    assert done.exit_code == 1
    assert stranger_key().public.fingerprint in done.stdout


@pytest.mark.parametrize("command", ["sign", "verify"])
def test_help_shows_an_example(command: str) -> None:
    done = run(command, "--help")

    assert done.exit_code == 0
    assert f"tillgate order {command}" in done.stdout
    assert "--json" in done.stdout
