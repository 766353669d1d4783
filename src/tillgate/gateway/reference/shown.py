"""JSON as pages show it: indented, with names and strings told apart.

Only for the eye: what is signed is shown beside it byte for byte. What must hold: all text is
escaped before it becomes markup.
"""

import re

import msgspec
from markupsafe import Markup, escape

_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?')


def pretty(text: bytes) -> Markup:
    """Return JSON indented by two, its names and strings marked."""
    return coloured(msgspec.json.format(text, indent=2).decode())


def coloured(text: str) -> Markup:
    """Return a JSON text as markup with its names and strings marked."""
    parts: list[Markup] = []
    at = 0
    for found in _TOKEN.finditer(text):
        kind = "n" if found[2] else "s"
        parts.append(escape(text[at : found.start()]))
        parts.append(Markup('<span class="{}">{}</span>').format(kind, found[1]))
        parts.append(escape(found[2] or ""))
        at = found.end()
    parts.append(escape(text[at:]))
    return Markup().join(parts)
