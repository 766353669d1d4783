"""Messages that are true: the right word, the same word again, and words that come too late.

All of them must be acknowledged, since the gateway repeats what is not. What must hold: an order is
paid and delivered once, however often and in whatever order it is told.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from tillgate.exam.acquirer import LATE_MS
from tillgate.exam.cases import About, Case, Effect, Expect, Scene, Step, posted, told
from tillgate.exam.wire import Manner
from tillgate.kernel.clock import HOUR_MS

COPIES: Final = 4
FORM: Final = "application/x-www-form-urlencoded"


def _duplicate(scene: Scene) -> Sequence[Step]:
    return [posted(scene.first or scene.acquirer.paid(scene.order))] * 2


def _dripping(scene: Scene) -> Sequence[Step]:
    return [posted(scene.acquirer.paid(scene.order), manner=Manner.DRIPPING)]


def _as_form(scene: Scene) -> Sequence[Step]:
    return [posted(scene.acquirer.paid(scene.order), content_type=FORM)]


def _at_once(scene: Scene) -> Sequence[Step]:
    return [posted(scene.acquirer.paid(scene.order)) for _ in range(COPIES)]


def _after_refund(scene: Scene) -> Sequence[Step]:
    acquirer, order = scene.acquirer, scene.order
    return [posted(acquirer.closed(order)), posted(acquirer.paid(order, sent_ago_ms=HOUR_MS))]


_again = partial(
    Case,
    group="Told again",
    about=About.PAID,
    expect=Expect.ACKNOWLEDGED,
    effect=Effect.NOTHING,
)

RIGHT: Final = Case(
    name="paid",
    title="The right notification",
    group="The right word",
    about=About.OPEN,
    expect=Expect.ACKNOWLEDGED,
    effect=Effect.PAYS,
    sent="A notification as the gateway sends it: resultStatus S, payStatus TRADE_SUCCESS.",
    why="This is how you learn of your money. What is not acknowledged is sent again after 2m, "
    "10m, 10m, 1h, 2h, 6h and 15h, and then never more.",
    mend="Verify it, compare it with the order, store that it is paid, and only then answer 200 "
    "with the signed acknowledgement.",
    play=told(lambda acquirer, order: acquirer.paid(order)),
)

AGAIN: Final[Sequence[Case]] = (
    _again(
        name="duplicate",
        title="The very same message twice more",
        sent="The same bytes two times more, for an order that is paid.",
        why="Acknowledgements get lost, so sends are repeated; who acts twice delivers twice.",
        mend="Let the database decide who is first: UPDATE … WHERE state = 'open', and deliver "
        "only when a row was changed. Acknowledge all the same.",
        play=_duplicate,
        tells_repeats=True,
    ),
    _again(
        name="resent",
        title="The same word under a new reqMsgId",
        sent="The notification as the gateway repeats it: new reqMsgId, new reqTime, same payment.",
        why="Each send is a request of its own; who remembers reqMsgId alone delivers twice.",
        mend="Tell repeats by merchantTransId, never by reqMsgId.",
        play=told(lambda acquirer, order: acquirer.paid(order)),
        tells_repeats=True,
    ),
    _again(
        name="late",
        title="Hours late",
        sent="The notification with a reqTime and a paymentTime of 15 hours ago.",
        why="It may lie in a queue for hours, and clocks differ; who refuses it by its age waits "
        "for a payment that was made long ago.",
        mend="Judge a notification by its signature and its content; repeats by merchantTransId "
        "are harmless whatever their age.",
        play=told(lambda acquirer, order: acquirer.paid(order, sent_ago_ms=LATE_MS)),
    ),
    _again(
        name="slow-bytes",
        title="Bytes that drip in",
        sent="The notification in eight pieces, with pauses between them.",
        why="A slow network is no reason to lose a payment.",
        mend="Read until Content-Length bytes have come; do not take the first piece for all.",
        play=_dripping,
    ),
    _again(
        name="other-type",
        title="Another Content-Type",
        expect=Expect.EITHER,
        sent="The notification as application/x-www-form-urlencoded, as some relays pass it on.",
        why="A framework that parses the body as a form leaves nothing to verify.",
        mend="Read the raw body before anything parses it; refuse a type you do not take with 415.",
        play=_as_form,
    ),
    _again(
        name="out-of-order",
        title="An older word after a newer one",
        sent="resultStatus F, ORDER_IS_CLOSED, with a reqTime of an hour ago, for an order that "
        "is paid.",
        why="Messages overtake each other; who writes down whatever came last forgets a payment.",
        mend="Let only an open order change; acknowledge what comes after, and change nothing.",
        play=told(lambda acquirer, order: acquirer.closed(order, sent_ago_ms=HOUR_MS)),
    ),
    _again(
        name="after-refund",
        title="After a refund",
        effect=Effect.NOTHING_AGAIN,
        sent="TRADE_CLOSED, as when everything was given back, and then the first success again; "
        "before them, with --refund, your own refund.",
        why="Who takes either for a payment delivers what the buyer has had the money back for.",
        mend="Deliver only when an open order becomes paid; let no late success open it again.",
        play=_after_refund,
        is_after_refund=True,
    ),
)
"""In the order in which they are told; the last may close the order."""

OWN: Final[Sequence[Case]] = (
    _again(
        name="at-once",
        title="Four copies at the same instant",
        about=About.OWN,
        effect=Effect.PAYS,
        is_together=True,
        sent=f"{COPIES} sends of the right notification at the same instant, for an open order.",
        why="Two of your processes may hold one message each; an if before a write lets both by.",
        mend="One statement must both ask and write: UPDATE … WHERE state = 'open', or a unique "
        "index.",
        play=_at_once,
    ),
    _again(
        name="failed-payment",
        title="A payment that failed",
        group="The right word",
        about=About.OWN,
        effect=Effect.NOT_PAID,
        sent="A notification with resultStatus F, ORDER_IS_CLOSED, payStatus TRADE_CLOSED.",
        why="You are told of failures at the same address; who looks only at the signature "
        "delivers for nothing.",
        mend="Take only resultStatus S for a payment; acknowledge the others and close the order.",
        play=told(lambda acquirer, order: acquirer.closed(order)),
    ),
)
"""Each about an order that it may change as it likes."""
