"""What the doctor can find, as a closed set with a sentence each that names the next step.

Which line of a merchant's program usually does it, and what to write instead, stands in
`remedies.toml`. What must hold: a finding carries a code, whether it is proved, and a sentence;
never key material, and never a value of the message.
"""

from enum import Enum, unique
from typing import final

import msgspec


@unique
class Code(Enum):
    """A finding: (sentence)."""

    # What was read.
    PRIVATE_KEY = (
        "A private key stands in what was given. Nobody but its owner may hold it: take it out of "
        "wherever this came from, and make a new pair if anybody else has seen it."
    )
    NOT_AN_ENVELOPE = "The text is no envelope, so there is nothing a signature could be over."
    BODY_CUT = (
        "The message ends early, so a part of it was lost on the way. Read and send the whole body "
        "before you look at its signature."
    )
    LENGTH_TOO_SMALL = (
        "Content-Length is smaller than the body, so a receiver cuts the message off there. Send "
        "the length of the bytes, not of the string."
    )
    PASTE_MENDED = (
        "What was handed in is no JSON as it stands, and was mended before it was looked at. If it "
        "was sent so, that is the fault; if a terminal, a log or a letter did it, hand in the file "
        "itself."
    )
    DUPLICATE_MEMBER = (
        "A member stands in the message twice, so sender and receiver may read different ones. "
        "Write each member once."
    )
    JS_ESCAPED = (
        "The text is still escaped for a JavaScript literal. Check the text that the literal "
        "stands for."
    )
    HTML_ESCAPED = (
        "The text is escaped for HTML (&quot; and the like). Hand on the text itself, and escape "
        "it only where a page's markup is written."
    )
    URL_ENCODED = (
        "The text is percent-encoded, as a form or an address is. Send the JSON itself as the "
        "body, or hand tradePay the decoded text."
    )
    BASE64_ENCODED = (
        "The whole message is base64. Send the JSON itself; base64 is for the signature alone."
    )
    DOUBLE_ENCODED = (
        "A part that should be an object is a string that holds JSON: it was serialised twice. "
        "Serialise the whole once, or put the text that was signed in as it is."
    )
    BYTE_ORDER_MARK = (
        "A byte order mark stands before the text. Write UTF-8 without one; the mark is invisible, "
        "but it is three bytes."
    )
    CHARACTER_SET = (
        "The bytes are in another character set than UTF-8. Say UTF-8 wherever text becomes bytes: "
        "when it is signed and when it is sent."
    )
    # The signature itself.
    UNSIGNED = "There is no signature. Sign the bytes of the request's value and add it."
    SIGNATURE_UNREADABLE = (
        "The signature is not base64 of a signature by a key of this size. Write it as one line "
        "of base64, and look whether + became a blank on the way."
    )
    SIGNATURE_PLUS_LOST = (
        "The signature has blanks where it had +: somebody decoded it as a form or an address. "
        "Send it as JSON, or percent-encode it before it goes into a form or an address."
    )
    SIGNATURE_LINE_BREAKS = (
        "The signature has line breaks or blanks in it. Write base64 on one line."
    )
    SIGNATURE_URL_SAFE = (
        "The signature is written in the URL-safe alphabet (- and _). Use plain base64 (+ and /)."
    )
    SIGNATURE_UNPADDED = "The signature lacks the = at its end. Keep base64 with its padding."
    SIGNATURE_HEX = "The signature is written in hex. Write the same bytes in base64."
    SIGNATURE_ENCODED_AGAIN = (
        "The signature was encoded once more than any receiver decodes. Encode its bytes as base64 "
        "once, and nothing else."
    )
    SIGNATURE_DAMAGED = (
        "A character of the signature was changed or lost on the way; with it mended, the key "
        "opens it. Look at what copies, cuts or folds the signature."
    )
    SIGNATURE_REVERSED = (
        "The bytes of the signature stand in reverse order, as old Windows interfaces give them. "
        "Reverse them before they are encoded."
    )
    WRONG_KEY = (
        "The signature was made with another key than the one given, or was damaged on the way. "
        "Compare the key's fingerprint with the one that is registered."
    )
    OTHER_SIDES_KEY = (
        "The signature was made with another of the keys that were given, not with the one that "
        "should have signed. A merchant signs with its own private key, the gateway with its own; "
        "each checks with the other's public key."
    )
    OTHER_DIGEST = (
        "The signature was made with another digest than the client's profile names. Use the one "
        "of the profile: RSA2 is SHA-256, RSA is SHA-1."
    )
    SIGN_TYPE = "head.signType names another digest than the client's profile."
    PSS_PADDING = (
        "The signature has PSS padding, and the protocol wants PKCS#1 v1.5. Choose "
        "RSASSA-PKCS1-v1_5 where the signature is made."
    )
    NO_DIGEST_INFO = (
        "The key encrypted something instead of signing it: the name of the digest (DigestInfo) is "
        "missing. Use a signing function (SHA256withRSA), not encryption with the private key."
    )
    # The text that was signed.
    RESERIALISED = (
        "The same content was signed in another layout of blanks and lines. Serialise once, sign "
        "those bytes, and send those very bytes."
    )
    KEYS_REORDERED = (
        "The same members were signed in another order. Serialise once, sign those bytes, and send "
        "those very bytes; nothing here is sorted."
    )
    LINE_ENDS = (
        "The line ends differ: \\n in one, \\r\\n in the other. Write the message without line "
        "ends, and keep editors and Windows text mode away from it."
    )
    TRAILING_NEWLINE = (
        "A line end or a blank was signed at the start or end of the text. Sign the bytes from { "
        "to } and not one more."
    )
    SLASHES_ESCAPED = (
        "What was sent has slashes written \\/ where what was signed has /, or the reverse. Sign "
        "exactly the bytes you send; in PHP, JSON_UNESCAPED_SLASHES keeps slashes plain."
    )
    UNICODE_ESCAPED = (
        "What was sent has \\u escapes where what was signed has plain characters, or the reverse. "
        "Sign exactly the bytes you send; in Python, ensure_ascii=False keeps characters plain."
    )
    HTML_CHARACTERS_ESCAPED = (
        "Characters like < > & = ' are written as \\u escapes in one of the two texts and plainly "
        "in the other. Sign exactly the bytes you send, or turn HTML escaping off in the writer."
    )
    WHOLE_ENVELOPE_SIGNED = (
        "The whole envelope was signed. Sign the value of request alone, from its { to its }."
    )
    PART_SIGNED = (
        "Only a part of the text was signed. Sign the whole value of request: head and body, from "
        "its { to its }."
    )
    PARAMETERS_SIGNED = (
        "A list of parameters was signed (key=value joined by &, or another API's header line). "
        "This protocol signs the JSON text of request's value, and sorts nothing."
    )
    TEXT_ENCODED = (
        "The text was escaped or encoded before it was signed, or after. Sign the plain JSON; "
        "escape it for JavaScript, HTML or an address only afterwards."
    )
    DIGEST_SIGNED = (
        "A digest of the text was signed as if it were the text, so it was hashed twice. Hand the "
        "text itself to the signing function; it makes the digest."
    )
    MEMBERS_DIFFER = (
        "A member was added or left out between signing and sending. Build the whole message first,"
        " then sign it, and change nothing afterwards."
    )
    NUMBERS_RESPELLED = (
        "A number or amount is spelled in another way in the text that was signed. Write amounts "
        "as strings of minor units, once, before signing."
    )
    TIME_RESPELLED = (
        "A time is written in another way, or was taken again, in the text that was signed. Take "
        "the time once, before signing."
    )
    VALUES_RESPELLED = (
        "A string's characters differ in the text that was signed (blanks, +, % or another form of "
        "the same words). Prepare the values first, then sign, and change nothing afterwards."
    )
    CHANGED = (
        "This key signed a different text. Look for what is changed between signing and sending: "
        "an amount, a blank, a character set."
    )
    # The traps of the protocol, in a message whose signature is fine.
    MINOR_UNITS = (
        "An amount is not written in minor units. Write a string of digits that counts the "
        'currency\'s smallest unit: "1000" is 10.00 HKD, 1000 JPY and 1.000 BHD.'
    )
    TIME_WITHOUT_ZONE = (
        "A time has no offset, or is not written by RFC 3339. Write it as in "
        "2018-12-04T22:00:53+08:00."
    )
    JSON_NOT_IN_STRING = (
        "extendInfo, reserve and riskExtendInfo are strings that hold JSON, and one of them is "
        "written in another way. Serialise its object first, and put the text in as a string."
    )
    NUMBER_NOT_STRING = (
        "A member that must be a string is a number or true or false. Write it in quotation marks."
    )
    FUNCTION_UNKNOWN = (
        "head.function names no function of the protocol, or not the one of the address it was "
        "posted to. Copy the name from the function's page."
    )
    PRODUCT_CODE = (
        "productCode is not one that this function takes. A page's order says "
        "AGREEMENT_OR_CASHIER_PAY, agreement.pay says AUTO_DEBIT."
    )
    REQ_MSG_ID_REUSED = (
        "Two different messages have one reqMsgId. Make a new one for every message, also for a "
        "repeat; it is no order number."
    )
    TRANS_ID_REUSED = (
        "Two messages have one business key (merchantTransId or merchantRefundId) and ask for "
        "different things. A key stands for one content for good; take a new one for a new order."
    )
    URL_NOT_PUBLIC = (
        "notifyUrl or a redirect is not an address that the gateway can reach from outside. Give a "
        "public https address; on your own machine use the sandbox."
    )
    URL_UNUSABLE = (
        "An address cannot be used as it is written: it has blanks around it, user information, or "
        "a parameter that the gateway appends itself."
    )
    TIME_FAR_OFF = (
        "reqTime is far from the time at which the message was sent. A server's request may be 15 "
        "minutes old and 5 ahead; an order string lives 3 minutes. Set the clock, and sign late."
    )
    VERSION_DIFFERS = (
        "The version handed to tradePay is not head.version. Give the same text, 2.0.0, or leave it"
        " out."
    )
    RESULT_UNKNOWN = (
        "The result is U: it is not known yet. It is no failure; ask with payQuery until it is S or"
        " F, and do not ship and do not cancel in the meantime."
    )
    PARAM_MISSING = "A member that the function needs is missing."
    PARAM_ILLEGAL = "A member has a value that the function does not take."

    @property
    def sentence(self) -> str:
        """Return what it means and what to do."""
        return self.value

    @property
    def is_provable(self) -> bool:
        """Tell whether what was handed in can prove it: a paste may differ from what was sent."""
        return self not in _LIKELY

    @property
    def is_about_text(self) -> bool:
        """Tell whether it is a difference between the text that was signed and the one sent."""
        return self in _ABOUT_TEXT


