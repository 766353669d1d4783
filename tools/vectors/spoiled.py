"""Vectors that must be refused: what goes wrong on the way from an order to a verifier.

Each has the code that `tillgate doctor` gives it and a sentence. What must hold: the message is
what arrives; where a reader finds bytes to check, those are given, and the signature does not fit
them; where it must refuse before, none are.
"""

import base64
import hashlib
import html
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlencode

from tools.vectors.case import Case
from tools.vectors.content import Content, compact, escaped, order, pretty
from tools.vectors.literals import source
from tools.vectors.signing import (
    bare_signature,
    encoded,
    pss_signature,
    raw_signature,
    signature,
)
from tools.vectors.spelled import CHINESE, MERCHANT, sealed

Spell = Callable[[Content], str]
Told = tuple[str, str, str]
"""A case's short name, why it is invalid, and what is special about it."""


def misfit(
    told: Told,
    signed: bytes,
    sent: str,
    *,
    key: str = MERCHANT,
    digest: str = "RSA2",
    by: str = "",
) -> Case:
    """Return an envelope whose signature is over other bytes, by another key or digest."""
    written = signature(signed, key, by or digest)
    return Case(
        name=f"invalid-{told[0]}",
        says=told[2],
        message=sealed(sent, written),
        key=MERCHANT,
        signed=sent.encode(),
        signature=written,
        digest=digest,
        why=told[1],
    )


def cases() -> Iterator[Case]:
    """Return all of them."""
    yield from _other_text()
    yield from _other_parts()
    yield from _charsets()
    yield from _keys_and_digests()
    yield from _signatures()
    yield from _envelopes()


def _other_text() -> Iterator[Case]:
    """Signed in one spelling, sent in another."""
    rows: tuple[tuple[str, str, str, Spell, Spell], ...] = (
        (
            "pretty-sent",
            "RESERIALISED",
            "Compact JSON was signed, pretty JSON sent.",
            compact,
            pretty,
        ),
        (
            "pretty-signed",
            "RESERIALISED",
            "Pretty JSON was signed, compact JSON sent.",
            pretty,
            compact,
        ),
        ("sorted-signed", "KEYS_REORDERED", "Sorted members were signed.", _sorted, compact),
        (
            "slashes-sent",
            "SLASHES_ESCAPED",
            r"Plain slashes were signed, \/ sent.",
            compact,
            _slashes,
        ),
        (
            "escapes-sent",
            "UNICODE_ESCAPED",
            r"Raw UTF-8 was signed, \uXXXX sent.",
            compact,
            escaped,
        ),
        (
            "escapes-signed",
            "UNICODE_ESCAPED",
            r"\uXXXX was signed, raw UTF-8 sent.",
            escaped,
            compact,
        ),
        (
            "crlf-sent",
            "LINE_ENDS",
            r"\n was signed, \r\n sent.",
            pretty,
            lambda c: pretty(c).replace("\n", "\r\n"),
        ),
        (
            "newline-signed",
            "TRAILING_NEWLINE",
            "A line end after the text was signed with it.",
            lambda c: compact(c) + "\n",
            compact,
        ),
    )
    for short, why, says, signed, sent in rows:
        content = order(f"invalid-{short}", title=CHINESE)
        yield misfit((short, why, says), signed(content).encode(), sent(content))


def _sorted(content: Content) -> str:
    return compact({name: _in_order(content[name]) for name in sorted(content)})


def _in_order(value: object) -> object:
    if isinstance(value, dict):
        return {name: _in_order(value[name]) for name in sorted(value)}
    return value


def _slashes(content: Content) -> str:
    return compact(content).replace("/", "\\/")


def _other_parts() -> Iterator[Case]:
    """Something else than the value of request was signed."""
    rows: tuple[tuple[str, str, str, Spell], ...] = (
        (
            "envelope-signed",
            "WHOLE_ENVELOPE_SIGNED",
            "The whole envelope was signed.",
            lambda c: f'{{"request":{compact(c)}}}',
        ),
        ("body-signed", "PART_SIGNED", "The body alone was signed.", lambda c: compact(c["body"])),
        (
            "parameters-signed",
            "PARAMETERS_SIGNED",
            "Sorted parameters were signed, as older interfaces want it.",
            _parameters,
        ),
        (
            "base64-signed",
            "TEXT_ENCODED",
            "The base64 of the text was signed.",
            lambda c: base64.b64encode(compact(c).encode()).decode(),
        ),
        (
            "digest-signed",
            "DIGEST_SIGNED",
            "The text's SHA-256 in hex was signed, so it was hashed twice.",
            lambda c: hashlib.sha256(compact(c).encode()).hexdigest(),
        ),
    )
    for short, why, says, signed in rows:
        content = order(f"invalid-{short}")
        yield misfit((short, why, says), signed(content).encode(), compact(content))
    content = order("invalid-changed")
    sent = compact(content).replace('"value":"1000"', '"value":"1"')
    yield misfit(
        ("changed", "CHANGED", "The amount was changed since."), compact(content).encode(), sent
    )


