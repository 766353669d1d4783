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

from tests.support.gateway import PIN, Gateway, environment, running
from tillgate.bootstrap.doors import DESCRIBED as DOORS
from tillgate.protocol.function import Direction
from tillgate.protocol.functions import ALL_FUNCTIONS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RUNS_S_MAX = (40, 180)
"""It goes on where a slow machine has not come to every door in the first run."""
PAYER = "poor"  # The samples sign in as `rich`, with PINs that lock the account.


@pytest.mark.timeout(600)
def test_nothing_made_up_from_the_document_meets_an_undescribed_answer(tmp_path: Path) -> None:
    wanted = sum(door.direction is Direction.TO_GATEWAY for door in ALL_FUNCTIONS) + len(DOORS)
    with running(tmp_path / "data") as gateway:
        said = {"payer": PAYER, "pin": PIN}
        session = httpx2.post(
            f"{gateway.origin}/wallet/session", json=said, trust_env=False, timeout=RUNS_S_MAX[0]
        )
        token = session.json()["token"]
        for run_s_max in RUNS_S_MAX:
            said_of_all = _made_up(gateway, token, run_s_max, tmp_path)
            if f"Tested: {wanted}\n" in said_of_all:
                break
        logged = gateway.logged()
    assert f"Tested: {wanted}\n" in said_of_all, said_of_all
    assert "door_broken" not in logged
    assert "Traceback" not in logged


def _made_up(gateway: Gateway, token: str, run_s_max: int, folder: Path) -> str:
    """Ask what is made up, for so long; return what was said of it, which must be no fault."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", str(HERE / "schemathesis.toml"), "--no-color"),
            *("run", f"{gateway.origin}/openapi.json", "--max-time", str(run_s_max)),
            *("--seed", "1", "-H", f"Authorization: Bearer {token}"),
        ],
        cwd=folder,
        env={
            **environment(),
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src"))),
            "SCHEMATHESIS_HOOKS": "tests.reference.signing",
            "TILLGATE_TEST_DATA": str(gateway.data),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