_ABOUT_TEXT = frozenset(
    {
        *(Code.RESERIALISED, Code.KEYS_REORDERED, Code.LINE_ENDS, Code.TRAILING_NEWLINE),
        *(Code.SLASHES_ESCAPED, Code.UNICODE_ESCAPED, Code.HTML_CHARACTERS_ESCAPED),
        *(Code.WHOLE_ENVELOPE_SIGNED, Code.PART_SIGNED, Code.PARAMETERS_SIGNED),
        *(Code.TEXT_ENCODED, Code.DIGEST_SIGNED, Code.MEMBERS_DIFFER, Code.NUMBERS_RESPELLED),
        *(Code.TIME_RESPELLED, Code.VALUES_RESPELLED, Code.CHANGED, Code.CHARACTER_SET),
        *(Code.BYTE_ORDER_MARK, Code.DOUBLE_ENCODED),
    }
)
OWN_MACHINE = (
    "It is an address of this machine: fine for the sandbox on this machine; production needs https"
    " and a public name."
)
_LIKELY = frozenset({Code.LENGTH_TOO_SMALL, Code.PASTE_MENDED})


@final
class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """What one language's programs usually do wrong here, and what to write instead."""

    language: str
    usually: str
    instead: str


@final
class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One explanation.

    Attributes:
        code: its name.
        certain: whether it is proved, by the digest that was signed or by the text itself.
        sentence: what it means and what to do.
        detail: what was found, without the values of the message.
        path: the member it is about, or "".
        message: which of several messages it is about, counted from 1; 0 when there is one.
        sent: a few bytes of what was sent, around the first difference.
        signed: the same place in what was signed.
        remedies: what usually does it, by language.
    """

    code: str
    certain: bool
    sentence: str
    detail: str = ""
    path: str = ""
    message: int = 0
    sent: str = ""
    signed: str = ""
    remedies: tuple[Remedy, ...] = ()

    @property
    def is_remark(self) -> bool:
        """Tell whether it may be as it should: an address of this machine is fine in a sandbox."""
        return self.detail == OWN_MACHINE

    @classmethod
    def of(cls, code: Code, detail: str = "", *, certain: bool = True, path: str = "") -> "Finding":
        """Return the finding of a code, with a detail after its sentence."""
        return cls(
            code=code.name,
            certain=certain,
            sentence=f"{code.sentence} {detail}".strip(),
            detail=detail,
            path=path,
        )
