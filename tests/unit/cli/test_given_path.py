"""A key that is given as text where a file's name is wanted is nowhere in what a command says."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tillgate.cli.given_path import is_no_name, named, without_keys
from tillgate.cli.root import run
from tillgate.protocol.keys import PrivateKey

KEYS = iter(PrivateKey.generate, None)
KEY = next(key for key in KEYS if b"//" in key.pem().replace(b"\n", b""))
"""A path has one slash where its text has two, and both are cut at them."""
PEM = KEY.pem().decode()
ONE_LINE = "".join(PEM.splitlines()[1:-1])
ORDER_STR = '{"request":{"head":{"clientId":"C"}},"signature":"' + "Ab1/" * 80 + '"}'
URL = "http://127.0.0.1:9"
PLACES = [
    ("doctor", "there.json", "--key", "@"),
    ("doctor", "there.json", "--json", "--key", "@"),
    ("doctor", "@", "--key", "public.pem"),
    ("exam", URL, "--order-url", URL, "--key", "@", "--merchant-key", "public.pem"),
    (
        "exam",
        URL,
        "--order-url",
        URL,
        "--old-key",
        "@",
        "--key",
        "private.pem",
        "--merchant-key",
        "public.pem",
    ),
    ("exam", URL, "--order-url", URL, "--merchant-key", "@", "--key", "private.pem"),
    ("order", "sign", "there.json", "--key", "@"),
    ("order", "sign", "@", "--key", "@"),
    ("order", "verify", "@", "--key", "@"),
    ("order", "query", "A-1", "--key", "@", "--gateway-key", "@", "--url", URL),
    ("client", "add-key", "4Q5XSH6SSG02T006", "@", "--data", "/nonexistent"),
    ("wallet", "pay", "@", "--url", URL, "--payer", "rich", "--pin", "123456"),
    ("listen", "--forward-to", URL, "--url", URL, "--key", "@", "--gateway-key", "@"),
    ("trigger", "payment.paid", "--order-str", "@"),
    ("replay", "@", "--to", URL),
    ("db", "restore", "@", "--data", "/nonexistent"),
    ("scenario", "show", "@"),
    ("scenario", "run", "@"),
    ("order", "query", "A-1", "--data", "@"),
    ("record", "--out", "@", "--data", "/nonexistent"),
    ("trigger", "@"),
    ("@",),
    ("doctor", "there.json", "@", "--key", "@"),
]
COMMANDS_OF_FILES = PLACES[:15]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.json").write_text("{}")
    Path("private.pem").write_text(PEM)
    Path("public.pem").write_text(KEY.public.pem())


def _said(capsys: pytest.CaptureFixture[str], arguments: Sequence[str], text: str) -> str:
    code = run([text if each == "@" else each for each in arguments])
    told = capsys.readouterr()
    assert code in (1, 2, 3)
    return "".join((told.out + told.err).split())


@pytest.mark.parametrize("text", [PEM, ONE_LINE, PEM.replace("\n", " ")], ids=["pem", "line", "s"])
@pytest.mark.parametrize("arguments", PLACES, ids=" ".join)
def test_no_part_of_a_private_key_is_said(
    arguments: Sequence[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = _said(capsys, arguments, text)

    parts = [ONE_LINE[at : at + 24] for at in range(0, len(ONE_LINE) - 24, 24)]
    assert not [part for part in parts if part in said], said


@pytest.mark.parametrize("arguments", COMMANDS_OF_FILES, ids=" ".join)
def test_it_is_said_what_is_wrong_with_it_and_what_to_do(
    arguments: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    said = _said(capsys, arguments, ONE_LINE)

    assert re.search(r"Thetextgiven\(16\d\dcharacters\)isnofile'sname;saveitinafile", said)
    assert "treatitaslost" in said


def test_an_order_string_is_not_repeated_nor_called_a_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = _said(capsys, ("wallet", "pay", "@", *PLACES[11][3:]), ORDER_STR)

    assert f"({len(ORDER_STR)}characters)isnofile'sname" in said
    assert "clientId" not in said
    assert "lost" not in said


def test_a_key_that_the_shell_cut_into_words_is_not_repeated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["doctor", "there.json", "--key", *PEM.split()]) == 2

    said = "".join(capsys.readouterr().err.split())
    assert not [line for line in PEM.splitlines()[1:-1] if line in said]


@pytest.mark.parametrize(
    "name",
    ["missing.pem", "keys/merchant.private.pem", "/var/lib/tillgate/" + "deep/" * 20 + "k.pem"],
)
def test_a_files_name_is_told_as_it_is(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert not is_no_name(name)
    assert named(name) == name
    assert "".join(name.split()) in _said(capsys, ("doctor", "there.json", "--key", name), "")


def test_a_sentence_keeps_fingerprints_and_public_keys() -> None:
    sentence = f"Key {KEY.public.fingerprint} is {KEY.public.pem()} here."

    assert without_keys(sentence) == sentence
    assert ONE_LINE[:40] not in without_keys(f"/home/{ONE_LINE}/keys cannot be read: {PEM}")
