"""The rules of the house, held against the house: imports, bans, sizes, the public face, diagrams.

Each rule is a function from modules to findings (tests/architecture); tests/architecture/
test_rules.py plants a fault for each of them. What must hold: a rule finds nothing, and the source
it looked at was really there.
"""

import importlib
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence

import pytest

import tillgate
from tests.architecture import diagrams, purity, rooms, shape
from tests.architecture.source import ROOT, SRC, TESTS, Module, read
from tillgate.acquiring import states

FACE = {
    *("Merchant", "AsyncMerchant", "Order", "UNCHECKED", "Money", "Profile", "Secret"),
    *("Connection", "Repeating"),
    *("PaymentEvent", "PaymentReturn", "AgreementEvent", "AgreementReturn", "AuthResult"),
    *("Paid", "Waiting", "Closed", "NotFound", "Unknown", "Cause", "Refusal"),
    *("Refunded", "RefundLine", "Cancelled", "CashierPage"),
    *("AgreementPage", "AccessToken", "Agreement", "AgreementCancelled"),
    *("TillgateError", "Refused", "Unavailable", "Broken", "KeyRefused", "NotConnected"),
    *("VerificationError", "InvalidMessage", "InvalidSignature", "UnknownOrder", "OrderMismatch"),
    "AgreementMismatch",
    "__version__",
}
"""The public names DESIGN section 5 promises, as far as they exist. A new one is entered here."""

HOUSE = read(SRC)
SUITE = read(TESTS, "tests")

RULES_OF_SOURCE: tuple[Callable[[Sequence[Module]], list[str]], ...] = (
    rooms.foreign,
    purity.impurities,
    purity.server_libraries,
    purity.adapters,
    purity.databases,
    shape.sizes,
    shape.positional,
    shape.bare,
    shape.docstrings,
    shape.unexplained,
)
RULES_OF_TESTS = (shape.sizes, shape.unexplained)


def test_the_source_is_read() -> None:
    assert {"tillgate", "tillgate.kernel.money", "tillgate.acquiring.states"} <= {
        module.name for module in HOUSE
    }


@pytest.mark.parametrize("rule", RULES_OF_SOURCE, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rule(rule: Callable[[Sequence[Module]], list[str]]) -> None:
    findings = rule(HOUSE)

    assert not findings, "\n" + "\n".join(findings)


@pytest.mark.parametrize("rule", RULES_OF_TESTS, ids=lambda rule: rule.__name__)
def test_the_suite_keeps_its_rule(rule: Callable[[Sequence[Module]], list[str]]) -> None:
    findings = rule(SUITE)

    assert not findings, "\n" + "\n".join(findings)


def test_the_base_install_is_what_the_rule_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {line.partition(">")[0].partition("[")[0] for line in project["dependencies"]}

    assert named == purity.BASE


def test_the_public_face_is_what_the_design_names() -> None:
    assert set(tillgate.__all__) == FACE
    assert sorted(tillgate.__all__) == sorted(set(tillgate.__all__)), "a name is listed twice"


@pytest.mark.parametrize("name", sorted(FACE))
def test_each_public_name_is_there_and_says_what_it_is(name: str) -> None:
    value = getattr(importlib.import_module("tillgate"), name)

    assert name in dir(tillgate)
    assert isinstance(value, str) or (value.__doc__ or "").strip()


def test_importing_the_package_loads_no_library() -> None:
    script = "import sys, tillgate; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )

    assert "tillgate" in done.stdout.split()
    assert purity.BASE.isdisjoint(done.stdout.split())


def test_each_table_of_states_is_drawn_in_the_documents_as_it_is() -> None:
    drawn = [
        diagram
        for path in diagrams.documents(ROOT)
        for diagram in diagrams.found(path.name, path.read_text(encoding="utf-8"))
    ]

    assert {diagram.name for diagram in drawn} == set(states.TABLES)
    assert not diagrams.drifted(drawn, states.diagram)
