"""An exam as JUnit's XML, which every CI server reads: a test case for each case.

What must hold: the file is well-formed whatever a merchant's server answered, and a case that was
not judged is skipped there, never passed.
"""

import re
from xml.etree import ElementTree as ET

from tillgate.exam.findings import Finding, Report, Verdict
from tillgate.kernel.clock import SECOND_MS

_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, however it is escaped."""


def as_junit(report: Report) -> bytes:
    """Return an exam as a file for CI."""
    suite = ET.Element(
        "testsuite",
        {
            "name": "tillgate exam",
            "tests": str(len(report.findings)),
            "failures": str(len(report.of(Verdict.FAILED))),
            "skipped": str(len(report.of(Verdict.NOT_JUDGED))),
            "errors": "0",
            "timestamp": report.begun_at,
            "time": _seconds(sum(each.elapsed_ms for each in report.findings)),
        },
    )
    for finding in report.findings:
        suite.append(_case(finding))
    if report.remarks:
        ET.SubElement(suite, "system-out").text = _plain("\n".join(report.remarks))
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    written: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written


def _case(finding: Finding) -> ET.Element:
    case = ET.Element(
        "testcase",
        {
            "classname": f"exam.{finding.group}",
            "name": finding.name,
            "time": _seconds(finding.elapsed_ms),
        },
    )
    if finding.verdict is Verdict.FAILED:
        failure = ET.SubElement(
            case, "failure", {"message": _plain(finding.happened), "type": finding.name}
        )
        failure.text = _plain(
            f"{finding.title}\nSent: {finding.sent}\nExpected: {finding.expected}\n"
            f"Happened: {finding.happened}\nWhy: {finding.why}\nMend: {finding.mend}"
        )
    elif finding.verdict is Verdict.NOT_JUDGED:
        ET.SubElement(case, "skipped", {"message": _plain(finding.happened)})
    return case


def _plain(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)


def _seconds(elapsed_ms: int) -> str:
    return f"{elapsed_ms / SECOND_MS:.3f}"
