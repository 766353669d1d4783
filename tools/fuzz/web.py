"""`python -m tools.fuzz.web --minutes …`: schemathesis on every HTTP door of a real sandbox.

It makes requests up from `/openapi.json` for as long as it is told, from a new seed every few
minutes, and prints how many there were. What must hold: an answer that the document does not
describe, a 5xx or a traceback in the log ends it with 1 and the seed that did it.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import httpx2

from tests.support.gateway import PIN, Gateway, environment

ROOT: Final = Path(__file__).parents[2]
REFERENCE: Final = ROOT / "tests" / "reference"
PAYER: Final = "poor"  # The samples sign in as `rich`, with PINs that lock the account.
RUN_S: Final = 240
EXAMPLES: Final = 2_000
_GENERATED: Final = re.compile(r"^\s+([0-9]+) generated", re.MULTILINE)


def asked(gateway: Gateway, *, seed: int, time_s: float) -> "subprocess.CompletedProcess[str]":
    """Make requests up from one seed."""
    said = {"payer": PAYER, "pin": PIN}
    session = httpx2.post(f"{gateway.origin}/wallet/session", json=said, trust_env=False)
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", str(REFERENCE / "schemathesis.toml"), "--no-color"),
            *("run", f"{gateway.origin}/openapi.json", "--max-time", f"{time_s:.0f}"),
            *("--seed", str(seed), "--max-examples", str(EXAMPLES)),
            *("-H", f"Authorization: Bearer {session.json()['token']}"),
        ],
        cwd=gateway.data.parent,
        env={
            **environment(),
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src"))),
            "SCHEMATHESIS_HOOKS": "tests.reference.signing",
            "TILLGATE_TEST_DATA": str(gateway.data),
        },
        capture_output=True,
        text=True,
        timeout=time_s + 300,
        check=False,
    )


def main() -> int:
    """Ask for so many minutes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311  A seed.
    said = parser.parse_args()
    os.nice(10)  # Not the lowest: a server that gets no turn at all breaks its own time limits.
    ends_s, seed, requests = time.monotonic() + said.minutes * 60, said.seed, 0
    with tempfile.TemporaryDirectory() as folder:
        while (left_s := ends_s - time.monotonic()) > 1:
            gateway = Gateway(Path(folder) / str(seed), requests_per_s_max="100000")
            gateway.start()
            try:
                done = asked(gateway, seed=seed, time_s=min(RUN_S, left_s))
            finally:
                gateway.kill()
            logged = gateway.logged()
            requests += sum(map(int, _GENERATED.findall(done.stdout)))
            print(f"seed {seed}: {requests} requests so far", flush=True)
            if done.returncode or "door_broken" in logged or "Traceback" in logged:
                print(done.stdout, done.stderr, logged[-10_000:])
                return 1
            seed += 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
