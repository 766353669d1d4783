"""Vectors of messages that are right: every key, digest and encoding; every way to spell the JSON.

What must hold: each is signed over the very bytes between the braces it sends.
"""

import json
from collections.abc import Iterator
from typing import Final

from tools.vectors.case import Case
from tools.vectors.content import (
    ACQUIREMENT_ID,
    DONE,
    Content,
    compact,
    escaped,
    money,
    notification,
    order,
    pretty,
    reads,
    request,
    response,
)
from tools.vectors.signing import raw_signature, signature

MERCHANT: Final = "merchant-2048"
GATEWAY: Final = "gateway-2048"
CHINESE: Final = "女裝夏裙 一件"
ZERO_FIRST: Final = 166
"""Found by trying numbers: the signature of this order begins with a zero byte."""


def sealed(signed: str, written: str, member: str = "request") -> bytes:
    """Return an envelope as the SDK writes it."""
    return f'{{"{member}":{signed},"signature":"{written}"}}'.encode()


def valid(
    name: str,
    says: str,
    content: Content,
    text: str = "",
    *,
    key: str = MERCHANT,
    digest: str = "RSA2",
    encoding: str = "base64",
    member: str = "request",
    refused: str = "",
) -> Case:
    """Return a case whose text (by default the compact one) is signed and sent as it is."""
    signed = text or compact(content)
    written = signature(signed.encode(), key, digest, encoding)
    return Case(
        name=name,
        says=says,
        message=sealed(signed, written, member),
        key=key,
        signed=signed.encode(),
        signature=written,
        member=member,
        digest=digest,
        reads={} if refused else reads(content),
        refused=refused,
    )


def matrix() -> Iterator[Case]:
    """Return an order for each size of key, each digest and each encoding of the signature."""
    for bits in (2048, 3072, 4096):
        for digest in ("RSA2", "RSA"):
            for encoding in ("base64", "double-base64", "url-base64"):
                name = f"order-{bits}-{digest.lower()}-{encoding}"
                says = f"A key of {bits} bits, {digest}, the signature as {encoding}."
                key = f"merchant-{bits}"
                yield valid(name, says, order(name), key=key, digest=digest, encoding=encoding)


def layouts() -> Iterator[Case]:
    """Return orders in other layouts of blanks and lines: whatever is sent is what is signed."""
    rows: tuple[tuple[str, str, object], ...] = (
        ("pretty-4", "Pretty-printed with four blanks.", pretty),
        ("pretty-2", "Pretty-printed with two blanks.", lambda c: pretty(c, 2)),
        ("pretty-tabs", "Pretty-printed with tabs.", lambda c: pretty(c, "\t")),
        (
            "crlf",
            "Pretty-printed with Windows line ends.",
            lambda c: pretty(c).replace("\n", "\r\n"),
        ),
        ("spaced", "A blank after each comma and colon.", json.dumps),
        ("sorted", "Every object's members sorted.", lambda c: json.dumps(c, sort_keys=True)),
        ("body-first", "The body stands before the head.", _body_first),
    )
    for short, says, spell in rows:
        name = f"order-{short}"
        content = order(name)
        yield valid(name, says, content, spell(content))  # type: ignore[operator]


def _body_first(content: Content) -> str:
    return compact({"body": content["body"], "head": content["head"]})


def around() -> Iterator[Case]:
    """Return orders with another envelope around what is signed."""
    for short, says, envelope in (
        ("signature-first", "The signature stands first.", '{{"signature":"{1}","request":{0}}}'),
        (
            "roomy",
            "Blanks outside the value of request.",
            '{{ "request" : {0} ,\r\n "signature" : "{1}" }}\n',
        ),
    ):
        name = f"order-{short}"
        signed = compact(order(name))
        written = signature(signed.encode())
        yield _around(name, says, envelope.format(signed, written), written)
    for short, says, spell in (
        ("signature-slashes", r"The signature's slashes are written \/, as PHP does.", _slashes),
        ("signature-equals", r"The signature's = is written \u003d, as Gson does.", _equals),
    ):
        name = f"order-{short}"
        written = signature(compact(order(name)).encode())
        envelope = sealed(compact(order(name)), spell(written)).decode()
        yield _around(name, says, envelope, written)


