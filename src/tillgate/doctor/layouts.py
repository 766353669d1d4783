r"""Other texts that say the same as the one that was sent, each with the mistake that makes it.

They are tried against the digest that was really signed, so a match is a proof. What must hold: the
order goes from the narrowest mistake to the widest, and the number of texts is small and fixed.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from tillgate.doctor.findings import Code

_STRING_OR_BLANKS = re.compile(r'("(?:[^"\\]|\\.)*+")|[ \t\r\n]+')
_UNICODE_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)((?:\\u[0-9a-fA-F]{4})+)")
_CONTROL_MAX = 0x20


def layouts(sent: str, content: dict[str, Any], kind: str) -> Iterator[tuple[Code, str]]:
    """Yield the texts that may have been signed instead of `sent`.

    Args:
        sent: the text of the value that was sent.
        content: the same as plain Python.
        kind: the name of the member it stands in.
    """
    compact = minified(sent)
    yield from _respelled(sent, kind)
    yield Code.RESERIALISED, compact
    yield from _respelled(compact, kind)
    for line_end in ("\n", "\r\n"):
        yield Code.RESERIALISED, sent + line_end
        yield Code.RESERIALISED, sent.replace("\r\n", "\n").replace("\n", line_end)
    for text in _written_anew(content):
        yield Code.RESERIALISED, text


def _respelled(text: str, kind: str) -> Iterator[tuple[Code, str]]:
    """Yield the text with other escapes, and wrapped as it should not be."""
    slashes = (text.replace("\\/", "/"), text.replace("/", "\\/"))
    characters = (
        plain_characters(text),
        escaped_characters(text),
        plain_characters(text).replace("\\/", "/"),
        escaped_characters(text).replace("/", "\\/"),
    )
    yield from ((Code.SLASHES_ESCAPED, other) for other in slashes if other != text)
    yield from ((Code.UNICODE_ESCAPED, other) for other in characters if other != text)
    yield Code.WHOLE_ENVELOPE_SIGNED, f'{{"{kind}":{text}}}'
    yield Code.WHOLE_ENVELOPE_SIGNED, f'{{"{kind}":{text},"signature":""}}'
    yield Code.WHOLE_ENVELOPE_SIGNED, f'"{kind}":{text}'


def minified(text: str) -> str:
    """Return JSON text without the blanks between its parts, everything else as it was."""
    return _STRING_OR_BLANKS.sub(lambda found: found[1] or "", text)


def plain_characters(text: str) -> str:
    r"""Return JSON text with \u escapes written as their characters, where that is legal."""
    return _UNICODE_ESCAPE.sub(_plain, text)


def escaped_characters(text: str) -> str:
    r"""Return JSON text with every character beyond ASCII written as \u escapes."""
    return "".join(
        character if character.isascii() else json.dumps(character)[1:-1] for character in text
    )


def _plain(found: re.Match[str]) -> str:
    decoded = str(json.loads(f'"{found[2]}"'))
    kept = (
        character
        if ord(character) >= _CONTROL_MAX and character not in '"\\'
        else json.dumps(character)[1:-1]
        for character in decoded
    )
    return found[1] + "".join(kept)


def _written_anew(content: dict[str, Any]) -> Iterator[str]:
    for in_order in (False, True):
        for ascii_only in (False, True):
            for separators in ((",", ":"), (", ", ": ")):
                yield json.dumps(
                    content, sort_keys=in_order, ensure_ascii=ascii_only, separators=separators
                )
            for width in (2, 4):
                yield json.dumps(content, sort_keys=in_order, ensure_ascii=ascii_only, indent=width)
