"""The mistakes that change how a text is written before it is signed or sent.

What must hold: as in `making`, a mistake changes one stage and its names are what people would say.
"""

import base64
import hashlib
import html
import json
from urllib.parse import quote, quote_plus

from tests.doctor.making import (
    CHARSET,
    RE,
    Mistake,
    go,
    jackson,
    java_map,
    js_escaped,
    mistake,
    php,
    pretty,
    sets,
    sorted_members,
    sorted_parameters,
    windows_line_ends,
)

LAYOUT_MISTAKES: tuple[Mistake, ...] = (
    mistake(
        "pretty-printed text is signed",
        RE,
        "signed_text",
        sets("signed_text", pretty(2), pretty(4), pretty("\t"), pretty(1)),
    ),
    mistake(
        "pretty-printed text is sent",
        RE,
        "sent_text",
        sets("sent_text", pretty(2), pretty(4), pretty("\t")),
    ),
    mistake("Jackson's pretty printer signs", RE, "signed_text", sets("signed_text", jackson)),
    mistake(
        "json.dumps signs with blanks",
        RE,
        "signed_text",
        sets("signed_text", lambda value: json.dumps(value, ensure_ascii=False)),
    ),
    mistake(
        "json.dumps signs by default",
        f"{RE} UNICODE_ESCAPED",
        "signed_text",
        sets("signed_text", json.dumps),
    ),
    mistake(
        "requests' json= sends",
        f"{RE} UNICODE_ESCAPED",
        "sent_text",
        sets("sent_text", json.dumps),
    ),
    mistake(
        "sorted keys are signed",
        "KEYS_REORDERED",
        "signed_order",
        sets("signed_order", sorted_members),
    ),
    mistake(
        "a Java HashMap signs", "KEYS_REORDERED", "signed_order", sets("signed_order", java_map)
    ),
    mistake(
        "PHP signs by default",
        "SLASHES_ESCAPED UNICODE_ESCAPED",
        "signed_text",
        sets("signed_text", php),
    ),
    mistake(
        "PHP sends by default",
        "SLASHES_ESCAPED UNICODE_ESCAPED",
        "sent_text",
        sets("sent_text", php),
    ),
    mistake(
        "slashes are escaped when signing",
        "SLASHES_ESCAPED",
        "before_signing",
        sets("before_signing", lambda text: text.replace("/", "\\/").encode()),
    ),
    mistake(
        "unicode is escaped when signing",
        "UNICODE_ESCAPED",
        "signed_text",
        sets("signed_text", lambda value: json.dumps(value, separators=(",", ":"))),
        needs="紅色連身裙",
    ),
    mistake(
        "Go escapes for HTML when signing",
        "HTML_CHARACTERS_ESCAPED",
        "signed_text",
        sets("signed_text", go),
        needs="Tea & cake <2>",
    ),
    mistake(
        "Go escapes for HTML when sending",
        "HTML_CHARACTERS_ESCAPED",
        "sent_text",
        sets("sent_text", go),
        needs="Tea & cake <2>",
    ),
    mistake(
        "a line end is signed",
        "TRAILING_NEWLINE",
        "before_signing",
        sets(
            "before_signing", lambda text: f"{text}\n".encode(), lambda text: f"{text}\r\n".encode()
        ),
    ),
    mistake(
        "Windows line ends are signed",
        "LINE_ENDS",
        "signed_text",
        windows_line_ends,
    ),
    mistake(
        "a byte order mark is signed",
        "BYTE_ORDER_MARK",
        "before_signing",
        sets("before_signing", lambda text: text.encode("utf-8-sig")),
    ),
    mistake(
        "GBK is signed",
        CHARSET,
        "before_signing",
        sets("before_signing", lambda text: text.encode("gb18030")),
        needs="紅色連身裙",
    ),
    mistake(
        "Latin-1 is signed",
        CHARSET,
        "before_signing",
        sets("before_signing", lambda text: text.encode("latin-1", "replace")),
        needs="Crème brûlée",
    ),
    mistake(
        "UTF-16 is signed",
        CHARSET,
        "before_signing",
        sets("before_signing", lambda text: text.encode("utf-16-le")),
    ),
    mistake(
        "the whole envelope is signed",
        "WHOLE_ENVELOPE_SIGNED",
        "before_signing",
        sets(
            "before_signing",
            lambda text: f'{{"request":{text}}}'.encode(),
            lambda text: f'{{"request":{text},"signature":""}}'.encode(),
        ),
    ),
    mistake(
        "the body alone is signed",
        "PART_SIGNED",
        "signed_order",
        sets("signed_order", lambda order: order["body"]),
    ),
    mistake(
        "JavaScript escapes are signed",
        "TEXT_ENCODED",
        "before_signing",
        sets("before_signing", js_escaped),
    ),
    mistake(
        "HTML escapes are signed",
        "TEXT_ENCODED",
        "before_signing",
        sets("before_signing", lambda text: html.escape(text).encode()),
    ),
    mistake(
        "percent escapes are signed",
        "TEXT_ENCODED",
        "before_signing",
        sets(
            "before_signing",
            lambda text: quote(text, safe="").encode(),
            lambda text: quote_plus(text).encode(),
        ),
    ),
    mistake(
        "base64 is signed",
        "TEXT_ENCODED",
        "before_signing",
        sets("before_signing", lambda text: base64.b64encode(text.encode())),
    ),
    mistake(
        "a hex digest is signed",
        "DIGEST_SIGNED",
        "before_signing",
        sets(
            "before_signing",
            lambda text: hashlib.sha256(text.encode()).hexdigest().encode(),
            lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().encode(),
        ),
    ),
    mistake(
        "a digest is signed",
        "DIGEST_SIGNED",
        "before_signing",
        sets("before_signing", lambda text: hashlib.sha256(text.encode()).digest()),
    ),
    mistake(
        "sorted parameters are signed",
        "PARAMETERS_SIGNED",
        "before_signing",
        sets("before_signing", sorted_parameters),
    ),
)
