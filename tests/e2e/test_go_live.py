"""`docs/go-live.md` is true: its own blocks, in their order, lead to a payment in production mode.

The page is the test's only script. What must hold: a newcomer who types what the page says gets a
paid order, a clean audit and a gateway that stops with exit code 0.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "go-live.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTIONS = 9
"""Numbered sections of the page; each has something to type."""


@pytest.mark.timeout(300)
def test_the_page_leads_to_a_first_payment_in_production(tmp_path: Path) -> None:
    text = PAGE.read_text()
    blocks = BLOCK.findall(text)
    assert len(blocks) >= SECTIONS
    script = tmp_path / "go-live.sh"
    # Whatever happens, no server outlives the test.
    ending = "trap 'kill -9 \"${GATEWAY:-}\" 2>/dev/null || true' EXIT\n"
    script.write_text("set -euo pipefail\n" + ending + "\n".join(blocks))

    done = subprocess.run(
        ["bash", str(script)],
        cwd=tmp_path,
        env={
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "DATA": str(tmp_path / "data"),
            "PORT": str(_free_port()),
        },
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"resultCode":"9000"' in done.stdout
    assert "alice\tAlice Chan\twallet\t3\t90.00 HKD" in done.stdout
    assert "payer:alice\tmerchant:2160400000002012\t10.00 HKD" in done.stdout
    assert "mode\tproduction" in done.stdout
    assert done.stdout.count("merchantRefundId\tREFUND-0001") == 2
    assert "refundedAmount\t4.00 HKD" in done.stdout
    assert "outcome\tCancelled" in done.stdout
    assert "orderAmount\t38.00 HKD" in done.stdout
    assert "MEMBER-0001\talice\tACTIVE" in done.stdout
    assert "outcome\tAgreementCancelled" in done.stdout
    keys = dict(re.findall(r"^(current|previous)\t([0-9a-f]{16})\t", done.stdout, re.MULTILINE))
    first = re.findall(r"^gatewayFingerprint\t(.*)$", done.stdout, re.MULTILINE)
    assert keys["previous"] == first[0] != keys["current"]
    assert "Clean: read " in done.stdout
    assert "493817" not in done.stdout + done.stderr
    assert "accessToken" not in done.stdout + done.stderr


def _free_port() -> int:
    import socket  # noqa: PLC0415  Only for this.

    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port
