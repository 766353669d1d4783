"""HTTP messages as people paste them: a request or response line, headers, an empty line, a body.

It reads leniently, since dumps are cut and folded by the tools that print them. What must hold: a
text that is no dump comes back whole; only what the headers prove is called a fault.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final, final

import msgspec

from tillgate.doctor.findings import Code
from tillgate.doctor.steps import Step

DUMPS_MAX: Final = 16
_LINE: Final = re.compile(
    r"^(?:[<>] ?)?"
    r"(?:(POST|GET|PUT|PATCH)[ ]+(\S+)[ ]+HTTP/[0-9.]+[ ]*+|HTTP/[0-9.]+[ ]+[0-9]{3}[^\r\n]*+)"
    r"\r?$",
    re.MULTILINE,
)
_HEADER: Final = re.compile(r"(?:[<>*] ?)?([A-Za-z0-9-]+):[ \t]*(.*)")
_REMARK: Final = re.compile(
    r"^(?:\*(?: [^\r\n]*+)?|[{}] \[[0-9]+ bytes data\][ ]*+)(?:\r?\n|\Z)", re.MULTILINE
)
"""A line that curl writes between those of a message: what it does, and how much it sent."""
_CHUNK: Final = re.compile(rb"[\r\n]*+([0-9A-Fa-f]{1,6})(?:;[^\r\n]*)?\r?\n")


@final
class Dump(msgspec.Struct, frozen=True, kw_only=True):
    """The head of an HTTP message.

    Attributes:
        address: the path and query of a request, or "" for a response.
        headers: by small names.
        steps: what its headers prove of its body.
    """

    address: str
    headers: Mapping[str, str]
    steps: tuple[Step, ...] = ()


def split(text: str) -> Iterator[tuple[Dump | None, str]]:
    """Yield each HTTP message of a text with its body, or the text itself when there is none."""
    if not _LINE.search(text):
        yield None, text
        return
    text = _REMARK.sub("", text)
    lines = [found for found, _ in zip(_LINE.finditer(text), range(DUMPS_MAX), strict=False)]
    if before := text[: lines[0].start()].strip():
        yield None, before
    ends = [*(line.start() for line in lines[1:]), len(text)]
    for line, end in zip(lines, ends, strict=True):
        headers, body = _headers(text[line.end() : end].lstrip("\r").removeprefix("\n"))
        content = _unchunked(body) if "chunked" in headers.get("transfer-encoding", "") else body
        yield (
            Dump(
                address=line[2] or "",
                headers=headers,
                steps=tuple(_faults(headers, content)),
            ),
            content,
        )


def _headers(text: str) -> tuple[dict[str, str], str]:
    headers: dict[str, str] = {}
    place = 0
    for line in text.splitlines(keepends=True):
        found = _HEADER.fullmatch(line.rstrip("\r\n"))
        if not found and line.strip("<>* \r\n"):
            break
        place += len(line)
        if not found:
            break
        headers[found[1].lower()] = found[2].strip()
    return headers, text[place:]


def _unchunked(body: str) -> str:
    """Return a chunked body put together, or as it stands when its chunks cannot be followed."""
    raw, chunks, place = body.encode("utf-8", "surrogatepass"), list[bytes](), 0
    while found := _CHUNK.match(raw, place):
        size = int(found[1], 16)
        if not size:
            return b"".join(chunks).decode("utf-8", "replace")
        place = found.end() + size
        chunks.append(raw[found.end() : place])
    return body


def _faults(headers: Mapping[str, str], body: str) -> Iterator[Step]:
    """Tell of a Content-Length that is not the body's, where the body is JSON."""
    length, content = headers.get("content-length", ""), body.lstrip()
    is_plain = headers.get("content-encoding", "identity").lower() == "identity"
    if not (length.isascii() and length.isdigit() and is_plain and content.startswith("{")):
        return
    told, held = int(length[:12]), _bytes(body)
    end = _json_end(content)
    if not end:
        if held < told:
            words = f"Content-Length says {told} bytes, and {held} are here."
            yield Step(Code.BODY_CUT, words)
        return
    needed = held - _bytes(content[end:])
    if told < needed:
        words = f"Content-Length says {told} bytes, and the message ends after {needed}."
        units = len(body.encode("utf-16-le", "surrogatepass")) // 2 - len(content[end:])
        words += " It is the length of a string: count the bytes." if told == units else ""
        yield Step(Code.LENGTH_TOO_SMALL, words)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _json_end(text: str) -> int:
    """Return where the JSON that begins a text ends, or 0 when it does not."""
    try:
        return json.JSONDecoder().raw_decode(text)[1]
    except (ValueError, RecursionError):
        return 0