def _parameters(content: Content) -> str:
    flat = {name: value for name, value in content["body"].items() if isinstance(value, str)}
    return urlencode(sorted(flat.items()), quote_via=lambda text, *_: text)


def _charsets() -> Iterator[Case]:
    """Another character set than UTF-8, on either side."""
    content = order("invalid-gbk-signed", title=CHINESE)
    text = compact(content)
    says = "The text was signed as GBK and sent as UTF-8."
    yield misfit(("gbk-signed", "CHARACTER_SET", says), text.encode("gbk"), text)
    content = order("invalid-big5-signed", title=CHINESE)
    text = compact(content)
    says = "The text was signed as Big5 and sent as UTF-8."
    yield misfit(("big5-signed", "CHARACTER_SET", says), text.encode("big5"), text)
    for short, signed_as, says in (
        (
            "gbk-sent",
            "utf-8",
            "The text was signed as UTF-8 and sent as GBK: refused before its signature.",
        ),
        (
            "gbk",
            "gbk",
            "The text was signed and sent as GBK: the signature would fit, the charset is wrong.",
        ),
    ):
        name = f"invalid-{short}"
        text = compact(order(name, title=CHINESE))
        written = signature(text.encode(signed_as))
        message = sealed(text, written).decode().encode("gbk")
        yield _refused((short, "CHARACTER_SET", says), message)
    text = compact(order("invalid-bom"))
    message = b"\xef\xbb\xbf" + sealed(text, signature(text.encode()))
    yield _refused(
        ("bom", "BYTE_ORDER_MARK", "A byte order mark stands before the message."), message
    )
    text = compact(order("invalid-bom-signed"))
    says = "A byte order mark was signed with the text."
    yield misfit(("bom-signed", "BYTE_ORDER_MARK", says), b"\xef\xbb\xbf" + text.encode(), text)


def _keys_and_digests() -> Iterator[Case]:
    for short, why, says, key, digest, by in (
        (
            "stranger",
            "WRONG_KEY",
            "Somebody else's key signed it.",
            "stranger-2048",
            "RSA2",
            "RSA2",
        ),
        (
            "longer-key",
            "WRONG_KEY",
            "A longer key of the same merchant signed it.",
            "merchant-3072",
            "RSA2",
            "RSA2",
        ),
        ("sha-1", "OTHER_DIGEST", "RSA2 is agreed and SHA-1 was used.", MERCHANT, "RSA2", "RSA"),
        ("sha-256", "OTHER_DIGEST", "RSA is agreed and SHA-256 was used.", MERCHANT, "RSA", "RSA2"),
        ("md5", "OTHER_DIGEST", "MD5 was used.", MERCHANT, "RSA2", "MD5"),
    ):
        text = compact(order(f"invalid-{short}"))
        yield misfit((short, why, says), text.encode(), text, key=key, digest=digest, by=by)
    text = compact(order("invalid-pss"))
    says = "The signature has PSS padding; the protocol wants PKCS#1 v1.5."
    yield _written(
        ("pss", "PSS_PADDING", says), text, encoded(pss_signature(text.encode(), MERCHANT))
    )
    text = compact(order("invalid-no-digest-info"))
    bare = bare_signature(hashlib.sha256(text.encode()).digest(), MERCHANT)
    says = "The bare digest was encrypted with the private key; its DigestInfo is missing."
    yield _written(("no-digest-info", "NO_DIGEST_INFO", says), text, encoded(bare))


