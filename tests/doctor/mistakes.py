"""Every mistake that is planted: those of layout, and those of content, signature and transport.

Written from what people report, not from the doctor's own lists.
"""

import base64
import html
import re
import textwrap
import unicodedata
from urllib.parse import quote, quote_plus, unquote_plus

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.doctor.layout_mistakes import LAYOUT_MISTAKES
from tests.doctor.making import (
    CHARSET,
    SHA1,
    Mistake,
    by,
    extend_info_as_object,
    half_removed,
    js_escaped,
    later,
    mistake,
    mojibake,
    one_changed,
    other_side,
    private_encrypt,
    request_as_text,
    sets,
    unsigned,
    utc,
    with_amount,
    with_body,
    with_hash,
    with_head,
    with_nulls,
    with_pss,
    with_time,
    with_title,
    without,
)

MISTAKES: tuple[Mistake, ...] = (
    *LAYOUT_MISTAKES,
    mistake(
        "every blank is taken out when signing",
        "VALUES_RESPELLED",
        "before_signing",
        sets("before_signing", lambda text: re.sub(r"\s+", "", text).encode()),
        needs="Women Summer Dress",
    ),
    mistake(
        "a member is added after signing",
        "MEMBERS_DIFFER",
        "signed_order",
        sets(
            "signed_order",
            without("head", "reserve"),
            without("body", "notifyUrl"),
            without("body", "returnUrl"),
        ),
    ),
    mistake(
        "reserve is lost after signing",
        "MEMBERS_DIFFER",
        "sent_order",
        sets("sent_order", without("head", "reserve")),
    ),
    mistake(
        "a null is signed and not sent",
        "MEMBERS_DIFFER",
        "signed_order",
        sets("signed_order", with_nulls),
    ),
    mistake(
        "a number is signed, a string sent",
        "NUMBERS_RESPELLED",
        "signed_order",
        sets("signed_order", with_amount(int)),
    ),
    mistake(
        "a string is signed, a number sent",
        "NUMBERS_RESPELLED",
        "sent_order",
        sets("sent_order", with_amount(int)),
        also="NUMBER_NOT_STRING",
    ),
    mistake(
        "a decimal amount is signed",
        "NUMBERS_RESPELLED",
        "signed_order",
        sets("signed_order", with_amount(lambda value: f"{int(value) / 100:.2f}")),
    ),
    mistake(
        "the time is taken twice",
        "TIME_RESPELLED",
        "signed_order",
        sets("signed_order", later(-1), later(-2), later(3)),
    ),
    mistake(
        "the time is signed in UTC",
        "TIME_RESPELLED",
        "signed_order",
        sets("signed_order", with_time(utc)),
    ),
    mistake(
        "the time is signed without the colon",
        "TIME_RESPELLED",
        "signed_order",
        sets("signed_order", with_time(lambda at: at.strftime("%Y-%m-%dT%H:%M:%S%z"))),
    ),
    mistake(
        "the amount is changed after signing",
        "CHANGED",
        "sent_order",
        sets(
            "sent_order",
            with_amount(lambda value: str(int(value) + 100)),
            with_amount(lambda value: str(int(value) * 10)),
        ),
    ),
    mistake(
        "a plus became a blank",
        "VALUES_RESPELLED",
        "sent_order",
        sets("sent_order", with_title(unquote_plus)),
        needs="Ticket A+B",
    ),
    mistake(
        "a value is trimmed after signing",
        "VALUES_RESPELLED TRAILING_NEWLINE CHANGED",
        "signed_order",
        sets("signed_order", with_title(lambda title: f"{title} ")),
    ),
    mistake(
        "a value is decomposed when signing",
        "VALUES_RESPELLED",
        "signed_order",
        sets("signed_order", with_title(lambda title: unicodedata.normalize("NFD", title))),
        needs="Crème brûlée",
    ),
    mistake(
        "extendInfo is an object when signing",
        "DOUBLE_ENCODED",
        "signed_order",
        sets("signed_order", extend_info_as_object),
    ),
    mistake("request is sent as a string", "DOUBLE_ENCODED", "seal", sets("seal", request_as_text)),
    mistake("another key signs", "WRONG_KEY", "sign", sets("sign", by("stranger"))),
    mistake(
        "the gateway's key signs",
        "OTHER_SIDES_KEY",
        "sign",
        other_side,
    ),
    mistake("SHA-1 is used", "OTHER_DIGEST", "sign", sets("sign", with_hash(SHA1))),
    mistake(
        "SHA-512 is used",
        "OTHER_DIGEST",
        "sign",
        sets("sign", with_hash(hashes.SHA512()), with_hash(hashes.SHA384())),
    ),
    mistake(
        "PSS is used",
        "PSS_PADDING",
        "sign",
        sets("sign", with_pss(32), with_pss(padding.PSS.MAX_LENGTH)),
    ),
    mistake(
        "the private key encrypts a digest",
        "NO_DIGEST_INFO",
        "sign",
        sets("sign", private_encrypt),
    ),
    mistake("the signature is hex", "SIGNATURE_HEX", "spell", sets("spell", bytes.hex)),
    mistake(
        "the signature is URL-safe",
        "SIGNATURE_URL_SAFE SIGNATURE_UNPADDED",
        "spell",
        sets(
            "spell",
            lambda raw: base64.urlsafe_b64encode(raw).decode(),
            lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="),
        ),
    ),
    mistake(
        "the signature has line breaks",
        "SIGNATURE_LINE_BREAKS",
        "spell",
        sets(
            "spell",
            lambda raw: base64.encodebytes(raw).decode(),
            lambda raw: "\r\n".join(textwrap.wrap(base64.b64encode(raw).decode(), 64)),
        ),
    ),
    mistake(
        "the signature lost its plus",
        "SIGNATURE_PLUS_LOST",
        "spell",
        sets("spell", lambda raw: unquote_plus(base64.b64encode(raw).decode())),
    ),
    mistake(
        "the signature is encoded three times",
        "SIGNATURE_ENCODED_AGAIN",
        "spell",
        sets(
            "spell", lambda raw: base64.b64encode(base64.b64encode(base64.b64encode(raw))).decode()
        ),
    ),
    mistake(
        "the signature is cut",
        "SIGNATURE_UNREADABLE",
        "spell",
        sets("spell", lambda raw: base64.b64encode(raw).decode()[:255]),
    ),
    mistake(
        "a character of the signature changed",
        "SIGNATURE_DAMAGED",
        "spell",
        sets("spell", one_changed),
    ),
    mistake("there is no signature", "UNSIGNED", "seal", sets("seal", unsigned)),
    mistake("the message is still a literal", "JS_ESCAPED", "carry", sets("carry", js_escaped)),
    mistake(
        "the message is escaped for HTML",
        "HTML_ESCAPED",
        "carry",
        sets("carry", lambda text: html.escape(text).encode()),
    ),
    mistake(
        "the message is form-encoded",
        "URL_ENCODED",
        "carry",
        sets(
            "carry",
            lambda text: quote_plus(text).encode(),
            lambda text: f"orderStr={quote(text, safe='')}".encode(),
        ),
    ),
    mistake(
        "the message is base64",
        "BASE64_ENCODED",
        "carry",
        sets("carry", lambda text: base64.b64encode(text.encode())),
    ),
    mistake(
        "a byte order mark is sent",
        "BYTE_ORDER_MARK",
        "carry",
        sets("carry", lambda text: text.encode("utf-8-sig")),
    ),
    mistake(
        "GBK is sent",
        CHARSET,
        "carry",
        sets("carry", lambda text: text.encode("gb18030")),
        needs="紅色連身裙",
    ),
    mistake(
        "UTF-8 is taken for Latin-1",
        CHARSET,
        "carry",
        sets("carry", mojibake),
        needs="Crème brûlée",
    ),
    mistake("the body is cut", "BODY_CUT", "carry", sets("carry", half_removed)),
    mistake(
        "signType names another digest",
        "SIGN_TYPE",
        "prepare",
        sets("prepare", with_head(signType="RSA")),
    ),
    mistake(
        "an amount has decimals",
        "MINOR_UNITS",
        "prepare",
        sets(
            "prepare",
            with_amount(lambda value: f"{int(value) / 100:.2f}"),
            with_amount(lambda value: int(value) / 100),
        ),
    ),
    mistake(
        "a time has no zone",
        "TIME_WITHOUT_ZONE",
        "prepare",
        sets(
            "prepare",
            with_time(lambda at: at.strftime("%Y-%m-%dT%H:%M:%S")),
            with_time(lambda at: at.strftime("%Y-%m-%d %H:%M:%S")),
        ),
    ),
    mistake(
        "extendInfo is an object",
        "JSON_NOT_IN_STRING",
        "prepare",
        sets("prepare", extend_info_as_object),
    ),
    mistake(
        "notifyUrl is on this machine",
        "URL_NOT_PUBLIC",
        "prepare",
        sets(
            "prepare",
            with_body(notifyUrl="http://localhost:8000/notify"),
            with_body(notifyUrl="https://192.168.1.7/notify"),
        ),
    ),
    mistake(
        "an amount is a number", "NUMBER_NOT_STRING", "prepare", sets("prepare", with_amount(int))
    ),
    mistake(
        "the product is of another function",
        "PRODUCT_CODE",
        "prepare",
        sets("prepare", with_body(productCode="AUTO_DEBIT")),
    ),
    mistake(
        "the function is misspelt",
        "FUNCTION_UNKNOWN",
        "prepare",
        sets("prepare", with_head(function="alipay.intl.acquiring.wap.pay")),
    ),
)
