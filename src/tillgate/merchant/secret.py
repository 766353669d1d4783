"""A text that must not be seen: tokens, which let whoever holds them debit a payer.

It decides nothing; it only keeps the text out of logs, errors and debuggers' lists until somebody
asks for it by name. What must hold: no way of printing it shows it, and comparing two takes the
same time wherever they differ.
"""

import hmac
from typing import NoReturn, final


@final
class Secret:
    """A text that is shown by `reveal` and by nothing else."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep a text."""
        if not text:
            message = "a secret is not empty"
            raise ValueError(message)
        self._text = text

    @classmethod
    def of(cls, text: "Secret | str") -> "Secret":
        """Return a text as a secret; a secret as it is."""
        return text if isinstance(text, Secret) else cls(text)

    def reveal(self) -> str:
        """Return the text: to store it where tokens are kept, and for nothing else."""
        return self._text

    def __repr__(self) -> str:
        """Say that there is one."""
        return "Secret('…')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        """Tell whether two secrets are the same text."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        """Return a hash, so that secrets may be in sets."""
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a queue or a cache is no place for a token."""
        message = "a secret is not pickled; reveal it where it is stored"
        raise TypeError(message)