def _around(name: str, says: str, envelope: str, written: str) -> Case:
    content = order(name)
    return Case(
        name=name,
        says=says,
        message=envelope.encode(),
        key=MERCHANT,
        signed=compact(content).encode(),
        signature=written,
        reads=reads(content),
    )


def _slashes(text: str) -> str:
    return text.replace("/", "\\/")


def _equals(text: str) -> str:
    return text.replace("=", "\\u003d").replace("+", "\\u002B")


def characters() -> Iterator[Case]:
    r"""Return orders with characters that are escaped, or are not: the bytes decide."""
    dress = "\N{DRESS}"
    tricky = 'A "},"signature":"x" {"request":{}} \\ title'
    markup = "<b>1 & 2</b> 'x' = </script>"
    rows = (
        ("chinese-raw", "A Chinese title as raw UTF-8.", CHINESE, compact),
        ("chinese-escaped", r"A Chinese title as \uXXXX in lower case.", CHINESE, escaped),
        ("chinese-escaped-upper", r"A Chinese title as \uXXXX in upper case.", CHINESE, _upper),
        ("chinese-half-escaped", "One character escaped, the others raw.", CHINESE, _half),
        ("emoji-raw", "A character of four bytes, raw.", f"{dress} dress", compact),
        ("emoji-escaped", r"The same as a pair of \uXXXX.", f"{dress} dress", escaped),
        (
            "slashes-escaped",
            r"Every slash of an address as \/.",
            "",
            lambda c: _slashes(compact(c)),
        ),
        ("markup-raw", "Characters of HTML as they are.", markup, compact),
        ("markup-escaped", r"Characters of HTML as \u003c, as Go and Gson do.", markup, _html),
        ("quotes-and-braces", "The title looks like the end of an envelope.", tricky, compact),
        ("combining", "A letter and its accent as two characters.", "Cafe\u0301", compact),
        (
            "line-separators",
            "U+2028 and U+2029 raw, which JSON allows.",
            "a\u2028b\u2029c",
            compact,
        ),
        ("del-and-nbsp", "U+007F and a no-break space, raw.", "a\u007fb\u00a0c", compact),
    )
    for short, says, title, spell in rows:
        name = f"order-{short}"
        content = order(name, **({"title": title} if title else {}))
        yield valid(name, says, content, spell(content))


def _upper(content: Content) -> str:
    text = escaped(content)
    parts = text.split("\\u")
    return "\\u".join((parts[0], *(part[:4].upper() + part[4:] for part in parts[1:])))


def _half(content: Content) -> str:
    return compact(content).replace(CHINESE[0], f"\\u{ord(CHINESE[0]):04x}")


def _html(content: Content) -> str:
    text = compact(content)
    for each in "<>&'=":
        text = text.replace(each, f"\\u{ord(each):04x}")
    return text


def nested() -> Iterator[Case]:
    """Return orders that carry JSON in strings, one, two and three levels deep."""
    scene = '{"productScene":"Prepay"}'
    for level in (2, 3):
        scene = compact({"note": scene})
        name = f"order-extend-info-{level}"
        says = f"extendInfo is JSON in a string in JSON, {level} levels deep."
        yield valid(name, says, order(name, extendInfo=scene))
    name = "order-blank-in-return-url"
    blank = "https://merchant.example/result.html "
    yield valid(
        name, "A blank ends returnUrl, as in the published sample.", order(name, returnUrl=blank)
    )
    name = f"order-zero-first-{ZERO_FIRST}"
    case = valid(name, "The signature's first byte is zero and must be kept.", order(name))
    if raw_signature(case.signed or b"", MERCHANT, "RSA2")[0]:
        raise SystemExit(
            "The signature of order-zero-first does not begin with zero; find another."
        )
    yield case


def amounts() -> Iterator[Case]:
    """Return orders in currencies with none, two and three decimals, and the ends of the range."""
    for amount, says in (
        ("1 HKD", "One cent of a Hong Kong dollar."),
        ("999999999999 HKD", "The largest value there is, with twelve digits."),
        ("1000 JPY", "A currency without decimals: a thousand yen."),
        ("1234 KWD", "A currency with three decimals: 1.234 dinars."),
        ("5 BHD", "Five thousandths of a dinar."),
        ("23900 USD", "Two decimals."),
    ):
        name = f"amount-{amount.lower().replace(' ', '-')}"
        yield valid(name, says, order(name, amount=amount))


