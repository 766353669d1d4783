"""The report as a page and as JUnit: whatever a merchant's server answered, it is text in both.

What must hold: the page's policy fits its own style and allows nothing else; the XML is well-formed
whatever came back; what was not judged is never counted as passed.
"""

import base64
import hashlib
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from tillgate.exam import Finding, Report, Verdict, as_html, as_junit
from tillgate.exam.findings import Exchanged

NASTY = "</style><script>alert(1)</script> \x00\x1b[31m \ud7ff &amp; ]]>"


def finding(name: str, verdict: Verdict, happened: str = "It did.") -> Finding:
    return Finding(
        name=name,
        title=f"Title of {name}",
        group="A group",
        verdict=verdict,
        sent="Something.",
        expected="An answer.",
        happened=happened,
        why="It costs.",
        mend="Mend it.",
        elapsed_ms=1_234,
        exchanges=[
            Exchanged(request=f"POST {NASTY}", status=200, ended="", answer=NASTY, elapsed_ms=3)
        ],
    )


REPORT = Report(
    url="http://127.0.0.1/notify?<b>",
    begun_at="2026-03-02T12:00:00+08:00",
    sees_orders=True,
    findings=[
        finding("one", Verdict.PASSED),
        finding("two", Verdict.FAILED, NASTY),
        finding("three", Verdict.NOT_JUDGED, "Nobody saw it."),
    ],
    remarks=["Mind <this>."],
)


class Tags(HTMLParser):
    """Remembers every element of a page."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]


def test_the_page_holds_text_alone_and_loads_nothing() -> None:
    page = as_html(REPORT)
    tags = Tags()
    tags.feed(page)

    assert not {"script", "img", "link", "iframe", "form"} & set(tags.names)
    assert tags.names.count("b") == 3, "the three counts, and none of the URL's"
    assert not {"style", "src", "onload", "onclick"} & set(tags.attributes)
    assert "<script" not in page


def test_the_policy_of_the_page_fits_its_style_and_allows_nothing_else() -> None:
    page = as_html(REPORT)
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; ")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_what_failed_is_open_and_linked() -> None:
    page = as_html(REPORT)

    assert page.count(" open>") == 1
    assert '<details class="case failed" id="two" open>' in page
    assert '<a href="#two">' in page
    assert "<title>Merchant exam: 1 failed</title>" in page


def test_junit_counts_what_was_not_judged_as_skipped() -> None:
    suite = ET.fromstring(as_junit(REPORT))[0]  # noqa: S314  Our own file.

    counts = {name: suite.get(name) for name in ("tests", "failures", "skipped", "errors")}
    assert counts == {"tests": "3", "failures": "1", "skipped": "1", "errors": "0"}
    one, two, three = suite.findall("testcase")
    assert not list(one)
    assert one.get("time") == "1.234"
    [failure] = two
    assert failure.tag == "failure"
    assert "alert(1)" in (failure.get("message") or "")
    assert "Mend it." in (failure.text or "")
    assert "\x00" not in (failure.text or "")
    assert [each.tag for each in three] == ["skipped"]
    assert suite.findtext("system-out") == "Mind <this>."


def test_the_plain_report_counts_and_tells_all() -> None:
    plain = REPORT.plain()

    assert plain["passed"] is False
    assert plain["counts"] == {"passed": 1, "failed": 1, "not judged": 1}
    assert plain["seesOrders"] is True
    assert [each["verdict"] for each in plain["findings"]] == ["passed", "failed", "not judged"]
