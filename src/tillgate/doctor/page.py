"""The report as one page that needs nothing else: no script, no picture, nothing from anywhere.

It shows what the report holds and nothing more. What must hold: whatever stands in the report is
escaped; the policy allows the page's own style, by its hash, and nothing besides.
"""

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from importlib import resources
from typing import Final

from tillgate.doctor.findings import Finding
from tillgate.doctor.masking import LEGEND
from tillgate.doctor.report import MessageFacts, Report

_PROMISE: Final = (
    "It holds no key and no value of the message but those shown, so it may be pasted in public."
)


def page(report: Report, *, version: str) -> str:
    """Return the report as HTML."""
    style = resources.files("tillgate.doctor").joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escape(_headline(report))} · Tillgate doctor</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            "<main>",
            *_body(report),
            "</main>",
            "<footer>",
            f"<p>Made by tillgate doctor {escape(version)}. {_PROMISE}</p>",
            "</footer>",
            "</body>",
            "</html>",
            "",
        )
    )


def _headline(report: Report) -> str:
    count = len(report.findings)
    if report.is_fine:
        return "Nothing wrong found"
    return "One finding" if count == 1 else f"{count} findings"


def _body(report: Report) -> Iterator[str]:
    mood = "well" if report.is_fine else "ill"
    yield f'<header class="{mood}">'
    yield '<p class="name">Tillgate doctor</p>'
    yield f"<h1>{escape(_headline(report))}</h1>"
    for line in report.proofs():
        yield f'<p class="known">{escape(line)}</p>'
    yield "</header>"
    if report.findings:
        yield '<ol class="findings">'
        for number, finding in enumerate(report.findings, start=1):
            yield from _finding(finding, is_first=number == 1)
        yield "</ol>"
    for number, facts in enumerate(report.messages, start=1):
        yield from _facts(facts, number if len(report.messages) > 1 else 0)
    yield from _keys(report)


def _finding(finding: Finding, *, is_first: bool) -> Iterator[str]:
    sure, word = ("proved", "Proved") if finding.certain else ("guess", "Likely")
    yield f'<li class="finding {sure}">'
    code = f"<code>{escape(finding.code)}</code>"
    yield f'<p class="label"><span class="badge">{word}</span> {code}</p>'
    sentence = finding.sentence.removesuffix(finding.detail).strip()
    yield f"<h2>{escape(sentence)}</h2>"
    if finding.detail:
        yield f'<p class="detail">{escape(finding.detail)}</p>'
    where = [f"<code>{escape(finding.path)}</code>"] if finding.path else []
    where += [f"message {finding.message}"] if finding.message else []
    if where:
        yield f'<p class="where">At {", ".join(where)}</p>'
    if finding.sent or finding.signed:
        yield '<dl class="difference">'
        yield f"<div><dt>sent</dt><dd><code>{_marked(finding.sent)}</code></dd></div>"
        yield f"<div><dt>signed</dt><dd><code>{_marked(finding.signed)}</code></dd></div>"
        yield "</dl>"
        yield f'<p class="detail">Masked: {escape(LEGEND)}.</p>'
    yield from _remedies(finding, is_open=is_first)
    yield "</li>"


def _marked(excerpt: str) -> str:
    before, mark, after = excerpt.partition("▸")
    return f'{escape(before)}<b aria-hidden="true">{mark}</b>{escape(after)}'


def _remedies(finding: Finding, *, is_open: bool) -> Iterator[str]:
    if not finding.remedies:
        return
    yield f"<details{' open' if is_open else ''}>"
    yield "<summary>What usually does it, and what to write instead</summary>"
    yield '<dl class="remedies">'
    for remedy in finding.remedies:
        yield f"<dt>{escape(remedy.language)}</dt>"
        yield (
            f'<dd><p class="usually"><span>usually</span><code>{escape(remedy.usually)}</code></p>'
            f'<p class="instead"><span>instead</span><code>{escape(remedy.instead)}</code></p></dd>'
        )
    yield "</dl>"
    yield "</details>"


def _facts(facts: MessageFacts, number: int) -> Iterator[str]:
    title = f"Message {number}" if number else "The message"
    rows = [
        ("kind", facts.kind),
        ("function", facts.function),
        ("currency", facts.currency),
        ("text sent", f"{facts.text_bytes} bytes" if facts.text_bytes else ""),
        ("SHA-256 of it", facts.text_digest),
        ("text signed", _size(facts)),
        (
            "SHA-256 of it",
            facts.signed_digest if facts.signed_digest != facts.text_digest else "",
        ),
        (
            "signature",
            f"{facts.signature_characters} characters" if facts.signature_characters else "",
        ),
        ("made with", facts.digest),
        ("made by key", facts.key),
        ("texts tried", str(facts.texts_tried) if facts.texts_tried else ""),
    ]
    yield from _table(title, rows)


def _size(facts: MessageFacts) -> str:
    if facts.signed_bytes is None or facts.signed_digest == facts.text_digest:
        return ""
    return f"{facts.signed_bytes} bytes"


def _keys(report: Report) -> Iterator[str]:
    rows = [
        (f"{number}", f"{key.fingerprint} · {key.bits} bits")
        for number, key in enumerate(report.keys, 1)
    ]
    yield from _table("Keys given", rows)


def _table(title: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    yield f'<section class="facts"><h2>{escape(title)}</h2><dl>'
    for name, value in rows:
        if value:
            shown = f"<code>{escape(value)}</code>" if "SHA-256" in name else escape(value)
            yield f"<div><dt>{escape(name)}</dt><dd>{shown}</dd></div>"
    yield "</dl></section>"
