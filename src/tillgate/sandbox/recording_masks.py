"""What of a message may be written down: all of it byte for byte, or its members without secrets.

Signatures are over bytes, so there is no middle: a message that holds a secret loses its bytes and
keeps its members, the secret ones masked. What must hold: private keys, PINs, tokens, codes that
buy tokens, addresses that are as good as a token, what merchants hide in URLs and ids of payers
leave in no form; a text in which they could hide unseen is not written down at all; whatever comes,
the work and what is kept are linear in it.
"""

import base64
import re
from typing import Any, Final, final
from urllib.parse import urlsplit, urlunsplit

import msgspec

from tillgate.protocol import scan
from tillgate.protocol.envelope import MESSAGE_BYTES_MAX
from tillgate.protocol.recording import MASK, Text

MASKING: Final = (
    "Masked: access and refresh tokens, auth codes, PINs and passwords, addresses of a cashier or"
    " of a page to sign, callIds, ids of payers, riskInfo, an agreement's state, the query and user"
    " of every URL, and whatever looks like a private key. A message that held one of them has no"
    " bytes here, only its members, and a message that held very many has not even those; every"
    " other message is here byte for byte, so its signature verifies."
)
SECRET_MEMBERS: Final = frozenset(
    {
        *("accesstoken", "refreshtoken", "isvaccesstoken", "authcode", "token", "authorization"),
        *("pin", "password", "secret", "privatekey", "cashierurl", "authsiteurl", "callid"),
        *("payer", "payerid", "userid", "buyerid", "customerid", "openid", "loginid"),
        # By which a merchant knows that it was its own redirect that came back.
        "state",
        # What a merchant tells of the buyer's device and account: nobody's secret, but a person's.
        "riskinfo",
    }
)
"""Names, without regard to case, whose values never leave."""
PATHS_MAX: Final = 64
PATHS_CHARACTERS_MAX: Final = 4 * 1024
"""So many masked members of one message are listed; of one with more nothing is kept."""
_NAMES: Final = "|".join("[_-]*".join(name) for name in sorted(SECRET_MEMBERS))
_TOLD: Final = re.compile(
    rf"(?<![A-Za-z0-9])(?:{_NAMES})(?![A-Za-z0-9])[\"'\\\s]*(?:[:=>]|(?<=[\"'\s]),)", re.IGNORECASE
)
"""A name with a value behind it, as it stands in a string, whatever that string is written in."""
_NAMED: Final = re.compile(
    "|".join(
        # Three letters meet by chance in every third signature.
        rf"(?<![a-z0-9+]){name}(?![a-z0-9+/])" if len(name) <= 3 else name  # noqa: PLR2004  As said.
        for name in sorted(SECRET_MEMBERS)
    )
)
"""What a text that cannot be taken apart may not even mention."""
_KEY: Final = re.compile(
    r"PRIVATE KEY|MII[A-Za-z0-9+/\\\s]{760,}"
    r"|M[A-P][AEIMQUYcgkosw048]CAQ[A-H]|MI[E-H][\w+/-]AgE[AB]|MI[I-L][\w+/-]{2}[AQgw]IBA"
)
"""A private key with its label, the base64 of a long one, which no signature is as long as, and
the base64 with which PKCS#1, PKCS#8 and SEC1 begin, whose three lengths each stand for a size."""
_ESCAPED: Final = re.compile(
    r"(?:(?<!\\)\\+u00|(?<!\\)\\+x|%)([0-9A-Fa-f]{2})|(?<!\\)\\+([nrtbf/])"
)
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>{}\[\]]*\Z")
_NOTHING: Final = {ord(mark): None for mark in "_-\0"}
_URLS: Final = ("url", "uri")
UNESCAPED_TIMES: Final = 8
_ENVELOPE_SIGNS: Final = ("reqMsgId", "clientId")


class _Hidden(Exception):
    """Of this message nothing may be kept."""


def text_of(raw: bytes) -> Text:
    """Return what may be written down of a message."""
    try:
        return _text_of(raw)
    except _Hidden:
        return Text(size=len(raw), masked=("*",))


def _text_of(raw: bytes) -> Text:
    if len(raw) > MESSAGE_BYTES_MAX:
        raise _Hidden
    try:
        text, is_utf8 = raw.decode(), True
    except UnicodeDecodeError:
        text, is_utf8 = raw.decode("latin-1"), False
    tree = _tree(text) if is_utf8 else None
    if tree is None:
        if not all(sign in text for sign in _ENVELOPE_SIGNS) or _mentions_secret(text):
            raise _Hidden
        return _kept(raw, text, is_utf8=is_utf8)
    masking = _Masking()
    shown = masking.without(tree)
    if not masking.paths:
        return _kept(raw, text, is_utf8=is_utf8)
    # As JSON it is no larger than the message; as a tree of Python it would be twenty times that.
    return Text(size=len(raw), shown=msgspec.Raw(msgspec.json.encode(shown)), masked=masking.told)


