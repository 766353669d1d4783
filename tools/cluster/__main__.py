"""`make cluster-test`: raise the cluster of `deploy/cluster` here and break its leader, ten times.

It brings what is missing, runs the test inside namespaces of its own, prints a table, and leaves
nothing behind: processes, network and mounts end with the namespaces, the folder is removed here.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

import msgspec

from tools.cluster import packages
from tools.cluster.breaking import PLAN
from tools.cluster.inside import Plan, Report

ROOT = Path(__file__).resolve().parents[2]
NAMESPACES = ("--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
OWN_RUN = 'mount -t tmpfs none /run && mkdir /run/postgresql /run/haproxy && exec "$@"'
"""Sockets in /run are ours, too, and not those of services of the machine we run on."""
STUCK_S_MAX = 1500.0
INTERRUPTED = 130


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="make cluster-test", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--events", type=int, default=len(PLAN), help="how many failures")
    parser.add_argument(
        "--quick", action="store_true", help="no gateways: a prober alone makes the load"
    )
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    try:
        packages.install()
    except packages.Missing as missing:
        print(missing, file=sys.stderr)
        sys.exit(3)
    folder = Path(tempfile.mkdtemp(prefix="tillgate-cluster-"))
    folder.chmod(0o755)  # PostgreSQL's user goes through it to its own folder.
    try:
        report = _run(Plan(folder=str(folder), events=chosen.events, gateways=not chosen.quick))
    except KeyboardInterrupt:
        print("stopped; everything it started is gone", file=sys.stderr)
        sys.exit(INTERRUPTED)
    finally:
        if chosen.keep:
            print(f"everything is kept in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if report is None:
        sys.exit(1)
    print(json.dumps(msgspec.to_builtins(report), indent=2) if chosen.json else _table(report))
    sys.exit(bool(report.findings))


def _run(plan: Plan) -> Report | None:
    """Run the plan inside namespaces that end with it; return nothing when it came to no end."""
    inside = [sys.executable, "-m", "tools.cluster.inside", msgspec.json.encode(plan).decode()]
    process = subprocess.Popen(
        [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "unshare",
            *NAMESPACES,
            "sh",
            "-c",
            OWN_RUN,
            "sh",
            *inside,
        ],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )
    try:
        process.wait(STUCK_S_MAX)
    finally:
        process.kill()  # Its first child dies with it, and with that one all others.
        process.wait()
    written = Path(plan.folder, "report.json")
    if not written.exists():
        return None
    return msgspec.json.decode(written.read_bytes(), type=Report)


def _table(report: Report) -> str:
    """Return the report for people, and for the README."""
    rows = [("failure", "nothing acknowledged", "back in the cluster")]
    rows += [
        (f"{each.who} {each.kind}", f"{each.outage_s:.1f} s", f"{each.back_s:.1f} s")
        for each in report.events
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = [
        " | ".join(text.ljust(wide) for text, wide in zip(row, widths, strict=True)) for row in rows
    ]
    lines.insert(1, " | ".join("-" * wide for wide in widths))
    table = "\n".join(f"| {line} |" for line in lines)
    said = (
        f"{report.payments} payments and {report.probes} writes of probers acknowledged;"
        f" {report.put_off} answers were lost or put off, and asked for again."
    )
    wrong = "\n".join(f"WRONG: {finding}" for finding in report.findings[:50])
    return f"{table}\n\n{said}\n{wrong or 'None is lost, none is there twice, no two led at once.'}"


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
