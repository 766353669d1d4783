"""The samples really verify: by the command on the page, which knows openssl and none of our code.

A gateway runs as a process of its own, since the command downloads what it checks.
"""

import re
import subprocess
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx2
import pytest

from tests.support.doors import ANSWER_S_MAX
from tests.support.gateway import Gateway, running
from tillgate.protocol.function import Function
from tillgate.protocol.functions import ALL_FUNCTIONS

COMMAND = re.compile(r"<pre[^>]*><code>(curl .*?)</code></pre>", re.DOTALL)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("samples") / "data") as server:
        yield server


def _page(gateway: Gateway, name: str) -> str:
    return httpx2.get(f"{gateway.origin}/docs/{name}", trust_env=False, timeout=ANSWER_S_MAX).text


def _run(command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-ec", command], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=lambda each: each.name)
def test_the_commands_on_the_page_verify_its_samples(
    gateway: Gateway, function: Function, tmp_path: Path
) -> None:
    name = function.name
    commands = [unescape(found) for found in COMMAND.findall(_page(gateway, name))]
    assert len(commands) == 2
    for command in commands:
        done = _run(command, tmp_path)
        assert (done.returncode, done.stdout) == (0, "Verified OK\n"), done.stderr
        signed = (tmp_path / "signed.json").read_bytes()
        (tmp_path / "signed.json").write_bytes(signed.replace(b"2.0.0", b"2.0.1", 1))
        spoilt = _run(command.splitlines()[-1], tmp_path)
        assert spoilt.returncode != 0


def test_the_exact_message_on_the_page_is_the_file_to_download(gateway: Gateway) -> None:
    name = ALL_FUNCTIONS[0].name
    sent = httpx2.get(
        f"{gateway.origin}/docs/samples/{name}/request.json", trust_env=False, timeout=ANSWER_S_MAX
    ).text
    shown = [unescape(text) for text in re.findall(r"<code>(.*?)</code>", _page(gateway, name))]
    assert sent in shown


def test_the_sample_key_opens_nothing_here(gateway: Gateway) -> None:
    name = "alipay.intl.acquiring.common.payQuery"
    sample = httpx2.get(
        f"{gateway.origin}/docs/samples/{name}/request.json", trust_env=False, timeout=ANSWER_S_MAX
    )
    path = "/api/alipay/intl/acquiring/common/payQuery.htm"
    answer = httpx2.post(
        f"{gateway.origin}{path}", content=sample.content, trust_env=False, timeout=ANSWER_S_MAX
    )
    assert answer.json()["response"]["body"]["resultInfo"]["resultCode"] == "INVALID_SIGNATURE"