def url_of(url: str) -> str:
    """Return an address without its query and user, where merchants keep secrets of their own."""
    try:
        parts = urlsplit(url.strip())
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return MASK
    return urlunsplit((parts.scheme, host, parts.path, "", ""))[:512]


def _kept(raw: bytes, text: str, *, is_utf8: bool) -> Text:
    if is_utf8:
        return Text(size=len(raw), text=text)
    return Text(size=len(raw), base64=base64.b64encode(raw).decode())


def _tree(text: str) -> dict[str, Any] | None:
    """Return the object that a text is, or None when it is none or says one thing twice."""
    if scan.is_too_deep(text):
        return None
    try:
        tree = scan.plain(text)
    except (ValueError, RecursionError, scan.DuplicateMember):
        return None
    return tree if isinstance(tree, dict) else None


@final
class _Masking:
    """One walk through a message."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self._size = 0
        self._above: list[str] = []

    @property
    def told(self) -> tuple[str, ...]:
        """Return the paths that are masked."""
        return tuple(self.paths)

    def without(self, value: Any) -> Any:  # noqa: ANN401  Any JSON value.
        """Return a value with its secrets masked, and note where they stood.

        Raises:
            _Hidden: there are too many, or one stands where none can be masked.
        """
        if isinstance(value, dict):
            return {name: self._member(name, inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._below(f"[{place}]", item) for place, item in enumerate(value)]
        if isinstance(value, str):
            return self._string(value)
        return value

    def _member(self, name: str, value: Any) -> Any:  # noqa: ANN401  Any JSON value.
        if _KEY.search(name) or _holds_secret(name):
            raise _Hidden
        step = f".{name}" if self._above else name
        if not _is_secret(name) or value in (None, "", {}, []):
            if isinstance(value, str) and name.lower().endswith(_URLS) and _has_more(value):
                self._note(step)
                return _shortened(value)
            return self._below(step, value)
        self._note(step)
        return MASK

    def _below(self, step: str, value: Any) -> Any:  # noqa: ANN401  Any JSON value.
        self._above.append(step)
        try:
            return self.without(value)
        finally:
            self._above.pop()

    def _string(self, value: str) -> str:
        if _KEY.search(value) or _KEY.search(_unescaped(value)):
            raise _Hidden
        if _has_secret_url(value):
            self._note("")
            return _shortened(value)
        if _holds_secret(value):
            self._note("")
            return MASK
        return value

    def _note(self, step: str) -> None:
        """Note where something is masked.

        What stands above is counted before it is put together: names may be long, and many.
        """
        self._size += len(step) + sum(map(len, self._above))
        if len(self.paths) >= PATHS_MAX or self._size > PATHS_CHARACTERS_MAX:
            raise _Hidden
        self.paths.append("".join((*self._above, step)))


def _is_secret(name: str) -> bool:
    return name.lower().replace("_", "").replace("-", "") in SECRET_MEMBERS


def _holds_secret(value: str) -> bool:
    """Tell whether a string tells a secret by its name: as JSON, as a form or however else."""
    return any(_TOLD.search(each) for each in _readings(value))


def _mentions_secret(text: str) -> bool:
    """Tell whether anything in a text that nobody can take apart may be a secret."""
    return any(
        _NAMED.search(_joined(each)) or _KEY.search(each) or _has_secret_url(each)
        for each in _readings(text)
    )


def _readings(text: str) -> tuple[str, ...]:
    """Return a text, and it with its escapes undone, as often as texts in texts need."""
    return (text,) if (read := _unescaped(text)) == text else (text, read)


def _unescaped(text: str) -> str:
    for _ in range(UNESCAPED_TIMES):
        before, text = text, _ESCAPED.sub(_character, text)
        if text == before:
            break
    return text


def _character(found: re.Match[str]) -> str:
    code, control = found.groups()
    if code:
        return chr(int(code, 16))
    return "/" if control == "/" else "\n"


def _joined(text: str) -> str:
    return text.lower().translate(_NOTHING)


def _has_secret_url(value: str) -> bool:
    """Tell whether a URL stands in a string that has a query, a fragment or a user."""
    return "://" in value and any(
        _has_more(word.partition("://")[2]) for word in value.split() if "://" in word
    )


def _has_more(url: str) -> bool:
    return any(mark in url for mark in "?#@")


def _shortened(value: str) -> str:
    """Return the address that a string is, without its query and user; no other text."""
    shown = url_of(value) if _ADDRESS.match(value) else MASK
    return MASK if _has_more(shown) or _holds_secret(shown) else shown
