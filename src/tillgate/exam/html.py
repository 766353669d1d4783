"""An exam as one page to hand on: no script, nothing loaded, read on a phone first.

What must hold: whatever a merchant's server answered is text and nothing else; the page's policy
allows its own style and no other thing, so it is safe to open anywhere.
"""

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import Final

from tillgate.exam.findings import Exchanged, Finding, Report, Verdict

STYLE: Final = """
:root{color-scheme:light dark;--paper:#fff;--ground:#f4f5f7;--ink:#16181d;--soft:#5a6170;
--line:#d9dce3;--good:#0a6b3d;--bad:#b3261e;--none:#6b5200}
@media(prefers-color-scheme:dark){:root{--paper:#1b1e24;--ground:#111317;--ink:#eceef2;
--soft:#a4abb8;--line:#343944;--good:#6fd8a0;--bad:#ff9d94;--none:#e3c566}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);line-height:1.5;
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.05rem;margin:2rem 0 .5rem}
p{margin:.25rem 0}
.url,.name,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
overflow-wrap:anywhere}
.soft,.name,dt,.ms{color:var(--soft)}
.name,.ms,dt,summary.more{font-size:.875rem}
.counts{display:flex;flex-wrap:wrap;gap:.5rem;padding:0;margin:1rem 0;list-style:none}
.counts li{background:var(--paper);border:1px solid var(--line);border-radius:.5rem;
padding:.5rem .75rem}
.counts b{font-size:1.25rem;margin-right:.35rem}
.remark{border-left:.25rem solid var(--none);padding:.25rem .75rem;margin:.5rem 0}
.case{background:var(--paper);border:1px solid var(--line);border-radius:.5rem;margin:.5rem 0}
.case>summary{display:grid;grid-template-columns:5.75rem 1fr 1rem;gap:0 .5rem;
align-items:baseline;padding:.6rem .75rem;min-height:2.75rem;cursor:pointer;list-style:none}
.case>summary::-webkit-details-marker{display:none}
.case>summary::after{content:"+";grid-column:3;grid-row:1;color:var(--soft);text-align:center}
.case[open]>summary::after{content:"\\2212"}
.case>summary .title{font-weight:600}
.case>summary .name{grid-column:2;grid-row:2}
.failures{margin:.5rem 0;padding:0;list-style:none}
.failures a{display:block;padding:.6rem 0;color:var(--bad);overflow-wrap:anywhere}
summary:focus-visible,a:focus-visible{outline:.2rem solid var(--soft);
outline-offset:.1rem;border-radius:.5rem}
.word{font-size:.875rem;font-weight:600}
.passed .word,.good{color:var(--good)}
.failed .word,.bad{color:var(--bad)}
.failed{border-left:.3rem solid var(--bad)}
.not-judged .word,.none{color:var(--none)}
dl{margin:0;padding:0 .75rem .75rem;display:grid;gap:.1rem .75rem}
dt{font-weight:600;margin-top:.4rem}
dd{margin:0;overflow-wrap:anywhere}
pre{margin:.25rem 0;padding:.5rem;background:var(--ground);border-radius:.35rem;
white-space:pre-wrap;font-size:.8125rem}
@media(min-width:40rem){main{padding:2rem 1.5rem}dl{grid-template-columns:6rem 1fr}
dt{margin-top:0}.case>summary{grid-template-columns:5.75rem 1fr auto 1rem}
.case>summary .name{grid-column:3;grid-row:1}.case>summary::after{grid-column:4}
.failures{columns:2;column-gap:1.5rem}.failures a{padding:.25rem 0}}
@media print{body{background:#fff}.case{break-inside:avoid}}
"""


def as_html(report: Report) -> str:
    """Return an exam as a page."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{_title(report)}</title><style>{STYLE}</style></head>\n<body><main>"
        f"{''.join(_parts(report))}</main></body></html>\n"
    )


def _title(report: Report) -> str:
    failed = len(report.of(Verdict.FAILED))
    return f"Merchant exam: {failed} failed" if failed else "Merchant exam: passed"


def _parts(report: Report) -> Iterator[str]:
    yield f"<header><h1>{_title(report)}</h1>"
    yield f'<p class="url">{escape(report.url)}</p>'
    yield f'<p class="soft"><time>{escape(report.begun_at)}</time></p></header>'
    yield '<ul class="counts">'
    for verdict, style in _STYLES.items():
        yield f'<li><b class="{style}">{len(report.of(verdict))}</b>{verdict.value}</li>'
    yield "</ul>"
    yield from (f'<p class="remark">{escape(remark)}</p>' for remark in report.remarks)
    if failed := report.of(Verdict.FAILED):
        links = (f'<li><a href="#{each.name}">{escape(each.title)}</a></li>' for each in failed)
        yield '<nav aria-label="What failed"><h2>What failed</h2><ul class="failures">'
        yield f"{''.join(links)}</ul></nav>"
    for group, findings in groupby(_grouped(report), key=lambda finding: finding.group):
        yield f"<section><h2>{escape(group)}</h2>"
        yield from (_case(finding) for finding in findings)
        yield "</section>"


_STYLES: Final = {Verdict.PASSED: "good", Verdict.FAILED: "bad", Verdict.NOT_JUDGED: "none"}


def _grouped(report: Report) -> list[Finding]:
    """Return the findings with each group's together, in the order of their first cases."""
    order = list(dict.fromkeys(finding.group for finding in report.findings))
    return sorted(report.findings, key=lambda finding: order.index(finding.group))


def _case(finding: Finding) -> str:
    style = finding.verdict.value.replace(" ", "-")
    is_open = " open" if finding.verdict is Verdict.FAILED else ""
    facts = (
        ("Sent", finding.sent),
        ("Expected", finding.expected),
        ("Happened", finding.happened),
        ("Why", finding.why),
        ("Mend", finding.mend),
    )
    listed = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts)
    shown = "".join(_exchange(each) for each in finding.exchanges)
    bytes_sent = f"<dt>Messages</dt><dd>{shown}</dd>" if shown else ""
    return (
        f'<details class="case {style}" id="{finding.name}"{is_open}><summary>'
        f'<span class="word">{finding.verdict.value}</span>'
        f'<span class="title">{escape(finding.title)}</span>'
        f'<span class="name">{escape(finding.name)}</span></summary>'
        f"<dl>{listed}{bytes_sent}</dl></details>"
    )


def _exchange(exchanged: Exchanged) -> str:
    came = f"HTTP {exchanged.status}" if exchanged.status else exchanged.ended
    answer = f"<pre>{escape(exchanged.answer)}</pre>" if exchanged.answer else ""
    return (
        f'<details><summary class="more">{escape(came)}, {exchanged.elapsed_ms} ms</summary>'
        f"<pre>{escape(exchanged.request)}</pre>{answer}</details>"
    )
