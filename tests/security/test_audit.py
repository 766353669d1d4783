"""The audit of dependencies: a finding fails, and silence is never taken for a clean answer."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "audit.py"


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit_tool", TOOL)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def packages(*dependencies: object) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


GOOD = {"name": "msgspec", "version": "1.0", "vulns": []}
BAD = {
    "name": "jinja2",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}, {"id": "PYSEC-2", "fix_versions": []}],
}
SKIPPED = {"name": "aiohttp", "skip_reason": "Dependency not found on PyPI"}
OURSELVES = {"name": "tillgate", "skip_reason": "Dependency not found on PyPI"}
NODE = {"vulnerabilities": {}, "metadata": {"dependencies": {"total": 2}}}


def test_no_finding_is_clean(audit: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    said = {
        "pip-audit": audit.python_verdict(packages(GOOD, OURSELVES), ""),
        "npm audit": audit.node_verdict(json.dumps(NODE), ""),
    }
    assert audit.told(said) == 0
    assert "2 packages, no known vulnerability" in capsys.readouterr().out


def test_a_finding_fails_and_names_what_mends_it(
    audit: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {**NODE, "vulnerabilities": {"acorn": {"severity": "high"}}}
    said = {
        "pip-audit": audit.python_verdict(packages(GOOD, BAD, SKIPPED), ""),
        "npm audit": audit.node_verdict(json.dumps(found), ""),
    }
    assert audit.told(said) == 1, "what could not be asked does not hide what was found"
    out = capsys.readouterr().out
    assert "jinja2 2.0: PYSEC-1, mended in 2.1" in out
    assert "PYSEC-2, mended in no version yet" in out
    assert "acorn: high" in out


@pytest.mark.parametrize(
    ("said", "complained"),
    [
        (packages(GOOD, SKIPPED), ""),
        (packages(), ""),
        ("", "ERROR: connection refused"),
        ("{}", ""),
        ("<html>", "Bad Gateway"),
    ],
)
def test_a_database_that_did_not_answer_is_not_clean(
    audit: ModuleType, capsys: pytest.CaptureFixture[str], said: str, complained: str
) -> None:
    verdict = audit.python_verdict(said, complained)
    assert audit.told({"pip-audit": verdict}) == 3
    assert "COULD NOT BE ASKED" in capsys.readouterr().out


@pytest.mark.parametrize("said", ["", "{}", '{"message": "405 Method Not Allowed"}', "[]"])
def test_a_registry_that_did_not_answer_is_not_clean(audit: ModuleType, said: str) -> None:
    assert audit.told({"npm audit": audit.node_verdict(said, "")}) == 3
