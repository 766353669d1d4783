"""schemathesis makes up some fifteen hundred requests from `/openapi.json` and sends them.

The gateway runs as a process of its own. What must hold: no answer is one that the document does
not describe; the run is bounded, and repeats itself from its seed.
"""

import os
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.support.gateway import PIN, environment, running
from tillgate.bootstrap.doors import DESCRIBED as DOORS
from tillgate.protocol.function import Direction
from tillgate.protocol.functions import ALL_FUNCTIONS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RUN_S_MAX = 40
PAYER = "poor"  # The samples sign in as `rich`, with PINs that lock the account.


@pytest.mark.timeout(120)
def test_nothing_made_up_from_the_document_meets_an_undescribed_answer(tmp_path: Path) -> None:
    with running(tmp_path / "data") as gateway:
        said = {"payer": PAYER, "pin": PIN}
        session = httpx2.post(f"{gateway.origin}/wallet/session", json=said, trust_env=False)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", str(HERE / "schemathesis.toml"), "--no-color"),
                *("run", f"{gateway.origin}/openapi.json", "--max-time", str(RUN_S_MAX)),
                *("--seed", "1", "-H", f"Authorization: Bearer {session.json()['token']}"),
            ],
            cwd=tmp_path,
            env={
                **environment(),
                "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src"))),
                "SCHEMATHESIS_HOOKS": "tests.reference.signing",
                "TILLGATE_TEST_DATA": str(gateway.data),
            },
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        logged = gateway.logged()
    assert done.returncode == 0, done.stdout
    wanted = sum(door.direction is Direction.TO_GATEWAY for door in ALL_FUNCTIONS) + len(DOORS)
    assert f"Tested: {wanted}\n" in done.stdout, done.stdout
    assert "door_broken" not in logged
    assert "Traceback" not in logged
