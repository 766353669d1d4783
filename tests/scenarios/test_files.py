"""A bad file is answered with its name, the step and the member at fault."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tillgate.sandbox.scenarios.files import BadScenario, find

GOOD: Final[dict[str, Any]] = {
    "title": "A case that a test made",
    "why": "A test wants to see what becomes of it.",
    "merchant": "Nothing, since no merchant ever sees it.",
    "tags": ["test"],
    "steps": [{"do": "sign"}, {"do": "pay", "expect": {"resultCode": "9000"}}],
}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"steps": [{"do": "sign"}, {"do": "pey"}]}, "step 2 (pey), "),
        (
            {"steps": [{"do": "pay", "payr": "rich"}]},
            "step 1 (pay): 'payr' is not known here; did you mean payer?",
        ),
        (
            {"steps": [{"do": "pay", "payer": 7}]},
            "step 1 (pay), payer: it should be text, not a whole",
        ),
        (
            {"steps": [{"do": "clock", "advance": "soon"}]},
            "step 1 (clock), advance: a duration is written as in 90s, 15m;",
        ),
        ({"steps": [{"do": "sign", "age": "soon"}]}, "90s, 15m; -15m is ahead of time"),
        ({"steps": [{"do": "clock"}]}, "step 1 (clock): the member advance is missing"),
        ({"steps": [{"do": "sgin"}]}, "did you mean sign? There are sign, pay, cashier"),
        (
            {"steps": [{"do": "sign", "amout": "1.00 HKD"}]},
            "step 1 (sign): 'amout' is not known here; did you mean amount? There are amount, do,",
        ),
        (
            {"steps": [{"do": "pay", "expect": {"a": {"matchs": "9.*"}}}]},
            "expect 'a': 'matchs' is not known here; did you mean matches? There are matches, one",
        ),
        (
            {"steps": [{"do": "server", "answers": ["unsigned", "fial"]}]},
            "answers, entry 2: 'fial' is not known here; did you mean fail? There are fail, ack",
        ),
        ({"steps": [{"do": "pay", "until": "x"}]}, "'x' is not known here. There are cashier, end"),
        ({"steps": [{"do": "pay", "save": {"My Name": "memo"}}]}, "save: a name is a small letter"),
        ({"steps": [{"do": "pay", "expect": {"a": 1.5}}]}, "null, not a number with a point"),
        ({"steps": [{"do": "pay", "expect": {"a": {}}}]}, "expect 'a': give exactly one of oneOf"),
        ({"steps": [7]}, "step 1: it should be an object, not a whole number"),
        ({"titel": "x"}, "case.json: 'titel' is not known here; did you mean title?"),
        ({"tags": ["A tag"]}, "tags, entry 1: a name is a small letter"),
        ({"title": "x" * 121}, "title: it has at most 120 characters"),
        ({"steps": [{"do": "pay", "expect": {"a": "1", "b": {"hass": "x"}}}]}, "expect 'b'"),
        (
            {"steps": [{"do": "together", "steps": [{"do": "pay"}, {"do": "pay", "pin": 1}]}]},
            "step 1, step 2 in it (pay), pin: ",
        ),
        ({"steps": [{}]}, "step 1: the member do is missing; it is one of sign, pay"),
        ({"steps": []}, "steps: it has at least 1 entry;"),
        ({"title": "short"}, "title: it has at least 10 characters"),
        ({"tags": []}, "tags: it has at least 1 entry;"),
        ({"unknown": 1}, "unknown"),
        ({"why": None}, "why: "),
    ],
)
def test_the_fault_is_named(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    """The answer names file, step and member."""
    file = tmp_path / "my-case.json"
    file.write_text(json.dumps(GOOD | changes))
    with pytest.raises(BadScenario) as caught:
        find(str(file))
    assert str(file) in str(caught.value)
    assert says in str(caught.value)
    assert str(caught.value).endswith("tillgate scenario schema.")
    for jargon in ("Expected `", "regex", "Object ", "Invalid", "`"):
        assert jargon not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("My Case.json", json.dumps(GOOD), "small letters"),
        ("case.json", '\n{"title": }', "is no JSON in line 2, column 11"),
        ("case.json", "\udcff", "is no JSON"),
        ("case.json", " " * 300_000, "larger than 256 KiB"),
    ],
)
def test_what_is_no_file_of_scenarios_is_told(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    """A name, bytes or a size that cannot be a scenario's is answered in words."""
    file = tmp_path / name
    file.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(BadScenario, match=says):
        find(str(file))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """So is a name that is on no list."""
    with pytest.raises(BadScenario, match="cannot be read"):
        find(str(tmp_path / "none.json"))
    with pytest.raises(BadScenario, match="tillgate scenario list"):
        find("none")
    with pytest.raises(BadScenario, match="tillgate scenario list"):
        find("../paid")


def test_a_good_file_is_read(tmp_path: Path) -> None:
    """The rest of these tests would mean nothing if nothing were ever good."""
    file = tmp_path / "my-case.json"
    file.write_text(json.dumps({"$schema": "./scenario.schema.json"} | GOOD))
    assert find(str(file)).name == "my-case"
