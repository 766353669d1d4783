"""What was played as JUnit XML, which CI servers read.

It writes and judges nothing. What must hold: a failed scenario carries its step and differences;
no character stands in it that XML does not allow.
"""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from tillgate.sandbox.scenarios.runner import Played, StepPlayed

SUITE = "tillgate scenarios"


def as_junit(played: Sequence[Played]) -> bytes:
    """Return a whole XML document."""
    suite = ET.Element(
        "testsuite",
        name=SUITE,
        tests=str(len(played)),
        failures=str(sum(not each.passed for each in played)),
        time=_seconds(sum(each.took_ms for each in played)),
    )
    for each in played:
        case = ET.SubElement(
            suite, "testcase", classname=SUITE, name=each.name, time=_seconds(each.took_ms)
        )
        if not each.passed:
            failure = ET.SubElement(case, "failure", message=_plain(each.title))
            failure.text = _plain(why(each.steps[-1]))
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    text: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def why(step: StepPlayed) -> str:
    """Return in words why a step failed."""
    lines = [f"step {step.number} ({step.do}){f': {step.note}' if step.note else ''}"]
    if step.error:
        lines.append(step.error)
    lines += [f"{each.path}: expected {each.expected}, got {each.got}" for each in step.differences]
    return "\n".join(lines)


def _plain(text: str) -> str:
    return "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in text)


def _seconds(took_ms: int) -> str:
    return f"{took_ms / 1_000:.3f}"
