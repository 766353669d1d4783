"""Errors told apart by who must act, and nothing else.

*Refused*: the merchant or the payer acts; it carries a result code. *Unavailable*: the machine acts
again later; nothing was executed, or it is not known when it is *Unsettled*. *Broken*: an invariant
failed; stop and page the operator.
What must hold: an error's text carries ids and rules, never a secret and never a whole message.
"""

from tillgate.kernel.results import Result


class TillgateError(Exception):
    """What every error of ours is."""


class Refused(TillgateError):
    """A request was judged and the answer is no.

    Attributes:
        result: the result code, from the one table.
        sentence: what is wrong and what to do next.
        path: the JSON path of the offending member, or "" when no single member is at fault.
    """

    def __init__(self, result: Result, sentence: str = "", *, path: str = "") -> None:
        """Refuse with a code; the sentence defaults to the code's own."""
        self.result = result
        self.sentence = sentence or result.sentence
        self.path = path
        super().__init__(f"{result.name}: {self.sentence}")

    @property
    def message(self) -> str:
        """Return the sentence, led by the path when there is one."""
        return f"{self.path}: {self.sentence}" if self.path else self.sentence


class Unavailable(TillgateError):
    """Nothing was executed, or it cannot be told yet; the same request may be sent again.

    Attributes:
        retry_after_s: how long the caller should wait before it asks again, in seconds.
    """

    def __init__(self, sentence: str, *, retry_after_s: int = 1) -> None:
        """Say what is missing and when to ask again."""
        self.sentence = sentence
        self.retry_after_s = retry_after_s
        super().__init__(sentence)


class Unsettled(Unavailable):
    """It may have been executed; whoever asks again, or sends the same, will learn it.

    A door for people answers it as any result that is not known, and never as if nothing were done.
    """


class Broken(TillgateError):
    """An invariant does not hold: a defect of ours or of the disk. Never to be retried blindly."""
