"""Messages that an agreement was ended: two that must not be believed, and the word itself, twice.

They go to the same notify URL, and are of another function (4.13). What must hold: they are held
only when an agreement was given, since the exam makes none up; whoever is told of an end twice has
ended it once.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from tillgate.exam.cases import About, Case, Effect, Expect, Scene, Step, posted
from tillgate.exam.lies import OTHER_MERCHANT


def _forged(scene: Scene) -> Sequence[Step]:
    acquirer = scene.acquirer
    key = acquirer.keys.stranger
    return [posted(acquirer.ended(scene.order, scene.agreement, key=key))]


def _other_merchant(scene: Scene) -> Sequence[Step]:
    ended = partial(scene.acquirer.ended, scene.order, scene.agreement)
    return [posted(ended(merchant_id=OTHER_MERCHANT))]


def _ended(scene: Scene) -> Sequence[Step]:
    return [posted(scene.acquirer.ended(scene.order, scene.agreement))]


def _again(scene: Scene) -> Sequence[Step]:
    return [*_ended(scene), *_ended(scene)]


_end = partial(Case, group="The end of an agreement", about=About.AGREEMENT)
_lie = partial(_end, expect=Expect.REFUSED, effect=Effect.STANDS)

ENDS: Final[Sequence[Case]] = (
    _lie(
        name="end-forged",
        title="An end signed by a stranger",
        sent="alipay.intl.oauth.auth.notify.cancel about your agreement, signed with a key that "
        "nobody knows.",
        why="Anybody who knows an agreement's number could end your customers' permissions.",
        mend="Verify it as you verify payments: the gateway's key, over the bytes as they came.",
        play=_forged,
    ),
    _lie(
        name="end-other-merchant",
        title="An end for another merchant",
        sent="A rightly signed end that names another authMerchantId.",
        why="The gateway signs for all merchants; what it tells another one is not for you.",
        mend="Compare authMerchantId with your own merchantId.",
        play=_other_merchant,
    ),
    _end(
        name="end",
        title="The end itself",
        expect=Expect.ACKNOWLEDGED,
        effect=Effect.ENDS,
        sent="A right message that the agreement was ended, by the payer or by you.",
        why="Nobody asked you: this is how you learn that the next debit will be refused.",
        mend="Tell it by head.function, store that the agreement ended, and only then acknowledge.",
        play=_ended,
    ),
    _end(
        name="end-again",
        title="The end told twice more",
        expect=Expect.ACKNOWLEDGED,
        effect=Effect.STAYS_ENDED,
        sent="The same end two times more, each under a new reqMsgId.",
        why="What is not acknowledged is sent again for a day, also when it was stored.",
        mend="Acknowledge an end that is stored already, and change nothing.",
        play=_again,
    ),
)
"""In the order in which they are sent; the lies first, since the truth ends the agreement."""
