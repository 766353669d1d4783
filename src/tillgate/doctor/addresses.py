"""Where the signed address of a redirect stands in a text: alone, in quotes, or in a line of a log.

What must hold: it takes one pass over the text, whatever the text is.
"""

import re
from typing import Final

_WORD: Final = re.compile(r"[^\s<>]+")
_SIGNED_ADDRESS: Final = re.compile(r".*[?&;]signature=[^\"']*", re.DOTALL)


def signed_address(part: str) -> str:
    """Return the first signed address, which may stand in quotes, if no object stands before it."""
    for word in _WORD.finditer(part):
        is_apart = word.start() == 0 or part[word.start() - 1].isspace()
        quotes = [at for quote in "\"'" if (at := word[0].find(quote)) >= 0]
        if not is_apart and not quotes:
            continue
        start = 0 if is_apart else min(quotes) + 1
        if found := _SIGNED_ADDRESS.match(word[0], start):
            return "" if "{" in part[: word.start() + start] else found[0]
    return ""
