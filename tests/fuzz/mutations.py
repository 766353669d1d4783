"""Ways to spoil a message: bytes of it, members of it, and the values people try.

What must hold: everything is drawn from the `Random` that is handed in, so a seed tells it all.
"""

import copy
import random
from typing import Any

PIECES = (
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"\\u0000", b"\\ud800", b"\x00", b"\xff"),
    *(b'"request":', b'"signature":', b'"head":', b'"body":', b"null", b"1e999", b"-0", b"true"),
    *(
        b'{"a":' * 40,
        b"[" * 400,
        b"\\/",
        b" ",
        b"\r\n",
        b"\xef\xbb\xbf",
        b'\\"',
        b"NaN",
        b"9" * 400,
    ),
    *(
        b"9" * 400,
        b"<script>",
        b"%00",
        b"\xe2\x80\xa8",
        b"\xf0\x9f\x92\xb8",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
    ),
)
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 10**25, 1.5, "", " ", "0", "-1", "1e3", "0100", "1" * 13, "9" * 400),
    *("\u0000", "\ud800", "\u2028", "連衣裙", "\uff11", "a" * 70_000, "../../etc", "{}", "[]"),
    *([], {}, [[]], {"value": "1"}, [{}] * 50, {"": ""}, "HKD", "XXX", "JPY", "null", "2.0.4"),
    *("javascript:alert(1)", "http://169.254.169.254/", "http://[::1]:1/", "https://u:p@h/", "//x"),
    *("2018-12-04T22:00:53-08:00", "9999-12-31T23:59:59+00:00", "0000-00-00T00:00:00Z", "now"),
)


def bytes_spoilt(raw: bytes, dice: random.Random) -> bytes:
    """Return the message with one to five places spoilt."""
    for _ in range(dice.randint(1, 5)):
        at, length = dice.randrange(len(raw) + 1), dice.randint(1, 60)
        piece = dice.choice((*PIECES, dice.randbytes(3)))
        before, found, after = raw[:at], raw[at : at + length], raw[at + length :]
        flipped = bytes([byte ^ 1 << dice.randrange(8) for byte in found[:1]])
        raw = dice.choice(
            (
                before + piece + found + after,
                before + after,
                before + piece + after,
                before + found * dice.choice((2, 2, 40)) + after,
                before + flipped + found[1:] + after,
            )
        )
    return raw


def members_spoilt(content: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """Return the content with one to three members spoilt, added or taken away."""
    content = copy.deepcopy(content)
    for _ in range(dice.randint(1, 3)):
        place: Any = content
        while True:
            name = dice.choice(sorted(place))
            if not (isinstance(place[name], dict) and place[name]) or dice.random() < 0.15:
                break
            place = place[name]
        match dice.randrange(4):
            case 0:
                del place[name]
            case 1:
                added = dice.choice(("extra", "", "notify_url", "Value", "signType"))
                place[added] = _value(dice)
            case _:
                place[name] = _value(dice)
        if not content:
            return content
    return content


def _value(dice: random.Random) -> Any:
    """Return a value of the list as a copy, since the next place to be spoilt may lie inside it."""
    return copy.deepcopy(dice.choice(VALUES))
