"""The page of an exam in a real Chromium, from a file, as a colleague or an auditor opens it.

What must hold: no accessibility fault, never wider than a phone, readable in both colours, and its
policy keeps whatever a merchant's server answered from being more than text.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.browser.acting import violations
from tests.browser.conftest import NewContext
from tests.browser.test_pages import SIZES
from tillgate.exam import Finding, Report, Verdict, as_html
from tillgate.exam.catalogue import CASES
from tillgate.exam.findings import Exchanged

UNFOLD = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
LOOKS = (("phone", "light"), ("phone", "dark"), ("desk", "light"), ("desk", "dark"))
ANSWER = "<script>document.title='taken'</script>" + "x" * 300


def _findings() -> Sequence[Finding]:
    """Return one finding for each case, of each verdict in turn."""
    verdicts = list(Verdict)
    return [
        Finding(
            name=case.name,
            title=case.title,
            group=case.group,
            verdict=verdicts[number % len(verdicts)],
            sent=case.sent,
            expected=case.expected,
            happened=f"It was not refused: HTTP 200 ({ANSWER}).",
            why=case.why,
            mend=case.mend,
            exchanges=[
                Exchanged(
                    request=f"POST {ANSWER}", status=200, ended="", answer=ANSWER, elapsed_ms=1
                )
            ],
        )
        for number, case in enumerate(CASES)
    ]


@pytest.mark.parametrize("look", LOOKS, ids="-".join)
def test_the_page_of_an_exam_is_accessible_and_holds_text_alone(
    tmp_path: Path, new_context: NewContext, look: tuple[str, str]
) -> None:
    size, scheme = look
    report = Report(
        url=f"http://127.0.0.1:8002/notify?{'long' * 40}",
        begun_at="2026-03-02T12:00:00+08:00",
        sees_orders=True,
        findings=_findings(),
        remarks=["The right notification was not acknowledged: mend that first."],
    )
    (tmp_path / "exam.html").write_text(as_html(report))
    page = new_context(viewport=SIZES[size], color_scheme=scheme).new_page()
    page.goto((tmp_path / "exam.html").as_uri())

    failed = page.locator("details.case[open]")
    assert failed.count() == len(report.of(Verdict.FAILED))
    page.get_by_role("link", name=report.of(Verdict.FAILED)[0].title).click()
    page.wait_for_url(lambda url: url.endswith(f"#{report.of(Verdict.FAILED)[0].name}"))

    page.evaluate(UNFOLD)
    assert page.title().startswith("Merchant exam: ")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith("system-ui")
    assert violations(page.main_frame) == []