def ways() -> Iterator[Case]:
    """Return what else is signed: requests at the server, answers, notifications, their acks."""
    name = "request-agreement-pay"
    paid = order(name)["body"] | {"productCode": "AUTO_DEBIT"}
    token = "M9WkKnmRGFflrgEp2ORH5sMIkH9L59AXK6SFkdzAi5000969"  # noqa: S105  The published sample.
    content = request(name, "agreement.pay", access_token=token, **paid)
    yield valid(name, "A debit by agreement, with the access token in its head.", content)
    name = "request-refund"
    refund = {"merchantRefundId": "R-1", "refundAmount": money("400 HKD")}
    content = request(name, "common.refund", acquirementId=ACQUIREMENT_ID, **refund)
    yield valid(name, "A refund.", content)
    name = "request-query-3072"
    content = request(name, "common.payQuery", merchantTransId="V-1", acquirementId=ACQUIREMENT_ID)
    yield valid(name, "A query, by a key of 3072 bits.", content, key="merchant-3072")
    yield from _answers()
    for short, says, key, amount in (
        ("hkd", "A payment is told.", GATEWAY, "1000 HKD"),
        ("jpy", "A payment in yen is told.", GATEWAY, "1000 JPY"),
        (
            "kwd-3072",
            "A payment in dinars, by the gateway's longer key.",
            "gateway-3072",
            "1234 KWD",
        ),
    ):
        name = f"notification-{short}"
        yield valid(name, says, notification(name, amount=amount), key=key)
    name = "notification-rsa-double-base64"
    content = notification(name)
    says = "A payment is told with SHA-1 and double base64, as the published samples have it."
    yield valid(name, says, content, key=GATEWAY, digest="RSA", encoding="double-base64")
    name = "acknowledgement"
    content = response(name, "common.notify.pay")
    yield valid(name, "The merchant's answer to a notification.", content, member="response")


def _answers() -> Iterator[Case]:
    name = "response-query"
    found = notification(name)["body"] | {"refundedAmount": money("400 HKD")}
    content = response(name, "common.payQuery", **found)
    yield valid(name, "What a query found.", content, key=GATEWAY, member="response")
    name = "response-refused"
    no = {"resultStatus": "F", "resultCodeId": "12001003", "resultCode": "REFUND_AMT_RESTRICTION"}
    said = {**no, "resultMsg": "More than is left: 剩餘金額不足"}
    content = response(name, "common.refund", resultInfo=said)
    yield valid(
        name, "A refusal, with Chinese in its message.", content, key=GATEWAY, member="response"
    )
    name = "response-unknown"
    said = {**DONE, "resultStatus": "U", "resultCodeId": "00000900", "resultCode": "SYSTEM_ERROR"}
    content = response(name, "agreement.pay", resultInfo=said)
    yield valid(
        name, "An answer that says the outcome is unknown.", content, key=GATEWAY, member="response"
    )


def content_refused() -> Iterator[Case]:
    """Return orders whose signature is right and whose content no reader may take."""
    for short, says, amount in (
        ("fullwidth", "The amount is written in fullwidth digits.", "\uff11\uff10\uff10\uff10 HKD"),
        ("decimals", "The amount has decimals: it must be in minor units.", "10.00 HKD"),
        ("leading-zero", "The amount begins with a zero.", "0100 HKD"),
        ("negative", "The amount is negative.", "-1000 HKD"),
    ):
        name = f"refused-{short}"
        where = "body.order.orderAmount.value"
        yield valid(name, says, order(name, amount=amount), refused=where)
    name = "refused-number"
    content = order(name)
    text = compact(content).replace('"value":"1000"', '"value":1000')
    yield valid(
        name,
        "The amount is a number, not a string.",
        content,
        text,
        refused="body.order.orderAmount.value",
    )
    name = "refused-double-member"
    content = order(name)
    text = compact(content).replace('"order":{', '"merchantId":"2160400000002013","order":{', 1)
    yield valid(
        name, "The body names the merchant twice.", content, text, refused="body.merchantId"
    )
    name = "refused-nul"
    content = order(name, title="a\u0000b")
    yield valid(name, "The title holds the character U+0000.", content, refused="*")


def cases() -> Iterator[Case]:
    """Return all of them."""
    for each in (matrix, layouts, around, characters, nested, amounts, ways, content_refused):
        yield from each()
