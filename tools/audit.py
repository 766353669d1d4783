"""Ask the advisory databases about everything that Tillgate is built with: pip-audit and npm audit.

Decides how their answers are told apart: clean, findings, or a database that could not be asked.
What must hold: a finding always fails (exit 1); a database that did not answer is said so loudly
and never counts as clean (exit 3), and neither does a package that an auditor passed over.

    make audit
"""

import json
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

HERE: Final = Path(__file__).resolve().parents[1]
WAIT_S_MAX: Final = 300
CLEAN, FINDINGS, USAGE, UNAVAILABLE = 0, 1, 2, 3
OURS: Final = frozenset({"tillgate"})
AUDITOR: Final = HERE / ".venv" / "audit" / "bin" / "pip-audit"
"""In an environment of its own: what it needs is not what we are built with."""


class Verdict(NamedTuple):
    """What an auditor said: findings, and why it could not say more ("" when it could)."""

    asked: int
    findings: tuple[str, ...] = ()
    unasked: str = ""


def main(given: Sequence[str] = ()) -> int:
    """Ask both auditors, tell what they said, and return the exit code."""
    if given:
        sys.stderr.write(f"{__doc__}")
        return USAGE
    verdicts = {"pip-audit": python_packages(), "npm audit": node_packages()}
    return told(verdicts)


def told(verdicts: dict[str, Verdict]) -> int:
    """Print the verdicts and return the exit code."""
    for name, verdict in verdicts.items():
        for finding in verdict.findings:
            sys.stdout.write(f"{name}: {finding}\n")
        if verdict.unasked:
            sys.stdout.write(
                f"{name}: THE ADVISORY DATABASE COULD NOT BE ASKED, SO NOTHING IS KNOWN:"
                f" {verdict.unasked}\n"
            )
        elif not verdict.findings:
            sys.stdout.write(f"{name}: {verdict.asked} packages, no known vulnerability.\n")
    if any(verdict.findings for verdict in verdicts.values()):
        return FINDINGS
    return UNAVAILABLE if any(verdict.unasked for verdict in verdicts.values()) else CLEAN


def python_packages() -> Verdict:
    """Ask PyPI about every package that is installed beside Tillgate."""
    command = [str(AUDITOR), "--path", sysconfig.get_path("purelib"), "--format", "json"]
    try:
        done = _run([*command, "--progress-spinner", "off", "--timeout", "15"])
    except FileNotFoundError:
        return Verdict(0, unasked="pip-audit is not installed; type: make audit")
    if done is None:
        return Verdict(0, unasked=f"pip-audit took longer than {WAIT_S_MAX} s.")
    return python_verdict(done.stdout, done.stderr)


def python_verdict(said: str, complained: str) -> Verdict:
    """Read what pip-audit printed as JSON."""
    try:
        packages = json.loads(said)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Verdict(0, unasked=_last_line(complained) or "its answer is no JSON.")
    findings, passed_over = [], []
    for package in packages:
        if package["name"] in OURS:
            continue
        if "skip_reason" in package:
            passed_over.append(package["name"])
        findings += [_python_finding(package, each) for each in package.get("vulns", ())]
    unasked = ""
    if passed_over:
        unasked = f"{len(passed_over)} packages were passed over: {_few(passed_over)}."
    elif not packages:
        unasked = "it named no package."
    return Verdict(len(packages), tuple(findings), unasked)


def node_packages() -> Verdict:
    """Ask npm's registry about the checkers of the pages' scripts."""
    try:
        done = _run(["npm", "audit", "--json"])
    except FileNotFoundError:
        return Verdict(0, unasked="there is no npm here; on Debian: apt-get install npm")
    if done is None:
        return Verdict(0, unasked=f"npm took longer than {WAIT_S_MAX} s.")
    return node_verdict(done.stdout, done.stderr)


def node_verdict(said: str, complained: str) -> Verdict:
    """Read what npm printed as JSON."""
    try:
        report = json.loads(said)
        if "message" in report:
            return Verdict(0, unasked=str(report["message"])[:300])
        found = report["vulnerabilities"]
        count = report["metadata"]["dependencies"]["total"]
    except (ValueError, KeyError, TypeError):
        return Verdict(0, unasked=_last_line(complained) or "its answer is no report.")
    findings = tuple(f"{name}: {each.get('severity', '?')}" for name, each in found.items())
    return Verdict(count, findings)


def _python_finding(package: dict[str, Any], each: dict[str, Any]) -> str:
    mended = ", ".join(each.get("fix_versions", ())) or "no version yet"
    return f"{package['name']} {package['version']}: {each['id']}, mended in {mended}"


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str] | None":
    """Run an auditor; None when it does not end."""
    try:
        return subprocess.run(
            command,
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=WAIT_S_MAX,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return None


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def _few(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:5]) + (" and others" if len(listed) > 5 else "")  # noqa: PLR2004  As many as are listed.


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
