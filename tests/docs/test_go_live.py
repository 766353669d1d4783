"""`docs/go-live.md` leads a newcomer to a payment in production mode, and tells no secret.

The page is the only script; this looks at more than the page shows. What must hold: who types what
it says gets a paid order, a clean audit and keys that changed; no PIN and no token is printed.
"""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.docs.walk import walk

PAGE = "docs/go-live.md"
SECTIONS = 9
"""Numbered sections of the page; each has something to type."""


@pytest.mark.timeout(600)
def test_the_page_leads_to_a_first_payment_in_production(tmp_path: Path) -> None:
    done = walk(PAGE, tmp_path)

    assert sum(each.how == "executed" for each in done) >= SECTIONS
    said = "".join(path.read_text() for path in sorted(tmp_path.glob("blocks/*.out")))
    assert '"resultCode":"9000"' in said
    assert "alice\tAlice Chan\twallet\t3\t90.00 HKD" in said
    assert "payer:alice\tmerchant:2160400000002012\t10.00 HKD" in said
    assert "mode\tproduction" in said
    assert said.count("merchantRefundId\tREFUND-0001") == 2
    assert "refundedAmount\t4.00 HKD" in said
    assert "outcome\tCancelled" in said
    assert "orderAmount\t38.00 HKD" in said
    assert "MEMBER-0001\talice\tACTIVE" in said
    assert "outcome\tAgreementCancelled" in said
    keys = dict(re.findall(r"^(current|previous)\t([0-9a-f]{16})\t", said, re.MULTILINE))
    first = re.findall(r"^gatewayFingerprint\t(.*)$", said, re.MULTILINE)
    assert keys["previous"] == first[0] != keys["current"]
    assert "Clean: read " in said
    (copy,) = tmp_path.glob("page/tillgate-*.sqlite")
    assert copy.stat().st_mode & 0o077 == 0
    assert "493817" not in said
    assert "accessToken" not in said


def test_what_is_shipped_is_shown_by_its_file_alone() -> None:
    """A second unit or proxy on the page would part from the one that is tried."""
    text = (ROOT / PAGE).read_text()
    links = re.findall(r"\]\((\.\./deploy/[^)]+)\)", text)
    assert len(links) >= 4
    assert not re.findall(r"^```(?!(?:sh|text)$).+$", text, re.MULTILINE)
