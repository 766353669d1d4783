"""Messages that must not be believed: who signed them, or what they say, is not what it should be.

Each differs from a right message in what its name says and in nothing else. What must hold: none
may be acknowledged, and none may change the order.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec

from tillgate.exam.cases import About, Case, Effect, Expect, Scene, Step, posted, told
from tillgate.exam.orders import Ordered
from tillgate.kernel.money import Money, currency

OTHER_CLIENT: Final = "4Q5XSH6SSG02T999"
OTHER_MERCHANT: Final = "2160400000009999"
_NUMBER_KEPT: Final = 56
"""Of an order's number, so that a longer one still has at most 64 characters."""


def unknown(order: Ordered) -> Ordered:
    """Return an order as the same merchant might have made it, but never did."""
    number = f"exam-{order.merchant_trans_id[:_NUMBER_KEPT]}-x"
    return msgspec.structs.replace(order, merchant_trans_id=number)


def _smallest(order: Ordered) -> Ordered:
    """Return the order for one minor unit; for two if it was of one."""
    minor = 1 if order.money.minor > 1 else 2
    return msgspec.structs.replace(order, money=Money(minor, order.money.currency))


def _other_currency(order: Ordered) -> Ordered:
    code = "JPY" if order.money.currency.code != "JPY" else "HKD"
    return msgspec.structs.replace(order, money=Money(order.money.minor, currency(code)))


def _two_requests(scene: Scene) -> Sequence[Step]:
    signed = unknown(scene.order)
    return [posted(each) for each in scene.acquirer.two_requests(scene.order, signed)]


_lie = partial(
    Case,
    group="What must not be believed",
    about=About.OPEN,
    expect=Expect.REFUSED,
    effect=Effect.NOTHING,
)

LIES: Final[Sequence[Case]] = (
    _lie(
        name="forged",
        title="Signed by a stranger",
        sent="The order's right notification, signed with a key that nobody registered.",
        why="Anybody can write such a message; who believes it gives goods away.",
        mend="Verify the signature with the gateway's public key over the exact bytes of request, "
        "before you read anything else; answer 403.",
        play=told(lambda acquirer, order: acquirer.paid(order, key=acquirer.keys.stranger)),
    ),
    _lie(
        name="unsigned",
        title="Signed by nobody",
        sent="The order's right notification without the member signature.",
        why="A check that is made only when there is a signature is no check.",
        mend="Refuse a notification without a signature as you refuse a wrong one.",
        play=told(lambda acquirer, order: acquirer.unsigned(order)),
    ),
    _lie(
        name="tampered",
        title="Changed after it was signed",
        sent="A notification whose orderAmount was changed after the gateway signed it for the "
        "smallest amount.",
        why="A buyer who may change one digit pays one cent for anything.",
        mend="Verify over the raw bytes of the body as they arrived, not over JSON that you wrote "
        "anew, and never look only whether a signature is there.",
        play=told(lambda acquirer, order: acquirer.other_content(order, _smallest(order))),
    ),
    _lie(
        name="old-key",
        title="Signed with a retired key",
        sent="The order's right notification, signed with the key that the gateway had before.",
        why="A key is often retired because somebody else may have it.",
        mend="Take the retired public key out of what you verify with once the gateway has "
        "switched; only while it changes are two keys right.",
        play=told(lambda acquirer, order: acquirer.paid(order, key=acquirer.keys.retired)),
        needs_retired_key=True,
    ),
    _lie(
        name="two-requests",
        title="Two members called request",
        sent="Twice an envelope with two members request, a signed one about another order and an "
        "unsigned one about this; each of them first once.",
        why="When the one that is verified is not the one that is read, a true signature covers a "
        "lie.",
        mend="Refuse an envelope that has a member twice, and decode the very bytes that you "
        "verified.",
        play=_two_requests,
    ),
    _lie(
        name="other-order",
        title="About an order you do not know",
        sent="A notification, rightly signed, whose merchantTransId is none of yours.",
        why="An acknowledged message is never sent again: if the order is only not stored yet, its "
        "payment is lost.",
        mend="Store the order before its order string leaves your server, and answer 404 when "
        "merchantTransId is not found; then it is sent again.",
        play=told(lambda acquirer, order: acquirer.paid(unknown(order))),
    ),
    _lie(
        name="other-amount",
        title="Another amount than was ordered",
        sent="A notification, rightly signed, whose orderAmount.value is the smallest amount.",
        why="The signature says who speaks, not that the amount is yours: a buyer may have paid "
        "one cent for an order string of this number.",
        mend="Compare orderAmount.value, an integer of minor units, with the amount you stored; "
        "answer 409.",
        play=told(lambda acquirer, order: acquirer.paid(_smallest(order))),
    ),
    _lie(
        name="other-currency",
        title="Another currency than was ordered",
        sent="A notification, rightly signed, with the right digits in another currency.",
        why="1000 is 10.00 HKD, but 1000 JPY; the digits alone say nothing.",
        mend="Compare orderAmount.currency together with its value.",
        play=told(lambda acquirer, order: acquirer.paid(_other_currency(order))),
    ),
    _lie(
        name="other-merchant",
        title="For another merchant",
        sent=f"A notification, rightly signed, whose merchantId is {OTHER_MERCHANT}.",
        why="The gateway's key signs for all its merchants: the money went to somebody else.",
        mend="Compare body.merchantId with your own.",
        play=told(
            lambda acquirer, order: acquirer.paid(
                msgspec.structs.replace(order, merchant_id=OTHER_MERCHANT)
            )
        ),
    ),
    _lie(
        name="other-client",
        title="For another client",
        sent=f"A notification, rightly signed, whose head.clientId is {OTHER_CLIENT}.",
        why="It was meant for another system, which may use the same order numbers.",
        mend="Compare head.clientId with your own.",
        play=told(
            lambda acquirer, order: acquirer.paid(
                msgspec.structs.replace(order, client_id=OTHER_CLIENT)
            )
        ),
    ),
    _lie(
        name="query-answer",
        title="A true message that is no notification",
        sent="A gateway's signed answer to payQuery, posted here: resultStatus S, for the query "
        "went well; payStatus WAIT_BUYER_PAY.",
        why="The same key signs every kind of message, and the S of a query says nothing of the "
        "payment.",
        mend="Look at head.function first, and take only …notify.pay at this address.",
        play=told(lambda acquirer, order: acquirer.query_answer(order)),
    ),
)
"""In the order in which they are told."""
