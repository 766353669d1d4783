"""What every acknowledgement of an exam is held to, each property by its own name.

A case of its own for each, so that a fault that all acknowledgements share is told once and by
name. What must hold: they look at the answers to true messages alone, whatever became of the rest.
"""

from collections.abc import Callable, Sequence
from typing import Final, final

import msgspec

from tillgate.exam import acks
from tillgate.exam.acks import Judge, Rule

GROUP: Final = "Acknowledgements"


@final
class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One property of acknowledgements; members as in `Case`.

    Attributes:
        rule: finds what is wrong with one.
        is_of_envelopes: whether it can be asked only of what is an envelope at all.
    """

    name: str
    title: str
    expected: str
    why: str
    mend: str
    rule: Callable[[Judge], Rule]
    is_of_envelopes: bool = True


CHECKS: Final[Sequence[Check]] = (
    Check(
        name="ack-form",
        title="They are envelopes",
        expected='{"response": {"head": …, "body": {"resultInfo": …}}, "signature": "…"}',
        why="A page, a redirect to a login or the word success is no acknowledgement, so the "
        "message is sent again until its sends are used up.",
        mend="Answer with the envelope itself, and keep middleware that wraps or redirects away "
        "from this address.",
        rule=lambda _: acks.form,
        is_of_envelopes=False,
    ),
    Check(
        name="ack-result",
        title="They say SUCCESS",
        expected="resultStatus S, resultCode SUCCESS, resultCodeId 00000000",
        why="Anything but SUCCESS means: send it again.",
        mend="Answer resultStatus S once the message is stored, also when it was stored before.",
        rule=lambda _: acks.result,
    ),
    Check(
        name="ack-echo",
        title="They echo the request",
        expected="function, clientId and reqMsgId of the head as they were sent",
        why="By these the acquirer knows which message you mean; another one counts for nothing.",
        mend="Copy function, clientId and reqMsgId from the request's head; add respTime.",
        rule=lambda _: acks.echo,
    ),
    Check(
        name="ack-signed",
        title="They are signed",
        expected="a signature by the merchant's key over the exact bytes of response",
        why="An unsigned acknowledgement could come from anybody between you and the acquirer. "
        "This gateway takes it and says so; others do not.",
        mend="Sign the bytes of response with your private key, and send those very bytes.",
        rule=lambda judge: judge.signature,
    ),
    Check(
        name="ack-time",
        title="They come in time",
        expected="a whole answer within the time the gateway gives",
        why="After that the gateway hangs up and sends again, so slow answers double your load.",
        mend="Store and answer at once; deliver, mail and print elsewhere.",
        rule=lambda judge: judge.time,
        is_of_envelopes=False,
    ),
)
"""In the order in which they are told."""
