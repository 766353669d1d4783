"""How a path that somebody gave is named in an error, and what is never named: a key.

People keep a key in an environment variable, and give the text where a file's name is wanted. It
decides what looks like such a text and what is said then. What must hold: no error prints a
private key, in whatever shape it was given; a file's name that is merely wrong is told as it is.
"""

import base64
import re
from pathlib import Path
from typing import Final

NAME_CHARACTERS_MAX: Final = 255
"""No file system here takes a longer name."""
_MARKS: Final = ("\n", "{", "-----")
_BASE64: Final = re.compile(r"[A-Za-z0-9+](?=.{64})[A-Za-z0-9+/]+={0,2}")
"""More than 64 characters of it, which no folder and no digest in hexadecimal has."""
_PEM: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_DER: Final = re.compile(r"MI[A-Za-z0-9+/]{60,}={0,2}")
"""How base64 of a key begins: a SEQUENCE whose length takes more than one byte."""
_VERSION_0: Final = b"\x02\x01\x00"
"""The first member of a private key, of PKCS #8 and PKCS #1 alike."""


def named(path: Path | str) -> str:
    """Return what an error calls a path: itself, or how long the text is that is none."""
    text = str(path)
    return f"the text given ({len(text)} characters)" if is_no_name(text) else text


def unreadable(path: Path | str, error: OSError, *, step: str = "") -> str:
    """Return what is told of a path that cannot be read, and what to do."""
    text = str(path)
    if is_no_name(text):
        return no_name(text)
    return f"{text} cannot be read ({error.strerror}).{step}"


def no_name(text: str) -> str:
    """Return what is told of a text that stands where a file's name is wanted."""
    said = f"The text given ({len(text)} characters) is no file's name"
    lost = " It looks like a private key: treat it as lost." if _is_private(text) else ""
    return f"{said}; save it in a file and name that.{lost}"


def is_no_name(text: str) -> bool:
    """Return whether a text is something else than a file's name, such as a key or a message."""
    is_marked = any(mark in text for mark in _MARKS)
    is_base64 = _BASE64.fullmatch(text) is not None
    return is_marked or is_base64 or len(text) > NAME_CHARACTERS_MAX


def without_keys(sentence: str) -> str:
    """Return a sentence that quotes what was given, but no private key."""
    return _DER.sub(_hidden, _PEM.sub(_hidden, sentence))


def _hidden(found: re.Match[str]) -> str:
    text = found.group()
    return f"(a private key of {len(text)} characters)" if _is_private(text) else text


def _is_private(text: str) -> bool:
    if "PRIVATE KEY" in text:
        return True
    begins = re.findall(r"MI[A-Za-z0-9+/]{10}", text)
    return any(_VERSION_0 in base64.b64decode(each) for each in begins)
