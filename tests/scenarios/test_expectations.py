"""Each kind of expectation can be met, and can fail."""

from typing import Any

import msgspec
import pytest

from tillgate.sandbox.scenarios.expectations import Expected, Matcher, differences

RESULT = {
    "resultCode": "9000",
    "times": 3,
    "ok": True,
    "nothing": None,
    "list": [{"name": "first"}, {"name": "last"}],
}


@pytest.mark.parametrize(
    ("path", "met", "failing"),
    [
        ("resultCode", "9000", "8000"),
        ("resultCode", "9000", 9000),
        ("times", 3, 4),
        ("times", 3, True),
        ("ok", True, False),
        ("ok", True, 1),
        ("nothing", None, "None"),
        ("nowhere.at.all", {"absent": True}, None),
        ("list.0.name", "first", "last"),
        ("list.-1.name", "last", "first"),
        ("list.2.name", {"absent": True}, {"absent": False}),
        ("resultCode", {"oneOf": ["8000", "9000"]}, {"oneOf": ["8000", "4000"]}),
        ("resultCode", {"otherThan": "8000"}, {"otherThan": "9000"}),
        ("resultCode", {"has": "900"}, {"has": "800"}),
        ("resultCode", {"matches": "9[0-9]{3}"}, {"matches": "9"}),
        ("resultCode", {"absent": False}, {"absent": True}),
        ("times", {"atLeast": 3}, {"atLeast": 4}),
        ("times", {"atMost": 3}, {"atMost": 2}),
        ("list", {"length": 2}, {"length": 3}),
        ("ok", {"absent": False}, {"atLeast": 1}),
        ("times", {"otherThan": 4}, {"has": "3"}),
    ],
)
def test_it_is_met_or_fails(path: str, met: Any, failing: Any) -> None:
    """One value meets an expectation, and another one does not."""
    assert differences(RESULT, {path: read(met)}) == []
    [found] = differences(RESULT, {path: read(failing)})
    assert found.path == path
    assert found.expected
    assert found.got


def test_absent_is_nothing_else() -> None:
    """What is not there meets no expectation but that it is not there."""
    for wanted in (None, "", 0, {"otherThan": "x"}, {"has": ""}, {"length": 0}, {"atMost": 9}):
        assert differences(RESULT, {"nowhere": read(wanted)}), wanted


@pytest.mark.parametrize("wrong", [{}, {"has": "a", "absent": True}, {"matches": "("}, {"is": 1}])
def test_a_matcher_has_one_known_member(wrong: dict[str, Any]) -> None:
    """None, two, an unknown one or a broken pattern are refused."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, type=Matcher)


def read(value: Any) -> Expected:
    """Return an expectation as a file's is read."""
    found: Expected = msgspec.convert(value, type=Expected)
    return found
