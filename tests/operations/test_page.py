"""`docs/operations.md` and the alerts tell of every metric there is, and of no other.

What must hold: who looks a metric up finds what it says and when to act; an alert asks for a metric
that exists; the shell lines of the page say what the program says.
"""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from tillgate.cli.log_stream import LOST
from tillgate.edge.following import payment_id
from tillgate.edge.metrics_table import Instruments
from tillgate.edge.readiness import Why

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info", "warning", "error", "exception", "tell"}
"""How lines of the log are written; `tell` is one of the others, chosen just before."""
EVENT = re.compile(r"[a-z]+(?:_[a-z]+)*")
PAGE = (ROOT / "docs" / "operations.md").read_text()
ALERTS = ROOT / "deploy" / "prometheus"
COMMANDS = sorted(
    set(re.findall(r"\btillgate ([a-z]+ [a-z-]+)\b", PAGE + (ALERTS / "alerts.yml").read_text()))
)
"""What the page and the alerts tell an operator to type, as `notification show`."""
LABELLED = re.compile(r"`(tillgate_\w+)(?:\{([\w,]+)\})?`")


def _there() -> dict[str, tuple[str, ...]]:
    registry = CollectorRegistry(auto_describe=True)
    made = Instruments(registry)
    return {
        metric.describe()[0].name + ("_total" if metric.describe()[0].type == "counter" else ""): (
            metric._labelnames  # noqa: SLF001  The library tells them nowhere else.
        )
        for name, metric in vars(made).items()
        if not name.startswith("_")
    }


def test_the_page_tells_of_every_metric_with_its_labels_and_of_no_other() -> None:
    told = {
        name: tuple(labels.split(",")) if labels else () for name, labels in LABELLED.findall(PAGE)
    }
    assert told == _there()


def test_the_page_tells_of_every_reason_to_be_red() -> None:
    assert set(re.findall(r'`"why": "(\w+)"`', PAGE)) == {why.value for why in Why}


def test_the_page_tells_of_every_event_and_of_no_other() -> None:
    (table,) = re.findall(r"^\| event \| .*\n\|.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    told = [name for row in table.splitlines() for name in re.findall(r"`(\w+)`", _cell(row))]
    assert len(told) == len(set(told))
    written = {event for path in (ROOT / "src").rglob("*.py") for event in _events(path)}
    assert set(told) == {*written, "log_lines_lost"}
    assert '"event": "log_lines_lost"' in LOST.format(lines=1)


def _cell(row: str) -> str:
    """Return the first cell of a row."""
    return row.split("|")[1]


def _events(path: Path) -> Iterator[str]:
    """Yield what a module writes into the log: a word given to, or beside, a way of writing."""
    for call in ast.walk(ast.parse(path.read_text())):
        if not isinstance(call, ast.Call):
            continue
        for way, said in zip([call.func, *call.args], call.args, strict=False):
            name = way.attr if isinstance(way, ast.Attribute) else ""
            name = "tell" if isinstance(way, ast.Name) and way.id == "tell" else name
            text = said.value if isinstance(said, ast.Constant) else None
            if name in LEVELS and isinstance(text, str) and EVENT.fullmatch(text):
                yield text


def test_alerts_ask_for_metrics_that_are_there() -> None:
    asked = set(re.findall(r"tillgate_\w+", (ALERTS / "alerts.yml").read_text()))
    known = _there()
    for name in asked:
        assert re.sub(r"_(bucket|count|sum)$", "", name) in known, name


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_an_operator_is_told_to_type_is_there(command: str) -> None:
    tillgate = Path(sys.executable).parent / "tillgate"
    line = [str(tillgate), *command.split(), "--help"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_command_that_an_alert_names_was_found() -> None:
    told = [line for line in (ALERTS / "alerts.yml").read_text().splitlines() if "Run: " in line]
    assert told
    assert all(any(f"tillgate {command}" in line for command in COMMANDS) for line in told)


def test_the_payments_id_is_found_from_a_shell() -> None:
    (line,) = re.findall(r"payment=\$\((.*)\)", PAGE)
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == payment_id("2160400000002012", "A-1001")


@pytest.mark.parametrize(
    "command",
    [
        ("promtool", "check", "rules", "alerts.yml"),
        ("promtool", "test", "rules", "alerts_test.yml"),
        ("systemd-analyze", "verify", "--man=no", "../systemd/tillgate.service"),
        ("nginx", "-t", "-q", "-c", "{nginx}"),
    ],
    ids=lambda command: command[0] + " " + command[1],
)
def test_what_is_shipped_is_what_its_own_tool_takes(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    """Where the tool is not installed there is nothing to ask; the files are still read above."""
    if shutil.which(command[0]) is None:
        return
    arguments = [part.replace("{nginx}", str(_nginx(tmp_path))) for part in command]
    done = subprocess.run(arguments, cwd=ALERTS, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "is not executable" not in line and line]
    if command[0] == "systemd-analyze":
        assert not said  # The program itself is not installed where the unit says.
    else:
        assert done.returncode == 0, done.stdout + done.stderr


def _nginx(folder: Path) -> Path:
    """Return a whole configuration around the example, with a certificate made for it."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = [
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
        *("-subj", "/CN=pay.example.com", "-keyout", str(key), "-out", str(certificate)),
    ]
    subprocess.run(made, capture_output=True, check=True)
    text = (ROOT / "deploy" / "proxy" / "nginx.conf").read_text()
    text = text.replace("/etc/ssl/pay.example.com.pem", str(certificate))
    text = text.replace("/etc/ssl/private/pay.example.com.key", str(key))
    whole = folder / "nginx.conf"
    begin = f"pid {folder}/pid; error_log stderr;\nevents {{}}\nhttp {{ access_log off;\n"
    whole.write_text(f"{begin}{text}\n}}\n")
    return whole