def _signatures() -> Iterator[Case]:
    """The right signature, written wrongly."""
    rows: tuple[tuple[str, str, str, Callable[[str, bytes], str]], ...] = (
        (
            "plus-lost",
            "SIGNATURE_PLUS_LOST",
            "Blanks stand where the signature had +.",
            lambda w, _: w.replace("+", " "),
        ),
        (
            "line-breaks",
            "SIGNATURE_LINE_BREAKS",
            "The signature is folded into lines.",
            lambda _, r: base64.encodebytes(r).decode(),
        ),
        (
            "url-safe",
            "SIGNATURE_URL_SAFE",
            "The signature is in the URL-safe alphabet.",
            lambda _, r: base64.urlsafe_b64encode(r).decode(),
        ),
        (
            "unpadded",
            "SIGNATURE_UNPADDED",
            "The = at the end is missing.",
            lambda w, _: w.rstrip("="),
        ),
        ("hex", "SIGNATURE_HEX", "The signature is written in hex.", lambda _, r: r.hex()),
        (
            "triple-base64",
            "SIGNATURE_ENCODED_AGAIN",
            "Base64 of base64 of base64.",
            lambda _, r: encoded(base64.b64encode(r), "double-base64"),
        ),
        ("damaged", "SIGNATURE_DAMAGED", "One character of the signature is another.", _damaged),
        (
            "cut",
            "SIGNATURE_UNREADABLE",
            "The last quarter of the signature is missing.",
            lambda w, _: w[:256],
        ),
        (
            "reversed",
            "SIGNATURE_REVERSED",
            "The signature's bytes stand in reverse order.",
            lambda _, r: encoded(r[::-1]),
        ),
        ("empty", "UNSIGNED", "The signature is empty.", lambda *_: ""),
    )
    for short, why, says, write in rows:
        text = compact(order(f"invalid-{short}"))
        raw = raw_signature(text.encode(), MERCHANT, "RSA2")
        yield _written((short, why, says), text, write(encoded(raw), raw))
    text = compact(order("invalid-unsigned"))
    yield Case(
        name="invalid-unsigned",
        says="There is no signature.",
        message=f'{{"request":{text}}}'.encode(),
        key=MERCHANT,
        signed=text.encode(),
        signature=None,
        why="UNSIGNED",
    )


def _damaged(written: str, _raw: bytes) -> str:
    return written[:100] + ("A" if written[100] != "A" else "B") + written[101:]


def _written(told: Told, text: str, written: str) -> Case:
    """Return an envelope with this signature, written out as JSON wants it."""
    return Case(
        name=f"invalid-{told[0]}",
        says=told[2],
        message=sealed(text, written.replace("\n", "\\n")),
        key=MERCHANT,
        signed=text.encode(),
        signature=written,
        why=told[1],
    )


def _envelopes() -> Iterator[Case]:
    """No envelope, or one that two readers could read in two ways."""
    text = compact(order("invalid-double-request"))
    other = text.replace('"value":"1000"', '"value":"1"')
    written = signature(text.encode())
    for short, first, last in (("first", text, other), ("last", other, text)):
        says = f"There are two members request; the {short} was signed."
        message = f'{{"request":{first},"request":{last},"signature":"{written}"}}'.encode()
        yield _refused((f"double-request-{short}", "DUPLICATE_MEMBER", says), message)
    says = r"There are two members request, one of them spelt re\u0071uest."
    message = f'{{"request":{text},"re\\u0071uest":{other},"signature":"{written}"}}'.encode()
    yield _refused(("double-request-spelt", "DUPLICATE_MEMBER", says), message)
    says = "There are two signatures; the last fits."
    message = f'{{"request":{text},"signature":"AAAA","signature":"{written}"}}'.encode()
    yield _refused(("double-signature", "DUPLICATE_MEMBER", says), message)
    right = sealed(text, written).decode()
    rows: tuple[tuple[str, str, str, str], ...] = (
        (
            "js-escaped",
            "JS_ESCAPED",
            "It still is escaped for a JavaScript literal.",
            source(right),
        ),
        ("html-escaped", "HTML_ESCAPED", "It still is escaped for HTML.", html.escape(right)),
        ("url-encoded", "URL_ENCODED", "It still is percent-encoded.", quote(right, safe="")),
        (
            "base64-encoded",
            "BASE64_ENCODED",
            "The whole message is base64.",
            base64.b64encode(right.encode()).decode(),
        ),
        ("cut", "BODY_CUT", "The message ends early.", right[:-200]),
        (
            "request-in-string",
            "DOUBLE_ENCODED",
            "The value of request is a string that holds JSON.",
            right.replace(text, _string(text)),
        ),
        ("something-after", "NOT_AN_ENVELOPE", "Something follows the message.", right + "x"),
    )
    for short, why, says, message_text in rows:
        name = "body-cut" if short == "cut" else short
        yield _refused((name, why, says), message_text.encode())


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _refused(told: Told, message: bytes) -> Case:
    """Return a message in which a reader finds nothing to check."""
    return Case(
        name=f"invalid-{told[0]}",
        says=told[2],
        message=message,
        key=MERCHANT,
        signed=None,
        signature=None,
        why=told[1],
    )
